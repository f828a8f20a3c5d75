"""What an emulated account holds at its start, as data."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[\w+=,.@-]{1,64}$")]
Document = dict[str, Any]
"""A policy, as AWS writes it."""


class _Seed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Key(_Seed):
    """An access key; ages in days before the start, `last_used_days` None when it was never used."""

    name: str
    """By which the start's report names it: ids and secrets are made anew at each start."""
    created_days: float = Field(default=400.0, ge=0)
    last_used_days: float | None = Field(default=None, ge=0)
    last_used_service: str = "s3"


class User(_Seed):
    """A user with its keys and inline policies."""

    name: Name
    path: str = "/"
    tags: dict[str, str] = {}
    policies: dict[str, Document] = {}
    keys: tuple[Key, ...] = ()


class Role(_Seed):
    """A role: `trust` says who takes it, `policies` what it may."""

    name: Name
    trust: Document
    policies: dict[str, Document] = {}


class Bucket(_Seed):
    """A bucket."""

    name: str
    region: str = "us-east-1"
    tags: dict[str, str] = {}
    policy: Document | None = None
    public_acl: bool = False
    website: bool = False
    public_access_block: dict[str, bool] | None = None
    """By AWS's names: BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets."""
    block_is_ignored: bool = False
    """Anybody can read although it is blocked: a fix that only looks like one."""
    objects: dict[str, str] = {}


class Commit(_Seed):
    """One commit: the files that it writes, and the tags on it."""

    message: str
    files: dict[str, str]
    tags: tuple[str, ...] = ()
    annotated_tags: tuple[str, ...] = ()


class Repository(_Seed):
    """A repository, `owner/name`, with the commits of its default branch, oldest first."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9][A-Za-z0-9_-]*$")]
    branch: str = "main"
    commits: tuple[Commit, ...]


class Scenario(_Seed):
    """All of it."""

    users: tuple[User, ...] = ()
    roles: tuple[Role, ...] = ()
    buckets: tuple[Bucket, ...] = ()
    repositories: tuple[Repository, ...] = ()
