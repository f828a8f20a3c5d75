"""What the issuer keeps in its state, as JSON: decisions it has read, warrants that were used, credentials that live.

| key                          | value        | until                                                        |
|------------------------------|--------------|--------------------------------------------------------------|
| `decision/<proposal id>`     | `Known`      | the warrant, or the proposal, is long over                   |
| `warrant/<warrant id>`       | `Used`       | nothing can be undone under it any more                      |
| `credential/<grant id>`      | `Entry`      | its death is proved; these are the orders of work outside    |

Public facts only: a credential itself is never in a state, a topic or a log.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, TypeVar

from fixgate.events import Call
from fixgate.forms import micros, moment
from fixgate.verbs import StateView

DECISIONS: Final = b"decision/"
WARRANTS: Final = b"warrant/"
CREDENTIALS: Final = b"credential/"

K = TypeVar("K", "Known", "Used", "Entry")


class Stage(StrEnum):
    """Where a credential stands. Admitted: it may or may not have been made yet, so it counts as alive."""

    ADMITTED = "admitted"
    ISSUED = "issued"
    DYING = "dying"
    UNPROVED = "unproved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The newest decision read on a proposal; `warrant_id` is empty unless it allows. Times in microseconds."""

    digest: str
    warrant_id: str
    until_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A warrant that was used: by which intent, on which decision, and how many credentials were made under it."""

    intent_id: str
    decision_digest: str
    proposal_digest: str
    mints: int
    until_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A credential of which it is not known that it is dead. `hard_end_us` is when the target itself ends it."""

    grant_id: str
    stage: Stage
    intent_digest: str
    intent_id: str
    decision_digest: str
    proposal_digest: str
    warrant_id: str
    lock_key: str
    finding_ids: tuple[str, ...]
    executor: str
    context: str
    kind: str
    template_id: str
    account: str
    region: str
    session_name: str
    calls: tuple[tuple[str, str], ...]
    """Action and resource, in the proposal's order."""
    not_before_us: int
    not_after_us: int
    bundle_digest: str
    ceiling_digest: str
    policies: tuple[tuple[str, str, str], ...] = ()
    """Id, effect and words."""
    public_id: str = ""
    scope_digest: str = ""
    hard_end_us: int = 0
    asked_us: int = 0
    attempts: int = 0

    @property
    def key(self) -> bytes:
        """Where it stands."""
        return CREDENTIALS + self.grant_id.encode()

    @property
    def wanted(self) -> tuple[Call, ...]:
        """What the credential must allow."""
        return tuple(Call(action=action, resource=resource) for action, resource in self.calls)

    @property
    def not_after(self) -> datetime:
        """The end of its window."""
        return moment(self.not_after_us)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Reads the issuer's state."""

    state: StateView
    leeway: timedelta = field(default=timedelta(seconds=5))
    """How far the target's clock may be behind ours: so long after its window a credential still counts as alive."""

    def known(self, proposal_id: str) -> Known | None:
        """What was last decided on the proposal, as far as it was read."""
        return _read(Known, self.state.get(decision_key(proposal_id)))

    def used(self, warrant_id: str) -> Used | None:
        """By whom the warrant was used."""
        return _read(Used, self.state.get(warrant_key(warrant_id)))

    def entry(self, key: bytes) -> Entry | None:
        """The credential at a key."""
        return _read(Entry, self.state.get(key))

    def entries(self) -> Iterator[Entry]:
        """All credentials of which it is not known that they are dead."""
        for _, value in self.state.scan(CREDENTIALS):
            found = _read(Entry, value)
            if found is not None:
                yield found

    def alive(self, lock_key: str, now: datetime) -> Entry | None:
        """A credential under this lock key that may still work."""
        return next((e for e in self.entries() if e.lock_key == lock_key and now < e.not_after + self.leeway), None)

    def over(self, now: datetime) -> Iterator[bytes]:
        """Keys of decisions and warrants that no longer matter."""
        for key, value in self.state.scan(DECISIONS):
            known = _read(Known, value)
            if known is not None and known.until_us <= micros(now):
                yield key
        for key, value in self.state.scan(WARRANTS):
            used = _read(Used, value)
            if used is not None and used.until_us <= micros(now):
                yield key


def decision_key(proposal_id: str) -> bytes:
    """Where the newest decision on a proposal stands."""
    return DECISIONS + proposal_id.encode()


def warrant_key(warrant_id: str) -> bytes:
    """Where the use of a warrant stands."""
    return WARRANTS + warrant_id.encode()


def written(value: Known | Used | Entry) -> bytes:
    """As it is kept."""
    return json.dumps(asdict(value), sort_keys=True, separators=(",", ":")).encode()


def read_entry(value: bytes) -> Entry:
    """A credential as it was kept."""
    return _made(Entry, json.loads(value))


def _read(kind: type[K], value: bytes | None) -> K | None:
    return None if value is None else _made(kind, json.loads(value))


def _made(kind: type[K], found: Mapping[str, Any]) -> K:
    given = {f.name: found[f.name] for f in fields(kind)}
    if kind is Entry:
        given["stage"] = Stage(given["stage"])
        given["finding_ids"] = tuple(map(str, given["finding_ids"]))
        given["calls"] = tuple((str(a), str(r)) for a, r in given["calls"])
        given["policies"] = tuple((str(i), str(e), str(w)) for i, e, w in given["policies"])
    return kind(**given)
