"""Decisions, reviews and warrants as records. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from fixgate.chain import ProposalChain
from fixgate.events import Decision, Review, ReviewKind, Signed, Verdict, Warrant
from fixgate.ids import derived_id
from fixgate.policy.judge import Ruling
from fixgate.signing import digest

WARRANT: Final = timedelta(minutes=15)
"""How long a warrant holds at most."""
WAIT: Final = timedelta(days=3)
"""How long people have to answer at most."""
_CLOSED: Final = {
    Verdict.REFUSED: ReviewKind.REFUSED,
    Verdict.EXPIRED: ReviewKind.EXPIRED,
    Verdict.WITHDRAWN: ReviewKind.WITHDRAWN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scribe:
    """Writes what is decided at one moment, because of one event (`cause`)."""

    bundle_digest: str
    executor: str
    now: datetime
    cause: str

    def decision(self, chain: ProposalChain, signed: Signed, verdict: Verdict, reasons: Sequence[str]) -> Decision:
        """A decision that no policy made."""
        proposal = chain.proposal
        return Decision(
            decision_id=derived_id("decision", chain.digest, verdict.value, self.cause),
            verdict=verdict,
            proposal_id=proposal.proposal_id,
            proposal_digest=chain.digest,
            lock_key=proposal.lock_key,
            finding_ids=proposal.finding_ids,
            reasons=tuple(reasons),
            policy_bundle_digest=self.bundle_digest,
            decided_at=self.now,
            proposal=signed,
        )

    def ruled(
        self, chain: ProposalChain, signed: Signed, verdict: Verdict, ruling: Ruling, notes: Sequence[str] = ()
    ) -> Decision:
        """A decision as the policies made it; `notes` are said after their reasons."""
        made = self.decision(chain, signed, verdict, (*ruling.reasons, *notes))
        return replace(made, policies=ruling.policies, obligations=ruling.obligations, quorum=ruling.quorum)

    def waiting(self, chain: ProposalChain, signed: Signed, ruling: Ruling) -> Decision:
        """A decision that waits for people."""
        made = self.ruled(chain, signed, Verdict.WAITING, ruling)
        return replace(made, expires_at=min(self.now + WAIT, chain.proposal.expires_at))

    def allowed(
        self, chain: ProposalChain, signed: Signed, ruling: Ruling, approvals: Sequence[Signed], notes: Sequence[str]
    ) -> Decision:
        """A decision with its warrant: this proposal, these approvals, these policies, this executor, once."""
        if approvals:
            # What the policies said is why people were asked; why it is allowed is that they approved.
            asked = tuple(f"people were asked because: {reason}" for reason in ruling.reasons)
            ruling = replace(ruling, reasons=("people approved it", *asked))
        digests = tuple(digest(a.value) for a in approvals)
        warrant = Warrant(
            warrant_id=derived_id("warrant", chain.digest, self.cause, *digests),
            proposal_digest=chain.digest,
            approval_digests=digests,
            policy_bundle_digest=self.bundle_digest,
            executor=self.executor,
            not_before_at=self.now,
            not_after_at=min(self.now + WARRANT, chain.proposal.expires_at),
        )
        made = self.ruled(chain, signed, Verdict.ALLOWED, ruling, notes)
        return replace(made, warrant=warrant, approvals=tuple(approvals))

    def closed(self, chain: ProposalChain, made: Decision) -> Review | None:
        """Tells the proposer that nothing more comes of a proposal; None while something may."""
        kind = _CLOSED.get(made.verdict)
        if kind is None:
            return None
        proposal = chain.proposal
        return Review(
            review_id=derived_id("review", chain.digest, kind.value, self.cause),
            kind=kind,
            proposal_id=proposal.proposal_id,
            proposal_digest=chain.digest,
            revision=proposal.revision,
            lock_key=proposal.lock_key,
            finding_ids=proposal.finding_ids,
            feedback="; ".join(made.reasons),
        )

    def changes_requested(self, chain: ProposalChain, feedback: str, approval: Signed) -> Review:
        """A person wants another revision."""
        proposal = chain.proposal
        return Review(
            review_id=derived_id("review", chain.digest, self.cause),
            kind=ReviewKind.CHANGES_REQUESTED,
            proposal_id=proposal.proposal_id,
            proposal_digest=chain.digest,
            revision=proposal.revision,
            lock_key=proposal.lock_key,
            finding_ids=proposal.finding_ids,
            feedback=feedback,
            approval=approval,
        )
