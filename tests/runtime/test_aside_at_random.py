"""Large records and records of many parts in several partitions, while everything that may fail does, at random."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixgate.broker import TopicPartition
from fixgate.errors import Fenced, Poison, Reason, Transient
from fixgate.events import Signal
from fixgate.memory import MemoryBroker
from fixgate.partitioning import partition_of
from fixgate.runtime import Runtime
from fixgate.runtime.holding import Hand
from fixgate.signing import digest
from fixgate.verbs import Event, Received
from tests.runtime.test_aside import key, large
from tests.runtime.test_crashes import COMMIT_STEPS, PLACES
from tests.runtime.test_unfinished import in_parts, publish
from tests.runtime.world import CODEC, NAMING, Crash, World, crashing, pipeline

SHARDS: Final = 4
KEYS: Final = [next(k for k in "abcdefghijklmnop" if partition_of(k.encode(), SHARDS) == p) for p in range(SHARDS)]
"""One of each partition."""
UNUSABLE: Final = "u"
"""The end of keys whose records are found to be unusable when their facts are looked for."""


@dataclass
class Play:
    """Two slots that share four partitions, and what happens to them."""

    world: World
    batch: int
    late: int = 0
    """How often facts are not there yet."""
    refused: int = 0
    """How many commits the broker refuses."""
    unusable: int = 0
    running: dict[int, Runtime[Any]] = field(default_factory=dict[int, Runtime[Any]])

    def gather(self, event: Event, deadline: float) -> str:
        """Facts that may be late, or show that there is nothing to know."""
        if key(event).endswith(UNUSABLE):
            raise Poison(Reason.INVALID, "unusable")
        if self.late:
            self.late -= 1
            raise Transient("not there yet")
        return key(event)

    def publish(self, name: str, parts: int) -> None:
        """A record of so many parts; one of none is unusable."""
        if parts:
            publish(self.world, name, parts)
            return
        self.unusable += 1
        self.world.publish(f"{name}{UNUSABLE}")
        del self.world.published[f"{name}{UNUSABLE}"]

    def step(self, slot: int, place: str = "", occurrence: int = 1) -> None:
        """A few passes of a slot, which is started when it is not running, and dies at the place."""
        probe = crashing(place, occurrence)
        self.world.broker.probe = self._probe(slot, probe if place in COMMIT_STEPS else None)
        runtime: Runtime[Any] | None = None
        try:
            if place or slot not in self.running:
                self._gone(slot)
                given: dict[str, Any] = {"probe": probe} if place not in ("", *COMMIT_STEPS) else {}
                runtime = self.world.runtime(
                    in_parts, gather=self.gather, alone=alone, slot=slot, batch=self.batch, **given
                )
                self.running[slot] = runtime
            for _ in range(6 if place else 2):
                self.running[slot].step()
        except (Crash, Fenced):
            self._gone(slot)
        finally:
            self.world.broker.probe = lambda _step: None

    def _probe(self, slot: int, crash: Callable[[object], None] | None) -> Callable[[str], None]:
        def probe(step: str) -> None:
            if step == "positions" and self.refused:
                self.refused -= 1
                self.world.broker.end(
                    self.world.broker.writers[NAMING.instance("counter", slot)].transaction, "aborted"
                )
                raise Transient("the broker said no")
            if crash is not None:
                crash(step)

        return probe

    def _gone(self, slot: int) -> None:
        """The process of a slot is dead: the kernel closes its files, the broker is told nothing."""
        if slot in self.running:
            for state in self.running.pop(slot).shards.owned.values():
                state.close()

    def expire(self, slot: int) -> None:
        """The group gives the slot's shards to another before it knows."""
        group = self.world.broker.groups.get(NAMING.group("counter"))
        if group is not None and NAMING.instance("counter", slot) in group.members:
            self.world.broker.expire(NAMING.group("counter"), NAMING.instance("counter", slot))

    def leave(self, slot: int) -> None:
        """A slot ends in order."""
        if slot in self.running:
            self.running.pop(slot).close()

    def end(self) -> None:
        """Nothing fails any more: all is done within a number of passes that goes with what there is."""
        self.late = self.refused = 0
        wanted = self.world.published.total()
        for _ in range(40 + 8 * (wanted + self.unusable)):
            for slot in (0, 1):
                self.step(slot)
            if self.world.counts().total() >= wanted and len(self.world.rejected()) >= self.unusable:
                break

    def assert_exact(self) -> None:
        """None lost, none twice, each partition in the order of its log."""
        assert [r.detail for r in self.world.rejected()] == ["unusable"] * self.unusable
        self.world.assert_exact()
        places = {
            digest(r.value or b""): (r.source, r.offset) for r in self.world.broker.visible(NAMING.topic("numbers"))
        }
        caused: dict[TopicPartition, list[int]] = {}
        for record in self.world.broker.visible(NAMING.topic("counts")):
            (parent,) = CODEC.decode(record.value or b"", Signal).envelope.parents
            source, offset = places[parent]
            caused.setdefault(source, []).append(offset)
        assert all(offsets == sorted(offsets) for offsets in caused.values())


