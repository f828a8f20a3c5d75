"""The issuer's own judgement: people, policies, ceiling, catalogue and controls, all asked again. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fixgate.chain import DecisionChain
from fixgate.changes.catalogue import Catalogue
from fixgate.codec import Codec
from fixgate.errors import Refused
from fixgate.events import Answer, ApprovalStatement, Quorum
from fixgate.people import statements
from fixgate.people.roster import Roster
from fixgate.people.statements import Verified
from fixgate.policy.bundle import Bundle
from fixgate.policy.cautions import Cautions
from fixgate.policy.ceiling import Ceiling
from fixgate.policy.controls import PreventionKind, Standing, history_of, reach_of
from fixgate.policy.judge import Outlook, Ruling
from fixgate.policy.quorum import tally
from fixgate.policy.sight import NOTHING, Rules, Sight
from fixgate.verbs import Broadcast
from services.issuer.admission import Judged

ANSWERED_WITHIN: Final = timedelta(days=4)
"""An answer that is older was given to another wait: none is longer than three days, and a warrant follows at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """Judges by one bundle, one ceiling and one catalogue; `first_roster` pins the roster."""

    codec: Codec
    catalogue: Catalogue
    bundle: Bundle
    ceiling: Ceiling
    first_roster: str

    def judge(self, chain: DecisionChain, broadcasts: Mapping[str, Broadcast], now: datetime) -> Judged:
        """See `Judge`."""
        # Signals are the gate's: they only ever ask for people, and its quorum stands in the decision.
        sight = Sight.of(self._rules, broadcasts, now, Cautions.unread())
        roster = sight.roster
        answers, problems = self._answers(chain, roster, now)
        ruling = sight.consider(chain.proposed, approvals=len({a.statement.person for a in answers})).ruling
        reasons = [*problems, *self._changed(chain)]
        if ruling.verdict is Outlook.REFUSED:
            reasons += ruling.reasons
        elif ruling.verdict is Outlook.PEOPLE:
            reasons += _missing(ruling, answers, roster)
        asked = chain.decision.quorum
        if asked is not None:
            reasons += _short(asked, answers, roster)
        return self._judged(tuple(dict.fromkeys(reasons)), ruling)

    def halted(self, chain: DecisionChain, broadcasts: Mapping[str, Broadcast], now: datetime) -> Judged:
        """See `Judge`."""
        controls = broadcasts.get("controls", NOTHING)
        standing = Standing.of(self.codec, controls, history_of(self.codec, self.first_roster, controls), now)
        found = standing.prevents(reach_of(chain.proposed.assessment, chain.proposed.proposal.template.id))
        halting = found is not None and found.kind in {PreventionKind.HALT, PreventionKind.UNREADABLE}
        return self._judged((found.words,) if found is not None and halting else (), None)

    @property
    def _rules(self) -> Rules:
        return Rules(
            codec=self.codec,
            bundle=self.bundle,
            catalogue=self.catalogue,
            ceiling=self.ceiling,
            first_roster=self.first_roster,
        )

    def _judged(self, reasons: tuple[str, ...], ruling: Ruling | None) -> Judged:
        policies = () if ruling is None else tuple((p.id, p.effect, p.words) for p in ruling.policies)
        return Judged(
            bundle_digest=self.bundle.digest, ceiling_digest=self.ceiling.digest, reasons=reasons, policies=policies
        )

    def _changed(self, chain: DecisionChain) -> tuple[str, ...]:
        warrant = chain.decision.warrant
        if warrant is None or warrant.policy_bundle_digest == self.bundle.digest:
            return ()
        return ("the policies are not those that the warrant was given under",)

    def _answers(
        self, chain: DecisionChain, roster: Roster | None, now: datetime
    ) -> tuple[list[Verified[ApprovalStatement]], list[str]]:
        """The carried answers that count by the roster of now, and what is wrong with the others."""
        found: list[Verified[ApprovalStatement]] = []
        problems: list[str] = []
        for name, approval in chain.approvals:
            if roster is None:
                problems.append("no roster is in force: nobody's approval counts")
                continue
            try:
                answer = statements.approval(self.codec, approval.statement, roster, now)
            except Refused as error:
                problems.append(f"the approval {name[:19]}… does not count: {error.message}")
                continue
            if answer.statement.answer is not Answer.APPROVE:
                problems.append(f"{answer.statement.person} did not approve")
            elif answer.statement.proposal_digest != chain.decision.proposal_digest:
                problems.append(f"{answer.statement.person} approved another proposal")
            elif not now - ANSWERED_WITHIN <= answer.statement.answered_at:
                problems.append(f"{answer.statement.person} approved it too long ago")
            else:
                found.append(answer)
        return found, problems


def _missing(ruling: Ruling, answers: list[Verified[ApprovalStatement]], roster: Roster | None) -> list[str]:
    if ruling.quorum is None:
        return ["people are to approve, but it is not known who"]
    shown = {o.id for o in ruling.obligations}
    return [
        *_short(ruling.quorum, answers, roster),
        *(
            f"{a.statement.person} was not shown all that has to be shown"
            for a in answers
            if not shown <= set(a.statement.obligations)
        ),
    ]


def _short(quorum: Quorum, answers: list[Verified[ApprovalStatement]], roster: Roster | None) -> list[str]:
    if roster is None:
        return ["no roster is in force: nobody's approval counts"]
    return list(tally(quorum, (a.statement.person for a in answers), roster).lacking)
