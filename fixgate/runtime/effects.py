"""Work outside Kafka: how it is told of orders, and how what it tells comes into a batch.

What was told waits in a queue until the transaction that holds its result is committed. A batch takes from the front
and only what was committed, or refused for good, is taken away: whatever fails in between is tried again.
"""

import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from fixgate.broker import Outbound
from fixgate.errors import Fenced, FixgateError, Poison, Unavailable
from fixgate.events import Signed
from fixgate.signing import signature_in
from fixgate.state import ShardState
from fixgate.verbs import Committed, Effects, Event, Order, Result, Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What came of one event of a batch: its result or why it was refused, and which of the batch's records it wrote.

    `first` and `end` are positions in the batch's records.
    """

    event: Event | None
    shard: int
    result: Result | None
    fault: Poison | None
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class _Waiting:
    told: Told
    answer: "Future[Committed]"


@dataclass(slots=True)
class Queue:
    """What was told and is not committed yet, in order; see `verbs.Inbox`. Thread-safe."""

    _waiting: "deque[_Waiting]" = field(default_factory=deque["_Waiting"])
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closed: bool = False

    def put(self, told: Told) -> "Future[Committed]":
        """See `verbs.Inbox.put`."""
        answer: Future[Committed] = Future()
        answer.set_running_or_notify_cancel()  # nobody can take back what may be in a transaction already
        with self._lock:
            if not self._closed:
                self._waiting.append(_Waiting(told, answer))
                return answer
        answer.set_exception(_ended())
        return answer

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def front(self, limit: int, lost: Callable[[int], bool]) -> list[Told]:
        """The first ones, at most `limit`, which stay where they are; what is about a lost shard fails with Fenced."""
        with self._lock:
            gone = self._lost(lost)
            first = [w.told for _, w in zip(range(limit), self._waiting, strict=False)]
        self._fence(gone)
        return first

    def drop(self, lost: Callable[[int], bool]) -> None:
        """Fail what is about a lost shard with Fenced."""
        with self._lock:
            gone = self._lost(lost)
        self._fence(gone)

    def _lost(self, lost: Callable[[int], bool]) -> "list[_Waiting]":
        gone = [w for w in self._waiting if lost(w.told.shard)]
        if gone:
            self._waiting = deque(w for w in self._waiting if not lost(w.told.shard))
        return gone

    @staticmethod
    def _fence(gone: "Sequence[_Waiting]") -> None:
        for waiting in gone:
            waiting.answer.set_exception(
                Fenced(f"the shard {waiting.told.shard} is not owned here", remedy="Whoever owns it goes on with it.")
            )

    def settle(self, told: Told, outcome: Committed | FixgateError) -> None:
        """The first one has its answer, and leaves the queue."""
        with self._lock:
            if not self._waiting or self._waiting[0].told is not told:
                raise AssertionError("what was told is answered in order")
            answer = self._waiting.popleft().answer
        if isinstance(outcome, Committed):
            answer.set_result(outcome)
        else:
            answer.set_exception(outcome)

    def close(self) -> None:
        """Fail what waits, and all that is told from now on, with Unavailable."""
        with self._lock:
            self._closed = True
            gone, self._waiting = self._waiting, deque()
        for waiting in gone:
            waiting.answer.set_exception(_ended())


class Outside:
    """The loop's side of a service's effects; without effects it does nothing. Used by the loop's thread alone."""

    def __init__(self, effects: Effects | None) -> None:
        self._effects = effects
        self._queue = Queue()
        self._started = False
        self.on = effects is not None

    def start(self) -> None:
        """Hand the inbox over; raises what `Effects.start` raises."""
        if self._effects is not None:
            self._started = True
            self._effects.start(self._queue)

    @property
    def waiting(self) -> bool:
        """Whether anything was told that is not committed yet."""
        return len(self._queue) > 0

    def taken(self, states: Mapping[int, ShardState]) -> None:
        """These shards are owned from now on: give all the orders that they hold."""
        if self._effects is None:
            return
        prefix = self._effects.prefix
        orders = [
            Order(shard=shard, key=key, value=value, resumed=True)
            for shard in sorted(states)
            for key, value in states[shard].scan(prefix)
        ]
        if orders:
            self._effects.committed(orders)

    def lost(self, shards: Sequence[int]) -> None:
        """These shards are owned no more: what was told about them fails."""
        if self._effects is None or not self._started:
            return
        self._queue.drop(lambda shard: shard in shards)
        self._effects.lost(shards)

    def told(self, owned: Collection[int], limit: int) -> list[Told]:
        """What is to be decided next, at most `limit`; what is about a shard that is not owned fails here."""
        if self._effects is None:
            return []
        return self._queue.front(limit, lambda shard: shard not in owned)

    def committed(self, decided: Sequence[Decided], records: Sequence[Outbound]) -> None:
        """The batch is committed: give its orders, then answer what was told. `records` are the batch's, as signed."""
        if self._effects is None:
            return
        prefix = self._effects.prefix
        written = [_signed(records[d.first : d.end]) for d in decided]
        orders = [
            Order(shard=d.shard, key=key, value=value, records=signed)
            for d, signed in zip(decided, written, strict=True)
            if d.result is not None
            for key, value in d.result.state.items()
            if key.startswith(prefix)
        ]
        if orders:
            self._effects.committed(orders)
        for one, signed in zip(decided, written, strict=True):
            if isinstance(one.event, Told):
                if one.result is None:
                    self._queue.settle(one.event, one.fault or Unavailable("nothing was decided"))
                else:
                    self._queue.settle(one.event, Committed(result=one.result, records=signed))

    def close(self) -> None:
        """The process ends: whoever waits is told so, and then the effects end."""
        self._queue.close()
        if self._effects is not None and self._started:
            self._started = False
            self._effects.close()


def _signed(records: Sequence[Outbound]) -> tuple[Signed, ...]:
    """The records that carry a signature, as they were signed."""
    found: list[Signed] = []
    for record in records:
        signature = signature_in(record.headers)
        if signature is not None and record.value is not None:
            found.append(Signed(value=record.value, signature=signature.signature, certificate=signature.certificate))
    return tuple(found)


def _ended() -> Unavailable:
    return Unavailable("the process ends", remedy="Whoever takes its shards over goes on with it.")
