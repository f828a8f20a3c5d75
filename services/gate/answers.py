"""Answers as the gate takes them: who says what, and what was asked of them. Pure."""

from dataclasses import dataclass

from fixgate.chain import ProposalChain
from fixgate.events import Approval, ApprovalStatement, Quorum, Signed
from fixgate.people import statements
from fixgate.people.roster import Roster
from fixgate.people.view import view, view_digest
from fixgate.policy.quorum import Demand
from fixgate.policy.sight import Sight
from services.gate.journal import Held


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """An answer whose signature is the person's; `signed` is the record that carried it."""

    signed: Signed
    statement: ApprovalStatement


def ballot_of(sight: Sight, roster: Roster, signed: Signed) -> Ballot:
    """The answer in an approval's record, by the roster in force; raises Refused with why it does not count."""
    codec = sight.rules.codec
    found = statements.approval(codec, codec.decode(signed.value, Approval).statement, roster, sight.now)
    return Ballot(signed=signed, statement=found.statement)


def demand_of(held: Held, chain: ProposalChain, statement: ApprovalStatement, approvers: tuple[str, ...]) -> Demand:
    """What the waiting decision asks for, and what had to be shown at the showing that the answer names."""
    decision = held.decision
    shown = view(decision, chain, statement.showing_nonce, statement.shown_at)
    return Demand(
        proposal_digest=decision.proposal_digest,
        obligations=frozenset(o.id for o in decision.obligations),
        quorum=decision.quorum or Quorum(approvals=1),
        asked_at=decision.decided_at,
        until=decision.expires_at or decision.decided_at,
        view_digest=view_digest(shown),
        nonces=held.nonces,
        approvers=approvers,
    )
