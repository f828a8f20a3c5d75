"""A record that takes long: its partition waits, the others do not."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fixgate.errors import Transient
from fixgate.events import Signal
from fixgate.partitioning import partition_of
from fixgate.verbs import Event, Facts, Received, Result, nothing_alone
from tests.runtime.test_unfinished import in_parts, publish
from tests.runtime.world import NAMING, SHARDS, World

SLOW, FREE = (next(k for k in "abcdefgh" if partition_of(k.encode(), SHARDS) == p) for p in (0, 1))
"""Keys of two partitions."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world with nothing in it yet."""
    world = World(tmp_path)
    yield world
    world.telemetry.shutdown()


class Noting:
    """Counts in parts, and remembers the keys in the order in which they were decided and asked about."""

    def __init__(self, missing: int = 0) -> None:
        self.decided: list[str] = []
        self.asked: list[str] = []
        self.missing = missing
        """How often the facts of a slow record are not there yet."""

    def __call__(self, event: Event, facts: Facts[Any]) -> Result:
        """The verb."""
        self.decided.append(key(event))
        return in_parts(event, facts)

    def gather(self, event: Event, deadline: float) -> None:
        """Facts of slow records come late."""
        del deadline
        self.asked.append(key(event))
        if large(event) and self.missing:
            self.missing -= 1
            raise Transient("not there yet")


def key(event: Event) -> str:
    """What the record is keyed by."""
    assert isinstance(event, Received)
    return (event.key or b"").decode()


def large(event: Event) -> bool:
    """Whether it is one that wants to be alone."""
    return isinstance(event, Received) and isinstance(event.record, Signal) and event.record.count > 1


@pytest.mark.parametrize("alone", [True, False])
def test_a_record_of_many_parts_holds_up_its_own_partition_alone(world: World, *, alone: bool) -> None:
    """Another partition's record is decided after one part of it at most; one behind it when it is over."""
    noting = Noting()
    publish(world, SLOW, 6)
    publish(world, SLOW, 1)
    for _ in range(3):
        publish(world, FREE, 1)
    runtime = world.runtime(noting, gather=noting.gather, alone=large if alone else nothing_alone)
    while FREE not in noting.decided:
        runtime.step()
    assert noting.decided.index(FREE) <= 1
    publish(world, FREE, 1)
    while noting.decided.count(FREE) < 4:
        runtime.step()
    assert noting.decided.count(SLOW) < 6
    world.work(runtime)
    assert noting.decided.count(SLOW) == 7
    world.assert_exact()


def test_facts_that_are_late_are_waited_for_by_their_own_partition_alone(world: World) -> None:
    """The others go on as if nothing were, no batch is tried again, and in the end all is there."""
    noting = Noting(missing=9)
    publish(world, SLOW, 2)
    publish(world, FREE, 1)
    runtime = world.runtime(noting, gather=noting.gather, alone=large)
    while noting.missing:
        if noting.missing == 5 and noting.decided.count(FREE) == 1:
            publish(world, FREE, 1)
        runtime.step()
        assert runtime.failures == 0
    assert (noting.decided.count(FREE), noting.decided.count(SLOW)) == (2, 0)
    while noting.decided.count(SLOW) < 2:
        runtime.step()
    world.assert_exact()


def test_of_two_such_records_the_second_is_asked_about_when_the_first_is_over(world: World) -> None:
    """What is known of a large report is kept for one at a time."""
    noting = Noting(missing=2)
    for name in (SLOW, FREE):
        publish(world, name, 3)
    runtime = world.runtime(noting, gather=noting.gather, alone=large)
    world.work(runtime)
    while len(noting.decided) < 6:
        runtime.step()
    assert noting.asked == [noting.asked[0]] * 3 + [noting.decided[-1]]
    assert noting.decided in ([SLOW] * 3 + [FREE] * 3, [FREE] * 3 + [SLOW] * 3)
    world.assert_exact()


