"""A record that takes long: its partition waits, the others do not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fixgate.errors import Transient
from fixgate.events import Signal
from fixgate.partitioning import partition_of
from fixgate.verbs import Event, Facts, Received, Result, nothing_alone
from tests.runtime.test_unfinished import in_parts, publish
from tests.runtime.world import SHARDS, World

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
