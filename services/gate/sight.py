"""What the gate sees at one moment: roster, controls, inventory and signals, as of `facts.now`. Pure."""

from dataclasses import dataclass
from datetime import datetime

from fixgate.chain import ProposalChain
from fixgate.changes.catalogue import Catalogue
from fixgate.codec import Codec
from fixgate.people.roster import Roster
from fixgate.policy.assets import Inventory
from fixgate.policy.bundle import Bundle
from fixgate.policy.cautions import Cautions
from fixgate.policy.ceiling import Ceiling
from fixgate.policy.controls import Standing, history_of, reach_of
from fixgate.policy.judge import Moment, Outlook, Ruling, judge
from fixgate.policy.subject import subject_of
from fixgate.verbs import Broadcast, Facts

NOTHING = Broadcast(records=(), unreadable=1)
"""A broadcast that was not read may have said anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What does not change while the gate runs: policies, catalogue, ceiling, and the first roster's digest."""

    codec: Codec
    bundle: Bundle
    catalogue: Catalogue
    ceiling: Ceiling
    first_roster: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """The moment of one event."""

    rules: Rules
    now: datetime
    roster: Roster | None
    standing: Standing
    inventory: Inventory
    cautions: Cautions

    @classmethod
    def of(cls, rules: Rules, facts: Facts[None]) -> "Sight":
        """Everything as of now; a topic that was not read counts as unreadable."""
        controls = facts.broadcasts.get("controls", NOTHING)
        history = history_of(rules.codec, rules.first_roster, controls)
        roster = history.current(facts.now)
        return cls(
            rules=rules,
            now=facts.now,
            roster=roster,
            standing=Standing.of(rules.codec, controls, history, facts.now),
            inventory=Inventory.of(rules.codec, facts.broadcasts.get("assets", NOTHING), roster, facts.now),
            cautions=Cautions.of(facts.broadcasts.get("signals", NOTHING), facts.now),
        )

    def rule(self, chain: ProposalChain, approvals: int = 0) -> Ruling:
        """What the policies come to about a proposal in this moment."""
        rules = self.rules
        if chain.proposal.saga is not None and chain.proposal.saga.after:
            return Ruling(verdict=Outlook.REFUSED, reasons=("it is to follow other changes, which nobody sees to yet",))
        reach = reach_of(chain.assessment, chain.proposal.template.id)
        subject = subject_of(chain, self.inventory, self.cautions, rules.catalogue)
        moment = Moment(
            prevention=self.standing.prevents(reach),
            lapsed=self.standing.lapsed(reach),
            within_ceiling=rules.ceiling.allows(subject, self.roster, self.now),
            approvals=approvals,
        )
        return judge(rules.bundle, subject, moment)
