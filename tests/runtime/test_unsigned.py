"""Only a topic that says so goes without signatures; every other one is signed without exception."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fixgate.broker import Inbound
from fixgate.events import Envelope, Signal
from fixgate.graph import Topology
from fixgate.intake import Intake
from fixgate.signing import CERTIFICATE_HEADER, SIGNATURE_HEADER
from tests.runtime.world import CODEC, NAMING, PARENT, TOPOLOGY, World, signal


def without_signatures(*names: str) -> Topology:
    """The topology with these topics unsigned."""
    topics = {n: replace(t, signed=t.signed and n not in names) for n, t in TOPOLOGY.topics.items()}
    return Topology(topics, TOPOLOGY.parties)


@pytest.fixture
def worlds(tmp_path: Path) -> Iterator[Callable[[Topology], World]]:
    """Makes worlds of a topology."""
    made: list[World] = []

    def make(topology: Topology) -> World:
        made.append(World(tmp_path, topology=topology))
        return made[-1]

    yield make
    for world in made:
        world.telemetry.shutdown()


def signed(record: Inbound) -> bool:
    """Whether a record carries a signature and its certificate."""
    return {SIGNATURE_HEADER, CERTIFICATE_HEADER} <= {name for name, _ in record.headers}


@pytest.mark.parametrize("names", [(), ("raw",), ("numbers",), ("notices",)])
def test_a_signed_topic_never_goes_out_unsigned(worlds: Callable[[Topology], World], names: tuple[str, ...]) -> None:
    """Outputs and dead letters verify at the next reader, whatever other topics do without signatures."""
    world = worlds(without_signatures(*names))
    world.publish("k")
    world.broker.append(NAMING.topic("numbers"), b"no record", key=b"k")
    world.work(world.runtime())
    intake = Intake(world.topology, NAMING, CODEC, world.person("desk").trust)
    for topic in ("counts", "counter.rejected"):
        (record,) = world.broker.visible(NAMING.topic(topic))
        assert signed(record)
        assert intake.receive(record).signer.endswith("/counter")


def test_an_unsigned_topic_is_decoded_all_the_same(worlds: Callable[[Topology], World]) -> None:
    """Without a signature a record is still one of its schema, numbered, and counted once."""
    world = worlds(without_signatures("numbers", "counts"))
    first = Envelope(trace_id="a" * 32, parents=(PARENT,), stream="numberer/0", sequence=1)
    value = CODEC.encode(signal("k"), first)
    for sent in (value, b"no record", value):
        world.broker.append(NAMING.topic("numbers"), sent, key=b"k")
    world.work(world.runtime())
    assert world.counts() == {"k:1": 1}
    assert [r.reason for r in world.rejected()] == ["not_avro", "replayed"]
    (out,) = world.broker.visible(NAMING.topic("counts"))
    assert not signed(out)
    assert CODEC.decode(out.value or b"", Signal).envelope.sequence == 1


def test_only_what_is_unsigned_in_the_topology_goes_out_so(worlds: Callable[[Topology], World]) -> None:
    """The dead letters of a service whose outputs are unsigned are signed."""
    world = worlds(without_signatures("counts"))
    world.broker.append(NAMING.topic("numbers"), b"no record", key=b"k")
    world.work(world.runtime())
    (letter,) = world.broker.visible(NAMING.topic("counter.rejected"))
    assert signed(letter)
