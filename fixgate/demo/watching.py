"""What the pipeline is doing, by its topics alone: per stage what came in, went out, was rejected, waits, and how long.

A stage's latency is the time between a record and the newest of those that it was made from, as the broker dates them.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from fixgate.codec import envelope_of
from fixgate.desk import Desk
from fixgate.events import (
    Assessment,
    AssessmentStatus,
    Decision,
    Finding,
    Grant,
    GrantState,
    Intent,
    Outcome,
    Proposal,
    Verdict,
)
from fixgate.following import Following
from fixgate.graph import rejected_topic
from fixgate.topology import SHARDS
from fixgate.verbs import Received

FOLLOWED: Final = (
    "findings",
    "assessments",
    "proposals",
    "decisions",
    "grants",
    "intents",
    "outcomes",
    "approvals",
    *(rejected_topic(service) for service in SHARDS),
)
WRITES: Final[Mapping[str, str]] = {
    "findings": "ingest",
    "assessments": "analyzer",
    "proposals": "proposer",
    "decisions": "gate",
    "grants": "issuer",
    "outcomes": "executor",
}
"""The topic by which each stage is known, and whose it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One service at one moment; `latency` in seconds is the median so far, None before the first record."""

    name: str
    taken: int
    made: int
    rejected: int
    waiting: int
    latency: float | None


@dataclass(slots=True)
class Watch:
    """Follows the topics; `look` takes what is new. To be used by one thread. `reports` is how many were published."""

    desk: Desk
    reports: int = 0
    records: dict[str, Received] = field(default_factory=dict[str, Received])
    """Every record so far, by its digest."""
    _following: Following = field(init=False)
    _latencies: dict[str, list[float]] = field(default_factory=lambda: defaultdict[str, list[float]](list))
    _rejected: dict[str, int] = field(default_factory=lambda: defaultdict[str, int](int))

    def __post_init__(self) -> None:
        self._following = self.desk.follow(FOLLOWED)

    def close(self) -> None:
        """Let go of the topics."""
        self._following.close()

    def look(self) -> list[Received]:
        """What is new; asks the broker, waits for nothing."""
        new = self._following.more()
        for received in new:
            self.records[received.digest] = received
            if received.topic.endswith(".rejected"):
                self._rejected[received.topic.removesuffix(".rejected")] += 1
            self._time(received)
        return new

    def of(self, kind: type, *, about: str = "") -> list[Received]:
        """The records of a kind, those of one lock key when `about` names it, in the order of their coming."""
        found = [r for r in self.records.values() if isinstance(r.record, kind)]
        return [r for r in found if not about or getattr(r.record, "lock_key", None) == about]

    def latest(self) -> dict[str, Decision]:
        """The last decision on each proposal."""
        return {r.record.proposal_id: r.record for r in self.of(Decision) if isinstance(r.record, Decision)}

    def stages(self) -> list[Stage]:
        """All stages as they stand."""
        return [
            self._stage("ingest", self.reports, Finding, self.reports - len(self._answered(Finding))),
            self._stage("analyzer", self._count(Finding), Assessment, self._unanswered(Finding, Assessment)),
            self._stage("proposer", self._count(Assessment), Proposal, self._to_propose()),
            self._stage("gate", self._count(Proposal), Decision, self._waiting_for_people()),
            self._stage("issuer", self._count(Intent), Grant, self._living()),
            self._stage("executor", self._allowed(), Outcome, self._allowed() - self._count(Outcome)),
        ]

    # -- inside --------------------------------------------------------------------------------------------------

    def _stage(self, name: str, taken: int, makes: type, waiting: int) -> Stage:
        times = self._latencies[name]
        return Stage(
            name=name,
            taken=taken,
            made=self._count(makes),
            rejected=self._rejected[name],
            waiting=max(0, waiting),
            latency=median(times) if times else None,
        )

    def _time(self, received: Received) -> None:
        stage = WRITES.get(received.topic)
        if stage is None or isinstance(received.record, bytes):
            return
        known = [self.records[p].appended_at for p in envelope_of(received.record).parents if p in self.records]
        if known:
            self._latencies[stage].append((received.appended_at - max(known)).total_seconds())

    def _count(self, kind: type) -> int:
        return len(self.of(kind))

    def _answered(self, answer: type) -> set[str]:
        """The records that those of a kind were made from."""
        return {p for r in self.of(answer) if not isinstance(r.record, bytes) for p in envelope_of(r.record).parents}

    def _unanswered(self, asked: type, answer: type) -> int:
        answered = self._answered(answer)
        return sum(r.digest not in answered for r in self.of(asked))

    def _to_propose(self) -> int:
        """Open problems of which no proposal has come."""
        answered = self._answered(Proposal)
        said = [r for r in self.of(Assessment) if r.digest not in answered]
        return sum(isinstance(r.record, Assessment) and r.record.status is AssessmentStatus.OPEN for r in said)

    def _waiting_for_people(self) -> int:
        return sum(d.verdict is Verdict.WAITING for d in self.latest().values())

    def _allowed(self) -> int:
        return sum(isinstance(r.record, Decision) and r.record.verdict is Verdict.ALLOWED for r in self.of(Decision))

    def _living(self) -> int:
        states = {r.record.grant_id: r.record.state for r in self.of(Grant) if isinstance(r.record, Grant)}
        return sum(state not in {GrantState.DEAD, GrantState.REFUSED} for state in states.values())
