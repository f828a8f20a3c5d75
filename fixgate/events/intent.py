"""What the executor is about to do, written before it does anything.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fixgate.events.envelope import Envelope, datum_envelope, envelope_of
from fixgate.events.intent_parts import IntentPurpose, PlannedStep, datum_planned_step, planned_step_of
from fixgate.events.resource import Resource, datum_resource, resource_of
from fixgate.forms import digest, key, micros, moment, natural, spiffe_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What the executor is about to do, written before it does anything."""

    envelope: Envelope = Envelope()
    """Trace, parents and sequence; filled in by the runtime."""
    intent_id: str
    """Derived id of the change; the same in all attempts."""
    purpose: IntentPurpose
    """What this attempt is for."""
    attempt: int = 1
    """Which attempt, counted from 1."""
    proposal_id: str
    """The proposal."""
    proposal_digest: str
    """Digest of exactly what will run."""
    decision_digest: str
    """The decision that allows it."""
    warrant_id: str
    """The warrant."""
    lock_key: str
    """What is locked from now until the outcome."""
    finding_ids: tuple[str, ...]
    """The findings that it answers."""
    executor: str
    """Who will do it."""
    target: Resource
    """What will be changed."""
    steps: tuple[PlannedStep, ...]
    """What will be called, in order."""
    previous: str | None = None
    """Digest of the attempt that this one takes up."""
    planned_at: datetime
    """When the attempt begins; a resource made by a crashed attempt is recognised by it."""


def datum_intent(record: Intent) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "envelope": datum_envelope(record.envelope),
        "intent_id": key(record.intent_id),
        "purpose": record.purpose,
        "attempt": natural(record.attempt),
        "proposal_id": key(record.proposal_id),
        "proposal_digest": digest(record.proposal_digest),
        "decision_digest": digest(record.decision_digest),
        "warrant_id": key(record.warrant_id),
        "lock_key": key(record.lock_key),
        "finding_ids": list(map(key, record.finding_ids)),
        "executor": spiffe_id(record.executor),
        "target": datum_resource(record.target),
        "steps": list(map(datum_planned_step, record.steps)),
        "previous": None if record.previous is None else ("string", digest(record.previous)),
        "planned_at": micros(record.planned_at),
    }


def intent_of(datum: Mapping[str, Any]) -> Intent:
    """The record in what fastavro read."""
    return Intent(
        envelope=envelope_of(datum["envelope"]),
        intent_id=key(datum["intent_id"]),
        purpose=IntentPurpose(datum["purpose"]),
        attempt=natural(datum["attempt"]),
        proposal_id=key(datum["proposal_id"]),
        proposal_digest=digest(datum["proposal_digest"]),
        decision_digest=digest(datum["decision_digest"]),
        warrant_id=key(datum["warrant_id"]),
        lock_key=key(datum["lock_key"]),
        finding_ids=tuple(map(key, datum["finding_ids"])),
        executor=spiffe_id(datum["executor"]),
        target=resource_of(datum["target"]),
        steps=tuple(map(planned_step_of, datum["steps"])),
        previous=None if (value := datum["previous"]) is None else digest(value),
        planned_at=moment(datum["planned_at"]),
    )
