"""What a person signs to answer a proposal.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fixgate.events.approval_statement_parts import Answer
from fixgate.forms import digest, key, micros, moment, natural


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalStatement:
    """What a person signs to answer a proposal."""

    answer: Answer
    """What they say."""
    proposal_digest: str
    """Digest of exactly which revision they saw."""
    obligations: tuple[str, ...] = ()
    """Ids of the obligations that were shown to them."""
    view_digest: str
    """Digest of the view exactly as it was shown."""
    showing_nonce: str
    """Nonce of that showing; it counts once."""
    shown_at: datetime
    """When it was shown."""
    answered_at: datetime
    """When they answered."""
    person: str
    """Their name in the roster."""
    roster_version: int
    """The roster under which they answer."""
    reason: str = ""
    """Why, in their words."""


def datum_approval_statement(record: ApprovalStatement) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "answer": record.answer,
        "proposal_digest": digest(record.proposal_digest),
        "obligations": record.obligations,
        "view_digest": digest(record.view_digest),
        "showing_nonce": key(record.showing_nonce),
        "shown_at": micros(record.shown_at),
        "answered_at": micros(record.answered_at),
        "person": key(record.person),
        "roster_version": natural(record.roster_version),
        "reason": record.reason,
    }


def approval_statement_of(datum: Mapping[str, Any]) -> ApprovalStatement:
    """The record in what fastavro read."""
    return ApprovalStatement(
        answer=Answer(datum["answer"]),
        proposal_digest=digest(datum["proposal_digest"]),
        obligations=tuple(datum["obligations"]),
        view_digest=digest(datum["view_digest"]),
        showing_nonce=key(datum["showing_nonce"]),
        shown_at=moment(datum["shown_at"]),
        answered_at=moment(datum["answered_at"]),
        person=key(datum["person"]),
        roster_version=natural(datum["roster_version"]),
        reason=datum["reason"],
    )
