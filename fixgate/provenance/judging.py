"""What the records of a change must say together: warrants, credentials, outcomes. Pure.

Each function answers with what is wrong, in words; nothing means that it is as it must be.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from fixgate.codec import Codec
from fixgate.events import (
    Credential,
    DeathMethod,
    Decision,
    Grant,
    GrantState,
    Intent,
    IntentPurpose,
    Outcome,
    Proposal,
    Result,
    StepResult,
    Verdict,
)
from fixgate.provenance.seen import Case

CLOCKS: Final = timedelta(seconds=10)
"""How far the clocks of issuer and executor may be apart."""
MADE: Final = frozenset({Result.DONE, Result.ROLLED_BACK, Result.UNKNOWN})
"""How no change can end that never came to an intent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """The changes of one case. `executor` is the SPIFFE ID for whom alone warrants may be."""

    case: Case
    codec: Codec
    executor: str

    def warrant(self, decision: Decision) -> str:
        """What is wrong with a decision's warrant."""
        warrant = decision.warrant
        if decision.verdict is not Verdict.ALLOWED:
            return "" if warrant is None else f"a decision that is {decision.verdict.value} has a warrant"
        if warrant is None:
            return "it allows a change without a warrant"
        if warrant.executor != self.executor:
            return f"the warrant is for {warrant.executor}"
        if warrant.policy_bundle_digest != decision.policy_bundle_digest:
            return "the warrant names other policies than the decision"
        return self._used(warrant.warrant_id)

    def _used(self, warrant_id: str) -> str:
        given = [d for _, d in self.case.of(Decision) if d.warrant and d.warrant.warrant_id == warrant_id]
        if len(given) > 1:
            return f"the warrant {warrant_id} was given {len(given)} times"
        users = {i.intent_id for i in self._intents_of(warrant_id)}
        if len(users) > 1:
            return f"the warrant {warrant_id} was used by {len(users)} changes: {', '.join(sorted(users))}"
        return ""

    def intent(self, intent: Intent) -> str:
        """What is wrong with an intent."""
        decision = self._allowed(intent.decision_digest)
        if decision is None or decision.warrant is None:
            return "no allowed decision leads to it"
        warrant, proposal = decision.warrant, self._proposal(decision)
        pairs = (
            ("proposal", intent.proposal_digest, decision.proposal_digest),
            ("proposal", intent.proposal_id, decision.proposal_id),
            ("warrant", intent.warrant_id, warrant.warrant_id),
            ("lock key", intent.lock_key, decision.lock_key),
            ("finding", tuple(intent.finding_ids), tuple(decision.finding_ids)),
            ("target", intent.target, proposal.target),
            ("executor", intent.executor, warrant.executor),
        )
        wrong = next((what for what, one, other in pairs if one != other), "")
        if wrong:
            return f"it names another {wrong} than its decision"
        begins = intent.purpose is IntentPurpose.APPLY
        if begins and not warrant.not_before_at - CLOCKS <= intent.planned_at <= warrant.not_after_at + CLOCKS:
            return "it begins outside the warrant's time"
        if not any(o.outcome_id for _, o in self.case.of(Outcome) if o.decision_digest == intent.decision_digest):
            return "no outcome says how it ended: it is under way, or left out"
        return ""

    def grant(self, grant: Grant) -> str:
        """What is wrong with one record of a credential."""
        decision = self._allowed(grant.decision_digest)
        intent = self.case.get(grant.intent_digest, Intent)
        if grant.state is GrantState.REFUSED:
            return "" if intent else "the intent that was refused is not here"
        if intent is None or decision is None or decision.warrant is None:
            return "it was issued without an intent under an allowed decision"
        pairs = (
            ("decision", intent.decision_digest, grant.decision_digest),
            ("proposal", grant.proposal_digest, decision.proposal_digest),
            ("warrant", grant.warrant_id, decision.warrant.warrant_id),
            ("lock key", grant.lock_key, decision.lock_key),
            ("executor", grant.executor, decision.warrant.executor),
        )
        wrong = next((what for what, one, other in pairs if one != other), "")
        if wrong:
            return f"it names another {wrong} than its intent and decision"
        if not self._died(grant):
            return "nothing says that the credential is dead"
        return "" if grant.credential is None else self._credential(grant.credential, intent, decision)

    def outcome(self, outcome: Outcome) -> str:
        """What is wrong with an outcome."""
        decision = self._allowed(outcome.decision_digest)
        if decision is None:
            return "no allowed decision leads to it"
        if (outcome.proposal_digest, tuple(outcome.finding_ids), outcome.lock_key) != (
            decision.proposal_digest,
            tuple(decision.finding_ids),
            decision.lock_key,
        ):
            return "it names another proposal than its decision"
        same = [o for _, o in self.case.of(Outcome) if o.decision_digest == outcome.decision_digest]
        if len(same) > 1:
            return f"the change has {len(same)} outcomes"
        intent = self.case.get(outcome.intent_digest, Intent)
        if intent is None:
            begun = bool(outcome.intent_digest or outcome.steps or outcome.grant_digests)
            never = not begun and outcome.result not in MADE
            return "" if never else "it has no intent"
        if intent.decision_digest != outcome.decision_digest:
            return "its intent is under another decision"
        return self._done(outcome, self._proposal(decision))

    def _done(self, outcome: Outcome, proposal: Proposal) -> str:
        grants = [self.case.get(name, Grant) for name in outcome.grant_digests]
        change = (outcome.decision_digest, outcome.proposal_digest)
        if any(g is None or (g.decision_digest, g.proposal_digest) != change for g in grants):
            return "it names a credential that is not this change's"
        held = [g.credential for g in grants if g is not None and g.credential is not None]
        approved = {(c.action, c.resource) for c in proposal.calls}
        for step in outcome.steps:
            if (step.action, step.resource) not in approved:
                return f"the step {step.name} is not among the approved calls: {step.action} on {step.resource}"
            if not any(_covers(credential, step) for credential in held):
                return f"no credential covers the step {step.name}: {step.action} on {step.resource}"
        if outcome.result is Result.DONE and (outcome.unexpected or not outcome.validation):
            return "it says done, but not that nothing else changed and that it was validated"
        return ""

    def _credential(self, credential: Credential, intent: Intent, decision: Decision) -> str:
        proposal, warrant = self._proposal(decision), decision.warrant
        raw = bytes.fromhex(decision.proposal_digest.removeprefix("sha256:"))
        if credential.session_name != "fg-" + base64.urlsafe_b64encode(raw).rstrip(b"=").decode():
            return f"the session {credential.session_name} does not carry the proposal's digest"
        more = set(credential.calls) - {c.action for c in proposal.calls}
        more |= set(credential.resources) - {c.resource for c in proposal.calls}
        if more:
            return f"the credential allows more than was approved: {min(more)}"
        if credential.not_after_at - credential.not_before_at > timedelta(
            seconds=proposal.durations.credential_seconds
        ):
            return "the credential lives longer than was approved"
        # What puts a change back may come later: it needs an earlier credential, not a living warrant.
        begins = credential.not_before_at
        if warrant is None or begins < warrant.not_before_at - CLOCKS:
            return "the credential begins before the warrant"
        if intent.purpose is not IntentPurpose.UNDO and begins > warrant.not_after_at + CLOCKS:
            return "the credential begins after the warrant's end"
        return ""

    def _intents_of(self, warrant_id: str) -> Iterator[Intent]:
        yield from (i for _, i in self.case.of(Intent) if i.warrant_id == warrant_id)

    def _allowed(self, digest: str) -> Decision | None:
        decision = self.case.get(digest, Decision)
        return decision if decision is not None and decision.verdict is Verdict.ALLOWED else None

    def _proposal(self, decision: Decision) -> Proposal:
        return self.codec.decode(decision.proposal.value, Proposal)

    def _died(self, grant: Grant) -> bool:
        return any(
            g.state is GrantState.DEAD
            and g.death is not None
            and g.death.method is not DeathMethod.UNKNOWN
            and g.death.proved_at is not None
            and (g.intent_digest, g.decision_digest) == (grant.intent_digest, grant.decision_digest)
            for _, g in self.case.of(Grant)
            if g.grant_id == grant.grant_id
        )


def conclusion(case: Case) -> Mapping[str, int]:
    """How the changes of a case ended: how often each result, or what is still open where there is no outcome."""
    found: dict[str, int] = {}
    decisions = [d for _, d in case.of(Decision)]
    results = {o.proposal_digest: o.result.value for _, o in case.of(Outcome)}
    newest: dict[str, Decision] = {}
    for decision in sorted(decisions, key=lambda d: d.decided_at):
        newest[decision.proposal_digest] = decision
    for name, decision in newest.items():
        word = results.get(name, decision.verdict.value)
        found[word] = found.get(word, 0) + 1
    return found


def _covers(credential: Credential, step: StepResult) -> bool:
    in_time = credential.not_before_at - CLOCKS <= step.started_at <= credential.not_after_at + CLOCKS
    return in_time and step.action in credential.calls and step.resource in credential.resources
