# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
# grpc's stubs leave open what its handlers and servers take.
"""A collector for tests: a small OTLP gRPC server on loopback that keeps what it is sent.

with Collector() as collector:
    telemetry = Telemetry("gate", environment={"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint})
    ...
    telemetry.shutdown()
    spans = collector.spans()
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar, cast

import grpc
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import HistogramDataPoint, Metric, NumberDataPoint
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status

Value = str | int | float | bool
_Request = TypeVar("_Request", bound=Message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A span as it was received; ids in hexadecimal, `parent_id` empty for the first of a trace."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    links: tuple[tuple[str, str], ...]
    attributes: Mapping[str, Value]
    failed: bool
    started: int
    ended: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One metric's value for one set of labels; for a histogram `value` is the sum and `count` how many."""

    service: str
    name: str
    unit: str
    labels: Mapping[str, Value]
    value: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """A log record as it was received."""

    service: str
    severity: str
    body: str
    trace_id: str
    span_id: str
    attributes: Mapping[str, Value]


class Collector:
    """Receives until it is closed; what it keeps is read at any time, also after."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._spans: list[Span] = []
        self._points: list[Point] = []
        self._lines: list[LogLine] = []
        self.resources: list[Mapping[str, Value]] = []
        self._server = grpc.server(ThreadPoolExecutor(4, thread_name_prefix="collector"))
        self._server.add_generic_rpc_handlers(
            (
                _handler("Trace", ExportTraceServiceRequest, ExportTraceServiceResponse(), self._take_spans),
                _handler("Metrics", ExportMetricsServiceRequest, ExportMetricsServiceResponse(), self._take_metrics),
                _handler("Logs", ExportLogsServiceRequest, ExportLogsServiceResponse(), self._take_logs),
            )
        )
        self._port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    @property
    def endpoint(self) -> str:
        """What OTEL_EXPORTER_OTLP_ENDPOINT must be."""
        return f"http://127.0.0.1:{self._port}"

    def spans(self) -> tuple[Span, ...]:
        """All spans so far, by the time they began."""
        with self._changed:
            return tuple(sorted(self._spans, key=lambda span: span.started))

    def points(self, name: str) -> tuple[Point, ...]:
        """All values of one metric so far, in the order of arrival."""
        with self._changed:
            return tuple(point for point in self._points if point.name == name)

    def lines(self) -> tuple[LogLine, ...]:
        """All log records so far, in the order of arrival."""
        with self._changed:
            return tuple(self._lines)

    def wait(self, done: Callable[[Self], bool], timeout: float = 10.0) -> bool:
        """Block until `done` holds or the time is over; returns whether it holds. `done` must not block."""
        with self._changed:
            return self._changed.wait_for(lambda: done(self), timeout)

    def close(self) -> None:
        """Stop receiving; blocks until the server is down."""
        self._server.stop(grace=0.1).wait()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def _take_spans(self, request: ExportTraceServiceRequest) -> None:
        with self._changed:
            for group in request.resource_spans:
                resource = _attributes(group.resource.attributes)
                self.resources.append(resource)
                service = str(resource.get("service.name", ""))
                self._spans += (_span(service, span) for scope in group.scope_spans for span in scope.spans)
            self._changed.notify_all()

    def _take_metrics(self, request: ExportMetricsServiceRequest) -> None:
        with self._changed:
            for group in request.resource_metrics:
                service = str(_attributes(group.resource.attributes).get("service.name", ""))
                for scope in group.scope_metrics:
                    for metric in scope.metrics:
                        self._points += (_point(service, metric, point) for point in _data_points(metric))
            self._changed.notify_all()

    def _take_logs(self, request: ExportLogsServiceRequest) -> None:
        with self._changed:
            for group in request.resource_logs:
                service = str(_attributes(group.resource.attributes).get("service.name", ""))
                for scope in group.scope_logs:
                    self._lines += (
                        LogLine(
                            service=service,
                            severity=record.severity_text,
                            body=record.body.string_value,
                            trace_id=record.trace_id.hex(),
                            span_id=record.span_id.hex(),
                            attributes=_attributes(record.attributes),
                        )
                        for record in scope.log_records
                    )
            self._changed.notify_all()


def _handler(
    signal: str, request: type[_Request], answer: Message, take: Callable[[_Request], None]
) -> "grpc.GenericRpcHandler[_Request, Message]":
    """The service of one signal; built by hand, for the generated code has no types."""

    def export(received: _Request, _context: grpc.ServicerContext) -> Message:
        take(received)
        return answer

    def parse(data: bytes) -> _Request:
        received = request()
        received.ParseFromString(data)
        return received

    method = grpc.unary_unary_rpc_method_handler(
        export, request_deserializer=parse, response_serializer=lambda message: message.SerializeToString()
    )
    service = f"opentelemetry.proto.collector.{signal.lower()}.v1.{signal}Service"
    return grpc.method_handlers_generic_handler(service, {"Export": method})


def _span(service: str, span: ProtoSpan) -> Span:
    return Span(
        service=service,
        name=span.name,
        kind=ProtoSpan.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        links=tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
        attributes=_attributes(span.attributes),
        failed=span.status.code == Status.STATUS_CODE_ERROR,
        started=span.start_time_unix_nano,
        ended=span.end_time_unix_nano,
    )


def _data_points(metric: Metric) -> Sequence[NumberDataPoint | HistogramDataPoint]:
    return [*metric.sum.data_points, *metric.gauge.data_points, *metric.histogram.data_points]


def _point(service: str, metric: Metric, point: NumberDataPoint | HistogramDataPoint) -> Point:
    if isinstance(point, HistogramDataPoint):
        value, count = point.sum, point.count
    else:
        value, count = (point.as_int if point.HasField("as_int") else point.as_double), 1
    return Point(
        service=service,
        name=metric.name,
        unit=metric.unit,
        labels=_attributes(point.attributes),
        value=float(value),
        count=count,
    )


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Value]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Value:
    kind = value.WhichOneof("value")
    return "" if kind is None else cast("Value", getattr(value, kind))
