"""The executor's verb: an allowed decision becomes an intent, and each report moves its change on.

One change at a time for each lock key; a further decision for a locked key waits in the state. What is written here is
durable before the work outside that it allows.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from fixgate.chain import DecisionChain, decision_chain
from fixgate.codec import Codec
from fixgate.errors import Poison, Reason
from fixgate.events import (
    Assessment,
    Decision,
    Intent,
    IntentPurpose,
    PlannedStep,
    Proposal,
    Resource,
    Result,
    Verdict,
    Warrant,
)
from fixgate.policy.controls import Standing, history_of, reach_of
from fixgate.verbs import Event, Facts, Output, Received, Told
from fixgate.verbs import Result as Answer
from services.executor.change import ChangeState, Stage, order_key, pack, unpack, waiting_prefix
from services.executor.outcome import draft_of, outcome_of
from services.executor.reports import Over, Report
from services.executor.transitions import Context, after

Steps = Callable[[Proposal, Assessment], tuple[PlannedStep, ...]]
"""The steps of a proposal by its template; pure. Raises ValueError when that was not on offer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The verb. `executor` is our SPIFFE ID, `roster` the pinned digest of the first roster.

    `refusal` says why a target is out of bounds for this process; empty when it is not.
    """

    codec: Codec
    executor: str
    roster: str
    steps: Steps
    refusal: Callable[[Resource], str]
    recommend_only: bool = False

    def __call__(self, event: Event, facts: Facts[None]) -> Answer:
        """Decide about a decision or a report; time alone changes nothing."""
        match event:
            case Received(record=Decision() as decision):
                return self._decided(event, decision, facts)
            case Told(payload=Report() as report):
                return self._told(event, report, facts)
            case Told():
                raise Poison(Reason.INVALID, "only reports are told")
            case _:
                return Answer()

    # -- decisions -----------------------------------------------------------------------------------------------

    def _decided(self, event: Received, decision: Decision, facts: Facts[None]) -> Answer:
        if decision.verdict is not Verdict.ALLOWED:
            return self._taken_back(decision, facts)
        if event.signed is None:
            raise Poison(Reason.UNSIGNED, "a decision without a signature")
        chain = decision_chain(self.codec, event.signed)
        warrant = _warrant(chain)
        if warrant.executor != self.executor:
            return Answer()
        change = ChangeState(
            stage=Stage.INTENDED,
            draft=draft_of(chain, warrant, event.signed, facts.now),
            purpose=IntentPurpose.APPLY,
            attempt=1,
            attempt_at=facts.now,
            context=facts.context,
        )
        key = order_key(decision.lock_key)
        if facts.state.get(key) is not None:
            waiting = waiting_prefix(decision.lock_key) + f"{event.offset:020d}".encode()
            return Answer(state={waiting: pack(self.codec, change)})
        change, outputs = self._begun(change, chain, facts)
        return Answer(outputs=outputs, state={key: pack(self.codec, change)})

    def _taken_back(self, decision: Decision, facts: Facts[None]) -> Answer:
        """A decision that waits for its lock is forgotten when the gate took it back; others were never ours."""
        waiting = facts.state.scan(waiting_prefix(decision.lock_key))
        gone = [k for k, v in waiting if unpack(self.codec, v).draft.decision_digest == decision.supersedes]
        return Answer(state=dict.fromkeys(gone))

    def _begun(
        self, change: ChangeState, chain: DecisionChain, facts: Facts[None]
    ) -> tuple[ChangeState, tuple[Output, ...]]:
        """The change with its first intent; or as it ends at once, when it must not begin."""
        proposal, warrant = chain.proposed.proposal, _warrant(chain)
        if facts.now > warrant.not_after_at:
            return change.ended(Result.EXPIRED, "the warrant ran out before the change began"), ()
        why = "" if self.recommend_only else self.refusal(proposal.target)
        if why:
            return change.ended(Result.REFUSED, why), ()
        try:
            steps = self.steps(proposal, chain.proposed.assessment)
        except ValueError as error:
            return change.ended(Result.REFUSED, f"the proposal is not its template's: {error}"), ()
        change = replace(change, steps=len(steps))
        return change, (self._intent(change, chain, steps),)

    def _intent(self, change: ChangeState, chain: DecisionChain, steps: tuple[PlannedStep, ...]) -> Output:
        draft = change.draft
        previous = change.intents[-1] if change.intents else None
        intent = Intent(
            intent_id=change.intent_id,
            purpose=change.purpose,
            attempt=change.attempt,
            proposal_id=draft.proposal_id,
            proposal_digest=draft.proposal_digest,
            decision_digest=draft.decision_digest,
            warrant_id=_warrant(chain).warrant_id,
            lock_key=draft.lock_key,
            finding_ids=draft.finding_ids,
            executor=self.executor,
            target=draft.target,
            steps=steps,
            previous=previous,
            planned_at=change.attempt_at,
        )
        parents = (draft.decision_digest, previous) if previous else (draft.decision_digest,)
        return Output(topic="intents", key=draft.lock_key.encode(), record=intent, parents=parents)

    # -- reports -------------------------------------------------------------------------------------------------

    def _told(self, event: Told, report: Report, facts: Facts[None]) -> Answer:
        value = facts.state.get(event.order)
        if value is None:
            raise Poison(Reason.INVALID, "there is no such change under way")
        change = unpack(self.codec, value)
        if isinstance(report, Over):
            return self._over(event.order, change, report, facts)
        chain = decision_chain(self.codec, change.draft.decision)
        moved = after(change, report, self._context(chain, facts))
        outputs: tuple[Output, ...] = ()
        if moved.attempt != change.attempt:
            try:
                steps = self.steps(chain.proposed.proposal, chain.proposed.assessment)
            except ValueError as error:
                # The catalogue is another than when it began: nobody here knows how to go on.
                why = f"the template that it was begun with is gone: {error}"
                moved = change.ended(Result.FAILED, why, incident=change.begun > 0)
            else:
                outputs = (self._intent(moved, chain, steps),)
        return Answer(outputs=outputs, state={event.order: pack(self.codec, moved)})

    def _over(self, key: bytes, change: ChangeState, report: Over, facts: Facts[None]) -> Answer:
        """Write the outcome, let go of the lock, and begin what waited for it."""
        if change.stage is not Stage.ENDING or report.attempt != change.attempt:
            raise Poison(Reason.INVALID, "only a change that has ended is over")
        outcome = replace(outcome_of(change, report.ended_at), statement=report.statement)
        lock = outcome.lock_key
        said = Output(
            topic="outcomes", key=lock.encode(), record=outcome, parents=(*change.intents, *outcome.grant_digests)
        )
        for waiting, value in facts.state.scan(waiting_prefix(lock)):
            later = unpack(self.codec, value)
            chain = decision_chain(self.codec, later.draft.decision)
            later, outputs = self._begun(replace(later, attempt_at=facts.now), chain, facts)
            # It goes on in its own trace, not in that of the change it waited for.
            linked = tuple(replace(o, follows=(later.context,)) for o in outputs)
            return Answer(outputs=(said, *linked), state={key: pack(self.codec, later), waiting: None})
        return Answer(outputs=(said,), state={key: None})

    def _context(self, chain: DecisionChain, facts: Facts[None]) -> Context:
        proposal = chain.proposed.proposal
        return Context(
            now=facts.now,
            warrant=_warrant(chain),
            approved=proposal.reversibility,
            apply_seconds=proposal.durations.apply_seconds,
            recommend_only=self.recommend_only,
            prevented=lambda: self._prevented(chain, facts),
        )

    def _prevented(self, chain: DecisionChain, facts: Facts[None]) -> str:
        """What stands in the way of the change as of now (law 10); empty when nothing does."""
        controls = facts.broadcasts["controls"]
        history = history_of(self.codec, self.roster, controls)
        reach = reach_of(chain.proposed.assessment, chain.proposed.proposal.template.id)
        found = Standing.of(self.codec, controls, history, facts.now).prevents(reach)
        return "" if found is None else f"{found.kind.value}: {found.words}"


def _warrant(chain: DecisionChain) -> Warrant:
    if chain.decision.warrant is None:
        raise Poison(Reason.INVALID, "the decision allows a change without a warrant")
    return chain.decision.warrant
