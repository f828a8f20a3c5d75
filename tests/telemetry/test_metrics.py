"""The declared metrics: complete, well named, each with unit and meaning."""

import re

from fixgate.telemetry import metrics
from fixgate.telemetry.metrics import ALL, Counter, Declared, Gauge, Histogram


def test_every_declaration_is_listed() -> None:
    """A metric that is declared but not in `ALL` would never be sent."""
    declared = [value for value in vars(metrics).values() if isinstance(value, Declared)]
    assert sorted(m.name for m in declared) == sorted(m.name for m in ALL)


def test_names_are_unique_and_ours_or_the_conventions() -> None:
    """Names are dotted lower-case words under `fixgate.` or `messaging.`, and none is used twice."""
    names = [m.name for m in ALL]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"(fixgate|messaging)(\.[a-z]+)+", name) for name in names)


def test_each_says_what_it_means_and_in_what_unit() -> None:
    """Units are seconds, bytes or something counted; a meaning is a sentence."""
    for metric in ALL:
        assert re.fullmatch(r"s|By|\{[a-z]+\}", metric.unit), metric.name
        assert metric.meaning.endswith("."), metric.name
        assert len(set(metric.labels)) == len(metric.labels)


def test_what_the_operators_need_is_there() -> None:
    """Records in, out and rejected, lag, age, step latency, state size, rebuild time, transactions, renewals."""
    assert {m.name: type(m) for m in ALL} == {
        "fixgate.records.in": Counter,
        "fixgate.records.out": Counter,
        "fixgate.records.rejected": Counter,
        "fixgate.reports.taken": Counter,
        "fixgate.reports.refused": Counter,
        "fixgate.results": Counter,
        "fixgate.alarms": Counter,
        "fixgate.lag": Gauge,
        "fixgate.oldest.age": Gauge,
        "fixgate.step.duration": Histogram,
        "fixgate.state.entries": Gauge,
        "fixgate.state.size": Gauge,
        "fixgate.state.rebuild.duration": Histogram,
        "fixgate.transactions.committed": Counter,
        "fixgate.transactions.aborted": Counter,
        "messaging.client.consumed.messages": Counter,
        "messaging.client.sent.messages": Counter,
        "messaging.process.duration": Histogram,
    }
