"""What became of each report, by the records alone: when the broker appended each step of its chain. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import ceil
from typing import Final

from fixgate.codec import envelope_of
from fixgate.events import Assessment, Decision, Finding, Outcome, Proposal, Verdict
from fixgate.verbs import Received

REPORT, FINDING, ASSESSMENT, PROPOSAL, DECISION, OUTCOME = STEPS = (
    "report",
    "finding",
    "assessment",
    "proposal",
    "decision",
    "outcome",
)
_KINDS: Final[Mapping[type, str]] = {
    Finding: FINDING,
    Assessment: ASSESSMENT,
    Proposal: PROPOSAL,
    Decision: DECISION,
    Outcome: OUTCOME,
}


@dataclass(slots=True)
class Chains:
    """When each step of each report's chain was appended, seconds since 1970; `reports` are by their digests.

    Of a step that is there several times the first counts: what comes later is another round. `changes` is how many of
    the reports must come to a decision.
    """

    reports: Mapping[str, float]
    changes: int = 0
    found: dict[str, dict[str, float]] = field(init=False)
    allowed: set[str] = field(default_factory=set[str])
    """Reports of which a change was allowed."""
    _of: dict[str, str] = field(init=False)
    _waiting: list[Received] = field(default_factory=list[Received])

    def __post_init__(self) -> None:
        """Begin with the reports."""
        self.found = {name: {REPORT: at} for name, at in self.reports.items()}
        self._of = {name: name for name in self.reports}

    def add(self, records: Iterable[Received]) -> None:
        """Further records, in any order, also of other reports."""
        left = sorted((*self._waiting, *records), key=lambda r: STEPS.index(_KINDS.get(type(r.record), REPORT)))
        self._waiting = [received for received in left if not self._take(received)]

    @property
    def settled(self) -> bool:
        """Whether every report has come to its end: an outcome where a change was allowed, else the assessment."""
        if sum(DECISION in chain for chain in self.found.values()) < self.changes:
            return False
        ends = ((chain, OUTCOME if name in self.allowed else ASSESSMENT) for name, chain in self.found.items())
        return all(end in chain for chain, end in ends)

    def until(self, step: str) -> list[float]:
        """Seconds from report to that step, of each that has come so far."""
        return [chain[step] - chain[REPORT] for chain in self.found.values() if step in chain]

    def ended_with(self, step: str) -> list[float]:
        """The same of each that came so far and no further."""
        later = STEPS[STEPS.index(step) + 1 :]
        ended = [c for c in self.found.values() if step in c and not any(after in c for after in later)]
        return [chain[step] - chain[REPORT] for chain in ended]

    def hops(self) -> dict[str, list[float]]:
        """Seconds of each step after the one before it, for the chains that come to a decision."""
        spent: dict[str, list[float]] = defaultdict(list)
        for chain in self.found.values():
            for before, after in pairwise(STEPS):
                if DECISION in chain and before in chain and after in chain:
                    spent[after].append(chain[after] - chain[before])
        return dict(spent)

    def _take(self, received: Received) -> bool:
        """Put it to its chain; whether there is one."""
        step, record = _KINDS.get(type(received.record)), received.record
        if step is None or isinstance(record, bytes):
            return True
        begun = next((self._of[p] for p in envelope_of(record).parents if p in self._of), None)
        if begun is None:
            return False
        self._of[received.digest] = begun
        self.found[begun].setdefault(step, received.appended_at.timestamp())
        if isinstance(record, Decision) and record.verdict is Verdict.ALLOWED:
            self.allowed.add(begun)
        return True


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so large a share of all does not exceed; raises ValueError when there is none."""
    if not values:
        raise ValueError("nothing was measured")
    return sorted(values)[max(0, ceil(len(values) * share) - 1)]
