"""What a collector receives: traces that stay apart, metrics, log lines; and what happens without one."""

import io
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from fixgate.broker import Headers, Inbound, TopicPartition
from fixgate.errors import Misconfigured
from fixgate.telemetry import Alarm, Attribute, Telemetry, TraceContext, context_of, derived_context
from fixgate.telemetry import metrics as m
from fixgate.testing.otlp import Collector


def record(headers: Headers = (), offset: int = 0, value: bytes = b"value") -> Inbound:
    """A record on the findings."""
    return Inbound(TopicPartition("fixgate.findings", 2), offset, b"key", value, headers, 1)


def sent(number: int) -> Headers:
    """The headers of a record of the trace `number`."""
    return TraceContext(f"00-{number:032x}-{number:016x}-01".encode()).headers()


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector on loopback."""
    with Collector() as running:
        yield running


def connected(collector: Collector, service: str = "gate", **extra: str) -> Telemetry:
    """Telemetry that sends to the collector."""
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, **extra}
    return Telemetry(service, 1, environment=environment, libraries=False, stream=io.StringIO())


def test_without_an_endpoint_nothing_is_loaded() -> None:
    """A process without an endpoint does not even import the SDK, and starts no thread."""
    program = (
        "import sys, threading\n"
        "from fixgate.telemetry import Telemetry\n"
        "t = Telemetry('gate', environment={}); t.log.info('x'); assert not t.on; assert t.shutdown()\n"
        "assert not [name for name in sys.modules if name.split('.')[0] in ('opentelemetry', 'grpc')]\n"
        "assert threading.active_count() == 1\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def test_the_sdk_can_be_switched_off(collector: Collector) -> None:
    """OTEL_SDK_DISABLED wins over an endpoint."""
    assert not connected(collector, OTEL_SDK_DISABLED="true").on


@pytest.mark.timeout(30)
def test_a_dead_collector_neither_blocks_nor_raises() -> None:
    """With nobody listening the work goes on at its pace, and the end is not held up beyond its bound."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
        stream = io.StringIO()
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
        telemetry = Telemetry("gate", environment=environment, stream=stream)
        for number in range(1, 500):
            with telemetry.tracer.process_span(record(), context_of(sent(number), b"")) as span:
                span.send("fixgate.assessments")
            telemetry.metrics.add(m.RECORDS_IN)
        telemetry.log.alarm(Alarm.GAP, "still heard")
        telemetry.shutdown(timeout=0.5)
        assert "still heard" in stream.getvalue()


@pytest.mark.timeout(30)
def test_a_collector_that_hangs_does_not_hold_up_the_end() -> None:
    """A collector that accepts and never answers costs at most the bound that was given."""
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{mute.getsockname()[1]}"}
        telemetry = Telemetry("gate", environment=environment, libraries=False, stream=io.StringIO())
        telemetry.tracer.root_span("x", b"").end()
        assert not telemetry.shutdown(timeout=0.3)


def test_records_of_a_batch_keep_their_own_traces(collector: Collector) -> None:
    """Spans of one batch, all open at once, and the records they write stay in the traces of their own records."""
    telemetry = connected(collector)
    spans = [telemetry.tracer.process_span(record(sent(n)), context_of(sent(n), b"")) for n in range(1, 6)]
    outputs = [span.send("fixgate.decisions") for span in spans]
    for span in spans:
        span.end()
    assert telemetry.shutdown()
    received = collector.spans()
    for number, headers in zip(range(1, 6), outputs, strict=True):
        trace = f"{number:032x}"
        processed = next(s for s in received if s.trace_id == trace and s.kind == "CONSUMER")
        produced = next(s for s in received if s.trace_id == trace and s.kind == "PRODUCER")
        assert processed.parent_id == f"{number:016x}"
        assert produced.parent_id == processed.span_id
        context = context_of(headers, b"")
        assert (context.trace_id, context.span_id) == (trace, produced.span_id)
    assert len(received) == 10


def test_a_dead_letter_keeps_its_trace(collector: Collector) -> None:
    """A record that is rejected leads on to its dead letter in the same trace, and its span says that it failed."""
    telemetry = connected(collector)
    with telemetry.tracer.process_span(record(), context_of(sent(7), b"")) as span:
        span.fail("bad_signature")
        headers = span.send("fixgate.gate.rejected")
    telemetry.shutdown()
    assert context_of(headers, b"").trace_id == f"{7:032x}"
    processed, produced = collector.spans()
    assert processed.failed
    assert processed.attributes["error.type"] == "bad_signature"
    assert produced.name == "send fixgate.gate.rejected"