def test_a_lost_shard_takes_what_was_set_aside_with_it(world: World) -> None:
    """Another instance begins again where the last transaction ended, and nothing is done twice."""
    noting = Noting()
    publish(world, SLOW, 5)
    publish(world, SLOW, 1)
    first = world.runtime(noting, gather=noting.gather, alone=large)
    while noting.decided.count(SLOW) < 2:
        first.step()
    second = world.runtime(noting, gather=noting.gather, alone=large, slot=1)
    for _ in range(40):
        first.step()
        second.step()
    world.assert_exact()


def test_facts_that_come_after_nobody_waits_for_them_are_not_asked_for_again(world: World) -> None:
    """However long it takes, and however often its turn comes meanwhile: one thread works on it, and for something."""
    noting, begun, there = Noting(), threading.Event(), threading.Event()

    def slow(event: Event, deadline: float) -> None:
        noting.gather(event, deadline)
        if large(event):
            begun.set()
            assert there.wait(60)

    publish(world, SLOW, 2)
    runtime = world.runtime(noting, gather=slow, alone=large, gather_threads=2, batch=1)
    while not begun.is_set():
        runtime.step()
    for _ in range(8):
        for _ in range(3):
            publish(world, FREE, 1)  # more than a batch: what is set aside is not waited for
        runtime.step()
    assert (noting.asked.count(SLOW), noting.decided.count(SLOW)) == (1, 0)
    there.set()
    while noting.decided.count(SLOW) < 2:
        runtime.step()
    assert noting.asked.count(SLOW) == 1
    world.work(runtime)
    world.assert_exact()


def test_parts_in_one_partition_do_not_wait_for_the_facts_of_another(world: World) -> None:
    """What is to be alone waits for its facts; what is not goes on, part by part, and so does what is behind it."""
    noting = Noting(missing=10**6)

    def gather(event: Event, deadline: float) -> None:
        if key(event) == SLOW:
            noting.gather(event, deadline)

    publish(world, SLOW, 9)
    runtime = world.runtime(noting, gather=gather, alone=lambda event: large(event) and key(event) == SLOW)
    while SLOW not in noting.asked:
        runtime.step()
    for parts in (4, 1, 3):
        publish(world, FREE, parts)
    for _ in range(30):
        runtime.step()
    assert (noting.decided.count(FREE), noting.decided.count(SLOW)) == (8, 0)
    noting.missing = 0
    while noting.decided.count(SLOW) < 9:
        runtime.step()
    world.assert_exact()


def test_parts_of_two_partitions_take_turns(world: World) -> None:
    """A record of many parts does not hold up one of few parts elsewhere, whichever of them came first."""
    noting = Noting()
    publish(world, SLOW, 12)
    runtime = world.runtime(noting, alone=lambda event: large(event) and key(event) == SLOW)
    while noting.decided.count(SLOW) < 2:
        runtime.step()
    publish(world, FREE, 3)
    while noting.decided.count(FREE) < 3:
        runtime.step()
    assert noting.decided.count(SLOW) < 9
    world.work(runtime)
    world.assert_exact()


def test_a_broker_that_refuses_the_parts_is_given_longer_and_longer_pauses(world: World) -> None:
    """As with any batch: that nothing else is to do is no success. What is late is no failure of the broker's."""
    refused = [0]

    def refuse(step: str) -> None:
        if step == "positions" and 0 < refused[0] <= 5:
            refused[0] += 1
            world.broker.end(world.broker.writers[NAMING.instance("counter", 0)].transaction, "aborted")
            raise Transient("the broker said no")

    world.broker.probe = refuse
    noting = Noting()
    publish(world, SLOW, 4)
    runtime = world.runtime(noting, alone=large)
    while not noting.decided:
        runtime.step()
    refused[0] = 1
    failures: list[int] = []
    while refused[0] <= 5:
        runtime.step()
        failures.append(runtime.failures)
    assert failures == [1, 2, 3, 4, 5]
    runtime.step()
    assert runtime.failures == 0
    world.work(runtime)
    world.assert_exact()
