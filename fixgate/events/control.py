"""An exception, a freeze, a halt, a roster: what people say about all changes, as the desk carries it.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fixgate.events.control_kind import ControlKind
from fixgate.events.envelope import Envelope, datum_envelope, envelope_of
from fixgate.events.person_signed import PersonSigned, datum_person_signed, person_signed_of
from fixgate.forms import key


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """An exception, a freeze, a halt, a roster: what people say about all changes, as the desk carries it."""

    envelope: Envelope = Envelope()
    """Trace, parents and sequence; filled in by the runtime."""
    control_id: str
    """Derived id."""
    kind: ControlKind
    """What it is, for routing; only the statement counts."""
    statement: PersonSigned
    """A ControlStatement and the people's own signatures over it."""


def datum_control(record: Control) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "envelope": datum_envelope(record.envelope),
        "control_id": key(record.control_id),
        "kind": record.kind,
        "statement": datum_person_signed(record.statement),
    }


def control_of(datum: Mapping[str, Any]) -> Control:
    """The record in what fastavro read."""
    return Control(
        envelope=envelope_of(datum["envelope"]),
        control_id=key(datum["control_id"]),
        kind=ControlKind(datum["kind"]),
        statement=person_signed_of(datum["statement"]),
    )
