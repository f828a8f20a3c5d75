"""What a person asks of the proposer, when it counts. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from fixgate.codec import Codec
from fixgate.errors import Refused
from fixgate.events import Request, RequestKind
from fixgate.people import statements
from fixgate.policy.controls import history_of
from fixgate.verbs import Broadcast, Facts
from services.proposer.journal import Case, nonce_key

FRESH: Final = timedelta(hours=1)
"""A request that is older does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that counts."""

    kind: RequestKind
    person: str
    nonce: str
    proposal_digest: str | None
    finding_ids: frozenset[str]
    template_id: str | None

    @property
    def repeats(self) -> bool:
        """Whether it asks for a proposal of what is on offer."""
        return self.kind in {RequestKind.PROPOSE, RequestKind.RETRY}

    def means(self, case: Case) -> bool:
        """Whether it is about this problem: by its proposal, else its findings, else any under the lock key."""
        if self.proposal_digest is not None:
            return case.digest == self.proposal_digest
        return not self.finding_ids or not self.finding_ids.isdisjoint(case.finding_ids)


def asked(codec: Codec, first_roster: str, request: Request, facts: Facts[Any]) -> Asked:
    """The request, verified; raises Refused unless a person in the roster asks, now, for the first time."""
    controls = facts.broadcasts.get("controls", Broadcast(records=()))
    roster = history_of(codec, first_roster, controls).current(facts.now)
    if roster is None:
        raise Refused("there is no roster in force")
    statement = statements.request(codec, request.statement, roster, facts.now).statement
    if statement.lock_key != request.lock_key:
        raise Refused("it is about another lock key than it was sent under")
    if facts.now - statement.issued_at > FRESH:
        raise Refused(f"{statement.person} asked too long ago")
    if facts.state.get(nonce_key(statement.person, statement.nonce)) is not None:
        raise Refused(f"{statement.person} asked this before")
    return Asked(
        kind=statement.kind,
        person=statement.person,
        nonce=statement.nonce,
        proposal_digest=statement.proposal_digest,
        finding_ids=frozenset(statement.finding_ids),
        template_id=statement.template_id,
    )
