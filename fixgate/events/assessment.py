"""What a finding means, with evidence: the facts on which everything later is decided.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fixgate.events.affected_identity import AffectedIdentity, affected_identity_of, datum_affected_identity
from fixgate.events.assessment_parts import AssessmentStatus
from fixgate.events.blast_radius import BlastRadius, blast_radius_of, datum_blast_radius
from fixgate.events.envelope import Envelope, datum_envelope, envelope_of
from fixgate.events.environment import Environment
from fixgate.events.fact import Fact, datum_fact, fact_of
from fixgate.events.ownership import Ownership, datum_ownership, ownership_of
from fixgate.events.resource import Resource, datum_resource, resource_of
from fixgate.events.reversibility import Reversibility
from fixgate.events.secret_mark import SecretMark, datum_secret_mark, secret_mark_of
from fixgate.events.severity import Severity
from fixgate.events.signed import Signed, datum_signed, signed_of
from fixgate.forms import digest, key, micros, moment, natural


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What a finding means, with evidence: the facts on which everything later is decided."""

    envelope: Envelope = Envelope()
    """Trace, parents and sequence; filled in by the runtime."""
    assessment_id: str
    """Derived id."""
    finding_ids: tuple[str, ...]
    """The findings that it is about."""
    problem_key: str
    """Their problem."""
    lock_key: str
    """The aggregate that a change would lock."""
    kind: str
    """What is wrong, as the rules call it: leaked_access_key, public_bucket."""
    status: AssessmentStatus
    """Where the problem stands."""
    severity: Severity
    """Severity in this environment."""
    asset_type: str
    """What sort of thing is affected: access_key, bucket, workflow."""
    environment: Environment
    """Where it serves."""
    target: Resource
    """The affected resource."""
    identity: AffectedIdentity | None = None
    """The affected identity."""
    secret: SecretMark | None = None
    """The affected secret, as a mark."""
    evidence: tuple[Fact, ...]
    """Every fact that was gathered, also the unreadable ones."""
    blast_radius: BlastRadius
    """What a change of the target can hit."""
    reversibility: Reversibility
    """Whether the state that the facts show could be put back."""
    ownership: Ownership
    """Whose it is."""
    rules: tuple[str, ...] = ()
    """The classification rules that determined it, in order."""
    first_seen_at: datetime
    """When the problem was first seen."""
    last_seen_at: datetime
    """When it was last seen."""
    occurrences: int = 1
    """How often it has been seen."""
    reading: int = 1
    """1 for the first reading of the target, then counted up each time it had moved."""
    supersedes: str | None = None
    """Digest of the assessment that this reading replaces."""
    findings: tuple[Signed, ...]
    """The findings as they were sent."""


def datum_assessment(record: Assessment) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "envelope": datum_envelope(record.envelope),
        "assessment_id": key(record.assessment_id),
        "finding_ids": list(map(key, record.finding_ids)),
        "problem_key": key(record.problem_key),
        "lock_key": key(record.lock_key),
        "kind": key(record.kind),
        "status": record.status,
        "severity": record.severity,
        "asset_type": key(record.asset_type),
        "environment": record.environment,
        "target": datum_resource(record.target),
        "identity": (
            None if record.identity is None else ("fixgate.AffectedIdentity", datum_affected_identity(record.identity))
        ),
        "secret": None if record.secret is None else ("fixgate.SecretMark", datum_secret_mark(record.secret)),
        "evidence": list(map(datum_fact, record.evidence)),
        "blast_radius": datum_blast_radius(record.blast_radius),
        "reversibility": record.reversibility,
        "ownership": datum_ownership(record.ownership),
        "rules": record.rules,
        "first_seen_at": micros(record.first_seen_at),
        "last_seen_at": micros(record.last_seen_at),
        "occurrences": natural(record.occurrences),
        "reading": natural(record.reading),
        "supersedes": None if record.supersedes is None else ("string", digest(record.supersedes)),
        "findings": list(map(datum_signed, record.findings)),
    }


def assessment_of(datum: Mapping[str, Any]) -> Assessment:
    """The record in what fastavro read."""
    return Assessment(
        envelope=envelope_of(datum["envelope"]),
        assessment_id=key(datum["assessment_id"]),
        finding_ids=tuple(map(key, datum["finding_ids"])),
        problem_key=key(datum["problem_key"]),
        lock_key=key(datum["lock_key"]),
        kind=key(datum["kind"]),
        status=AssessmentStatus(datum["status"]),
        severity=Severity(datum["severity"]),
        asset_type=key(datum["asset_type"]),
        environment=Environment(datum["environment"]),
        target=resource_of(datum["target"]),
        identity=None if (value := datum["identity"]) is None else affected_identity_of(value),
        secret=None if (value := datum["secret"]) is None else secret_mark_of(value),
        evidence=tuple(map(fact_of, datum["evidence"])),
        blast_radius=blast_radius_of(datum["blast_radius"]),
        reversibility=Reversibility(datum["reversibility"]),
        ownership=ownership_of(datum["ownership"]),
        rules=tuple(datum["rules"]),
        first_seen_at=moment(datum["first_seen_at"]),
        last_seen_at=moment(datum["last_seen_at"]),
        occurrences=natural(datum["occurrences"]),
        reading=natural(datum["reading"]),
        supersedes=None if (value := datum["supersedes"]) is None else digest(value),
        findings=tuple(map(signed_of, datum["findings"])),
    )


def embedded_assessment(record: Assessment) -> tuple[Signed, ...]:
    """Every record that this one embeds, as it was sent."""
    return (*record.findings,)
