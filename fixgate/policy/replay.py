"""Past proposals judged again by other policies: which rulings flip, and what that would have meant. Pure.

Each proposal is judged twice, by the policies in force and by the others, both times by what had been said by the
moment of its first decision. So a difference is the policies' alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fixgate.chain import DecisionChain
from fixgate.events import Environment, Outcome, Result
from fixgate.policy.judge import Outlook, Ruling
from fixgate.policy.sight import Rules, Sight
from fixgate.verbs import Broadcast, Received

LAXITY: Final = (Outlook.REFUSED, Outlook.PEOPLE, Outlook.AUTOMATIC)
"""From the strictest to the laxest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One proposal under both; `result` is how its change ended, None when none was made."""

    chain: DecisionChain
    before: Ruling
    after: Ruling
    result: Result | None

    @property
    def flips(self) -> bool:
        """Whether the verdicts differ, or more or fewer people are asked."""
        return self.before.verdict is not self.after.verdict or _asked(self.before) != _asked(self.after)

    @property
    def loosens(self) -> bool:
        """Whether the other policies demand less."""
        before, after = LAXITY.index(self.before.verdict), LAXITY.index(self.after.verdict)
        return after > before or (after == before and _asked(self.after) < _asked(self.before))

    @property
    def loosens_production(self) -> bool:
        """Whether they demand less of something that serves production, or may."""
        outside = {Environment.DEVELOPMENT, Environment.TEST, Environment.STAGING}
        return self.loosens and self.chain.proposed.assessment.environment not in outside

    @property
    def meaning(self) -> str:
        """What the flip would have meant, in words; empty without one."""
        if not self.flips:
            return ""
        if self.after.verdict is Outlook.REFUSED:
            if self.result is Result.ROLLED_BACK:
                return "a change that was rolled back would not have been made"
            if self.result is Result.DONE:
                return "a change that was made would have been refused"
            return "would be refused"
        if self.after.verdict is Outlook.AUTOMATIC:
            return "would be made without people"
        return "fewer people would be asked" if self.loosens else "more people would be asked"


def replay(
    now: Rules, other: Rules, decisions: Iterable[DecisionChain], said: Mapping[str, Sequence[Received]]
) -> Iterator[Replayed]:
    """Each proposal's first decision, in the order of deciding; `said` holds the broadcast topics and `outcomes`."""
    first: dict[str, DecisionChain] = {}
    for chain in sorted(decisions, key=lambda c: c.decision.decided_at):
        first.setdefault(chain.proposed.digest, chain)
    results = {
        r.record.proposal_digest: r.record.result for r in said.get("outcomes", ()) if isinstance(r.record, Outcome)
    }
    for digest, chain in first.items():
        at = chain.decision.decided_at
        by_then = {
            topic: Broadcast(records=tuple(r for r in records if r.appended_at <= at))
            for topic, records in said.items()
            if topic != "outcomes"
        }
        before, after = (Sight.of(rules, by_then, at).consider(chain.proposed).ruling for rules in (now, other))
        yield Replayed(chain=chain, before=before, after=after, result=results.get(digest))


def _asked(ruling: Ruling) -> int:
    return 0 if ruling.quorum is None else ruling.quorum.approvals
