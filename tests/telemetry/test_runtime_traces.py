"""The runtime's telemetry, received by a collector: traces stay apart within a batch, dead letters keep theirs."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixgate.events import Envelope, Rejected, Signal
from fixgate.partitioning import partition_of
from fixgate.telemetry import Telemetry, TraceContext, context_of
from fixgate.testing.otlp import Collector
from tests.runtime.world import CODEC, NAMING, PARENT, SHARDS, World, signal

KEYS = ("a", "b", "c", "d", "e")


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector on loopback."""
    with Collector() as running:
        yield running


def context(number: int) -> TraceContext:
    """A trace of its own."""
    return TraceContext(f"00-{number:032x}-{number:016x}-01".encode())


def publish(world: World) -> None:
    """Five good records, each in its own trace, and in the middle one that is unsigned, in a trace of its own too."""
    for number, key in enumerate(KEYS, 1):
        partition = partition_of(key.encode(), SHARDS)
        world.sequences["numberer/0", partition] += 1
        sequence = world.sequences["numberer/0", partition]
        trace = context(number)
        envelope = Envelope(trace_id=trace.trace_id, parents=(PARENT,), stream="numberer/0", sequence=sequence)
        value, headers = world.seal(signal(key), envelope)
        world.broker.append(NAMING.topic("numbers"), value, key=key.encode(), headers=headers + trace.headers())
        if number == 3:
            bad = context(66).headers()
            world.broker.append(NAMING.topic("numbers"), value, key=key.encode(), headers=bad)


def run(world: World, telemetry: Telemetry) -> None:
    """Process everything in batches of several records, and send what was measured."""
    runtime = world.runtime(telemetry=telemetry, batch=10)
    world.work(runtime)
    runtime.close()
    assert telemetry.shutdown()


def connected(collector: Collector) -> Telemetry:
    """Telemetry that is on."""
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint}
    return Telemetry("counter", environment=environment, libraries=False, stream=io.StringIO())


def test_each_record_of_a_batch_goes_on_in_its_own_trace(tmp_path: Path, collector: Collector) -> None:
    """From header to span to output's header and envelope: one trace for each record, its parent being the sender."""
    world = World(tmp_path)
    publish(world)
    run(world, connected(collector))
    outputs = {CODEC.decode(r.value or b"", Signal).lock_key: r for r in world.broker.visible(NAMING.topic("counts"))}
    for number, key in enumerate(KEYS, 1):
        trace = context(number)
        [processed] = [s for s in collector.spans() if s.trace_id == trace.trace_id and s.kind == "CONSUMER"]
        [produced] = [s for s in collector.spans() if s.trace_id == trace.trace_id and s.kind == "PRODUCER"]
        assert (processed.name, processed.parent_id) == ("process fixgate.numbers", trace.span_id)
        assert (produced.name, produced.parent_id) == ("send fixgate.counts", processed.span_id)
        sent = context_of(outputs[key].headers, b"")
        assert (sent.trace_id, sent.span_id) == (trace.trace_id, produced.span_id)
        assert CODEC.decode(outputs[key].value or b"", Signal).envelope.trace_id == trace.trace_id


def test_a_dead_letter_goes_on_in_the_trace_of_its_record(tmp_path: Path, collector: Collector) -> None:
    """What is rejected stays findable from the trace of whoever sent it."""
    world = World(tmp_path)
    publish(world)
    run(world, connected(collector))
    [letter] = world.broker.visible(NAMING.topic("counter.rejected"))
    assert context_of(letter.headers, b"").trace_id == context(66).trace_id
    assert CODEC.decode(letter.value or b"", Rejected).envelope.trace_id == context(66).trace_id
    [processed] = [s for s in collector.spans() if s.trace_id == context(66).trace_id and s.kind == "CONSUMER"]
    assert processed.failed


def test_what_was_counted_is_what_happened(tmp_path: Path, collector: Collector) -> None:
    """Six in, five out, one rejected for its reason."""
    world = World(tmp_path)
    publish(world)
    run(world, connected(collector))
    assert sum(p.value for p in collector.points("fixgate.records.in")) == 6
    assert sum(p.value for p in collector.points("fixgate.records.out")) == 5
    [rejected] = collector.points("fixgate.records.rejected")
    assert (rejected.value, rejected.labels["fixgate.reason"]) == (1, "unsigned")
    assert sum(p.value for p in collector.points("fixgate.transactions.committed")) >= 1
    assert {p.labels["fixgate.step"] for p in collector.points("fixgate.step.duration")}


def test_telemetry_changes_no_byte_of_any_record(tmp_path: Path, collector: Collector) -> None:
    """With and without a collector the same input gives the same records, trace ids included."""
    values: list[list[bytes | None]] = []
    for name, telemetry in (
        ("on", connected(collector)),
        ("off", Telemetry("counter", environment={}, libraries=False)),
    ):
        world = World(tmp_path / name)
        publish(world)
        run(world, telemetry)
        values.append([r.value for r in world.broker.visible(NAMING.topic("counts"))])
    assert values[0] == values[1]
