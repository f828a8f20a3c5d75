"""A shard's state: a local copy of one partition of `<service>.state`, and what the open transaction adds to it.

The topic is the truth. The copy is a cache that may be deleted, behind, ahead or corrupt: it is used only when the
incarnation of the topic and the position that it reflects still fit; otherwise it is thrown away and rebuilt.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fixgate.broker import Broker, TopicPartition
from fixgate.cache import Cache, CacheDamaged, Reflects, opened
from fixgate.errors import Transient, Unavailable

RESERVED: Final = b"\x00"
"""Keys that begin so are the runtime's own; a verb cannot see or write them."""
TOMBSTONES_KEPT: Final = 24 * 3600
"""Seconds after which a copy is not believed: well below the time for which Kafka keeps a deletion
(delete.retention.ms, which the provisioner sets), or the copy might hold what was deleted since."""
TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How a shard's state came to be: records read, from which offset, why not all from the copy, seconds taken."""

    records: int
    start: int
    why: str
    seconds: float


class ShardState:
    """One shard's state; implements `verbs.StateView`. Not thread-safe."""

    def __init__(self, cache: Cache, incarnation: str) -> None:
        self._cache = cache
        self._incarnation = incarnation
        self.epoch = hashlib.sha256(incarnation.encode()).hexdigest()[:8]
        """Names this state's history: made anew, its writer numbers from 1 again, in streams of another name."""
        self._overlay: dict[bytes, bytes | None] = {}
        self._origins: dict[bytes, str] = {}

    def get(self, key: bytes) -> bytes | None:
        """The value as of now, the open transaction included."""
        if key in self._overlay:
            return self._overlay[key]
        return self._cache.get(key)

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Keys that begin with `prefix`, in order, the open transaction included, the runtime's own left out."""
        found: dict[bytes, bytes | None] = dict(self._cache.scan(prefix))
        found.update((k, v) for k, v in self._overlay.items() if k.startswith(prefix))
        for key in sorted(found):
            value = found[key]
            if value is not None and not key.startswith(RESERVED):
                yield key, value

    def put(self, key: bytes, value: bytes | None, origin: str) -> None:
        """Write (None deletes) in the open transaction; `origin` says which input caused it."""
        self._overlay[key] = value
        self._origins[key] = origin

    def pending(self) -> Iterator[tuple[bytes, bytes | None, str]]:
        """What the open transaction writes: each key once, with its last value and what caused it."""
        for key, value in self._overlay.items():
            yield key, value, self._origins[key]

    def discard(self) -> None:
        """Forget the open transaction."""
        self._overlay.clear()
        self._origins.clear()

    def committed(self, position: int, now: float) -> None:
        """The open transaction is committed and the topic stands at `position`: write it to the copy.

        Raises Unavailable when the copy cannot take it: it is then behind, and must not be read before a restore.
        """
        self._cache.write(self._overlay, Reflects(self._incarnation, position, now))
        self.discard()

    def entries(self) -> int:
        """About how many keys the state has."""
        return self._cache.entries()

    def size(self) -> int:
        """About how many bytes the copy takes."""
        return self._cache.size()

    def close(self) -> None:
        """Let go of the copy; it stays on disk."""
        self._cache.close()


def restore(
    folder: Path, broker: Broker, source: TopicPartition, value_of: Callable[[bytes], bytes], now: float
) -> tuple[ShardState, Rebuilt]:
    """The state that stands in `source` up to its end as of now; blocks for as long as reading it takes.

    `value_of` takes a service's value out of a state record; what it raises for a record that is none ends the
    start: a state that cannot be read whole is not used. `now` is the time in seconds since the epoch. Raises
    Unavailable when the broker cannot be read.
    """
    began = time.monotonic()
    incarnation = broker.incarnation(source.topic)
    for attempt in range(TRIES):
        cache, why = opened(folder)
        try:
            first, end = broker.bounds(source)
            why = why or _misfit(cache.reflects(), incarnation, first, end, now)
            if why:
                cache.clear()
            start, count = _replay(cache, broker, source, incarnation, value_of, first, now)
        except (Transient, CacheDamaged) as error:
            cache.close()
            if attempt == TRIES - 1:
                raise Unavailable(f"the state could not be rebuilt: {error}", remedy="Is the broker up?") from error
        except BaseException:
            cache.close()
            raise
        else:
            return ShardState(cache, incarnation), Rebuilt(count, start, why, time.monotonic() - began)
    raise AssertionError("unreachable: the last try returns or raises")


def _misfit(reflects: Reflects | None, incarnation: str, first: int, end: int, now: float) -> str:
    """Why a copy cannot be used, or an empty string."""
    if reflects is None:
        return "absent"
    if reflects.incarnation != incarnation:
        return "of another topic"
    if reflects.position > end:
        return "ahead of the topic"
    if reflects.position < first:
        return "behind what the topic still has"
    if now - reflects.written > TOMBSTONES_KEPT:
        return "older than the topic's deletions"
    return ""


def _replay(
    cache: Cache,
    broker: Broker,
    source: TopicPartition,
    incarnation: str,
    value_of: Callable[[bytes], bytes],
    first: int,
    now: float,
) -> tuple[int, int]:
    reflects = cache.reflects()
    start = first if reflects is None else reflects.position
    count = 0
    tail = broker.tail(source, start)
    try:
        while records := tail.catch_up():
            batch = {r.key or b"": None if r.value is None else value_of(r.value) for r in records}
            cache.write(batch, Reflects(incarnation, records[-1].offset + 1, now))
            count += len(records)
        cache.write({}, Reflects(incarnation, tail.position(), now))
    finally:
        tail.close()
    return start, count
