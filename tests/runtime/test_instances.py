"""Several instances share the shards; who lost them can do no harm."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fixgate.errors import Fenced, Misconfigured, Transient
from fixgate.runtime import Runtime
from fixgate.verbs import Event, Facts, Result, Tick
from tests.runtime.world import NAMING, World, counting


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world with some numbers."""
    world = World(tmp_path)
    for i in range(12):
        world.publish(f"k{i % 5}")
    yield world
    world.telemetry.shutdown()


def test_two_instances_share_the_work(world: World) -> None:
    """Each shard is worked by one of them, and everything is done once."""
    first, second = world.runtime(slot=0), world.runtime(slot=1)
    world.work(first, second)
    assert {len(r.shards.owned) for r in (first, second)} == {1}
    for i in range(12):
        world.publish(f"k{i % 5}")
    world.work(first, second)
    world.assert_exact()


def test_a_leaving_instances_shards_go_on_elsewhere(world: World) -> None:
    """The other takes over, with the state as it was left."""
    first, second = world.runtime(slot=0), world.runtime(slot=1)
    world.work(first, second)
    first.close()
    for i in range(12):
        world.publish(f"k{i % 5}")
    world.work(second)
    world.assert_exact()


def test_a_zombie_writes_nothing(world: World) -> None:
    """An instance whose session timed out while it was stopped finds its late commit refused."""
    first = world.runtime(slot=0, batch=3)
    first.step()
    world.broker.probe = expiring(world, "0")
    second: Runtime[Any] = world.runtime(slot=1)
    first.step()
    world.broker.probe = lambda _step: None
    world.work(second, first)
    world.assert_exact()


def expiring(world: World, slot: str) -> Any:
    """A probe that lets the session of a slot end in the middle of its transaction, once."""
    done: list[str] = []

    def probe(step: str) -> None:
        if step == "positions" and not done:
            done.append(step)
            world.broker.expire(NAMING.group("counter"), NAMING.prefix + "counter." + slot)

    return probe


def test_a_second_process_with_the_same_slot_fences_the_first(world: World, tmp_path: Path) -> None:
    """The first must stop; it leaves nothing open and nothing twice."""
    first = world.runtime(slot=0, batch=3)
    first.step()
    second = world.runtime(slot=0, folder=tmp_path / "other machine")
    with pytest.raises(Fenced):
        first.step()
    first.close()
    world.work(second)
    world.assert_exact()


def test_held_records_are_forgotten_with_their_shards(world: World) -> None:
    """What an instance could not finish before it lost its shards is finished by who has them, and only there."""
    failing = [True]

    def gather(event: object, deadline: float) -> None:
        if failing[0]:
            raise Transient("not now")

    first = world.runtime(slot=0, gather=gather)
    for _ in range(3):
        first.step()
    assert first.failures
    world.broker.expire(NAMING.group("counter"), NAMING.instance("counter", 0))
    second = world.runtime(slot=1)
    failing[0] = False
    world.work(second, first)
    world.assert_exact()


def test_positions_that_the_broker_forgot_are_in_the_state(world: World) -> None:
    """A group's positions expire on the broker when a topic is quiet: nothing is read a second time."""
    world.work(world.runtime())
    world.broker.groups[NAMING.group("counter")].positions.clear()
    world.broker.expire(NAMING.group("counter"), NAMING.instance("counter", 0))
    world.publish("k0")
    world.work(world.runtime(slot=1))
    world.assert_exact()
    assert world.rejected() == []


def test_time_alone_writes_nothing_for_who_lost_the_shards(world: World) -> None:
    """A tick's transaction is checked against the group like any other."""
    world.work(world.runtime())
    before = world.state()
    world.broker.expire(NAMING.group("counter"), NAMING.instance("counter", 0))

    def ticking(event: Event, facts: Facts[Any]) -> Result:
        return Result(state={b"ticked": b"1"}) if isinstance(event, Tick) else counting(event, facts)

    runtime = world.runtime(ticking, slot=1, ticks=timedelta(seconds=1))
    world.broker.probe = expiring(world, "1")
    while not runtime.failures:
        runtime.step()
    assert world.state() == before


def test_records_that_left_a_topic_unread_stop_the_start(world: World) -> None:
    """A position that retention has passed is a loss: nobody goes on as if nothing had been there."""
    first = world.runtime()
    world.work(first)
    first.close()
    world.publish("k0")
    for source, log in world.broker.logs.items():
        if source.topic == NAMING.topic("numbers"):
            world.broker.forget(source.topic, source.partition, len(log))
    with pytest.raises(Misconfigured, match="never read"):
        world.work(world.runtime())


def test_facts_are_asked_anew_when_shards_come_back(world: World) -> None:
    """What was gathered before the shards were lost is of another time."""
    asked: list[Event] = []

    def gather(event: Event, deadline: float) -> None:
        asked.append(event)

    def refuse(step: str) -> None:
        if step == "positions":
            world.broker.end(world.broker.writers[NAMING.instance("counter", 0)].transaction, "aborted")
            raise Transient("the broker said no")

    world.broker.probe = refuse
    runtime = world.runtime(gather=gather, batch=1)
    while not runtime.failures:
        runtime.step()
    assert len(asked) == 1
    world.broker.expire(NAMING.group("counter"), NAMING.instance("counter", 0))
    world.broker.probe = lambda _step: None
    world.work(runtime)
    assert len(asked) == 13
    world.assert_exact()
