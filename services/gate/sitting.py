"""One event of the gate, from what is seen to what is decided and kept. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from fixgate.chain import ProposalChain, proposal_chain
from fixgate.errors import Poison, Reason, Refused
from fixgate.events import Answer, Approval, Decision, Outcome, Quorum, Review, Signed, Verdict
from fixgate.people.roster import Roster
from fixgate.policy.judge import Outlook, Ruling
from fixgate.policy.quorum import Tally, objection, tally
from fixgate.policy.sight import Rules, Sight
from fixgate.verbs import Facts, Output, Received
from services.gate.answers import Ballot, ballot_of, demand_of
from services.gate.journal import Held, Journal, Lock
from services.gate.verdicts import WAIT, Scribe

TURNS_LIMIT: Final = 16
"""So many proposals may wait for their turn under one lock key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A proposal to be ruled on; `follows` are the traces that ended in a wait before."""

    chain: ProposalChain
    signed: Signed
    follows: tuple[str, ...] = ()


class Sitting:
    """The gate at work on one event; everything that it causes is in `journal`."""

    def __init__(self, rules: Rules, facts: Facts[None], scribe: Scribe, journal: Journal) -> None:
        self._codec = rules.codec
        self._context = facts.context
        self._now = facts.now
        self._scribe = scribe
        self._rules = rules
        self._facts = facts
        self.journal = journal

    @cached_property
    def _sight(self) -> Sight:
        # Most ticks do nothing: they need not look.
        return Sight.of(self._rules, self._facts.broadcasts, self._now)

    # -- what happens --------------------------------------------------------------------------------------------

    def proposed(self, received: Received) -> None:
        """A proposal came; raises Poison when its parts do not fit together."""
        signed = _sent(received)
        self._arrive(Candidate(chain=proposal_chain(self._codec, signed), signed=signed))

    def answered(self, received: Received, approval: Approval) -> None:
        """A person answered; an answer that does not count changes nothing, and why it does not is kept."""
        roster = self._sight.roster
        if roster is None:
            self.journal.stray(received.digest, "there is no roster in force: nobody's answer counts")
            return
        try:
            ballot = ballot_of(self._sight, roster, _sent(received))
        except Refused as error:
            self._not_believed(received, approval, error.message)
            return
        held = self.journal.waiting(ballot.statement.proposal_digest)
        if held is None or held.decision.proposal_id != approval.proposal_id:
            self.journal.stray(received.digest, "nothing that it is about waits for an answer")
            return
        chain = proposal_chain(self._codec, held.decision.proposal)
        counted = self._counted(held, roster)
        demand = demand_of(held, chain, ballot.statement, tuple(b.statement.person for b in counted))
        why = objection(ballot.statement, demand, roster, self._now)
        if why is not None:
            self._does_not_count(held, f"an answer by {ballot.statement.person} does not count: {why}")
            return
        match ballot.statement.answer:
            case Answer.APPROVE:
                self._approved(held, chain, (*counted, ballot), roster)
            case Answer.REQUEST_CHANGES:
                self._changes_requested(held, chain, ballot)
            case _:
                self._rejected(held, chain, ballot)

    def ended(self, outcome: Outcome) -> None:
        """A change is over: the next proposal under its lock key has its turn."""
        lock = self.journal.lock(outcome.lock_key)
        if lock is not None and lock.proposal_digest == outcome.proposal_digest and not lock.waiting:
            self._free(outcome.lock_key)

    def time_passed(self) -> None:
        """What could be answered or decided until now expires."""
        for key, held in self.journal.due(self._now):
            chain = proposal_chain(self._codec, held.decision.proposal)
            if self.journal.waiting(chain.digest) is not None:
                reason = "nobody decided it in time"
                self.journal.stop_waiting(held)
                self._write(chain, held, Verdict.EXPIRED, reason)
                self._free(chain.proposal.lock_key)
            else:
                self.journal.unqueue(key, held)
                self._write(chain, held, Verdict.EXPIRED, "another change of the same thing took too long")

    # -- proposals -----------------------------------------------------------------------------------------------

    def _arrive(self, candidate: Candidate) -> None:
        proposal = candidate.chain.proposal
        if proposal.expires_at <= self._now:
            self._say(candidate, Verdict.EXPIRED, "it had expired before it could be decided")
            return
        lock = self.journal.lock(proposal.lock_key)
        if lock is None:
            self._rule(candidate)
        elif lock.proposal_id != proposal.proposal_id:
            self._queue(candidate)
        elif proposal.revision <= lock.revision:
            self._say(candidate, Verdict.REFUSED, f"revision {lock.revision} of it is open, which is not older")
        elif lock.waiting:
            self._replace(lock, candidate)
        else:
            self._queue(candidate)

    def _replace(self, lock: Lock, newer: Candidate) -> None:
        """A newer revision takes the place of one that waits for people."""
        older = self.journal.waiting(lock.proposal_digest)
        if older is not None:
            chain = proposal_chain(self._codec, older.decision.proposal)
            self.journal.stop_waiting(older)
            self._write(chain, older, Verdict.WITHDRAWN, f"revision {newer.chain.proposal.revision} takes its place")
        self.journal.free(newer.chain.proposal.lock_key)
        self._rule(newer)

    def _queue(self, candidate: Candidate) -> None:
        """Another proposal holds the lock key: this one waits for its turn, in the place of an older revision."""
        proposal = candidate.chain.proposal
        waiting = self.journal.queued(proposal.lock_key)
        for key, held in waiting:
            if held.decision.proposal_id != proposal.proposal_id:
                continue
            chain = proposal_chain(self._codec, held.decision.proposal)
            if chain.proposal.revision >= proposal.revision:
                self._say(candidate, Verdict.REFUSED, f"revision {chain.proposal.revision} of it waits for its turn")
                return
            self.journal.unqueue(key, held)
            self._write(chain, held, Verdict.WITHDRAWN, f"revision {proposal.revision} takes its place")
        if len(waiting) >= TURNS_LIMIT:
            self._say(candidate, Verdict.REFUSED, f"{TURNS_LIMIT} proposals wait for their turn under its lock key")
            return
        made = self._scribe.decision(candidate.chain, candidate.signed, Verdict.WAITING, ())
        made = replace(made, expires_at=min(self._now + WAIT, proposal.expires_at))
        self.journal.queue(Held(decision=made, context=self._context))

    def _free(self, lock_key: str) -> None:
        """Nothing is open under the lock key: whoever waits for its turn has it now, until something is open again."""
        self.journal.free(lock_key)
        for key, held in self.journal.queued(lock_key):
            if self.journal.lock(lock_key) is not None:
                return
            self.journal.unqueue(key, held)
            signed = held.decision.proposal
            chain = proposal_chain(self._codec, signed)
            self._arrive(Candidate(chain=chain, signed=signed, follows=self._after(held)))

    def _rule(self, candidate: Candidate) -> None:
        """Rule on a proposal whose lock key is free."""
        chain, signed = candidate.chain, candidate.signed
        ruling = self._sight.consider(chain).ruling
        match ruling.verdict:
            case Outlook.AUTOMATIC:
                made = self._scribe.allowed(chain, signed, ruling, (), ())
                self._hold(chain, waiting=False)
                self._decide(made, candidate.follows)
            case Outlook.PEOPLE:
                self._ask(candidate, ruling)
            case Outlook.REFUSED:
                self._decide(self._scribe.ruled(chain, signed, Verdict.REFUSED, ruling), candidate.follows)

    def _ask(self, candidate: Candidate, ruling: Ruling, nonces: Sequence[str] = ()) -> None:
        made = self._scribe.waiting(candidate.chain, candidate.signed, ruling)
        self.journal.wait(Held(decision=made, context=self._context, nonces=tuple(nonces)))
        self._hold(candidate.chain, waiting=True)
        self._decide(made, candidate.follows)

    # -- answers -------------------------------------------------------------------------------------------------

    def _counted(self, held: Held, roster: Roster) -> tuple[Ballot, ...]:
        """The approvals so far that still count: whoever was removed from the roster since counts no more."""
        found: list[Ballot] = []
        for signed in held.answers:
            try:
                found.append(ballot_of(self._sight, roster, signed))
            except Refused:
                continue
        return tuple(found)

    def _approved(self, held: Held, chain: ProposalChain, ballots: Sequence[Ballot], roster: Roster) -> None:
        nonces = tuple(dict.fromkeys((*held.nonces, *(b.statement.showing_nonce for b in ballots))))
        kept = replace(held, answers=tuple(b.signed for b in ballots), nonces=nonces)
        if not _tally(held.decision.quorum, ballots, roster).reached:
            self.journal.wait(kept)
            return
        ruling = self._sight.consider(chain, approvals=len(ballots)).ruling
        signed = held.decision.proposal
        candidate = Candidate(chain=chain, signed=signed, follows=self._after(held))
        self.journal.stop_waiting(held)
        if ruling.verdict is Outlook.REFUSED:
            refused = self._scribe.ruled(chain, signed, Verdict.REFUSED, ruling, held.uncounted)
            self._decide(replace(refused, approvals=kept.answers), candidate.follows)
            self._free(chain.proposal.lock_key)
        elif _suffices(ruling, held.decision, ballots, roster):
            # The policies' demand is what the issuer looks at; where none is left, what people were asked stays.
            met = ruling if ruling.quorum is not None else replace(ruling, quorum=held.decision.quorum)
            self._hold(chain, waiting=False)
            self._decide(self._scribe.allowed(chain, signed, met, kept.answers, held.uncounted), candidate.follows)
        else:
            self._ask(candidate, ruling, nonces)

    def _rejected(self, held: Held, chain: ProposalChain, ballot: Ballot) -> None:
        said = ballot.statement
        self.journal.stop_waiting(held)
        reason = f"{said.person} rejected it{_because(said.reason)}"
        made = self._scribe.decision(chain, held.decision.proposal, Verdict.REFUSED, (reason, *held.uncounted))
        self._decide(replace(made, approvals=(ballot.signed,)), self._after(held))
        self._free(chain.proposal.lock_key)

    def _changes_requested(self, held: Held, chain: ProposalChain, ballot: Ballot) -> None:
        said = ballot.statement
        self.journal.stop_waiting(held)
        reason = f"{said.person} asked for changes{_because(said.reason)}"
        made = self._scribe.decision(chain, held.decision.proposal, Verdict.WITHDRAWN, (reason, *held.uncounted))
        follows = self._after(held)
        self._decide(replace(made, approvals=(ballot.signed,)), follows, told=False)
        review: Review = self._scribe.changes_requested(chain, said.reason, ballot.signed)
        self.journal.outputs.append(
            Output(topic="reviews", key=review.lock_key.encode(), record=review, follows=follows)
        )
        self._free(chain.proposal.lock_key)

    def _does_not_count(self, held: Held, why: str) -> None:
        self.journal.wait(replace(held, uncounted=(*held.uncounted, why)))

    def _not_believed(self, received: Received, approval: Approval, why: str) -> None:
        """Nobody vouches for what it says, so it is noted with what waits only when it names it."""
        held = self.journal.waiting_for(approval.proposal_id)
        if held is None:
            self.journal.stray(received.digest, why)
        else:
            self._does_not_count(held, f"an answer does not count: {why}")

    # -- writing -------------------------------------------------------------------------------------------------

    def _hold(self, chain: ProposalChain, *, waiting: bool) -> None:
        proposal = chain.proposal
        lock = Lock(
            proposal_digest=chain.digest,
            proposal_id=proposal.proposal_id,
            revision=proposal.revision,
            waiting=waiting,
        )
        self.journal.hold(proposal.lock_key, lock)

    def _after(self, held: Held) -> tuple[str, ...]:
        """What comes after a wait is linked to the trace that waited, and to the one that ended the wait."""
        return tuple(c for c in (held.context, self._context) if c)

    def _say(self, candidate: Candidate, verdict: Verdict, reason: str) -> None:
        self._decide(self._scribe.decision(candidate.chain, candidate.signed, verdict, (reason,)), candidate.follows)

    def _write(self, chain: ProposalChain, held: Held, verdict: Verdict, reason: str) -> None:
        made = self._scribe.decision(chain, held.decision.proposal, verdict, (reason, *held.uncounted))
        self._decide(made, self._after(held))

    def _decide(self, made: Decision, follows: tuple[str, ...], *, told: bool = True) -> None:
        """Write it; `told` says whether the proposer is to hear of it by that alone."""
        self.journal.outputs.append(Output(topic="decisions", key=made.lock_key.encode(), record=made, follows=follows))
        chain = proposal_chain(self._codec, made.proposal)
        closed = self._scribe.closed(chain, made) if told else None
        if closed is not None:
            key, parents = closed.lock_key.encode(), (chain.digest,)
            self.journal.outputs.append(
                Output(topic="reviews", key=key, record=closed, parents=parents, follows=follows)
            )


def _sent(received: Received) -> Signed:
    if received.signed is None:
        raise Poison(Reason.UNSIGNED, "it is not signed")
    return received.signed


def _tally(quorum: Quorum | None, ballots: Sequence[Ballot], roster: Roster) -> Tally:
    return tally(quorum or Quorum(approvals=1), (b.statement.person for b in ballots), roster)


def _suffices(ruling: Ruling, asked: Decision, ballots: Sequence[Ballot], roster: Roster) -> bool:
    """Whether what was approved is enough for what the policies demand now, which may be more than was asked."""
    shown = {o.id for o in asked.obligations}
    if not {o.id for o in ruling.obligations} <= shown:
        return False
    return ruling.verdict is Outlook.AUTOMATIC or _tally(ruling.quorum, ballots, roster).reached


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""