def alone(event: Received) -> bool:
    """Of the records of many parts those of an even number; the others are found to take long when they are decided."""
    return large(event) and isinstance(event.record, Signal) and event.record.count % 2 == 0


SLOTS = st.integers(0, 1)
HAPPENINGS = st.one_of(
    st.tuples(st.just("publish"), st.sampled_from(KEYS), st.integers(0, 5)),
    st.tuples(st.just("step"), SLOTS),
    st.tuples(st.just("step"), SLOTS, st.sampled_from(PLACES), st.integers(1, 6)),
    st.tuples(st.just("expire"), SLOTS),
    st.tuples(st.just("leave"), SLOTS),
    st.tuples(st.just("late"), st.integers(1, 6)),
    st.tuples(st.just("refused"), st.integers(1, 4)),
)


@settings(max_examples=60, deadline=None)
@given(
    first=st.lists(st.tuples(st.sampled_from(KEYS), st.integers(0, 5)), min_size=2, max_size=8),
    happenings=st.lists(HAPPENINGS, max_size=14),
    batch=st.integers(1, 5),
)
def test_whatever_happens_each_partition_is_done_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory,
    first: list[tuple[str, int]],
    happenings: list[tuple[Any, ...]],
    batch: int,
) -> None:
    """Crashes at any step, shards that change hands, late facts and refused commits, with several partitions aside."""
    topology = pipeline(SHARDS)
    broker = MemoryBroker({NAMING.topic(t.name): t.partitions for t in topology.topics.values()})
    world = World(tmp_path_factory.mktemp("world"), broker, topology)
    play = Play(world, batch)
    for name, parts in first:
        play.publish(name, parts)
    for what, *how in happenings:
        if what in ("late", "refused"):
            setattr(play, what, *how)
        else:
            getattr(play, what)(*how)
    play.end()
    play.assert_exact()
    for slot in (0, 1):
        play.leave(slot)
    world.telemetry.shutdown()


def test_a_record_that_comes_for_a_partition_that_is_held_waits_with_it() -> None:
    """Also when the broker delivered it after all: it does not pass those before it."""
    broker = MemoryBroker({"numbers": 2})
    here, there = (TopicPartition("numbers", p) for p in (0, 1))
    records = [broker.append("numbers", b"%d" % n, partition=n % 2) for n in range(6)]
    for by_itself in (True, False):
        hand = Hand()
        hand.add(records[:2])
        hand.set_aside(here, alone=by_itself)
        hand.add(records[2:])
        assert [r.source for r in hand.ready] == [there] * 3
        assert hand.turn() == records[0]
        hand.turned(here, over=True)
        assert [r for r in hand.ready if r.source == here] == [records[2], records[4]]
        assert not hand.aside
