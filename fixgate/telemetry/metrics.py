"""Every metric: its name, kind, unit, labels and meaning, declared once.

A misspelt metric or a gauge that is added to is a type error. The table in `docs/operations.md` is generated from
here. Names of ours begin with `fixgate.`; where the messaging conventions have one, theirs is used beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from fixgate.telemetry.attributes import Attribute

Labels = Mapping[Attribute, str]
NO_LABELS: Labels = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What all kinds of metric have in common; `unit` is in UCUM, `{…}` for what is counted."""

    name: str
    unit: str
    meaning: str
    labels: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter(Declared):
    """Only ever grows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge(Declared):
    """What it is now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram(Declared):
    """How it is distributed; `bounds` are the upper bounds of its buckets."""

    bounds: tuple[float, ...]


_SECONDS = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
_TOPIC = (Attribute.DESTINATION,)

RECORDS_IN = Counter(
    name="fixgate.records.in",
    unit="{record}",
    meaning="Records taken in a committed transaction, rejected ones included.",
    labels=_TOPIC,
)
RECORDS_OUT = Counter(
    name="fixgate.records.out",
    unit="{record}",
    meaning="Records written in a committed transaction, without state and dead letters.",
    labels=_TOPIC,
)
RECORDS_REJECTED = Counter(
    name="fixgate.records.rejected",
    unit="{record}",
    meaning="Records that went to the dead letters, by the topic they came from and the reason.",
    labels=(Attribute.DESTINATION, Attribute.REASON),
)
REPORTS_TAKEN = Counter(
    name="fixgate.reports.taken",
    unit="{report}",
    meaning="Reports that the receiver took and the broker has, by the way in.",
    labels=(Attribute.WAY,),
)
REPORTS_REFUSED = Counter(
    name="fixgate.reports.refused",
    unit="{report}",
    meaning="Reports that the receiver did not take, by the way in and the reason.",
    labels=(Attribute.WAY, Attribute.REASON),
)
RESULTS = Counter(
    name="fixgate.results",
    unit="{result}",
    meaning="Results of reports by what became of them: findings, suppressed, passed, repeated, rejected.",
    labels=(Attribute.OUTCOME,),
)
ALARMS = Counter(
    name="fixgate.alarms",
    unit="{alarm}",
    meaning="Alarms: each is also a log line with `alarm` true, and wants a person to look.",
    labels=(Attribute.ALARM,),
)
LAG = Gauge(
    name="fixgate.lag",
    unit="{record}",
    meaning="Records that stand in the owned partitions and have not been processed.",
    labels=_TOPIC,
)
OLDEST = Gauge(
    name="fixgate.oldest.age",
    unit="s",
    meaning="How long ago the oldest unprocessed record was appended; 0 when there is none.",
    labels=_TOPIC,
)
STEP_DURATION = Histogram(
    name="fixgate.step.duration",
    unit="s",
    meaning="How long each of the runtime's numbered steps took, per batch.",
    labels=(Attribute.STEP,),
    bounds=_SECONDS,
)
STATE_ENTRIES = Gauge(
    name="fixgate.state.entries", unit="{entry}", meaning="Keys in the local state.", labels=(Attribute.SHARD,)
)
STATE_BYTES = Gauge(
    name="fixgate.state.size", unit="By", meaning="Bytes of the local state.", labels=(Attribute.SHARD,)
)
REBUILD_DURATION = Histogram(
    name="fixgate.state.rebuild.duration",
    unit="s",
    meaning="How long it took to bring the local state up to the end of the state topic.",
    labels=(Attribute.SHARD,),
    bounds=(0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0),
)
COMMITTED = Counter(
    name="fixgate.transactions.committed", unit="{transaction}", meaning="Kafka transactions that were committed."
)
ABORTED = Counter(
    name="fixgate.transactions.aborted",
    unit="{transaction}",
    meaning="Kafka transactions that were aborted, by the kind of error that made it so.",
    labels=(Attribute.ERROR,),
)
CONSUMED = Counter(
    name="messaging.client.consumed.messages",
    unit="{message}",
    meaning="Records delivered to the process, those of aborted transactions included.",
    labels=_TOPIC,
)
SENT = Counter(
    name="messaging.client.sent.messages",
    unit="{message}",
    meaning="Records given to the producer, those of aborted transactions included.",
    labels=_TOPIC,
)
PROCESS_DURATION = Histogram(
    name="messaging.process.duration",
    unit="s",
    meaning="How long the processing of one record took.",
    labels=_TOPIC,
    bounds=_SECONDS,
)

ALL: tuple[Counter | Gauge | Histogram, ...] = (
    RECORDS_IN,
    RECORDS_OUT,
    RECORDS_REJECTED,
    REPORTS_TAKEN,
    REPORTS_REFUSED,
    RESULTS,
    ALARMS,
    LAG,
    OLDEST,
    STEP_DURATION,
    STATE_ENTRIES,
    STATE_BYTES,
    REBUILD_DURATION,
    COMMITTED,
    ABORTED,
    CONSUMED,
    SENT,
    PROCESS_DURATION,
)


class Metrics(Protocol):
    """Where measurements go; cheap, never blocks, never raises."""

    def add(self, counter: Counter, amount: int = 1, labels: Labels = NO_LABELS) -> None:
        """Count."""
        ...

    def set(self, gauge: Gauge, value: float, labels: Labels = NO_LABELS) -> None:
        """Say what it is now."""
        ...

    def record(self, histogram: Histogram, value: float, labels: Labels = NO_LABELS) -> None:
        """Add one observation."""
        ...


class NoMetrics:
    """Measures nothing: telemetry is off."""

    def add(self, counter: Counter, amount: int = 1, labels: Labels = NO_LABELS) -> None:
        """Do nothing."""

    def set(self, gauge: Gauge, value: float, labels: Labels = NO_LABELS) -> None:
        """Do nothing."""

    def record(self, histogram: Histogram, value: float, labels: Labels = NO_LABELS) -> None:
        """Do nothing."""
