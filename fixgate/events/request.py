"""What a person asks of the proposer, as the desk carries it.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fixgate.events.envelope import Envelope, datum_envelope, envelope_of
from fixgate.events.person_signed import PersonSigned, datum_person_signed, person_signed_of
from fixgate.forms import key


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a person asks of the proposer, as the desk carries it."""

    envelope: Envelope = Envelope()
    """Trace, parents and sequence; filled in by the runtime."""
    request_id: str
    """Derived id."""
    lock_key: str
    """The aggregate, for routing; only the statement counts."""
    statement: PersonSigned
    """A RequestStatement and the person's own signature over it."""


def datum_request(record: Request) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "envelope": datum_envelope(record.envelope),
        "request_id": key(record.request_id),
        "lock_key": key(record.lock_key),
        "statement": datum_person_signed(record.statement),
    }


def request_of(datum: Mapping[str, Any]) -> Request:
    """The record in what fastavro read."""
    return Request(
        envelope=envelope_of(datum["envelope"]),
        request_id=key(datum["request_id"]),
        lock_key=key(datum["lock_key"]),
        statement=person_signed_of(datum["statement"]),
    )
