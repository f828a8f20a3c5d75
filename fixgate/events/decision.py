"""What the gate decided about a proposal, with the policies that determined it and, when allowed, the warrant.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fixgate.events.decision_parts import (
    Obligation,
    Quorum,
    Verdict,
    Warrant,
    datum_obligation,
    datum_quorum,
    datum_warrant,
    obligation_of,
    quorum_of,
    warrant_of,
)
from fixgate.events.determining_policy import DeterminingPolicy, datum_determining_policy, determining_policy_of
from fixgate.events.envelope import Envelope, datum_envelope, envelope_of
from fixgate.events.signed import Signed, datum_signed, signed_of
from fixgate.forms import digest, key, micros, moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the gate decided about a proposal, with the policies that determined it and, when allowed, the warrant."""

    envelope: Envelope = Envelope()
    """Trace, parents and sequence; filled in by the runtime."""
    decision_id: str
    """Derived id."""
    verdict: Verdict
    """What was decided."""
    proposal_id: str
    """The proposal."""
    proposal_digest: str
    """Digest of exactly which revision."""
    lock_key: str
    """Its lock key."""
    finding_ids: tuple[str, ...]
    """The findings that it answers."""
    policies: tuple[DeterminingPolicy, ...] = ()
    """The policies that determined the verdict; none when the default refused."""
    reasons: tuple[str, ...] = ()
    """Why, in words."""
    obligations: tuple[Obligation, ...] = ()
    """What must be met or shown before it may be allowed."""
    quorum: Quorum | None = None
    """Who has to approve; null when nobody has to."""
    warrant: Warrant | None = None
    """Leave to act; present exactly when the verdict is allowed."""
    policy_bundle_digest: str
    """Digest of the policies that were evaluated."""
    decided_at: datetime
    """The moment that was decided in."""
    expires_at: datetime | None = None
    """Until when a waiting decision can still be answered."""
    supersedes: str | None = None
    """Digest of the earlier decision on the same proposal that this one replaces."""
    proposal: Signed
    """The proposal as it was sent."""
    approvals: tuple[Signed, ...] = ()
    """The approvals that were counted, as they were sent."""


def datum_decision(record: Decision) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "envelope": datum_envelope(record.envelope),
        "decision_id": key(record.decision_id),
        "verdict": record.verdict,
        "proposal_id": key(record.proposal_id),
        "proposal_digest": digest(record.proposal_digest),
        "lock_key": key(record.lock_key),
        "finding_ids": list(map(key, record.finding_ids)),
        "policies": list(map(datum_determining_policy, record.policies)),
        "reasons": record.reasons,
        "obligations": list(map(datum_obligation, record.obligations)),
        "quorum": None if record.quorum is None else ("fixgate.Quorum", datum_quorum(record.quorum)),
        "warrant": None if record.warrant is None else ("fixgate.Warrant", datum_warrant(record.warrant)),
        "policy_bundle_digest": digest(record.policy_bundle_digest),
        "decided_at": micros(record.decided_at),
        "expires_at": None if record.expires_at is None else ("long", micros(record.expires_at)),
        "supersedes": None if record.supersedes is None else ("string", digest(record.supersedes)),
        "proposal": datum_signed(record.proposal),
        "approvals": list(map(datum_signed, record.approvals)),
    }


def decision_of(datum: Mapping[str, Any]) -> Decision:
    """The record in what fastavro read."""
    return Decision(
        envelope=envelope_of(datum["envelope"]),
        decision_id=key(datum["decision_id"]),
        verdict=Verdict(datum["verdict"]),
        proposal_id=key(datum["proposal_id"]),
        proposal_digest=digest(datum["proposal_digest"]),
        lock_key=key(datum["lock_key"]),
        finding_ids=tuple(map(key, datum["finding_ids"])),
        policies=tuple(map(determining_policy_of, datum["policies"])),
        reasons=tuple(datum["reasons"]),
        obligations=tuple(map(obligation_of, datum["obligations"])),
        quorum=None if (value := datum["quorum"]) is None else quorum_of(value),
        warrant=None if (value := datum["warrant"]) is None else warrant_of(value),
        policy_bundle_digest=digest(datum["policy_bundle_digest"]),
        decided_at=moment(datum["decided_at"]),
        expires_at=None if (value := datum["expires_at"]) is None else moment(value),
        supersedes=None if (value := datum["supersedes"]) is None else digest(value),
        proposal=signed_of(datum["proposal"]),
        approvals=tuple(map(signed_of, datum["approvals"])),
    )


def embedded_decision(record: Decision) -> tuple[Signed, ...]:
    """Every record that this one embeds, as it was sent."""
    return (record.proposal, *record.approvals)
