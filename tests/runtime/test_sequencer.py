"""A service whose state has one partition is a sequencer: one active instance reads everything, the others stand by."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from fixgate.memory import MemoryBroker
from fixgate.topology import build
from tests.runtime.world import NAMING, TOPOLOGY, Crash, World, crashing

OWN = {"numberer.state", "numberer.rejected", "counter.state", "counter.rejected"}
SEQUENCED = build(
    tuple(t for t in TOPOLOGY.topics.values() if t.name not in OWN),
    tuple(
        type(p)(
            name=p.name,
            role=p.role,
            purpose=p.purpose,
            reads=tuple(r for r in p.reads if r not in OWN),
            writes=tuple(w for w in p.writes if w not in OWN),
        )
        for p in TOPOLOGY.parties.values()
    ),
    {"numberer": 2, "counter": 1},
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world in which `counter` is a sequencer, with numbers on both partitions."""
    counts = {NAMING.topic(t.name): t.partitions for t in SEQUENCED.topics.values()}
    world = World(tmp_path, broker=MemoryBroker(counts), topology=SEQUENCED)
    for i in range(20):
        world.publish(f"k{i % 5}")
    yield world
    world.telemetry.shutdown()


def test_one_instance_reads_all_partitions_and_the_other_waits(world: World) -> None:
    """All partitions of all inputs are with the owner of the only shard, and the standby does nothing."""
    first, second = world.runtime(slot=0), world.runtime(slot=1)
    world.work(first, second)
    active, standby = (first, second) if first.shards.owned else (second, first)
    assert (set(active.shards.owned), len(active.shards.inputs)) == ({0}, 2)
    assert (standby.shards.owned, standby.shards.inputs) == ({}, {})
    world.assert_exact()


def test_a_standby_takes_over_exactly(world: World) -> None:
    """When the active one dies in the middle of a commit, the standby finishes, and nothing is twice."""
    first, second = world.runtime(slot=0), world.runtime(slot=1)
    world.broker.probe = crashing("commit", 2)
    died = None
    with suppress(Crash):
        for _ in range(50):
            for died in (first, second):
                died.step()
    world.broker.probe = lambda _step: None
    assert died is not None
    for state in died.shards.owned.values():
        state.close()
    world.broker.expire(NAMING.group("counter"), NAMING.instance("counter", 0 if died is first else 1))
    survivor = second if died is first else first
    for i in range(20):
        world.publish(f"k{i % 5}")
    world.work(survivor)
    assert set(survivor.shards.owned) == {0}
    world.assert_exact()
