"""A record that takes several transactions: what is committed of it stays, and a crash in between changes nothing."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixgate.broker import TopicPartition
from fixgate.errors import FixgateError, Poison, Reason, Transient
from fixgate.events import Signal
from fixgate.partitioning import partition_of
from fixgate.runtime import Runtime
from fixgate.verbs import Event, Facts, Output, Received, Result, Tick
from tests.runtime.test_crashes import PLACES, crash_once
from tests.runtime.world import CODEC, NAMING, SHARDS, World, counting, signal

PARTS = b"parts/"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world with nothing in it yet."""
    world = World(tmp_path)
    yield world
    world.telemetry.shutdown()


def in_parts(event: Event, facts: Facts[Any]) -> Result:
    """Count a record as often as it says, one count in each answer; where it is, is kept while there is more."""
    assert isinstance(event, Received)
    assert isinstance(event.record, Signal)
    where = PARTS + event.origin.encode()
    done = int(facts.state.get(where) or b"0") + 1
    answer = counting(event, facts)
    more = done < event.record.count
    return replace(answer, state={**answer.state, where: b"%d" % done if more else None}, unfinished=more)


def publish(world: World, key: str, parts: int) -> None:
    """A record that is counted so often."""
    world.publish(key, parts)
    world.published[key] += parts - 1


def position(world: World, key: str) -> int | None:
    """How far the group has committed that it read the key's partition."""
    place = TopicPartition(NAMING.topic("numbers"), partition_of(key.encode(), SHARDS))
    return world.broker.groups[NAMING.group("counter")].positions.get(place)


# -- what is refused ---------------------------------------------------------------------------------------------------


def always(event: Event, facts: Facts[Any]) -> Result:
    """Say something, and that there is more, for ever."""
    return Result(outputs=(Output(topic="counts", key=b"k", record=signal("k")),), unfinished=True)


def standing_still(event: Event, facts: Facts[Any]) -> Result:
    """Write what is there already, and say that there is more."""
    return Result(state={b"nothing": None}, unfinished=True)


def with_a_letter(event: Event, facts: Facts[Any]) -> Result:
    """Say that a part cannot be used before it is the last."""
    return Result(state={b"k": b"1"}, partly=Poison(Reason.INVALID, "broken"), unfinished=True)


def not_a_bool(event: Event, facts: Facts[Any]) -> Result:
    """Say it with another type."""
    wrong: Any = 1
    return Result(state={b"k": b"1"}, unfinished=wrong)


@pytest.mark.parametrize("verb", [always, standing_still, with_a_letter, not_a_bool])
def test_an_answer_that_would_never_end_is_a_defect(world: World, verb: Any) -> None:
    """Without progress in the state, with a dead letter before the end, of another type: nothing of it is written."""
    world.publish("k")
    world.work(world.runtime(verb))
    assert [r.reason for r in world.rejected()] == [Reason.DEFECT]
    assert (world.counts(), world.state()) == ({}, {})
    assert position(world, "k") is not None


def test_time_cannot_be_unfinished(world: World) -> None:
    """There is no record to come back to."""

    def ticking(event: Event, facts: Facts[Any]) -> Result:
        return Result(state={b"k": facts.now.isoformat().encode()}, unfinished=True)

    runtime = world.runtime(ticking, ticks=timedelta(seconds=1))
    world.broker.now_ms += 1000
    with pytest.raises(FixgateError, match="only a record can be unfinished"):
        world.work(runtime)


def test_a_refusal_in_the_middle_keeps_what_was_written(world: World) -> None:
    """The record is a dead letter, once, and what comes behind it goes on."""

    def failing(event: Event, facts: Facts[Any]) -> Result:
        answer = in_parts(event, facts)
        if answer.outputs[0].record == signal("k", 3):
            raise Poison(Reason.INVALID, "the third part is broken")
        return answer

    world.publish("k", 5)
    world.publish("other", 2)
    world.work(world.runtime(failing))
    assert {n: c for n, c in world.counts().items() if n.startswith("k:")} == {"k:1": 1, "k:2": 1}
    assert world.counts()["other:2"] == 1
    assert [r.detail for r in world.rejected()] == ["the third part is broken"]


