"""What people sign to control changes.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fixgate.events.control_kind import ControlKind
from fixgate.events.scope import Scope, datum_scope, scope_of
from fixgate.forms import key, micros, moment, natural


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlStatement:
    """What people sign to control changes."""

    control_id: str
    """Derived id."""
    kind: ControlKind
    """What it is."""
    scope: Scope
    """What it applies to."""
    not_before_at: datetime | None = None
    """From when; null means from now."""
    not_after_at: datetime | None = None
    """Until when; null means until it is ended."""
    ends: str | None = None
    """Id of the control that this one ends, for resume, end of freeze or exception."""
    document: bytes = b""
    """The document that it brings into force, for a roster: its next version's exact bytes."""
    reason: str = ""
    """Why, in their words."""
    ticket: str | None = None
    """Where it is discussed."""
    nonce: str
    """It counts once."""
    issued_at: datetime
    """When it was signed."""
    person: str
    """Who asks, by their name in the roster."""
    roster_version: int
    """The roster under which they sign."""


def datum_control_statement(record: ControlStatement) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "control_id": key(record.control_id),
        "kind": record.kind,
        "scope": datum_scope(record.scope),
        "not_before_at": None if record.not_before_at is None else ("long", micros(record.not_before_at)),
        "not_after_at": None if record.not_after_at is None else ("long", micros(record.not_after_at)),
        "ends": None if record.ends is None else ("string", key(record.ends)),
        "document": record.document,
        "reason": record.reason,
        "ticket": None if record.ticket is None else ("string", record.ticket),
        "nonce": key(record.nonce),
        "issued_at": micros(record.issued_at),
        "person": key(record.person),
        "roster_version": natural(record.roster_version),
    }


def control_statement_of(datum: Mapping[str, Any]) -> ControlStatement:
    """The record in what fastavro read."""
    return ControlStatement(
        control_id=key(datum["control_id"]),
        kind=ControlKind(datum["kind"]),
        scope=scope_of(datum["scope"]),
        not_before_at=None if (value := datum["not_before_at"]) is None else moment(value),
        not_after_at=None if (value := datum["not_after_at"]) is None else moment(value),
        ends=None if (value := datum["ends"]) is None else key(value),
        document=datum["document"],
        reason=datum["reason"],
        ticket=datum["ticket"],
        nonce=key(datum["nonce"]),
        issued_at=moment(datum["issued_at"]),
        person=key(datum["person"]),
        roster_version=natural(datum["roster_version"]),
    )
