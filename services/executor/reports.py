"""What the work outside tells the verb: the payloads of `Told` events.

Each names the attempt that it belongs to: what an attempt says that was taken over counts no more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fixgate.events import Change, OracleResult, Rehearsal, RollbackResult, StepResult, Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What they have in common. `intent` is the digest of the attempt's intent, as it was signed."""

    attempt: int
    intent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed(Report):
    """The change was found in the state of a shard that was taken over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again(Report):
    """An act failed for a passing reason and is to be tried again."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck(Report):
    """An act failed for good. `incident` says that a person must look, whatever becomes of the change."""

    why: str
    incident: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied(Report):
    """The issuer refused; `grant` is its record of that."""

    reasons: Sequence[str]
    grant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed(Report):
    """How the rehearsal went."""

    rehearsal: Rehearsal | None
    lies: tuple[str, ...] = ()
    """What the proposal says that its template does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Minted(Report):
    """There is a credential, until a moment."""

    grant: str
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared(Report):
    """What was found, and the sealed snapshot. `moved` says that the target is not what was approved."""

    found: str | None
    moved: bool
    words: str
    snapshot: Stored | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepped(Report):
    """A step was done, or was not."""

    step: StepResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged(Report):
    """What differs now, and what every oracle says."""

    found: str | None
    changes: tuple[Change, ...]
    unexpected: tuple[Change, ...]
    validation: tuple[OracleResult, ...]
    passed: bool
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone(Report):
    """How putting back went; `restored` says that nothing of the change is left in its write-set."""

    steps: tuple[StepResult, ...]
    rollback: RollbackResult
    restored: bool
    unexpected: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Over(Report):
    """The credential is given back, and the statement about the outcome signed."""

    ended_at: datetime
    statement: bytes
