"""Log lines: one JSON object each, with their trace, without secrets; alarms are counted."""

import io
import json
import logging
from typing import Any

import pytest

from fixgate.errors import Misconfigured
from fixgate.telemetry import Alarm, Attribute, Telemetry
from fixgate.telemetry.context import derived_context
from fixgate.telemetry.logs import LibraryLogs, Log
from fixgate.telemetry.metrics import ALARMS, Counter, Labels, NoMetrics


class Counting(NoMetrics):
    """Keeps what is counted."""

    def __init__(self) -> None:
        self.counted: list[tuple[str, int, dict[Attribute, str]]] = []

    def add(self, counter: Counter, amount: int = 1, labels: Labels | None = None) -> None:
        """Keep it."""
        self.counted.append((counter.name, amount, dict(labels or {})))


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """What was written, parsed."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_secret_is_masked_in_message_and_fields() -> None:
    """A token in a message, in a field, or under a telling name does not reach the stream."""
    stream = io.StringIO()
    token = "eyJ" + "hbGciOiJFUzI1NiJ9." + "eyJzdWIiOiJzcGlmZmU6Ly8ifQ." + "c2ln"
    Log("gate", 0, NoMetrics(), stream=stream).error(
        f"refused {token}", detail={"sent": token}, session_cookie="hunter22"
    )
    assert "eyJ" not in stream.getvalue()
    assert "hunter22" not in stream.getvalue()


def test_a_line_cannot_be_forged() -> None:
    """Line breaks and terminal escapes in what is logged stay inside one line of ASCII."""
    stream = io.StringIO()
    Log("gate", 0, NoMetrics(), stream=stream).info('x\n{"level": "INFO"}\x1b[2J\u2028é', key="a\r\nb")
    assert len(stream.getvalue().splitlines()) == 1
    assert stream.getvalue().isascii()
    assert "\x1b" not in stream.getvalue()


def test_a_stream_that_is_gone_stops_nothing() -> None:
    """When nobody reads stderr any more, logging does nothing instead of raising."""
    stream = io.StringIO()
    stream.close()
    Log("gate", 0, NoMetrics(), stream=stream).info("into the void")


def test_below_the_level_nothing_is_written_but_alarms() -> None:
    """The level holds lines back, never an alarm."""
    stream = io.StringIO()
    log = Log("gate", 0, NoMetrics(), level="ERROR", stream=stream)
    log.debug("no")
    log.info("no")
    log.warning("no")
    log.alarm(Alarm.GAP, "yes")
    assert [line["message"] for line in lines(stream)] == ["yes"]


def test_a_line_has_its_parts() -> None:
    """Time, level, service, slot, trace and message stand at the top, the rest under `fields`."""
    stream = io.StringIO()
    context = derived_context(b"x")
    Log("gate", 3, NoMetrics(), stream=stream).info("done", context=context, message_count=2, ratio=float("nan"))
    [line] = lines(stream)
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "INFO",
        "service": "gate",
        "slot": 3,
        "trace_id": context.trace_id,
        "span_id": context.span_id,
        "message": "done",
        "fields": {"message_count": 2, "ratio": "nan"},
    }


def test_an_entered_span_gives_its_lines_the_trace() -> None:
    """Within a span, lines carry its trace without being told; afterwards they do not; nested spans restore."""
    stream = io.StringIO()
    telemetry = Telemetry("gate", environment={}, libraries=False, stream=stream)
    outer, inner = (telemetry.tracer.root_span(name, name.encode()) for name in ("outer", "inner"))
    with outer:
        telemetry.log.info("1")
        with inner:
            telemetry.log.info("2")
        telemetry.log.info("3")
    telemetry.log.info("4")
    traces = [line.get("trace_id") for line in lines(stream)]
    assert traces == [outer.context.trace_id, inner.context.trace_id, outer.context.trace_id, None]


def test_an_alarm_is_marked_and_counted() -> None:
    """An alarm's line says so and names its kind, and the count of that kind goes up."""
    stream = io.StringIO()
    metrics = Counting()
    Log("gate", 0, metrics, stream=stream).alarm(Alarm.UNVERIFIED, "not signed", topic="fixgate.findings")
    [line] = lines(stream)
    assert (line["alarm"], line["kind"], line["level"]) == (True, "unverified", "ERROR")
    assert metrics.counted == [(ALARMS.name, 1, {Attribute.ALARM: "unverified"})]


def test_what_libraries_log_comes_in_the_same_lines() -> None:
    """A library's warning becomes a line, its exception only by type and message; after shutdown it does not."""
    stream = io.StringIO()
    telemetry = Telemetry("gate", environment={}, stream=stream)
    logger = logging.getLogger("some.library")
    logger.error("it failed for %s", "x", exc_info=ValueError("password=hunter22"))
    logger.warning("wrong %d arguments")
    telemetry.shutdown()
    logger.warning("too late")
    first, *rest = lines(stream)
    assert first["message"] == "it failed for x"
    assert first["fields"] == {"logger": "some.library", "error": "ValueError: password=[redacted]"}
    assert [line["message"] for line in rest] == ["wrong %d arguments"]


def test_a_librarys_broken_line_is_still_a_line() -> None:
    """A library that formats its line wrongly neither raises into the work nor goes unheard."""
    stream = io.StringIO()
    broken = logging.LogRecord("some.library", logging.WARNING, "x.py", 1, "%d", ("word",), None)
    LibraryLogs(Log("gate", 0, NoMetrics(), stream=stream)).emit(broken)
    assert "could not be formatted" in lines(stream)[0]["message"]


@pytest.mark.parametrize(
    "environment",
    [
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "127.0.0.1:4317"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"},
    ],
)
def test_an_endpoint_that_cannot_be_used_is_refused_at_start(environment: dict[str, str]) -> None:
    """An address without a scheme, or a protocol that is not spoken, is an error and not silence."""
    with pytest.raises(Misconfigured):
        Telemetry("gate", environment=environment, libraries=False)
