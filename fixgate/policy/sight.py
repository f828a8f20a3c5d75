"""What is seen at one moment: roster, controls, inventory and signals; and how a proposal is ruled on by it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

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
from fixgate.policy.subject import Subject, subject_of
from fixgate.policy.testimony import hours_since, testimony
from fixgate.verbs import Broadcast

NOTHING: Final = Broadcast(records=(), unreadable=1)
"""A broadcast that was not read may have said anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What does not change while a process runs: policies, catalogue, ceiling, and the first roster's digest."""

    codec: Codec
    bundle: Bundle
    catalogue: Catalogue
    ceiling: Ceiling
    first_roster: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """A ruling, with everything that it was made from."""

    subject: Subject
    moment: Moment
    ruling: Ruling


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One moment."""

    rules: Rules
    now: datetime
    roster: Roster | None
    standing: Standing
    inventory: Inventory
    cautions: Cautions

    @classmethod
    def of(
        cls, rules: Rules, broadcasts: Mapping[str, Broadcast], now: datetime, cautions: Cautions | None = None
    ) -> "Sight":
        """Everything as of `now`; a topic that was not read counts as unreadable.

        `cautions` are for who does not read signals.
        """
        controls = broadcasts.get("controls", NOTHING)
        history = history_of(rules.codec, rules.first_roster, controls)
        roster = history.current(now)
        return cls(
            rules=rules,
            now=now,
            roster=roster,
            standing=Standing.of(rules.codec, controls, history, now),
            inventory=Inventory.of(rules.codec, broadcasts.get("assets", NOTHING), roster, now),
            cautions=cautions or Cautions.of(broadcasts.get("signals", NOTHING), now),
        )

    def consider(self, chain: ProposalChain, approvals: int = 0) -> Considered:
        """What the policies come to about a proposal in this moment; `approvals` people have approved it."""
        rules = self.rules
        heard = testimony(chain.assessment, self.inventory)
        reach = reach_of(chain.assessment, chain.proposal.template.id, heard.environments)
        subject = subject_of(chain, self.inventory, self.cautions, rules.catalogue)
        moment = Moment(
            prevention=self.standing.prevents(reach),
            lapsed=self.standing.lapsed(reach),
            within_ceiling=rules.ceiling.allows(subject, self.roster, self.now),
            approvals=approvals,
            facts_hours=hours_since(chain.assessment, self.now),
        )
        saga = chain.proposal.saga
        if saga is not None and saga.after:
            ruling = Ruling(
                verdict=Outlook.REFUSED, reasons=("it is to follow other changes, which nobody sees to yet",)
            )
        else:
            ruling = judge(rules.bundle, subject, moment)
        return Considered(subject=subject, moment=moment, ruling=ruling)
