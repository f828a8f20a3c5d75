"""The readers, by kind of resource, and the questions that a service asks them."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from fixgate import targets
from fixgate.events import Resource
from fixgate.resources.access_keys import AccessKeys, full_target
from fixgate.resources.buckets import Buckets
from fixgate.resources.reading import Reader, Reading, Session
from fixgate.resources.workflows import Workflows

READERS: Final[Mapping[str, Reader]] = MappingProxyType(
    {reader.kind: reader for reader in (AccessKeys(), Buckets(), Workflows())}
)


def read(target: Resource, session: Session, now: datetime) -> Reading:
    """Read a target of any kind that is known; blocks for the calls.

    Whatever cannot be told is in the answer (`unreadable`, with why). Raises Transient for throttling and outages,
    ValueError for a kind that has no reader.
    """
    return _reader(target).read(target, session, now)


def read_state(target: Resource, session: Session, now: datetime) -> Reading:
    """What `read` says of the target's state, by the same reader, with fewer calls and without the facts."""
    return _reader(target).read(target, session, now, state_alone=True)


def resolve(target: Resource, session: Session) -> Resource | None:
    """The full target of a report's incomplete one: a bare access key id becomes its user's key.

    A target that is complete comes back as it is; None when it is certainly not there. Blocks for at most two calls;
    raises Unreadable when that cannot be told, Transient for throttling and outages.
    """
    if target.kind == targets.ACCESS_KEY and not targets.is_resolved(target):
        return full_target(target, session)
    return target


def _reader(target: Resource) -> Reader:
    reader = READERS.get(target.kind)
    if reader is None:
        raise ValueError(f"nothing reads a {target.kind}")
    return reader
