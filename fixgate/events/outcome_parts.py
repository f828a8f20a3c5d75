"""What Outcome is made of.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from fixgate.events.oracle_kind import OracleKind
from fixgate.events.oracle_verdict import OracleVerdict
from fixgate.forms import digest, key, micros, moment, truth


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackResult:
    """How a change was put back."""

    complete: bool
    """True when the state before and after are the same."""
    lossy_fields: tuple[str, ...] = ()
    """Which fields did not come back."""
    restored_digest: str | None = None
    """Digest of the state in the end."""
    cause: str
    """Why it was put back: validation, write_set, halt, failure."""


def datum_rollback_result(record: RollbackResult) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "complete": truth(record.complete),
        "lossy_fields": record.lossy_fields,
        "restored_digest": None if record.restored_digest is None else ("string", digest(record.restored_digest)),
        "cause": key(record.cause),
    }


def rollback_result_of(datum: Mapping[str, Any]) -> RollbackResult:
    """The record in what fastavro read."""
    return RollbackResult(
        complete=datum["complete"],
        lossy_fields=tuple(datum["lossy_fields"]),
        restored_digest=None if (value := datum["restored_digest"]) is None else digest(value),
        cause=key(datum["cause"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OracleResult:
    """What one oracle said."""

    name: str
    """The oracle's name in the template."""
    kind: OracleKind
    """What it looks at."""
    verdict: OracleVerdict
    """What it said."""
    detail: str = ""
    """Why."""
    asked_at: datetime
    """When."""


def datum_oracle_result(record: OracleResult) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "name": key(record.name),
        "kind": record.kind,
        "verdict": record.verdict,
        "detail": record.detail,
        "asked_at": micros(record.asked_at),
    }


def oracle_result_of(datum: Mapping[str, Any]) -> OracleResult:
    """The record in what fastavro read."""
    return OracleResult(
        name=key(datum["name"]),
        kind=OracleKind(datum["kind"]),
        verdict=OracleVerdict(datum["verdict"]),
        detail=datum["detail"],
        asked_at=moment(datum["asked_at"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference between the state before and after."""

    resource: str
    """The resource's id."""
    path: str
    """The field, as a JSON Pointer into the projection."""
    before: str | None = None
    """Its value before as JSON, masked; null when it was absent."""
    after: str | None = None
    """Its value after, likewise."""


def datum_change(record: Change) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "resource": key(record.resource),
        "path": record.path,
        "before": None if record.before is None else ("string", record.before),
        "after": None if record.after is None else ("string", record.after),
    }


def change_of(datum: Mapping[str, Any]) -> Change:
    """The record in what fastavro read."""
    return Change(
        resource=key(datum["resource"]),
        path=datum["path"],
        before=datum["before"],
        after=datum["after"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """What came of one step."""

    name: str
    """The step's name in the template."""
    action: str
    """What was called."""
    resource: str
    """On what."""
    succeeded: bool
    """True when the target acknowledged it or a read showed it done."""
    detail: str = ""
    """What the target answered, without secrets."""
    request_id: str | None = None
    """The target's own id of the call, to find it in the target's log."""
    started_at: datetime
    """When it was sent."""
    ended_at: datetime
    """When it was answered or given up."""


def datum_step_result(record: StepResult) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "name": key(record.name),
        "action": key(record.action),
        "resource": key(record.resource),
        "succeeded": truth(record.succeeded),
        "detail": record.detail,
        "request_id": None if record.request_id is None else ("string", record.request_id),
        "started_at": micros(record.started_at),
        "ended_at": micros(record.ended_at),
    }


def step_result_of(datum: Mapping[str, Any]) -> StepResult:
    """The record in what fastavro read."""
    return StepResult(
        name=key(datum["name"]),
        action=key(datum["action"]),
        resource=key(datum["resource"]),
        succeeded=datum["succeeded"],
        detail=datum["detail"],
        request_id=datum["request_id"],
        started_at=moment(datum["started_at"]),
        ended_at=moment(datum["ended_at"]),
    )


class Result(StrEnum):
    """How a change ended. Failed: it was not made, or could not be put back (see incident). Unknown: not known to
    have worked.
    """

    UNKNOWN = "unknown"
    DONE = "done"
    ROLLED_BACK = "rolled_back"
    MOVED = "moved"
    HALTED = "halted"
    EXPIRED = "expired"
    REFUSED = "refused"
    FAILED = "failed"
    RECOMMENDED = "recommended"
