"""A decision with everything that it was made from, unpacked: what issuer, executor and `fixgate verify` look at.

Unpacking checks that each record carries what it must carry, and that names and digests fit together. It does not check
signatures: the runtime has done so for what it hands to a verb, and whoever has the records from elsewhere does so
with `verification.Verifier` before.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fixgate.codec import Codec
from fixgate.errors import Poison, Reason
from fixgate.events import Approval, Assessment, Decision, Finding, Proposal, Signed
from fixgate.signing import digest


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalChain:
    """A proposal, its assessment and the findings; `digest` is the proposal's."""

    digest: str
    proposal: Proposal
    assessment: Assessment
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionChain:
    """A decision, its approvals (with their digests) and its proposal's chain; `digest` is the decision's."""

    digest: str
    decision: Decision
    approvals: tuple[tuple[str, Approval], ...]
    proposed: ProposalChain


def proposal_chain(codec: Codec, signed: Signed) -> ProposalChain:
    """Unpack a proposal; raises Poison when something does not fit."""
    proposal = codec.decode(signed.value, Proposal)
    assessment = codec.decode(proposal.assessment.value, Assessment)
    findings = tuple(codec.decode(f.value, Finding) for f in assessment.findings)
    if not findings:
        raise _misfit("the assessment carries no finding")
    if tuple(f.finding_id for f in findings) != tuple(assessment.finding_ids):
        raise _misfit("the assessment names other findings than it carries")
    if any(f.problem_key != assessment.problem_key for f in findings):
        raise _misfit("a finding is about another problem than the assessment")
    if tuple(proposal.finding_ids) != tuple(assessment.finding_ids):
        raise _misfit("the proposal names other findings than its assessment")
    if (proposal.lock_key, proposal.target) != (assessment.lock_key, assessment.target):
        raise _misfit("the proposal names another target than its assessment")
    return ProposalChain(digest=digest(signed.value), proposal=proposal, assessment=assessment, findings=findings)


def decision_chain(codec: Codec, signed: Signed) -> DecisionChain:
    """Unpack a decision; raises Poison when something does not fit."""
    decision = codec.decode(signed.value, Decision)
    proposed = proposal_chain(codec, decision.proposal)
    proposal = proposed.proposal
    if (decision.proposal_digest, decision.proposal_id) != (proposed.digest, proposal.proposal_id):
        raise _misfit("the decision names another proposal than it carries")
    if (decision.lock_key, tuple(decision.finding_ids)) != (proposal.lock_key, tuple(proposal.finding_ids)):
        raise _misfit("the decision names another target than its proposal")
    approvals = _approvals(codec, decision.approvals)
    warrant = decision.warrant
    if warrant is not None:
        if warrant.proposal_digest != proposed.digest:
            raise _misfit("the warrant is for another proposal")
        if tuple(warrant.approval_digests) != tuple(d for d, _ in approvals):
            raise _misfit("the warrant names other approvals than the decision carries")
    return DecisionChain(digest=digest(signed.value), decision=decision, approvals=approvals, proposed=proposed)


def _approvals(codec: Codec, carried: Sequence[Signed]) -> tuple[tuple[str, Approval], ...]:
    return tuple((digest(a.value), codec.decode(a.value, Approval)) for a in carried)


def _misfit(why: str) -> Poison:
    return Poison(Reason.INVALID, why)
