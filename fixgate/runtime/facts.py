"""Steps 2 to 4: what is known of a batch before anything is decided."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as DeadlineExceeded
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, TypeVar, cast

from fixgate.broadcasts import Broadcasts
from fixgate.broker import Inbound, TopicPartition
from fixgate.errors import FixgateError, Poison, Transient
from fixgate.intake import Intake
from fixgate.runtime.crew import Crew
from fixgate.runtime.defects import defect
from fixgate.runtime.wiring import Wiring
from fixgate.signing import digest
from fixgate.telemetry import Span, context_of, parse_traceparent
from fixgate.verbs import Broadcast, Event, Received, Tick, Told, Workload, gather_nothing

G = TypeVar("G")
Place = tuple[TopicPartition, int, str]
"""A record: its partition and offset, and its digest."""
TURN_SECONDS: Final = 0.2
"""What a gathering has time for that goes on, if it must, from one turn to the next."""


class Late(Transient):
    """The facts are not there yet: nothing was begun."""


@dataclass(slots=True)
class Item(Generic[G]):
    """One event on its way: a record that was verified or one that was not (`fault`); without `inbound`, another.

    `over` is False once the verb has said that there is more to it.
    """

    inbound: Inbound | None
    event: Event | None
    fault: Poison | None
    span: Span
    now: datetime
    gathered: G | None = None
    over: bool = True


class FactFinder(Generic[G]):
    """Verifies a batch and gathers the facts about it; facts are kept until the record is done."""

    def __init__(
        self, wiring: Wiring, workload: Workload[G], intake: Intake, broadcasts: Broadcasts, crew: Crew
    ) -> None:
        self._wiring = wiring
        self._crew = crew
        self._workload = workload
        self._intake = intake
        self._broadcasts = broadcasts
        self._group = wiring.naming.group(workload.service)
        self._kept: dict[Place, tuple[datetime, G]] = {}
        self._asked: dict[Place, Future[G]] = {}
        """What the last try did not wait for: the next one goes on with it."""
        self._pool = None if workload.gather is gather_nothing else ThreadPoolExecutor(wiring.gather_threads, "gather")

    def verify(self, records: Sequence[Inbound]) -> list[tuple[Inbound, Received | Poison]]:
        """Step 2: each record as what it is, or why it is not."""
        return self._crew.map(self._judged, records)

    def _judged(self, record: Inbound) -> tuple[Inbound, Received | Poison]:
        try:
            return record, self._intake.receive(record)
        except Poison as fault:
            return record, fault

    def trace(
        self, records: Sequence[tuple[Inbound, Received | Poison]], ticks: Sequence[Tick], told: Sequence[Told] = ()
    ) -> list[Item[G]]:
        """Step 3: each record in its own trace; a tick begins one, and so does what was told without a context.

        Ticks come first, then what was told: no record can hold up time, or work that is under way.
        """
        tracer, now = self._wiring.telemetry.tracer, self._wiring.clock()
        items: list[Item[G]] = []
        for tick in ticks:
            seed = f"{self._workload.service}/{tick.shard}/{tick.now.isoformat()}"
            items.append(Item(None, tick, None, tracer.root_span("tick", seed.encode()), tick.now))
        items += [Item(None, one, None, self._span(one), now) for one in told]
        for record, outcome in records:
            seed = outcome.digest if isinstance(outcome, Received) else digest(record.value or b"")
            span = tracer.process_span(record, context_of(record.headers, seed.encode()), self._group)
            if isinstance(outcome, Received):
                items.append(Item(record, outcome, None, span, now))
            else:
                items.append(Item(record, None, outcome, span, now))
        return items

    def _span(self, told: Told) -> Span:
        tracer, name = self._wiring.telemetry.tracer, f"process {self._workload.service} {told.name}"
        parent = parse_traceparent(told.context)
        return tracer.root_span(name, told.id.encode()) if parent is None else tracer.child_span(name, parent)

    def gather(
        self, items: Sequence[Item[G]], patience: float | None = None
    ) -> tuple[list[Item[G]], Mapping[str, Broadcast]]:
        """Step 4: the items whose facts are there, up to the first whose are not.

        Blocks for at most the deadline, or for `patience` (seconds, 0 allowed). Raises Late when the facts of the very
        first are not there: they are gathered on, and the next try finds them. What else goes wrong is about that
        record: it becomes its fault.
        """
        broadcasts = self._broadcasts.refresh()
        if self._pool is None:
            return list(items), broadcasts
        seconds = self._wiring.gather_deadline if patience is None else TURN_SECONDS
        asked = [(item, self._ask(self._pool, item, seconds)) for item in items]
        limit = time.monotonic() + (seconds if patience is None else patience)
        ready: list[Item[G]] = []
        try:
            for item, future in asked:
                if future is not None:
                    self._answer(item, future, max(0.0, limit - time.monotonic()))
                ready.append(item)
        except (Transient, DeadlineExceeded) as error:
            self._put_off(asked[len(ready) :])
            if not ready:
                raise Late(f"facts could not be gathered: {_why(error)}") from error
        return ready, broadcasts

    def _put_off(self, asked: "Sequence[tuple[Item[G], Future[G] | None]]") -> None:
        """The next try goes on with what is under way. What waits for a thread is left, but for the one it needs."""
        for number, (item, future) in enumerate(asked):
            key = self._key(item)
            if future is None or (number and future.cancel()):
                continue
            if key is not None:
                self._asked[key] = future

    def _answer(self, item: Item[G], future: "Future[G]", timeout: float) -> None:
        try:
            item.gathered = future.result(timeout)
            self._keep(item)
        except Poison as fault:
            item.fault = fault
        except (FixgateError, DeadlineExceeded):
            raise
        except Exception as error:  # noqa: BLE001 - whatever an adapter raises is about its record
            item.fault = defect(error)

    def forget(self, items: Sequence[Item[G]]) -> None:
        """These are committed."""
        for item in items:
            key = self._key(item)
            if key is not None:
                self._kept.pop(key, None)
                self._asked.pop(key, None)

    def forget_all(self) -> None:
        """Nothing that was read is ours any more."""
        self._kept.clear()
        self._asked.clear()

    def close(self) -> None:
        """End the threads; a gathering that is under way is not waited for."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _ask(self, pool: ThreadPoolExecutor, item: Item[G], deadline: float) -> "Future[G] | None":
        if item.event is None:
            return None
        key = self._key(item)
        if key is not None and key in self._kept:
            item.now, item.gathered = self._kept[key]
            return None
        before = self._asked.pop(key, None) if key is not None else None
        if before is not None and not (before.done() and isinstance(before.exception(), Transient)):
            return before
        event: Event = item.event
        return pool.submit(self._workload.gather, event, deadline)

    def _keep(self, item: Item[G]) -> None:
        key = self._key(item)
        if key is not None:
            self._kept[key] = (item.now, cast("G", item.gathered))

    @staticmethod
    def _key(item: Item[G]) -> Place | None:
        if item.inbound is None or not isinstance(item.event, Received):
            return None
        return item.inbound.source, item.inbound.offset, item.event.digest


def _why(error: Exception) -> str:
    return error.message if isinstance(error, Transient) else "the deadline passed"
