"""A person's signed answer to a proposal, as the desk carries it.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fixgate.events.envelope import Envelope, datum_envelope, envelope_of
from fixgate.events.person_signed import PersonSigned, datum_person_signed, person_signed_of
from fixgate.forms import key


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A person's signed answer to a proposal, as the desk carries it."""

    envelope: Envelope = Envelope()
    """Trace, parents and sequence; filled in by the runtime."""
    approval_id: str
    """Derived id."""
    proposal_id: str
    """The proposal, for routing; only the statement counts."""
    statement: PersonSigned
    """An ApprovalStatement and the person's own signature over it."""


def datum_approval(record: Approval) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "envelope": datum_envelope(record.envelope),
        "approval_id": key(record.approval_id),
        "proposal_id": key(record.proposal_id),
        "statement": datum_person_signed(record.statement),
    }


def approval_of(datum: Mapping[str, Any]) -> Approval:
    """The record in what fastavro read."""
    return Approval(
        envelope=envelope_of(datum["envelope"]),
        approval_id=key(datum["approval_id"]),
        proposal_id=key(datum["proposal_id"]),
        statement=person_signed_of(datum["statement"]),
    )
