"""What the loop tells about itself: the metrics of `telemetry.metrics`, and how long its steps take."""

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from fixgate.errors import FixgateError
from fixgate.runtime.deciding import Batch
from fixgate.runtime.facts import Item
from fixgate.runtime.shards import Shards
from fixgate.runtime.wiring import Step, Wiring
from fixgate.telemetry import Attribute, metrics
from fixgate.verbs import Received

LAG_SECONDS: Final = 5.0


class Measures:
    """Measurements of one loop. Costs next to nothing while telemetry is off."""

    def __init__(self, wiring: Wiring, shards: Shards) -> None:
        self._wiring = wiring
        self._shards = shards
        self._metrics = wiring.telemetry.metrics
        self._on = wiring.telemetry.on
        self._step: tuple[Step, float] | None = None
        self._measured = 0.0
        self.idle = False
        """Whether the last poll found that there is nothing to do."""

    def step(self, step: Step) -> None:
        """A step begins, and the one before has ended."""
        if not self._on:
            return
        now = time.monotonic()
        if self._step is not None:
            before, since = self._step
            self._metrics.record(metrics.STEP_DURATION, now - since, {Attribute.STEP: before.value})
        self._step = step, now
        if step is Step.POLL and now - self._measured > LAG_SECONDS:
            self._measured = now
            self._lag()

    def committed(self, batch: Batch, items: Sequence[Item[Any]]) -> None:
        """A transaction was committed."""
        self._metrics.add(metrics.COMMITTED)
        if not self._on:
            return
        bare = self._wiring.naming.bare
        taken = Counter(bare(i.inbound.source.topic) for i in items if i.inbound is not None and i.over)
        for topic, count in taken.items():
            self._metrics.add(metrics.RECORDS_IN, count, {Attribute.DESTINATION: topic})
        written = Counter(bare(r.target.topic) for r in batch.records if not r.target.topic.endswith(".rejected"))
        for topic, count in written.items():
            self._metrics.add(metrics.RECORDS_OUT, count, {Attribute.DESTINATION: topic})
        for (topic, reason), count in Counter(batch.rejected).items():
            labels = {Attribute.DESTINATION: topic, Attribute.REASON: reason.value}
            self._metrics.add(metrics.RECORDS_REJECTED, count, labels)
        parts: Counter[str] = Counter()
        for _, counts in batch.counted:
            parts.update(counts)
        for outcome, count in parts.items():
            self._metrics.add(metrics.RESULTS, count, {Attribute.OUTCOME: outcome})
        self._age(items)

    def aborted(self, error: FixgateError) -> None:
        """A batch was forgotten."""
        self._metrics.add(metrics.ABORTED, 1, {Attribute.ERROR: type(error).__name__})

    def _age(self, items: Sequence[Item[Any]]) -> None:
        now = self._wiring.clock()
        oldest: dict[str, float] = {}
        for item in items:
            if isinstance(item.event, Received):
                age = (now - item.event.appended_at).total_seconds()
                oldest[item.event.topic] = max(oldest.get(item.event.topic, 0.0), age)
        for topic, age in oldest.items():
            self._metrics.set(metrics.OLDEST, age, {Attribute.DESTINATION: topic})

    def _lag(self) -> None:
        lag: Counter[str] = Counter()
        for partition, position in self._shards.inputs.items():
            _, end = self._wiring.broker.bounds(partition)
            # Behind the last record stand transaction markers, which are no work: idle means that all has been read.
            lag[self._wiring.naming.bare(partition.topic)] += 0 if self.idle else end - position
        for topic, records in lag.items():
            labels = {Attribute.DESTINATION: topic}
            self._metrics.set(metrics.LAG, records, labels)
            if records == 0:
                self._metrics.set(metrics.OLDEST, 0.0, labels)
        for shard, state in self._shards.owned.items():
            self._metrics.set(metrics.STATE_ENTRIES, state.entries(), {Attribute.SHARD: str(shard)})
            self._metrics.set(metrics.STATE_BYTES, state.size(), {Attribute.SHARD: str(shard)})