def test_a_record_without_context_begins_the_trace_that_its_digest_gives(collector: Collector) -> None:
    """With and without an SDK the same record has the same trace id, and its first span has no parent."""
    seed = b"\x05" * 32
    telemetry = connected(collector)
    off = Telemetry("gate", environment={}, libraries=False)
    with telemetry.tracer.process_span(record(), context_of((), seed)) as on_span:
        pass
    with off.tracer.process_span(record(), context_of((), seed)) as off_span:
        passed_on = off_span.send("x")
    telemetry.tracer.root_span("another", b"other").end()
    telemetry.shutdown()
    first, other = collector.spans()
    assert first.trace_id == on_span.context.trace_id == off_span.context.trace_id == derived_context(seed).trace_id
    assert context_of(passed_on, b"").trace_id == first.trace_id
    assert (first.parent_id, other.parent_id) == ("", "")
    assert other.trace_id == derived_context(b"other").trace_id


def test_an_unsampled_sender_is_traced_all_the_same(collector: Collector) -> None:
    """A sender cannot switch off the tracing of its findings by the sampled flag."""
    telemetry = connected(collector)
    headers = (("traceparent", f"00-{9:032x}-{9:016x}-00".encode()),)
    with telemetry.tracer.process_span(record(headers), context_of(headers, b"")) as span:
        assert span.send("x")[0][1].endswith(b"-01")
    telemetry.shutdown()
    assert len(collector.spans()) == 2


def test_of_traces_that_are_not_sampled_the_context_goes_on(collector: Collector) -> None:
    """With a ratio of 0 nothing is recorded, and records stay in their traces all the same."""
    telemetry = connected(collector, OTEL_TRACES_SAMPLER="traceidratio", OTEL_TRACES_SAMPLER_ARG="0")
    with telemetry.tracer.process_span(record(), context_of(sent(5), b"")) as span:
        passed_on = context_of(span.send("x"), b"")
    derived = telemetry.tracer.process_span(record(), context_of((), b"seed")).context
    telemetry.shutdown()
    assert collector.spans() == ()
    assert passed_on.trace_id == f"{5:032x}"
    assert derived.trace_id == derived_context(b"seed").trace_id


@pytest.mark.parametrize(
    ("sampler", "argument"),
    [("parentbased_always_on", "1"), ("always_off", ""), ("traceidratio", "2"), ("traceidratio", "x")],
)
def test_a_sampler_that_a_sender_could_steer_is_refused(collector: Collector, sampler: str, argument: str) -> None:
    """Only all traces, or a share by their ids, can be asked for."""
    with pytest.raises(Misconfigured, match="OTEL_TRACES_SAMPLER"):
        connected(collector, OTEL_TRACES_SAMPLER=sampler, OTEL_TRACES_SAMPLER_ARG=argument)


def test_after_a_wait_a_new_trace_is_linked(collector: Collector) -> None:
    """What follows an answer of people is a trace of its own that links to the one that asked."""
    telemetry = connected(collector, "desk")
    asked = context_of(sent(3), b"")
    with telemetry.tracer.root_span("approve", b"showing", links=(asked,)) as span:
        with telemetry.tracer.child_span("sign", span.context):
            pass
        telemetry.tracer.process_span(record(), context_of(sent(4), b""), links=(asked,)).end()
    telemetry.shutdown()
    approve, sign, processed = collector.spans()
    assert approve.links == processed.links == ((asked.trace_id, asked.span_id),)
    assert approve.trace_id != asked.trace_id
    assert (sign.trace_id, sign.parent_id) == (approve.trace_id, approve.span_id)


def test_spans_are_named_and_described_by_the_conventions(collector: Collector) -> None:
    """Names, kinds and attributes are those of the messaging conventions, and ours beside them; secrets are masked."""
    telemetry = connected(collector, OTEL_SERVICE_NAME="somebody-else")
    with telemetry.tracer.process_span(record(offset=41), context_of(sent(1), b""), "fixgate.gate") as span:
        span.set(Attribute.FINDING_ID, "f-1")
        span.set(Attribute.LOCK_KEY, "password=hunter22")
        span.send("fixgate.decisions")
    telemetry.shutdown()
    processed, produced = collector.spans()
    assert (processed.name, processed.kind) == ("process fixgate.findings", "CONSUMER")
    assert processed.attributes == {
        "messaging.system": "kafka",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "fixgate.findings",
        "messaging.destination.partition.id": "2",
        "messaging.kafka.offset": 41,
        "messaging.consumer.group.name": "fixgate.gate",
        "messaging.message.body.size": 5,
        "messaging.message.conversation_id": "f-1",
        "fixgate.finding.id": "f-1",
        "fixgate.lock.key": "password=[redacted]",
    }
    assert (produced.name, produced.kind) == ("send fixgate.decisions", "PRODUCER")
    assert not processed.failed
    [resource] = collector.resources
    assert resource["service.name"] == "gate"
    assert resource["service.namespace"] == "fixgate"
    assert resource["service.instance.id"] == "1"


