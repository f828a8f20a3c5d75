"""A service's own faults: what a verb or an adapter does wrong ends at its record, not at the process."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from fixgate.cache import CacheDamaged
from fixgate.errors import Misconfigured, Poison, Reason, Transient
from fixgate.events import Signal
from fixgate.memory import MemoryBroker
from fixgate.verbs import Event, Facts, Output, Received, Result, Tick
from tests.runtime.world import CODEC, NAMING, Crash, World, counting, crashing, signal


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world with nothing in it yet."""
    world = World(tmp_path)
    yield world
    world.telemetry.shutdown()


@pytest.mark.parametrize("error", [Poison(Reason.INVALID, "no such account"), KeyError("a secret"), ValueError("x")])
def test_an_adapter_that_raises_rejects_its_record(world: World, error: Exception) -> None:
    """What gathering facts raises, but for a passing failure, is the record's fault; the next record goes on."""

    def gather(event: Event, deadline: float) -> None:
        assert isinstance(event, Received)
        if cast("Signal", event.record).count == 1:
            raise error

    world.publish("k", 1)
    world.publish("k", 2)
    world.work(world.runtime(gather=gather))
    (letter,) = world.rejected()
    assert letter.reason in {Reason.INVALID, Reason.DEFECT}
    assert "secret" not in letter.detail
    assert world.counts() == {"k:1": 1}


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "words",
        Result(outputs=(Output(topic="counts", key=cast("bytes", None), record=signal("k")),)),
        Result(outputs=(Output(topic="counts", key=cast("bytes", "k"), record=signal("k")),)),
        Result(outputs=(Output(topic="counts", key=b"k" * 40_000, record=signal("k")),)),
        Result(state={cast("bytes", "k"): b"1"}),
        Result(state={b"k": cast("bytes", "1")}),
        Result(state={b"k": bytes(2_000_000)}),
    ],
    ids=["none", "words", "no key", "text key", "huge key", "text state key", "text state value", "huge state value"],
)
def test_an_answer_that_cannot_be_written_rejects_its_record(world: World, answer: object) -> None:
    """A verb's answer is checked before anything of it is taken."""
    world.publish("k")
    world.work(world.runtime(lambda _e, _f: cast("Result", answer)))
    (letter,) = world.rejected()
    assert letter.reason in {Reason.DEFECT, Reason.OVERSIZED}
    assert not world.counts()
    assert not world.state()


def test_a_damaged_copy_is_not_a_records_fault(world: World) -> None:
    """When the local state cannot be read, the process ends; no good record goes to the dead letters."""

    def reading(event: Event, facts: Facts[Any]) -> Result:
        raise CacheDamaged("the copy was damaged")

    world.publish("k")
    with pytest.raises(CacheDamaged):
        world.work(world.runtime(reading))
    assert world.rejected() == []


def test_what_was_not_gathered_is_not_skipped_by_a_crash(world: World) -> None:
    """After a batch that was cut, only what was decided is behind the position."""
    down = [True]

    def gather(event: Event, deadline: float) -> None:
        assert isinstance(event, Received)
        if down[0] and cast("Signal", event.record).count == 2:
            raise Transient("not this one")

    for number in range(4):
        world.publish("k", number)
    world.broker.probe = crashing("committed", 1)
    runtime = world.runtime(gather=gather)
    with pytest.raises(Crash):
        world.work(runtime)
    world.broker.probe = lambda _step: None
    for state in runtime.shards.owned.values():
        state.close()
    down[0] = False
    world.work(world.runtime(gather=gather))
    world.assert_exact()


def test_no_record_holds_up_time(world: World) -> None:
    """While a record's facts cannot be had, ticks come all the same."""
    ticks: list[Tick] = []

    def ticking(event: Event, facts: Facts[Any]) -> Result:
        if isinstance(event, Tick):
            ticks.append(event)
            return Result()
        return counting(event, facts)

    def gather(event: Event, deadline: float) -> None:
        if isinstance(event, Received):
            raise Transient("down")

    world.publish("k")
    runtime = world.runtime(ticking, gather=gather, ticks=timedelta(seconds=1))
    for _ in range(12):
        runtime.step()
        world.broker.now_ms += 1_000
    assert len(ticks) >= 10


def test_facts_that_are_none_are_kept_too(world: World) -> None:
    """Nothing is an answer as well: a retry does not ask again."""
    asked: list[Event] = []

    def gather(event: Event, deadline: float) -> None:
        asked.append(event)

    failures = [2]

    def refuse(step: str) -> None:
        if step == "positions" and failures[0]:
            failures[0] -= 1
            world.broker.end(world.broker.writers[NAMING.instance("counter", 0)].transaction, "aborted")
            raise Transient("the broker said no")

    world.publish("k")
    world.broker.probe = refuse
    runtime = world.runtime(gather=gather)
    for _ in range(6):
        runtime.step()
    assert len(asked) == 1
    world.assert_exact()


class Renewable(MemoryBroker):
    """A broker whose topics can be deleted and made anew."""

    generation = 0

    def incarnation(self, topic: str) -> str:
        """Another after each renewal."""
        return f"{super().incarnation(topic)}/{self.generation if topic.endswith('numbers') else 0}"

    def renew(self, topic: str) -> None:
        """Delete the topic and make it anew; the broker forgets the group's positions in it."""
        self.generation += 1
        for partition in [p for p in self.logs if p.topic == topic]:
            self.logs[partition] = []
            for group in self.groups.values():
                group.positions.pop(partition, None)


def test_a_topic_made_anew_is_read_from_its_beginning(tmp_path: Path) -> None:
    """A position kept in the state is of one topic, not of the next one with the same name."""
    counts = {NAMING.topic(t.name): t.partitions for t in World(tmp_path / "x").topology.topics.values()}
    broker = Renewable(counts)
    world = World(tmp_path, broker=broker)
    for _ in range(5):
        world.publish("k")
    first = world.runtime()
    world.work(first)
    first.close()
    broker.renew(NAMING.topic("numbers"))
    for _ in range(3):
        world.publish("k")
    world.work(world.runtime())
    world.assert_exact()


def test_a_topic_that_lost_its_end_is_refused(world: World) -> None:
    """When a topic ends before what was read of it, nobody guesses where to go on."""
    made = world.publish("k")
    world.work(world.runtime())
    world.broker.logs[made.source] = []
    world.broker.expire(NAMING.group("counter"), NAMING.instance("counter", 0))
    with pytest.raises(Misconfigured, match="ends at 0"):
        world.work(world.runtime(slot=1))


def test_a_state_made_anew_writes_in_new_streams(tmp_path: Path) -> None:
    """A writer whose state was lost numbers from 1 again, in streams of another name: no good record is a replay."""

    class Emptied(MemoryBroker):
        """A broker whose state topic was made anew."""

        def incarnation(self, topic: str) -> str:
            """Another one."""
            return super().incarnation(topic) + "/anew"

    streams: set[str] = set()
    for kind in (MemoryBroker, Emptied):
        base = World(tmp_path / kind.__name__)
        counts = {NAMING.topic(t.name): t.partitions for t in base.topology.topics.values()}
        world = World(tmp_path / kind.__name__ / "w", broker=kind(counts))
        world.publish("k")
        world.work(world.runtime())
        (record,) = world.broker.visible(NAMING.topic("counts"))
        streams.add(CODEC.decode(record.value or b"", Signal).envelope.stream)
    assert len(streams) == 2
    assert all(s.startswith("counter/") for s in streams)
