"""A change applied, validated, undone and compared on a copy, before anybody was asked.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fixgate.events.reversibility import Reversibility
from fixgate.forms import digest, key, micros, moment, truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """A change applied, validated, undone and compared on a copy, before anybody was asked."""

    reversibility: Reversibility
    """What it showed."""
    lossy_fields: tuple[str, ...] = ()
    """Which fields did not come back."""
    stage: str
    """What it ran on: the name and version of the copy's engine."""
    before_digest: str
    """Digest of the copy's state before."""
    applied_digest: str | None = None
    """Digest of its state after the change; null when the change failed."""
    restored_digest: str | None = None
    """Digest of its state after the rollback; null when that failed."""
    validated: bool = False
    """True when every oracle passed on the copy."""
    detail: str = ""
    """What went wrong, where something did."""
    performed_at: datetime
    """When it ran."""


def datum_rehearsal(record: Rehearsal) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "reversibility": record.reversibility,
        "lossy_fields": record.lossy_fields,
        "stage": key(record.stage),
        "before_digest": digest(record.before_digest),
        "applied_digest": None if record.applied_digest is None else ("string", digest(record.applied_digest)),
        "restored_digest": None if record.restored_digest is None else ("string", digest(record.restored_digest)),
        "validated": truth(record.validated),
        "detail": record.detail,
        "performed_at": micros(record.performed_at),
    }


def rehearsal_of(datum: Mapping[str, Any]) -> Rehearsal:
    """The record in what fastavro read."""
    return Rehearsal(
        reversibility=Reversibility(datum["reversibility"]),
        lossy_fields=tuple(datum["lossy_fields"]),
        stage=key(datum["stage"]),
        before_digest=digest(datum["before_digest"]),
        applied_digest=None if (value := datum["applied_digest"]) is None else digest(value),
        restored_digest=None if (value := datum["restored_digest"]) is None else digest(value),
        validated=datum["validated"],
        detail=datum["detail"],
        performed_at=moment(datum["performed_at"]),
    )
