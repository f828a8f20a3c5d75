"""Spans, metrics and log lines over OTLP (gRPC), by OpenTelemetry's SDK; imported only when an endpoint is set.

Nothing here can block or stop the pipeline: queues are bounded and drop what is too much, exports happen in threads of
their own, and `shutdown` waits for them a bounded time.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from functools import partial
from time import perf_counter

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.metrics import Histogram as SdkHistogram
from opentelemetry.metrics import _Gauge as SdkGauge
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, TraceIdRatioBased

from fixgate.telemetry import metrics as declared
from fixgate.telemetry.attributes import NAMESPACE, SEMANTIC_CONVENTIONS, Attribute
from fixgate.telemetry.logs import Line, Log, cleaned_attributes, exporter_logger
from fixgate.telemetry.recording import RecordingTracer, SeededIds, as_parent

EXPORT_TIMEOUT = 3.0
"""Seconds that one export may take; what could not be delivered by then is given up, never the process."""
_LabelKey = tuple[tuple[Attribute, str], ...]
_SEVERITY = {
    logging.DEBUG: SeverityNumber.DEBUG,
    logging.INFO: SeverityNumber.INFO,
    logging.WARNING: SeverityNumber.WARN,
    logging.ERROR: SeverityNumber.ERROR,
    logging.CRITICAL: SeverityNumber.FATAL,
}


class Export:
    """One process's connection to a collector."""

    def __init__(self, service: str, slot: int, endpoint: str, metric_interval: float, ratio: float) -> None:
        resource = Resource.create(
            {"service.name": service, "service.namespace": NAMESPACE, "service.instance.id": str(slot)}
        )
        ids = SeededIds()
        # Never by the parent's flag: a sender of findings must not be able to switch off the tracing of its own.
        sampler = ALWAYS_ON if ratio >= 1.0 else TraceIdRatioBased(ratio)
        self._spans = TracerProvider(resource=resource, sampler=sampler, id_generator=ids, shutdown_on_exit=False)
        self._spans.add_span_processor(
            BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=EXPORT_TIMEOUT), max_queue_size=8192)
        )
        reader = PeriodicExportingMetricReader(
            OTLPMetricExporter(endpoint=endpoint, timeout=EXPORT_TIMEOUT), export_interval_millis=metric_interval * 1e3
        )
        self._measurements = MeterProvider(
            metric_readers=[reader],
            resource=resource,
            exemplar_filter=AlwaysOffExemplarFilter(),
            shutdown_on_exit=False,
        )
        self._lines = LoggerProvider(resource=resource, shutdown_on_exit=False)
        self._lines.add_log_record_processor(
            BatchLogRecordProcessor(OTLPLogExporter(endpoint=endpoint, timeout=EXPORT_TIMEOUT))
        )
        self._logger = self._lines.get_logger(NAMESPACE, schema_url=SEMANTIC_CONVENTIONS)
        self.metrics = RecordedMetrics(self._measurements)
        tracer = self._spans.get_tracer(NAMESPACE, schema_url=SEMANTIC_CONVENTIONS)
        self.tracer = RecordingTracer(tracer, ids, self.metrics)

    def connect(self, log: Log) -> None:
        """Send the log's lines too, but those about the export itself: they would breed."""
        log.send_to(self._emit)

    def shutdown(self, timeout: float) -> bool:
        """Send what is queued, all three signals at once; False when that took longer than `timeout` seconds."""
        closers: tuple[Callable[[], None], ...] = (
            self._spans.shutdown,
            self._measurements.shutdown,
            self._lines.shutdown,
        )
        threads = [threading.Thread(target=close, name="telemetry-shutdown", daemon=True) for close in closers]
        for thread in threads:
            thread.start()
        deadline = perf_counter() + timeout
        for thread in threads:
            thread.join(max(0.0, deadline - perf_counter()))
        return not any(thread.is_alive() for thread in threads)

    def _emit(self, line: Line) -> None:
        if exporter_logger(str(line.fields.get("logger", ""))):
            return
        context = Context() if line.context is None else as_parent(line.context)
        self._logger.emit(
            LogRecord(
                timestamp=line.nanoseconds,
                severity_number=_SEVERITY.get(line.level, SeverityNumber.UNSPECIFIED),
                severity_text=logging.getLevelName(line.level),
                body=line.message,
                attributes=cleaned_attributes(line),
                context=context,
            )
        )


class RecordedMetrics:
    """Measurements that are sent. Counts are summed here and read at each export: a fortieth of the SDK's own cost."""

    def __init__(self, provider: MeterProvider) -> None:
        meter = provider.get_meter(NAMESPACE, schema_url=SEMANTIC_CONVENTIONS)
        self._lock = threading.Lock()
        self._totals: dict[str, dict[_LabelKey, int]] = {}
        self._gauges: dict[str, SdkGauge] = {}
        self._histograms: dict[str, SdkHistogram] = {}
        for metric in declared.ALL:
            name, unit, meaning = metric.name, metric.unit, metric.meaning
            match metric:
                case declared.Counter():
                    self._totals[name] = {}
                    meter.create_observable_counter(name, [partial(self._observe, name)], unit, meaning)
                case declared.Gauge():
                    self._gauges[name] = meter.create_gauge(name, unit, meaning)
                case declared.Histogram(bounds=bounds):
                    self._histograms[name] = meter.create_histogram(
                        name, unit, meaning, explicit_bucket_boundaries_advisory=bounds
                    )

    def _observe(self, name: str, _options: CallbackOptions) -> Iterable[Observation]:
        with self._lock:
            totals = list(self._totals[name].items())
        return [Observation(total, {label.value: value for label, value in key}) for key, total in totals]

    def add(self, counter: declared.Counter, amount: int = 1, labels: declared.Labels = declared.NO_LABELS) -> None:
        """Count."""
        key = tuple(labels.items())
        with self._lock:
            totals = self._totals[counter.name]
            totals[key] = totals.get(key, 0) + amount

    def set(self, gauge: declared.Gauge, value: float, labels: declared.Labels = declared.NO_LABELS) -> None:
        """Say what it is now."""
        self._gauges[gauge.name].set(value, _labels(labels))

    def record(self, histogram: declared.Histogram, value: float, labels: declared.Labels = declared.NO_LABELS) -> None:
        """Add one observation."""
        self._histograms[histogram.name].record(value, _labels(labels))


def _labels(labels: declared.Labels) -> dict[str, str]:
    return {name.value: value for name, value in labels.items()}
