"""Who has to approve, and which answers count. Pure.

An approval counts when it is for this proposal, over exactly what was to be shown (the view, its obligations, a nonce
that was not used before), given while the decision waited, by one person of the roster in force whose role lets them
approve, who has not approved already and is not concerned themselves. A rejection needs less: whoever may approve may
also say no, however they were shown it.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fixgate.events import Answer, ApprovalStatement, Quorum
from fixgate.people.roster import Role, Roster
from fixgate.people.statements import CLOCK_LEEWAY
from fixgate.policy.bundle import ALTERNATIVE

MAY_ANSWER: Final = frozenset({Role.APPROVER, Role.SECURITY, Role.OWNER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What a waiting decision asks for; `nonces` and `approvers` are those that were counted already.

    `view_digest` is the digest of what had to be shown at the showing that the answer names.
    """

    proposal_digest: str
    obligations: frozenset[str]
    quorum: Quorum
    asked_at: datetime
    until: datetime
    view_digest: str
    nonces: Collection[str] = ()
    approvers: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Who approved, and what is lacking, in words."""

    approvers: tuple[str, ...]
    lacking: tuple[str, ...]

    @property
    def reached(self) -> bool:
        """Whether the quorum is there."""
        return not self.lacking


def objection(statement: ApprovalStatement, demand: Demand, roster: Roster, now: datetime) -> str | None:
    """Why an answer does not count, or None when it does. Its signature was verified against the roster before."""
    why = _wrong_person(statement.person, demand.quorum, roster)
    if why is None and statement.proposal_digest != demand.proposal_digest:
        why = "it is about another proposal or another revision"
    if why is not None or statement.answer is not Answer.APPROVE:
        return why
    if statement.person in demand.approvers:
        return f"{statement.person} has approved already"
    if statement.showing_nonce in demand.nonces:
        return "its showing was used before"
    if frozenset(statement.obligations) != demand.obligations:
        return "other obligations were shown than are demanded"
    if statement.view_digest != demand.view_digest:
        return "what was shown is not what had to be shown"
    return _wrong_time(statement, demand, now)


def tally(quorum: Quorum, people: Iterable[str], roster: Roster) -> Tally:
    """Count people who approved, as the roster in force has them; whoever is not in it, or concerned, is left out."""
    approvers = tuple(dict.fromkeys(p for p in people if _wrong_person(p, quorum, roster) is None))
    lacking: list[str] = []
    if len(approvers) < quorum.approvals:
        lacking.append(f"{quorum.approvals - len(approvers)} more must approve")
    roles = {role for name in approvers for role in roster.roles(name)}
    lacking += [
        f"somebody who is {wanted.replace(ALTERNATIVE, ' or ')} must approve"
        for wanted in quorum.roles
        if roles.isdisjoint(wanted.split(ALTERNATIVE))
    ]
    return Tally(approvers=approvers, lacking=tuple(lacking))


def _wrong_person(name: str, quorum: Quorum, roster: Roster) -> str | None:
    if roster.person(name) is None:
        return f"{name} is not in roster {roster.version}"
    if not roster.roles(name) & MAY_ANSWER:
        return f"{name} has no role that may answer"
    if any(_same_person(name, other) for other in quorum.excluded):
        return f"{name} is concerned themselves"
    return None


def _same_person(one: str, other: str) -> bool:
    """Whether two names may be one person's: an inventory says alice@example.org where the roster says alice."""
    return bool(_names(one) & _names(other))


def _names(name: str) -> set[str]:
    folded = name.casefold()
    return {folded, folded.partition("@")[0]}


def _wrong_time(statement: ApprovalStatement, demand: Demand, now: datetime) -> str | None:
    if statement.shown_at < demand.asked_at - CLOCK_LEEWAY:
        return "it was shown before the decision was made"
    if max(statement.answered_at, now) >= demand.until:
        return "the decision could no longer be answered"
    return None
