"""Traces, metrics and logs of a process: made once, at its start, and shut down at its end.

    telemetry = Telemetry("gate", slot=0)
    ...
    telemetry.shutdown()

Without `OTEL_EXPORTER_OTLP_ENDPOINT` nothing connects anywhere and no SDK is loaded: log lines still go to stderr, and
trace contexts still go from record to record.
"""

import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO

from fixgate.errors import Misconfigured
from fixgate.telemetry.attributes import Attribute, Value
from fixgate.telemetry.context import TraceContext, context_of, derived_context, parse_traceparent, without_context
from fixgate.telemetry.logs import Alarm, LibraryLogs, Log
from fixgate.telemetry.metrics import Metrics, NoMetrics
from fixgate.telemetry.tracing import NoTracer, Span, Tracer

if TYPE_CHECKING:
    from fixgate.telemetry.otlp import Export

__all__ = [
    "Alarm",
    "Attribute",
    "Log",
    "Metrics",
    "Span",
    "Telemetry",
    "TraceContext",
    "Tracer",
    "Value",
    "context_of",
    "derived_context",
    "parse_traceparent",
    "without_context",
]

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
PROTOCOL = "OTEL_EXPORTER_OTLP_PROTOCOL"
DISABLED = "OTEL_SDK_DISABLED"
SAMPLER = "OTEL_TRACES_SAMPLER"
SAMPLER_ARG = "OTEL_TRACES_SAMPLER_ARG"
METRIC_INTERVAL = 10.0
"""Seconds between two exports of metrics."""


class Telemetry:
    """One process's tracer, metrics and log; raises `Misconfigured` when what is asked for cannot be done.

    `libraries` says whether what libraries log goes into the same lines: so for a process of its own, not for one
    among several in a test.
    """

    tracer: Tracer
    metrics: Metrics
    log: Log

    def __init__(
        self,
        service: str,
        slot: int = 0,
        *,
        level: str = "INFO",
        libraries: bool = True,
        environment: Mapping[str, str] | None = None,
        stream: TextIO | None = None,
        metric_interval: float = METRIC_INTERVAL,
    ) -> None:
        settings = os.environ if environment is None else environment
        endpoint = _endpoint(settings)
        self._export: Export | None = None
        self._libraries: LibraryLogs | None = None
        self.tracer, self.metrics = NoTracer(), NoMetrics()
        if endpoint:
            # Not at the top: loading the SDK costs time and memory that a process without telemetry need not spend.
            from fixgate.telemetry import otlp  # noqa: PLC0415  # said above

            self._export = otlp.Export(service, slot, endpoint, metric_interval, _ratio(settings))
            self.tracer, self.metrics = self._export.tracer, self._export.metrics
        self.log = Log(service, slot, self.metrics, level=level, stream=stream)
        if self._export is not None:
            self._export.connect(self.log)
        if libraries:
            self._libraries = LibraryLogs(self.log)
            logging.getLogger().addHandler(self._libraries)

    @property
    def on(self) -> bool:
        """Whether anything is sent to a collector."""
        return self._export is not None

    def shutdown(self, timeout: float = 5.0) -> bool:
        """Send what is queued and let go; blocks at most `timeout` seconds, and returns whether it was over by then.

        What a collector that is down did not take is lost. May be called twice.
        """
        export, self._export = self._export, None
        self.log.send_nowhere()
        finished = export is None or export.shutdown(timeout)
        if self._libraries is not None:
            logging.getLogger().removeHandler(self._libraries)
            self._libraries = None
        return finished


def _endpoint(environment: Mapping[str, str]) -> str:
    """Where to send to; empty when telemetry is off."""
    if environment.get(DISABLED, "").strip().lower() == "true":
        return ""
    endpoint = environment.get(ENDPOINT, "").strip()
    protocol = environment.get(PROTOCOL, "grpc").strip() or "grpc"
    if endpoint and protocol != "grpc":
        raise Misconfigured(
            f"{PROTOCOL} is {protocol}, but telemetry is sent by grpc only", remedy=f"Set {PROTOCOL}=grpc or remove it."
        )
    if endpoint and not endpoint.startswith(("http://", "https://")):
        raise Misconfigured(
            f"{ENDPOINT} must begin with http:// or https://, not {endpoint!r}",
            remedy="For example http://127.0.0.1:4317.",
        )
    return endpoint


def _ratio(environment: Mapping[str, str]) -> float:
    """The share of traces that is recorded: all, unless the environment asks for a ratio."""
    sampler, ratio = environment.get(SAMPLER, "always_on"), environment.get(SAMPLER_ARG, "1.0")
    if sampler == "always_on":
        return 1.0
    try:
        share = float(ratio)
    except ValueError:
        share = -1.0
    if sampler != "traceidratio" or not 0.0 <= share <= 1.0:
        raise Misconfigured(
            f"{SAMPLER} {sampler!r} with {SAMPLER_ARG} {ratio!r} is not supported",
            remedy="Use always_on, or traceidratio with a number from 0 to 1: a sender must not decide what is traced.",
        )
    return share
