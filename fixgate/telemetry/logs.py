"""Log lines: one JSON object per line on stderr, pure ASCII, with the trace they belong to; alarms among them.

{"time": "2026-01-31T12:00:00.000000Z", "level": "ERROR", "service": "gate", "slot": 0, "trace_id": "…",
 "span_id": "…", "message": "…", "alarm": true, "kind": "bad_signature", "fields": {…}}
"""

import json
import logging
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TextIO

from fixgate.telemetry.attributes import Attribute
from fixgate.telemetry.context import TraceContext
from fixgate.telemetry.metrics import ALARMS, Metrics
from fixgate.telemetry.redaction import Clean, clean, clean_named, redact
from fixgate.telemetry.tracing import current


class Alarm(StrEnum):
    """What wants a person to look; each is counted by kind."""

    UNVERIFIED = "unverified"
    """A record did not verify: signature, certificate, signer or parents."""
    REPLAYED = "replayed"
    """A record's sequence was seen before."""
    GAP = "gap"
    """A sequence has a hole: records are missing."""
    REJECTION_LIMIT = "rejection_limit"
    """Too many records of a topic were rejected; the service stops."""
    QUARANTINED = "quarantined"
    """A source sent too much that is broken and is no longer heard."""
    DEFECT = "defect"
    """Something that our own code should have made impossible."""
    STATE = "state"
    """Local state did not fit the state topic and is being rebuilt."""
    IDENTITY = "identity"
    """A certificate or token could not be renewed, or a trust bundle changed unexpectedly."""
    LOG = "log"
    """The transparency log is behind, inconsistent, or without a witness."""
    FENCED = "fenced"
    """Another instance took over; harmless once, a fault when it goes on."""
    CREDENTIAL = "credential"
    """The death of a credential could not be proved yet."""
    WRITE_SET = "write_set"
    """A change touched what it had not declared; it was rolled back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One log line, already free of what looks like a secret."""

    nanoseconds: int
    level: int
    message: str
    context: TraceContext | None
    alarm: Alarm | None
    fields: dict[str, Clean]


Sink = Callable[[Line], None]


def _nowhere(_line: Line) -> None:
    """Drop the line."""


class Log:
    """Writes log lines; never raises, and a stream that is gone is ignored."""

    def __init__(
        self, service: str, slot: int, metrics: Metrics, *, level: str = "INFO", stream: TextIO | None = None
    ) -> None:
        self._head: dict[str, Clean] = {"service": service, "slot": slot}
        self._metrics = metrics
        self._level = logging.getLevelNamesMapping()[level.upper()]
        self._stream = stream
        self._sink: Sink = _nowhere

    def send_to(self, sink: Sink) -> None:
        """Give each line to `sink` besides, such as a collector's connection; it must not block or raise."""
        self._sink = sink

    def send_nowhere(self) -> None:
        """Write to the stream alone."""
        self._sink = _nowhere

    def debug(self, message: str, *, context: TraceContext | None = None, **fields: object) -> None:
        """What only somebody who looks for a fault wants to know."""
        self.write(logging.DEBUG, message, context, fields)

    def info(self, message: str, *, context: TraceContext | None = None, **fields: object) -> None:
        """What happened, as it should."""
        self.write(logging.INFO, message, context, fields)

    def warning(self, message: str, *, context: TraceContext | None = None, **fields: object) -> None:
        """What should not have happened and was coped with."""
        self.write(logging.WARNING, message, context, fields)

    def error(self, message: str, *, context: TraceContext | None = None, **fields: object) -> None:
        """What could not be done."""
        self.write(logging.ERROR, message, context, fields)

    def alarm(self, kind: Alarm, message: str, *, context: TraceContext | None = None, **fields: object) -> None:
        """What wants a person to look: written whatever the level, and counted."""
        self._metrics.add(ALARMS, 1, {Attribute.ALARM: kind.value})
        self.write(logging.ERROR, message, context, fields, kind)

    def write(
        self,
        level: int,
        message: str,
        context: TraceContext | None,
        fields: Mapping[str, object],
        alarm: Alarm | None = None,
    ) -> None:
        """Write a line when its level is high enough or it is an alarm; `context` None takes the entered span's."""
        if level < self._level and alarm is None:
            return
        line = Line(
            nanoseconds=time.time_ns(),
            level=level,
            message=redact(message),
            context=current.get() if context is None else context,
            alarm=alarm,
            fields={name: clean_named(name, value) for name, value in fields.items()},
        )
        stream = sys.stderr if self._stream is None else self._stream
        try:
            stream.write(self._text(line))
            stream.flush()
        except (OSError, ValueError):
            # The reader of our stderr is gone (a closed pipe, a closed file): work goes on without it.
            pass
        self._sink(line)

    def _text(self, line: Line) -> str:
        when = datetime.fromtimestamp(line.nanoseconds / 1e9, UTC)
        made: dict[str, Clean] = {
            "time": when.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "level": logging.getLevelName(line.level),
            **self._head,
        }
        if line.context is not None:
            made |= {"trace_id": line.context.trace_id, "span_id": line.context.span_id}
        made["message"] = line.message
        if line.alarm is not None:
            made |= {"alarm": True, "kind": line.alarm.value}
        if line.fields:
            made["fields"] = line.fields
        return json.dumps(made) + "\n"


class LibraryLogs(logging.Handler):
    """Brings what libraries log (the standard `logging` module) into the same lines."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write the library's line; its exception only by type and message, for traces may hold arguments."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError) as error:
            message = f"(a log line that could not be formatted: {error})"
        fields: dict[str, object] = {"logger": record.name}
        if record.exc_info and record.exc_info[1] is not None:
            fields["error"] = f"{type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
        self._log.write(record.levelno, message, None, fields)


def exporter_logger(name: str) -> bool:
    """Whether the logger belongs to the exporter itself: its lines must not be exported, or they would breed."""
    return name.split(".", 1)[0] in {"opentelemetry", "grpc"}


def cleaned_attributes(line: Line) -> dict[str, str | int | float | bool]:
    """The line's fields as flat attributes: what is nested becomes JSON."""
    flat: dict[str, str | int | float | bool] = {}
    for name, value in line.fields.items():
        if value is not None:
            flat[name] = value if isinstance(value, (str, int, float, bool)) else json.dumps(clean(value))
    if line.alarm is not None:
        flat |= {"alarm": True, Attribute.ALARM.value: line.alarm.value}
    return flat
