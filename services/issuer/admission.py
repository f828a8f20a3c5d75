"""Whether one intent may have a credential now. Pure; the last of three judgements, and it believes nobody before it.

The issuer asks again everything that the gate was asked, in the context of this moment, and a few things that only it
can know: whether it has read that decision itself, whether the warrant was used, whether an earlier credential lives.

What an undoing needs is less: it puts back what an earlier credential of the same intent may have changed. So it is not
refused because the warrant ran out, a policy changed or an exception came meanwhile, but by a halt it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from fixgate.chain import DecisionChain
from fixgate.events import Intent, IntentPurpose, PolicyEffect, Verdict, Warrant
from fixgate.verbs import Broadcast
from services.issuer.ledger import Ledger, Used

MINTS_LIMIT: Final = 8
"""Credentials for one warrant at most: an intent that needs more does not go on, it turns in a circle."""
UNDO_FOR: Final = timedelta(days=7)
"""How long after its warrant a change can still be put back."""
READ_WITHIN: Final = timedelta(seconds=60)
"""A decision this young may just not have been read yet."""
WINDOW_LIMIT_S: Final = 120
WARRANT_LIMIT: Final = timedelta(minutes=15)
"""No warrant holds longer, whatever the gate says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The issuer's own judgement of a change: nothing in `reasons` means that it may be made."""

    bundle_digest: str
    ceiling_digest: str
    reasons: tuple[str, ...] = ()
    policies: tuple[tuple[str, PolicyEffect, str], ...] = ()


class Judge(Protocol):
    """People, policies, ceiling, catalogue and controls, asked in the context of `now`. Pure."""

    def judge(self, chain: DecisionChain, broadcasts: Mapping[str, Broadcast], now: datetime) -> Judged:
        """Everything: whether the change may be made."""
        ...

    def halted(self, chain: DecisionChain, broadcasts: Mapping[str, Broadcast], now: datetime) -> Judged:
        """Only whether it is halted: whether it may be put back."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NotYet:
    """Nothing is decided: asking again may help."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An intent with the decision that it refers to, and the digest of the intent's record."""

    intent: Intent
    intent_digest: str
    chain: DecisionChain


def misfits(asked: Asked, executor: str) -> tuple[str, ...]:
    """Where intent and decision do not speak of the same change, or of us."""
    intent, decision = asked.intent, asked.chain.decision
    proposal, warrant = asked.chain.proposed.proposal, asked.chain.decision.warrant
    if decision.verdict is not Verdict.ALLOWED or warrant is None:
        return (f"the decision is {decision.verdict.value}, not allowed",)
    pairs = (
        ("decision", intent.decision_digest, asked.chain.digest),
        ("proposal", intent.proposal_digest, decision.proposal_digest),
        ("proposal", intent.proposal_id, decision.proposal_id),
        ("warrant", intent.warrant_id, warrant.warrant_id),
        ("lock key", intent.lock_key, decision.lock_key),
        ("target", intent.target, proposal.target),
        ("finding", tuple(intent.finding_ids), tuple(decision.finding_ids)),
    )
    found = [f"the intent names another {what} than the decision" for what, one, other in pairs if one != other]
    if intent.executor != executor:
        found.append(f"the intent is of {intent.executor}, who is not served")
    if warrant.executor != executor:
        found.append(f"the warrant is for {warrant.executor}")
    if warrant.not_after_at > min(proposal.expires_at, warrant.not_before_at + WARRANT_LIMIT):
        found.append("the warrant holds longer than its proposal, or than any warrant does")
    if warrant.policy_bundle_digest != decision.policy_bundle_digest:
        found.append("the warrant names other policies than the decision")
    if intent.purpose not in {IntentPurpose.APPLY, IntentPurpose.FINISH, IntentPurpose.UNDO}:
        found.append(f"the intent's purpose is {intent.purpose.value}")
    seconds = proposal.durations.credential_seconds
    if not 0 < seconds <= WINDOW_LIMIT_S:
        found.append(f"the change asks for a credential of {seconds} s; 1 to {WINDOW_LIMIT_S} are given")
    return tuple(dict.fromkeys(found))


def standing(asked: Asked, warrant: Warrant, ledger: Ledger, now: datetime) -> NotYet | tuple[str, ...]:
    """What the issuer's own memory says: decision read, warrant unused and in time, nothing alive."""
    used = ledger.used(warrant.warrant_id)
    if used is not None and (used.intent_id, used.decision_digest) != (asked.intent.intent_id, asked.chain.digest):
        return (f"the warrant was used by {used.intent_id}",)
    if used is not None and used.mints >= MINTS_LIMIT:
        return (f"{used.mints} credentials were made under this warrant; no more are",)
    undoing = asked.intent.purpose is IntentPurpose.UNDO
    found = _undoable(used) if undoing else _usable(asked, warrant, ledger, now)
    if found:
        return found
    alive = ledger.alive(asked.intent.lock_key, now)
    if alive is not None:
        return NotYet(why=f"the credential {alive.grant_id} of {alive.lock_key} is not dead yet")
    return ()


def _undoable(used: Used | None) -> tuple[str, ...]:
    if used is None or used.mints < 1:
        return ("there is nothing to put back: no credential was made for this change",)
    return ()


def _usable(asked: Asked, warrant: Warrant, ledger: Ledger, now: datetime) -> NotYet | tuple[str, ...]:
    decision = asked.chain.decision
    if now < warrant.not_before_at:
        return (f"the warrant holds from {warrant.not_before_at.isoformat()} on",)
    if now > warrant.not_after_at:
        return (f"the warrant ended at {warrant.not_after_at.isoformat()}",)
    known = ledger.known(decision.proposal_id)
    if known is None and now - decision.decided_at < READ_WITHIN:
        return NotYet(why="the decision was not read yet")
    if known is None:
        return ("the decision is not one that was read from the gate's topic",)
    if known.digest != asked.chain.digest or known.warrant_id != warrant.warrant_id:
        return ("the decision is not the newest one on its proposal: it was withdrawn or replaced",)
    return ()