# -- what is promised --------------------------------------------------------------------------------------------------


def test_the_position_moves_with_the_last_part_only(world: World) -> None:
    """Each answer is committed at once; until the last the record stands unread."""
    publish(world, "k", 3)
    runtime = world.runtime(in_parts)
    for parts in (1, 2):
        while world.counts().total() < parts:
            runtime.step()
        assert world.counts().total() == parts
        assert not position(world, "k")
    world.work(runtime)
    assert position(world, "k") == 1
    world.assert_exact()


def test_what_is_behind_waits_and_is_not_lost(world: World) -> None:
    """Records of the same partition come in order, those of others come too."""
    order: list[str] = []

    def noting(event: Event, facts: Facts[Any]) -> Result:
        assert isinstance(event, Received)
        order.append(event.origin)
        return in_parts(event, facts)

    for number in range(12):
        publish(world, f"k{number % 3}", 1 + number % 4)
    world.work(world.runtime(noting, batch=5))
    world.assert_exact()
    for partition in range(SHARDS):
        own = [o for o in order if o.startswith(f"numbers/{partition}/")]
        assert own == sorted(own, key=lambda o: int(o.rpartition("/")[2]))


def test_the_facts_of_a_record_are_gathered_once_for_all_parts(world: World) -> None:
    """As for a retry; with the time as of the first."""
    asked: list[Event] = []
    seen: set[Any] = set()

    def gather(event: Event, deadline: float) -> int:
        asked.append(event)
        return len(asked)

    def looking(event: Event, facts: Facts[Any]) -> Result:
        seen.add((facts.gathered, facts.now))
        world.broker.now_ms += 10
        return in_parts(event, facts)

    publish(world, "k", 4)
    world.work(world.runtime(looking, gather=gather))
    assert (len(asked), len(seen)) == (1, 1)
    world.assert_exact()


def test_time_goes_on_in_the_middle(world: World) -> None:
    """A tick is answered between two parts."""
    ticks: list[int] = []

    def ticking(event: Event, facts: Facts[Any]) -> Result:
        if isinstance(event, Tick):
            ticks.append(world.counts().total())
            return Result()
        world.broker.now_ms += 1000
        return in_parts(event, facts)

    publish(world, "k", 4)
    world.work(world.runtime(ticking, ticks=timedelta(seconds=1)))
    assert set(ticks) >= {1, 2, 3}
    world.assert_exact()


def test_a_record_that_is_to_be_alone_has_its_transactions_for_itself(world: World) -> None:
    """What stands before it comes before it, what stands behind it is not even asked about until it is over."""
    gathered: list[str] = []
    decided: list[str] = []

    def gather(event: Event, deadline: float) -> None:
        assert isinstance(event, Received)
        gathered.append(event.origin)

    def noting(event: Event, facts: Facts[Any]) -> Result:
        assert isinstance(event, Received)
        decided.append(event.origin)
        if large(event):
            assert gathered[-1] == event.origin
            assert set(gathered) == set(decided)
        return in_parts(event, facts)

    def large(event: Received) -> bool:
        return isinstance(event.record, Signal) and event.record.count > 1

    for parts in (1, 1, 3, 2, 1, 2):
        publish(world, "k", parts)
    runtime = world.runtime(noting, gather=gather, alone=large)
    world.work(runtime)
    world.assert_exact()
    assert len(gathered) == len(set(gathered)) == 6


def test_the_record_behind_is_checked_for_gaps_and_repetitions(world: World) -> None:
    """An unfinished record is no repetition of itself, and is remembered when it is over."""
    publish(world, "k", 3)
    publish(world, "k", 2)
    world.publish("k", 1, sequence=2)
    world.published["k"] -= 1
    world.work(world.runtime(in_parts))
    assert [r.reason for r in world.rejected()] == [Reason.REPLAYED]
    world.assert_exact()


