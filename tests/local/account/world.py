"""An emulated account with an identity authority of its own, and real clients of it, for tests."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import jwt
from botocore import UNSIGNED
from botocore.config import Config
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from fixgate.local.account import GIT_AUDIENCE, STS_AUDIENCE
from fixgate.local.account.acme import ADMINISTRATOR, acme
from fixgate.local.account.config import AccountConfig
from fixgate.local.account.roles import CHANGE_ROLE, ISSUER_ROLE
from fixgate.local.account.running import RunningAccount
from fixgate.local.account.scenario import Scenario
from fixgate.local.authority.issue import key_id
from fixgate.local.ports import free_ports

DOMAIN = "example.org"
ACCOUNT = "123456789012"
_REGION = "us-east-1"
# boto3 would itself refuse some of what the account is to refuse.
_PLAIN: Any = {
    "connect_timeout": 5,
    "read_timeout": 10,
    "retries": {"total_max_attempts": 1},
    "parameter_validation": False,
}

Credentials = Mapping[str, str]


@dataclass
class Authority:
    """Signs JWT-SVIDs, and publishes its key in a file."""

    jwks: Path
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def publish(self) -> None:
        """Write the file."""
        name = key_id(self.key.public_key())
        public: Any = ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        self.jwks.write_text(json.dumps({"keys": [{**public, "kid": name, "use": "sig", "alg": "ES256"}]}))

    def token(
        self,
        party: str,
        audience: str | list[str],
        *,
        life_s: float = 60,
        key: ec.EllipticCurvePrivateKey | None = None,
    ) -> str:
        """A token of a party; `key` signs it instead of the authority's, under the authority's key id."""
        claims = {
            "iss": f"spiffe://{DOMAIN}",
            "sub": f"spiffe://{DOMAIN}/fixgate/{party}",
            "aud": audience,
            "exp": int(time.time() + life_s),
        }
        return jwt.encode(claims, key or self.key, "ES256", {"kid": key_id(self.key.public_key())})


@dataclass
class World:
    """A running account and its authority."""

    account: RunningAccount
    authority: Authority

    def key(self, name: str) -> Mapping[str, str]:
        """A seeded key, as boto3 names its parts."""
        made = self.account.control.keys()[name]
        return {k: f"{made[n]}" for k, n in (("key", "access_key_id"), ("proof", "secret_access_key"))}

    def _client(self, service: str, credentials: Credentials | None) -> Any:
        given = credentials or {}
        config = Config(**_PLAIN) if credentials else Config(signature_version=UNSIGNED, **_PLAIN)
        session: Any = boto3.session.Session()
        return session.client(
            service,
            region_name=_REGION,
            endpoint_url=self.account.endpoint,
            aws_access_key_id=given.get("key"),
            aws_secret_access_key=given.get("proof"),
            aws_session_token=given.get("token"),
            config=config,
        )

    def iam(self, credentials: Credentials | None = None) -> Any:
        """IAM as somebody; the administrator by default."""
        return self._client("iam", credentials or self.key(ADMINISTRATOR))

    def s3(self, credentials: Credentials | None = None) -> Any:
        """S3 as somebody; the administrator by default."""
        return self._client("s3", credentials or self.key(ADMINISTRATOR))

    def sts(self, credentials: Credentials | None = None) -> Any:
        """STS as somebody; nobody by default."""
        return self._client("sts", credentials)

    def anonymous(self) -> Any:
        """S3 as nobody."""
        return self._client("s3", None)

    def take(self, party: str, role: str, **more: Any) -> Credentials:
        """A party's session of a role, by its token."""
        answer = self.sts().assume_role_with_web_identity(
            RoleArn=role_arn(role),
            RoleSessionName="first",
            WebIdentityToken=self.authority.token(party, STS_AUDIENCE),
            **more,
        )
        return _credentials(answer["Credentials"])

    def change(self, template: str, **more: Any) -> Credentials:
        """A session of a change's role, as the issuer takes it."""
        issuer = self.take("issuer", ISSUER_ROLE)
        answer = self.sts(issuer).assume_role(
            RoleArn=role_arn(CHANGE_ROLE.format(template=template)), RoleSessionName="fg-test", **more
        )
        return _credentials(answer["Credentials"])

    # git

    def git_token(self, repository: str, ref: str, *, until: float = 60, party: str = "issuer") -> tuple[int, Any]:
        """Ask for a token that ends in so many seconds; status and answer."""
        body = {"repository": f"{self.account.git}/{repository}.git", "ref": ref, "until": time.time() + until}
        return self.http("POST", "/_tokens", self.authority.token(party, GIT_AUDIENCE), json.dumps(body).encode())

    def http(self, method: str, path: str, bearer: str = "", body: bytes | None = None) -> tuple[int, Any]:
        """One request to the git host."""
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        address = f"{self.account.git}{path}"
        request = urllib.request.Request(address, body, headers, method=method)  # noqa: S310 - it begins with http:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - it begins with http:
                text = answer.read()
                return answer.status, json.loads(text) if text.startswith(b"{") else text
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def git(self, *arguments: str, cwd: Path, bearer: str = "") -> "subprocess.CompletedProcess[str]":
        """A real git, with nobody's configuration."""
        settings = ["-c", f"http.extraHeader=Authorization: Bearer {bearer}"] if bearer else []
        person = {
            f"GIT_{who}_{what}": "test@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(cwd),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            **person,
        }
        return subprocess.run(
            ["git", *settings, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
        )


def role_arn(name: str) -> str:
    """A role of the account."""
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def allow(*actions: str, on: str = "*", when: Mapping[str, Any] | None = None) -> str:
    """A policy with one statement."""
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": on}
    if when is not None:
        statement["Condition"] = when
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def new_world(folder: Path, scenario: Scenario | None = None) -> World:
    """A world that has not been started; the folder's path must be short."""
    folder.mkdir(parents=True, exist_ok=True)
    authority = Authority(folder / "jwks.json")
    authority.publish()
    api, git = free_ports(2)
    config = AccountConfig(
        trust_domain=DOMAIN,
        issuer=f"spiffe://{DOMAIN}",
        jwks=authority.jwks,
        api_port=api,
        git_port=git,
        token_issuer=f"spiffe://{DOMAIN}/fixgate/issuer",
        scenario=acme(DOMAIN) if scenario is None else scenario,
    )
    return World(RunningAccount(folder / "account", config), authority)


def _credentials(answer: Mapping[str, Any]) -> Credentials:
    return {"key": answer["AccessKeyId"], "proof": answer["SecretAccessKey"], "token": answer["SessionToken"]}
