"""What a collector sees of the loop: one trace for each record, dead letters included, and its measurements."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixgate.errors import Reason
from fixgate.telemetry import Telemetry, metrics
from fixgate.testing.otlp import Collector
from tests.runtime.test_unfinished import in_parts
from tests.runtime.world import NAMING, World


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector on loopback."""
    with Collector() as running:
        yield running


@pytest.fixture
def world(tmp_path: Path, collector: Collector) -> World:
    """A world whose runtime sends to the collector."""
    world = World(tmp_path)
    world.telemetry.shutdown()
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint}
    world.telemetry = Telemetry("counter", environment=environment, libraries=False, stream=io.StringIO())
    return world


def traceparent(number: int) -> tuple[tuple[str, bytes], ...]:
    """The headers of a record of its own trace."""
    return (("traceparent", f"00-{number:032x}-{number:016x}-01".encode()),)


def test_records_of_one_batch_stay_in_their_own_traces(world: World, collector: Collector) -> None:
    """Ten records of ten traces in few transactions become ten pairs of spans, each in its record's trace."""
    for number in range(1, 11):
        made = world.publish("k")
        stored = world.broker.logs[made.source].pop().record
        assert stored is not None
        world.broker.append(
            stored.source.topic, stored.value, key=b"k", headers=(*stored.headers, *traceparent(number))
        )
    world.work(world.runtime(batch=5))
    assert world.telemetry.shutdown()
    spans = [s for s in collector.spans() if s.name.startswith("process ")]
    assert sorted(int(s.trace_id, 16) for s in spans) == list(range(1, 11))
    assert all(s.parent_id == f"{int(s.trace_id, 16):016x}" for s in spans)
    sends = {s.trace_id: s for s in collector.spans() if s.name.startswith("send ")}
    for record in world.broker.visible(NAMING.topic("counts")):
        context = dict(record.headers)["traceparent"].decode().split("-")
        assert sends[context[1]].span_id == context[2]


def test_a_dead_letter_stays_in_the_trace_of_its_record(world: World, collector: Collector) -> None:
    """A rejected record's span says why, and its dead letter carries its trace on."""
    world.broker.append(NAMING.topic("numbers"), b"junk", key=b"k", headers=traceparent(7))
    world.work(world.runtime())
    assert world.telemetry.shutdown()
    (span,) = (s for s in collector.spans() if s.name.startswith("process "))
    assert span.attributes["fixgate.reason"] == Reason.UNSIGNED.value
    (letter,) = world.broker.visible(NAMING.topic("counter.rejected"))
    assert f"{7:032x}".encode() in dict(letter.headers)["traceparent"]
    assert world.rejected()[0].envelope.trace_id == f"{7:032x}"


def test_a_record_of_several_transactions_is_taken_once(world: World, collector: Collector) -> None:
    """It counts when it is over; each of its parts is a span of its trace."""
    world.publish("k", 3)
    world.work(world.runtime(in_parts))
    assert world.telemetry.shutdown()
    assert sum(p.value for p in collector.points(metrics.RECORDS_IN.name)) == 1
    assert sum(p.value for p in collector.points(metrics.COMMITTED.name)) == 3
    spans = [s for s in collector.spans() if s.name.startswith(("process ", "send "))]
    assert (len(spans), len({s.span_id for s in spans}), len({s.trace_id for s in spans})) == (6, 6, 1)


def test_the_loop_measures_itself(world: World, collector: Collector) -> None:
    """Records in and out, rejections by reason, transactions and the time of each step arrive as metrics."""
    world.publish("k")
    world.publish("k")
    world.broker.append(NAMING.topic("numbers"), b"junk", key=b"k")
    world.work(world.runtime())
    assert world.telemetry.shutdown()

    def total(declared: metrics.Counter) -> float:
        return sum(p.value for p in collector.points(declared.name))

    assert (total(metrics.RECORDS_IN), total(metrics.RECORDS_OUT), total(metrics.RECORDS_REJECTED)) == (3, 2, 1)
    assert total(metrics.COMMITTED) >= 1
    steps = {str(p.labels["fixgate.step"]) for p in collector.points(metrics.STEP_DURATION.name)}
    assert {"poll", "verify", "decide", "commit", "cache"} <= steps
    assert collector.points(metrics.REBUILD_DURATION.name)
