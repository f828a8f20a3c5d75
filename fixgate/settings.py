"""What a deployment may set, and nothing else: an unknown `FIXGATE_…` variable is an error, not a typo that passes."""

import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from fixgate.errors import Misconfigured

ENV_PREFIX = "FIXGATE_"
_PREFIX = re.compile(r"([a-z0-9][a-z0-9_-]*\.)*")
_TRUST_DOMAIN = re.compile(r"[a-z0-9._-]{1,255}")


class Settings(BaseSettings):
    """Settings of every process; each field is the environment variable `FIXGATE_<FIELD>`."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="forbid")

    home: Path = Field(default=Path(".fixgate"), description="Folder of the embedded stack and of local state.")
    cache_dir: Path = Field(
        default=Path("~/.cache/fixgate"), description="Folder for what is downloaded once: the broker's jars."
    )
    kafka_port: int = Field(
        default=29092, ge=0, le=65535, description="Port of the embedded broker; 0 takes a free one."
    )
    bootstrap_servers: str = Field(
        default="", description="The Kafka cluster; the command line takes the embedded broker when it is empty."
    )
    kafka_tls: bool = Field(default=False, description="Whether the cluster is spoken to over TLS.")
    kafka_ca: str = Field(default="", description="Authorities (PEM) of the cluster; empty means the system's.")
    prefix: str = Field(default="fixgate.", description="Put before every topic, group and transactional id.")
    trust_domain: str = Field(default="fixgate.internal", description="SPIFFE trust domain.")
    workload_api: str = Field(
        default="",
        description="Workload API socket, unix:///path; the command line takes the embedded one when it is empty.",
    )
    slot: int = Field(
        default=0, ge=0, le=999, description="This instance's ordinal among the instances of its service."
    )
    schema_registry_url: str = Field(
        default="", description="Registry that gives schema ids; empty uses the fixed ids."
    )
    sealing_key: str = Field(
        default="", description="Public half (PEM) of the key that seals what may hold secrets; for readers of reports."
    )
    intake_key: str = Field(
        default="",
        description="Public half (PEM) of the key that seals what no message holds; for publishers and the receiver.",
    )
    intake_private_key: str = Field(
        default="",
        description="Private half (PEM) of that key, for ingest; several with commas between, older ones to read with.",
    )
    report_limit: int = Field(
        default=1 << 30, gt=0, description="Bytes of a report at most that is stored and referred to."
    )
    objects: str = Field(
        default="", description="Where large originals are kept: a folder, or s3://bucket/prefix; empty means the home."
    )
    log_location: str = Field(
        default="", description="The transparency log: a folder, or s3://bucket/prefix; empty means the home."
    )
    log_witness_url: str = Field(default="", description="A witness that cosigns the log, like http://127.0.0.1:8080.")
    log_witness_key: str = Field(
        default="", description="The witness's verifier key, or a file that holds it; empty means the home's own."
    )
    log_interval: float = Field(default=2.0, gt=0, le=30, description="Seconds between two checkpoints of the log.")
    receiver: str = Field(default="", description="Where the receiver listens for reports: host:port.")
    receiver_tls: bool = Field(
        default=True, description="Whether the receiver speaks TLS; without it only a loopback address is taken."
    )
    sources: str = Field(
        default="", description="File of the sources that may hand reports in; empty means the home's `sources.yaml`."
    )
    require_vouchers: bool = Field(
        default=False, description="Whether ingest refuses reports for whose sender nobody vouches."
    )
    hash_key: str = Field(
        default="", description="File with the key (32 bytes or more) that secrets are hashed with; for ingest."
    )
    roster: str = Field(default="", description="Digest (sha256:…) of the first roster: whom gate and issuer believe.")
    policies: str = Field(default="", description="Folder of the Cedar policies; empty means the shipped ones.")
    ceiling: str = Field(
        default="", description="File of the signed ceiling: what may ever be automatic; empty means nothing may."
    )
    issuer: str = Field(default="", description="Where the issuer listens and the executor calls it: host:port.")
    aws_endpoint: str = Field(default="", description="Address of an emulated AWS account; empty means AWS itself.")
    aws_region: str = Field(default="us-east-1", description="Region of calls that name none.")
    aws_read_role: str = Field(
        default="arn:aws:iam::{account}:role/fixgate-read", description="Role with which the analyzer reads an account."
    )
    aws_issuer_role: str = Field(
        default="arn:aws:iam::{account}:role/fixgate-issuer",
        description="Role from which the issuer makes credentials.",
    )
    aws_change_role: str = Field(
        default="arn:aws:iam::{account}:role/fixgate-change-{template}",
        description="Role of a template's credentials, one for each template and account.",
    )
    git_host: str = Field(
        default="", description="Address of the git host that issues tokens for single branches; empty means none."
    )
    git_mirrors: str = Field(
        default="https://github.com", description="Where the repositories of actions are asked for their tags."
    )
    model: str = Field(default="", description="Bedrock model that assembles proposals; empty means the rules do.")
    model_endpoint: str = Field(default="", description="Address of a stand-in for Bedrock; empty means AWS itself.")
    snapshot_key: str = Field(
        default="", description="Private key (PEM) that seals and opens the executor's snapshots; empty makes one."
    )
    snapshots: str = Field(default="", description="Folder of the executor's sealed snapshots; empty means the home.")
    recommend_only: bool = Field(
        default=False, description="Whether the executor only says what it would do, and changes nothing."
    )
    log_level: str = Field(default="INFO", description="Least level of log lines: DEBUG, INFO, WARNING or ERROR.")

    @field_validator("*", mode="before")
    @classmethod
    def _text_is_one_line(cls, value: object) -> object:
        # What follows a line's end could become a line of its own in a broker's configuration, or in a log.
        if isinstance(value, str | Path) and any(unicodedata.category(c) in {"Cc", "Zl", "Zp"} for c in str(value)):
            raise ValueError("must not hold a control character or a line's end")
        return value

    @field_validator("prefix")
    @classmethod
    def _prefix_is_dotted(cls, value: str) -> str:
        if not _PREFIX.fullmatch(value):
            raise ValueError("must be empty or lower-case words, each ending in a dot, like 'fixgate.'")
        return value

    @field_validator("trust_domain")
    @classmethod
    def _trust_domain_is_spiffe(cls, value: str) -> str:
        if not _TRUST_DOMAIN.fullmatch(value):
            raise ValueError(
                "must be a SPIFFE trust domain name: lower-case letters, digits, dots, dashes, underscores"
            )
        return value

    @field_validator("home", "cache_dir")
    @classmethod
    def _path_is_absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    def spiffe_id(self, path: str) -> str:
        """The SPIFFE ID for a path that begins with a slash."""
        return f"spiffe://{self.trust_domain}{path}"


def load() -> Settings:
    """The settings from the environment; raises `Misconfigured` with every fault it finds."""
    unknown = list(_unknown_variables())
    if unknown:
        known = ", ".join(sorted(ENV_PREFIX + name.upper() for name in Settings.model_fields))
        raise Misconfigured(f"unknown settings: {', '.join(unknown)}", remedy=f"Known are {known}.")
    try:
        return Settings()
    except ValidationError as error:
        faults = "; ".join(f"{ENV_PREFIX}{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        raise Misconfigured(f"settings are invalid: {faults}", remedy="Correct the environment.") from None


def _unknown_variables() -> Iterator[str]:
    for name in sorted(os.environ):
        if name.startswith(ENV_PREFIX) and name[len(ENV_PREFIX) :].lower() not in Settings.model_fields:
            # What belongs to the tests alone is named so.
            if name.startswith(ENV_PREFIX + "TEST_"):
                continue
            yield name