def test_a_refused_commit_in_the_middle_is_tried_again(world: World) -> None:
    """The part is neither lost nor there twice."""
    publish(world, "k", 5)
    failures = [2, 4]
    commits = [0]

    def refuse(step: str) -> None:
        if step != "positions":
            return
        commits[0] += 1
        if commits[0] in failures:
            world.broker.end(world.broker.writers[NAMING.instance("counter", 0)].transaction, "aborted")
            raise Transient("the broker said no")

    world.broker.probe = refuse
    runtime = world.runtime(in_parts)
    for _ in range(12):
        runtime.step()
    world.assert_exact()


def test_another_instance_goes_on_where_the_shard_was_lost(world: World) -> None:
    """A member that loses its shards in the middle writes nothing more; the next one sees how far it came."""
    for number in range(6):
        publish(world, f"k{number % 3}", 4)
    first = world.runtime(in_parts, slot=0)
    while world.counts().total() < 2:
        first.step()
    world.broker.expire(NAMING.group("counter"), NAMING.instance("counter", 0))
    second: Runtime[Any] = world.runtime(in_parts, slot=1)
    world.work(second, first)
    world.assert_exact()


@pytest.mark.parametrize("occurrence", [1, 2, 3, 4])
@pytest.mark.parametrize("place", PLACES)
def test_a_crash_at_any_step_of_any_part_leaves_all_or_nothing(world: World, place: str, occurrence: int) -> None:
    """After a restart the record is read again, and goes on behind what was committed of it."""
    for key, parts in (("k0", 3), ("k1", 1), ("k0", 4), ("k2", 2)):
        publish(world, key, parts)
    crash_once(world, place, occurrence, in_parts)
    world.work(world.runtime(in_parts))
    world.assert_exact()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    parts=st.lists(st.integers(1, 5), min_size=1, max_size=8),
    crashes=st.lists(st.tuples(st.sampled_from(PLACES), st.integers(1, 6), st.booleans()), max_size=10),
    batch=st.integers(1, 5),
)
def test_any_run_of_crashes_over_any_parts_is_exact(
    tmp_path_factory: pytest.TempPathFactory, parts: list[int], crashes: list[tuple[str, int, bool]], batch: int
) -> None:
    """Also when the local copy of the state is gone after some of them."""
    world = World(tmp_path_factory.mktemp("world"))
    for number, count in enumerate(parts):
        publish(world, f"k{number % 3}", count)
    for place, occurrence, wipe in crashes:
        crash_once(world, place, occurrence, in_parts, batch=batch)
        if wipe:
            shutil.rmtree(world.folder, ignore_errors=True)
    world.work(world.runtime(in_parts, batch=batch))
    world.assert_exact()
    world.telemetry.shutdown()


def test_the_parts_of_one_record_are_told_from_each_other(world: World) -> None:
    """One trace and one parent, but a sequence for each, and no two outputs of the same bytes."""
    publish(world, "k", 4)
    world.work(world.runtime(in_parts))
    records = world.broker.visible(NAMING.topic("counts"))
    envelopes = [CODEC.decode(r.value or b"", Signal).envelope for r in records]
    assert [e.sequence for e in envelopes] == [1, 2, 3, 4]
    assert len({e.trace_id for e in envelopes}) == len({e.parents for e in envelopes}) == 1
    assert len({r.value for r in records}) == 4


def test_traces_that_begin_after_a_wait_are_another_for_each_part(world: World) -> None:
    """Their ids come from stream and sequence, which go on."""
    waited = "00-" + "c" * 32 + "-" + "d" * 16 + "-01"

    def resuming(event: Event, facts: Facts[Any]) -> Result:
        answer = in_parts(event, facts)
        return replace(answer, outputs=tuple(replace(o, follows=(waited,)) for o in answer.outputs))

    publish(world, "k", 4)
    world.work(world.runtime(resuming))
    envelopes = [CODEC.decode(r.value or b"", Signal).envelope for r in world.broker.visible(NAMING.topic("counts"))]
    assert len({e.trace_id for e in envelopes}) == 4
