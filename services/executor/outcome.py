"""The record of a change, and the same as an in-toto statement for tools that know nothing of fixgate. Pure."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from fixgate.attestation import PAYLOAD_TYPE, envelope_of, payload_of
from fixgate.chain import DecisionChain
from fixgate.events import Outcome, Result, Signed, Warrant
from fixgate.ids import derived_id
from fixgate.signing import Signature
from services.executor.change import ChangeState

WORDS: Final = 4_000
"""Characters of the outcome's detail at most."""
Attest = Callable[[str, bytes], Signature]
"""Signs a payload of a type, as DSSE says."""


def draft_of(chain: DecisionChain, warrant: Warrant, decision: Signed, now: datetime) -> Outcome:
    """What can be said of a change before anything was done."""
    proposal, assessment = chain.proposed.proposal, chain.proposed.assessment
    return Outcome(
        outcome_id=derived_id("outcome", warrant.warrant_id),
        result=Result.UNKNOWN,
        proposal_id=proposal.proposal_id,
        proposal_digest=chain.proposed.digest,
        decision_digest=chain.digest,
        lock_key=proposal.lock_key,
        finding_ids=proposal.finding_ids,
        problem_key=assessment.problem_key,
        template=proposal.template,
        revision=proposal.revision,
        target=proposal.target,
        executor=warrant.executor,
        pre_state_digest=proposal.pre_state_digest,
        started_at=now,
        ended_at=now,
        decision=decision,
    )


def outcome_of(change: ChangeState, ended_at: datetime) -> Outcome:
    """The record of a change that has ended, still without its statement."""
    return replace(
        change.draft,
        result=change.result,
        intent_digest=change.intents[-1] if change.intents else None,
        detail=change.draft.detail[:WORDS],
        ended_at=max(ended_at, change.draft.started_at),
    )


def statement(outcome: Outcome, intents: tuple[str, ...], attest: Attest) -> bytes:
    """The DSSE envelope of the statement, as JSON."""
    payload = payload_of(outcome, intents)
    return envelope_of(payload, attest(PAYLOAD_TYPE, payload))
