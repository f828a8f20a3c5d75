"""The signed change record: what was done, how it was judged, whether it was put back.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fixgate.events.envelope import Envelope, datum_envelope, envelope_of
from fixgate.events.outcome_parts import (
    Change,
    OracleResult,
    Result,
    RollbackResult,
    StepResult,
    change_of,
    datum_change,
    datum_oracle_result,
    datum_rollback_result,
    datum_step_result,
    oracle_result_of,
    rollback_result_of,
    step_result_of,
)
from fixgate.events.rehearsal import Rehearsal, datum_rehearsal, rehearsal_of
from fixgate.events.resource import Resource, datum_resource, resource_of
from fixgate.events.signed import Signed, datum_signed, signed_of
from fixgate.events.stored import Stored, datum_stored, stored_of
from fixgate.events.template_reference import TemplateReference, datum_template_reference, template_reference_of
from fixgate.forms import digest, key, micros, moment, natural, spiffe_id, truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The signed change record: what was done, how it was judged, whether it was put back."""

    envelope: Envelope = Envelope()
    """Trace, parents and sequence; filled in by the runtime."""
    outcome_id: str
    """Derived id."""
    result: Result
    """How it ended."""
    proposal_id: str
    """The proposal."""
    proposal_digest: str
    """Digest of what ran."""
    decision_digest: str
    """The decision that allowed it."""
    intent_digest: str | None = None
    """The last intent; null when it never came to one."""
    grant_digests: tuple[str, ...] = ()
    """The grants that were used."""
    lock_key: str
    """The lock key, free from now on."""
    finding_ids: tuple[str, ...]
    """The findings that it answers."""
    problem_key: str
    """Their problem."""
    template: TemplateReference
    """What was applied."""
    revision: int
    """Which revision of the proposal."""
    target: Resource
    """What was changed."""
    executor: str
    """Who did it."""
    pre_state_digest: str
    """Digest of the state that was approved as its start."""
    found_digest: str | None = None
    """Digest of the state found right before applying; differs when the target had moved."""
    post_state_digest: str | None = None
    """Digest of the state in the end."""
    rehearsal: Rehearsal | None = None
    """The executor's own rehearsal."""
    snapshot: Stored | None = None
    """The sealed snapshot that a rollback needs."""
    steps: tuple[StepResult, ...] = ()
    """What was called and what came of it."""
    changes: tuple[Change, ...] = ()
    """What differs afterwards, inside the write-set."""
    unexpected: tuple[Change, ...] = ()
    """What differs outside the write-set; any entry is an incident."""
    validation: tuple[OracleResult, ...] = ()
    """What each oracle said."""
    rollback: RollbackResult | None = None
    """How it was put back, when it was."""
    incident: bool = False
    """True when a person has to look at it."""
    detail: str = ""
    """What happened, in words."""
    started_at: datetime
    """When the first attempt began."""
    ended_at: datetime
    """When it was over."""
    statement: bytes = b""
    """The same as an in-toto Statement v1 in a DSSE envelope, JSON, for tools that know nothing of fixgate."""
    decision: Signed
    """The decision as it was sent; proposal, assessment and findings are inside it, for whoever reads the target
    again.
    """


def datum_outcome(record: Outcome) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "envelope": datum_envelope(record.envelope),
        "outcome_id": key(record.outcome_id),
        "result": record.result,
        "proposal_id": key(record.proposal_id),
        "proposal_digest": digest(record.proposal_digest),
        "decision_digest": digest(record.decision_digest),
        "intent_digest": None if record.intent_digest is None else ("string", digest(record.intent_digest)),
        "grant_digests": list(map(digest, record.grant_digests)),
        "lock_key": key(record.lock_key),
        "finding_ids": list(map(key, record.finding_ids)),
        "problem_key": key(record.problem_key),
        "template": datum_template_reference(record.template),
        "revision": natural(record.revision),
        "target": datum_resource(record.target),
        "executor": spiffe_id(record.executor),
        "pre_state_digest": digest(record.pre_state_digest),
        "found_digest": None if record.found_digest is None else ("string", digest(record.found_digest)),
        "post_state_digest": None if record.post_state_digest is None else ("string", digest(record.post_state_digest)),
        "rehearsal": None if record.rehearsal is None else ("fixgate.Rehearsal", datum_rehearsal(record.rehearsal)),
        "snapshot": None if record.snapshot is None else ("fixgate.Stored", datum_stored(record.snapshot)),
        "steps": list(map(datum_step_result, record.steps)),
        "changes": list(map(datum_change, record.changes)),
        "unexpected": list(map(datum_change, record.unexpected)),
        "validation": list(map(datum_oracle_result, record.validation)),
        "rollback": (
            None if record.rollback is None else ("fixgate.RollbackResult", datum_rollback_result(record.rollback))
        ),
        "incident": truth(record.incident),
        "detail": record.detail,
        "started_at": micros(record.started_at),
        "ended_at": micros(record.ended_at),
        "statement": record.statement,
        "decision": datum_signed(record.decision),
    }


def outcome_of(datum: Mapping[str, Any]) -> Outcome:
    """The record in what fastavro read."""
    return Outcome(
        envelope=envelope_of(datum["envelope"]),
        outcome_id=key(datum["outcome_id"]),
        result=Result(datum["result"]),
        proposal_id=key(datum["proposal_id"]),
        proposal_digest=digest(datum["proposal_digest"]),
        decision_digest=digest(datum["decision_digest"]),
        intent_digest=None if (value := datum["intent_digest"]) is None else digest(value),
        grant_digests=tuple(map(digest, datum["grant_digests"])),
        lock_key=key(datum["lock_key"]),
        finding_ids=tuple(map(key, datum["finding_ids"])),
        problem_key=key(datum["problem_key"]),
        template=template_reference_of(datum["template"]),
        revision=natural(datum["revision"]),
        target=resource_of(datum["target"]),
        executor=spiffe_id(datum["executor"]),
        pre_state_digest=digest(datum["pre_state_digest"]),
        found_digest=None if (value := datum["found_digest"]) is None else digest(value),
        post_state_digest=None if (value := datum["post_state_digest"]) is None else digest(value),
        rehearsal=None if (value := datum["rehearsal"]) is None else rehearsal_of(value),
        snapshot=None if (value := datum["snapshot"]) is None else stored_of(value),
        steps=tuple(map(step_result_of, datum["steps"])),
        changes=tuple(map(change_of, datum["changes"])),
        unexpected=tuple(map(change_of, datum["unexpected"])),
        validation=tuple(map(oracle_result_of, datum["validation"])),
        rollback=None if (value := datum["rollback"]) is None else rollback_result_of(value),
        incident=datum["incident"],
        detail=datum["detail"],
        started_at=moment(datum["started_at"]),
        ended_at=moment(datum["ended_at"]),
        statement=datum["statement"],
        decision=signed_of(datum["decision"]),
    )


def embedded_outcome(record: Outcome) -> tuple[Signed, ...]:
    """Every record that this one embeds, as it was sent."""
    return (record.decision,)
