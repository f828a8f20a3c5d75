"""What comes back to the proposer about a proposal.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fixgate.events.envelope import Envelope, datum_envelope, envelope_of
from fixgate.events.review_parts import ReviewKind
from fixgate.events.signed import Signed, datum_signed, signed_of
from fixgate.forms import digest, key, natural


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What comes back to the proposer about a proposal."""

    envelope: Envelope = Envelope()
    """Trace, parents and sequence; filled in by the runtime."""
    review_id: str
    """Derived id."""
    kind: ReviewKind
    """What is asked."""
    proposal_id: str
    """The proposal."""
    proposal_digest: str
    """Digest of the revision that was reviewed."""
    revision: int
    """That revision's number."""
    lock_key: str
    """Its lock key."""
    finding_ids: tuple[str, ...]
    """The findings that it answers."""
    feedback: str = ""
    """What a person wrote, or why a new revision is needed. Never a source of slot values."""
    approval: Signed | None = None
    """The person's answer as it was sent, when a person asked."""
    outcome: Signed | None = None
    """The outcome as it was sent, when the target had moved."""


def datum_review(record: Review) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "envelope": datum_envelope(record.envelope),
        "review_id": key(record.review_id),
        "kind": record.kind,
        "proposal_id": key(record.proposal_id),
        "proposal_digest": digest(record.proposal_digest),
        "revision": natural(record.revision),
        "lock_key": key(record.lock_key),
        "finding_ids": list(map(key, record.finding_ids)),
        "feedback": record.feedback,
        "approval": None if record.approval is None else ("fixgate.Signed", datum_signed(record.approval)),
        "outcome": None if record.outcome is None else ("fixgate.Signed", datum_signed(record.outcome)),
    }


def review_of(datum: Mapping[str, Any]) -> Review:
    """The record in what fastavro read."""
    return Review(
        envelope=envelope_of(datum["envelope"]),
        review_id=key(datum["review_id"]),
        kind=ReviewKind(datum["kind"]),
        proposal_id=key(datum["proposal_id"]),
        proposal_digest=digest(datum["proposal_digest"]),
        revision=natural(datum["revision"]),
        lock_key=key(datum["lock_key"]),
        finding_ids=tuple(map(key, datum["finding_ids"])),
        feedback=datum["feedback"],
        approval=None if (value := datum["approval"]) is None else signed_of(value),
        outcome=None if (value := datum["outcome"]) is None else signed_of(value),
    )


def embedded_review(record: Review) -> tuple[Signed, ...]:
    """Every record that this one embeds, as it was sent."""
    return (
        *(() if record.approval is None else (record.approval,)),
        *(() if record.outcome is None else (record.outcome,)),
    )
