"""Chains of signed records, from a finding to an outcome, as the services would have sent them.

The proposals are plausible, not honest: whoever needs one that the catalogue agrees with lets the proposer make it.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from fixgate.events import (
    Assembler,
    AssemblerKind,
    Assessment,
    BlastLevel,
    BlastRadius,
    Decision,
    Durations,
    Finding,
    Outcome,
    Proposal,
    Rehearsal,
    Reversibility,
    Rollback,
    Signed,
    TemplateReference,
    Verdict,
)
from fixgate.events import Result as Ended
from fixgate.signing import digest
from tests.samples import assessment, finding
from tests.services_world import CODEC, START, ServicesWorld, spiffe_id

DIGEST: Final = "sha256:" + "d" * 64
TEMPLATE: Final = TemplateReference(id="aws-iam-deactivate-access-key", version="1.0.0", digest=DIGEST)


def assessed(world: ServicesWorld, found: Finding | None = None, **changed: Any) -> Signed:
    """A signed assessment of a signed finding."""
    made = found or finding()
    fields = {"finding_ids": (made.finding_id,), "problem_key": made.problem_key, **changed}
    return world.sign(assessment((world.sign(made, "ingest"),), **fields), "analyzer")


def proposed(world: ServicesWorld, signed: Signed, **changed: Any) -> Signed:
    """A signed proposal for a signed assessment."""
    about = CODEC.decode(signed.value, Assessment)
    rehearsal = Rehearsal(reversibility=Reversibility.LOSSLESS, stage="test", before_digest=DIGEST, performed_at=START)
    made = Proposal(
        proposal_id="proposal-1",
        lock_key=about.lock_key,
        finding_ids=about.finding_ids,
        template=TEMPLATE,
        slots=(),
        offer_digest=DIGEST,
        assembler=Assembler(kind=AssemblerKind.RULES, name="rules"),
        target=about.target,
        pre_state_digest=DIGEST,
        pre_state_read_at=START,
        blast_radius=BlastRadius(level=BlastLevel.LOW),
        reversibility=Reversibility.LOSSLESS,
        write_set=(),
        calls=(),
        rollback=Rollback(operation="undo"),
        validation=(),
        durations=Durations(apply_seconds=10, validate_seconds=10, rollback_seconds=10, credential_seconds=60),
        rehearsal=rehearsal,
        expires_at=START + timedelta(hours=1),
        assessment=signed,
    )
    return world.sign(replace(made, **changed), "proposer")


def decided(world: ServicesWorld, signed: Signed, **changed: Any) -> Signed:
    """A signed decision on a signed proposal: waiting, unless it is said otherwise."""
    about = CODEC.decode(signed.value, Proposal)
    made = Decision(
        decision_id="decision-1",
        verdict=Verdict.WAITING,
        proposal_id=about.proposal_id,
        proposal_digest=digest(signed.value),
        lock_key=about.lock_key,
        finding_ids=about.finding_ids,
        policy_bundle_digest=DIGEST,
        decided_at=START,
        proposal=signed,
    )
    return world.sign(replace(made, **changed), "gate")


def outcome(
    world: ServicesWorld,
    *,
    result: Ended,
    assessed_with: Mapping[str, Any] | None = None,
    proposed_with: Mapping[str, Any] | None = None,
    decision: Signed | None = None,
    **changed: Any,
) -> Outcome:
    """An outcome with its whole chain inside; not signed."""
    if decision is None:
        decision = decided(world, proposed(world, assessed(world, **(assessed_with or {})), **(proposed_with or {})))
    about = CODEC.decode(decision.value, Decision)
    proposal = CODEC.decode(about.proposal.value, Proposal)
    basis = CODEC.decode(proposal.assessment.value, Assessment)
    made = Outcome(
        outcome_id="outcome-1",
        result=result,
        proposal_id=proposal.proposal_id,
        proposal_digest=about.proposal_digest,
        decision_digest=digest(decision.value),
        lock_key=basis.lock_key,
        finding_ids=basis.finding_ids,
        problem_key=basis.problem_key,
        template=proposal.template,
        revision=proposal.revision,
        target=proposal.target,
        executor=spiffe_id("executor"),
        pre_state_digest=proposal.pre_state_digest,
        started_at=START,
        ended_at=START,
        decision=decision,
    )
    return replace(made, **changed)
