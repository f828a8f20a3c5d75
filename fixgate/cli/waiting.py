"""Decisions as reviewers find and see them. Slow to import: commands do so late."""

from datetime import datetime
from typing import Any

from fixgate.chain import DecisionChain, decision_chain
from fixgate.cli.options import age
from fixgate.cli.seat import Seat
from fixgate.desk import find
from fixgate.errors import Refused
from fixgate.events import Decision, Verdict
from fixgate.people.view import moment, safe
from fixgate.verbs import Received


def found(at: Seat, wanted: str) -> tuple[Received, DecisionChain]:
    """The last decision on what is meant, with its chain; verified."""
    known: dict[str, Received] = {}
    shared: dict[str, list[str]] = {}
    for received in at.desk.decisions().values():
        decision = received.record
        if isinstance(decision, Decision):
            for name in (decision.proposal_id, decision.proposal_digest, decision.decision_id, received.digest):
                known[name] = received
            for finding in decision.finding_ids:
                known[finding] = received
                shared.setdefault(finding, []).append(decision.proposal_id)
    name = find(wanted, known, "proposal")
    if len(shared.get(name, ())) > 1:
        raise Refused(f"{name} has {len(shared[name])} proposals", remedy="\n".join(shared[name]))
    received = known[name]
    if received.signed is None:
        raise Refused(f"the decision on {name} is not signed")
    return received, decision_chain(at.desk.codec, received.signed)


def waits(received: Received, now: datetime) -> bool:
    """Whether it can still be answered."""
    decision = received.record
    if not isinstance(decision, Decision) or decision.verdict is not Verdict.WAITING:
        return False
    return decision.expires_at is None or now < decision.expires_at


def state(decision: Decision, now: datetime) -> str:
    """Where it stands."""
    over = decision.verdict.value == "waiting" and decision.expires_at is not None and decision.expires_at <= now
    return "expired" if over else decision.verdict.value


def described(chain: DecisionChain) -> dict[str, Any]:
    """A decision for programs."""
    decision, proposal = chain.decision, chain.proposed.proposal
    quorum = decision.quorum
    return {
        "proposal_id": decision.proposal_id,
        "proposal_digest": chain.proposed.digest,
        "revision": proposal.revision,
        "decision_id": decision.decision_id,
        "decision_digest": chain.digest,
        "verdict": decision.verdict.value,
        "finding_ids": list(decision.finding_ids),
        "template": proposal.template.id,
        "target": proposal.target.id,
        "summary": proposal.summary,
        "environment": chain.proposed.assessment.environment.value,
        "decided_at": decision.decided_at.isoformat(),
        "expires_at": decision.expires_at and decision.expires_at.isoformat(),
        "approvals": quorum.approvals if quorum else 0,
        "roles": list(quorum.roles) if quorum else [],
        "excluded": list(quorum.excluded) if quorum else [],
        "asked": [o.words for o in decision.obligations],
    }


def row(chain: DecisionChain, now: datetime) -> list[str]:
    """A decision in the table of what waits."""
    decision, proposal = chain.decision, chain.proposed.proposal
    quorum = decision.quorum
    people = f"{quorum.approvals} of {', '.join(map(safe, quorum.roles)) or 'anybody'}" if quorum else "nobody"
    obligations = "; ".join(safe(o.words) for o in decision.obligations)
    return [
        safe(decision.proposal_id),
        age(decision.decided_at, now),
        f"{safe(proposal.template.id)} on {safe(proposal.target.id)} ({chain.proposed.assessment.environment.value})",
        f"{people}: {obligations}" if obligations else people,
        moment(decision.expires_at),
    ]
