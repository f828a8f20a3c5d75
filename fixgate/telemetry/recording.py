"""Spans that are sent: what `tracing.py` promises, by OpenTelemetry's SDK."""

import threading
from collections.abc import Sequence
from time import perf_counter
from types import TracebackType
from typing import Self

from opentelemetry.context import Context
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)
from opentelemetry.trace import Span as RecordedSpan
from opentelemetry.trace import Tracer as SdkTracer

from fixgate.broker import Headers, Inbound
from fixgate.telemetry.attributes import Attribute, Value
from fixgate.telemetry.context import TraceContext, derived_context
from fixgate.telemetry.metrics import CONSUMED, PROCESS_DURATION, SENT, Metrics
from fixgate.telemetry.redaction import redact
from fixgate.telemetry.tracing import Entered, Span, current


class SeededIds(RandomIdGenerator):
    """Gives the next root span of this thread the trace id that its record determines."""

    def __init__(self) -> None:
        self._next = threading.local()

    def seed(self, trace_id: int) -> None:
        """The next root span of this thread has this trace id."""
        self._next.trace_id = trace_id

    def generate_trace_id(self) -> int:
        """The seeded id, once; a random one otherwise."""
        seeded: int = self._next.__dict__.pop("trace_id", 0)
        return seeded or super().generate_trace_id()

    def is_trace_id_random(self) -> bool:
        """No: it is determined by a record."""
        return False


class RecordingTracer:
    """Begins spans that are sent."""

    def __init__(self, tracer: SdkTracer, ids: SeededIds, metrics: Metrics) -> None:
        self._tracer = tracer
        self._ids = ids
        self._metrics = metrics

    def process_span(
        self, record: Inbound, context: TraceContext, group: str = "", links: Sequence[TraceContext] = ()
    ) -> Span:
        """A CONSUMER span `process <topic>`; by the conventions one message's span may have its context as parent."""
        topic, partition = record.source
        self._metrics.add(CONSUMED, 1, {Attribute.DESTINATION: topic})
        attributes: dict[str, Value] = {
            Attribute.SYSTEM.value: "kafka",
            Attribute.OPERATION_NAME.value: "process",
            Attribute.OPERATION_TYPE.value: "process",
            Attribute.DESTINATION.value: topic,
            Attribute.PARTITION.value: str(partition),
            Attribute.OFFSET.value: record.offset,
            Attribute.BODY_SIZE.value: 0 if record.value is None else len(record.value),
        }
        if group:
            attributes[Attribute.GROUP.value] = group
        return self._start(f"process {topic}", SpanKind.CONSUMER, context, attributes, links, topic)

    def child_span(self, name: str, parent: TraceContext) -> Span:
        """An INTERNAL span below `parent`."""
        return self._start(name, SpanKind.INTERNAL, parent._replace(derived=False), {}, (), "")

    def root_span(self, name: str, seed: bytes, links: Sequence[TraceContext] = ()) -> Span:
        """The first span of a new trace."""
        return self._start(name, SpanKind.INTERNAL, derived_context(seed), {}, links, "")

    def _start(
        self,
        name: str,
        kind: SpanKind,
        context: TraceContext,
        attributes: dict[str, Value],
        links: Sequence[TraceContext],
        topic: str,
    ) -> "RecordingSpan":
        if context.derived:
            self._ids.seed(int(context.trace_id, 16))
            parent = Context()
        else:
            parent = as_parent(context)
        linked = [Link(_span_context(link)) for link in links]
        span = self._tracer.start_span(name, parent, kind, attributes, linked)
        return RecordingSpan(self._tracer, span, self._metrics, topic)


class RecordingSpan:
    """A span that is sent when it ends."""

    __slots__ = ("_ended", "_metrics", "_span", "_started", "_token", "_topic", "_tracer", "context")

    def __init__(self, tracer: SdkTracer, span: RecordedSpan, metrics: Metrics, topic: str) -> None:
        self._tracer = tracer
        self._span = span
        self._metrics = metrics
        self._topic = topic
        self._started = perf_counter()
        self._ended = False
        self._token: Entered = None
        self.context = _trace_context(span)

    def set(self, attribute: Attribute, value: Value) -> None:
        """Say something about it; the finding's id is also the conversation's, by the conventions."""
        kept = redact(value) if isinstance(value, str) else value
        self._span.set_attribute(attribute.value, kept)
        if attribute is Attribute.FINDING_ID:
            self._span.set_attribute(Attribute.CONVERSATION.value, kept)

    def fail(self, kind: str) -> None:
        """It did not succeed."""
        self._span.set_attribute(Attribute.ERROR.value, kind)
        self._span.set_status(Status(StatusCode.ERROR))

    def send(self, topic: str, finding: str = "") -> Headers:
        """A PRODUCER span `send <topic>`, over at once: when the record is durable shows in the transaction."""
        self._metrics.add(SENT, 1, {Attribute.DESTINATION: topic})
        attributes: dict[str, Value] = {
            Attribute.SYSTEM.value: "kafka",
            Attribute.OPERATION_NAME.value: "send",
            Attribute.OPERATION_TYPE.value: "send",
            Attribute.DESTINATION.value: topic,
        }
        if finding:
            attributes |= dict.fromkeys((Attribute.FINDING_ID.value, Attribute.CONVERSATION.value), redact(finding))
        parent = set_span_in_context(self._span, Context())
        span = self._tracer.start_span(f"send {topic}", parent, SpanKind.PRODUCER, attributes)
        span.end()
        return _trace_context(span).headers()

    def end(self) -> None:
        """It is over."""
        if self._ended:
            return
        self._ended = True
        self._span.end()
        if self._topic:
            seconds = perf_counter() - self._started
            self._metrics.record(PROCESS_DURATION, seconds, {Attribute.DESTINATION: self._topic})

    def __enter__(self) -> Self:
        """Make it the one that log lines carry."""
        self._token = current.set(self.context)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """End it, as failed when an error passes through; the error's text stays out of it."""
        if self._token is not None:
            current.reset(self._token)
        if kind is not None:
            self.fail(kind.__name__)
        self.end()


def _span_context(context: TraceContext) -> SpanContext:
    return SpanContext(
        int(context.trace_id, 16),
        int(context.span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(context.flags),
        trace_state=TraceState.from_header([context.state.decode()]) if context.state else None,
    )


def as_parent(context: TraceContext) -> Context:
    """The context as the SDK wants a parent."""
    return set_span_in_context(NonRecordingSpan(_span_context(context)), Context())


def _trace_context(span: RecordedSpan) -> TraceContext:
    its = span.get_span_context()
    parent = f"00-{its.trace_id:032x}-{its.span_id:016x}-{its.trace_flags:02x}"
    return TraceContext(parent.encode(), its.trace_state.to_header().encode() if its.trace_state else b"")