def test_an_error_fails_its_span_without_its_text(collector: Collector) -> None:
    """An error that passes through a span marks it by type; its message, which may hold anything, is not sent."""
    telemetry = connected(collector)
    with pytest.raises(ValueError, match="hunter22"), telemetry.tracer.root_span("x", b""):
        raise ValueError("hunter22")
    telemetry.shutdown()
    [span] = collector.spans()
    assert span.failed
    assert span.attributes == {"error.type": "ValueError"}


def test_metrics_arrive_with_unit_and_labels(collector: Collector) -> None:
    """Counts from many threads add up; gauges say the last value; histograms how often and how much."""
    telemetry = connected(collector)
    labels = {Attribute.DESTINATION: "fixgate.findings"}

    def count() -> None:
        for _ in range(1000):
            telemetry.metrics.add(m.RECORDS_IN, 1, labels)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    telemetry.metrics.set(m.LAG, 5, labels)
    telemetry.metrics.set(m.LAG, 3, labels)
    telemetry.metrics.record(m.STEP_DURATION, 0.25, {Attribute.STEP: "decide"})
    telemetry.metrics.record(m.STEP_DURATION, 0.5, {Attribute.STEP: "decide"})
    telemetry.tracer.process_span(record(), context_of((), b"")).send("fixgate.decisions")
    telemetry.shutdown()
    [counted] = collector.points("fixgate.records.in")
    assert (counted.value, counted.unit, counted.labels) == (
        4000,
        "{record}",
        {"messaging.destination.name": "fixgate.findings"},
    )
    [lag] = collector.points("fixgate.lag")
    assert lag.value == 3
    [step] = collector.points("fixgate.step.duration")
    assert (step.count, step.value, step.labels) == (2, 0.75, {"fixgate.step": "decide"})
    assert collector.points("messaging.client.consumed.messages")[0].value == 1
    assert (
        collector.points("messaging.client.sent.messages")[0].labels["messaging.destination.name"]
        == "fixgate.decisions"
    )


def test_log_lines_arrive_with_their_trace(collector: Collector) -> None:
    """Lines go to the collector too, with trace, severity and fields, alarms marked; the exporter's own do not."""
    telemetry = connected(collector)
    with telemetry.tracer.root_span("x", b"") as span:
        telemetry.log.alarm(Alarm.REPLAYED, "seen before", sequence=7, seen=[1, 2])
    telemetry.log.warning("Failed to export", logger="opentelemetry.exporter.otlp")
    telemetry.shutdown()
    [line] = collector.lines()
    assert (line.body, line.severity) == ("seen before", "ERROR")
    assert (line.trace_id, line.span_id) == (span.context.trace_id, span.context.span_id)
    assert line.attributes == {"sequence": 7, "seen": "[1, 2]", "alarm": True, "fixgate.alarm": "replayed"}
    assert [p.value for p in collector.points("fixgate.alarms")] == [1]


def test_shutdown_may_be_called_twice(collector: Collector) -> None:
    """The second call does nothing, and what comes afterwards is ignored."""
    telemetry = connected(collector)
    assert telemetry.shutdown()
    assert telemetry.shutdown()
    telemetry.tracer.root_span("late", b"").end()
    telemetry.log.info("late")


def test_a_record_that_is_sent_is_found_by_its_finding(collector: Collector) -> None:
    """The span of its sending names it like that of its processing; without a finding it names none."""
    telemetry = connected(collector)
    with telemetry.tracer.root_span("tick", b"seed") as span:
        span.send("fixgate.decisions", "finding-1")
        span.send("fixgate.grants")
    assert telemetry.shutdown()
    sends = {s.name: s.attributes for s in collector.spans() if s.kind == "PRODUCER"}
    assert sends["send fixgate.decisions"]["fixgate.finding.id"] == "finding-1"
    assert sends["send fixgate.decisions"]["messaging.message.conversation_id"] == "finding-1"
    assert "fixgate.finding.id" not in sends["send fixgate.grants"]
