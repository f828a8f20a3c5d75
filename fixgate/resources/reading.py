"""What a reader is given and what it answers."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from fixgate.events import Fact, FactState, Resource
from fixgate.resources.repository import Repository

Projection = Mapping[str, Any]
"""JSON values only; keys are field names, so that a JSON Pointer names each field."""
STATE = "state"
"""The fact that carries the projection, as canonical JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """How to reach target systems, and as whom; made from a credential.

    `aws(service, region)` gives a boto3 client. `anonymous(service, region)` one without any credential. `git_token`
    is the bearer token for a git host, empty for reading in the open; `git_mirrors` is where the repositories of
    actions are asked for their tags, empty for nowhere; `git_local` allows clone addresses on this machine's disk;
    `git_instead` answers for every clone address instead of its host, for a copy to be worked on.
    """

    aws: Callable[[str, str | None], Any]
    anonymous: Callable[[str, str | None], Any]
    git_token: str = ""
    git_mirrors: str = ""
    git_local: bool = False
    git_instead: Callable[[str], Repository] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A target as it was seen at one moment.

    `state` says whether it is there (`value`), is not (`absent`) or cannot be told (`unreadable`, then `why`).
    `projection` is set only when it is there. `facts` holds everything that was learnt, the fact `state` included;
    when only the state was asked for, it need not hold anything.
    """

    target: Resource
    state: FactState
    projection: Projection | None
    facts: tuple[Fact, ...]
    read_at: datetime
    why: str = ""

    @property
    def digest(self) -> str | None:
        """The projection's digest."""
        return None if self.projection is None else projection_digest(self.projection)


class Reader(Protocol):
    """Reads one kind of resource."""

    @property
    def kind(self) -> str:
        """The kind of resource."""
        ...

    def read(self, target: Resource, session: Session, now: datetime, *, state_alone: bool = False) -> Reading:
        """Read it; blocks for the calls.

        With `state_alone`, for whoever compares states, nothing is asked that the projection is not made of: `state`
        and `projection` are the same, and facts need not be there.
        What cannot be read is in the answer; raises Transient only for throttling and outages that are worth
        another try.
        """
        ...


class Unreadable(Exception):
    """A target could not be read, and why."""


def canonical(projection: Projection) -> str:
    """The projection as JSON with sorted keys and no spaces: equal projections give equal text."""
    return json.dumps(projection, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def projection_digest(projection: Projection) -> str:
    """`sha256:` and the hexadecimal digest of the canonical JSON."""
    return "sha256:" + hashlib.sha256(canonical(projection).encode()).hexdigest()
