"""Markdown tables for README and documents: topics, parties, commands, metrics, settings."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from fixgate.derived import commands
from fixgate.graph import MIB, Role, Spread, Topic, Topology, rejected_topic, state_topic
from fixgate.settings import ENV_PREFIX, Settings
from fixgate.telemetry import metrics
from fixgate.topology import DESK, LOG

_NONE = "none"
_READS = {DESK: "everything but `findings.raw`", LOG: "all that is signed"}
"""Who reads so much that listing it would hide what matters; a test compares the words with the topology."""


def topics(topology: Topology) -> str:
    """One row per topic; those that every service has are two rows together."""
    services = [p.name for p in topology.parties.values() if p.role is Role.SERVICE]
    private = {name for s in services for name in (state_topic(s), rejected_topic(s))}
    rows = [
        (
            f"`{t.name}`",
            t.record or "raw bytes",
            str(t.key),
            _spread(t),
            _retention(t),
            _joined(topology.writers[t.name]),
            _joined(r for r in topology.readers[t.name] if r not in _READS) or _NONE,
        )
        for t in topology.topics.values()
        if t.name not in private
    ]
    for suffix, readers in ((".rejected", _NONE), (".state", "itself")):
        example = topology.topics[services[0] + suffix]
        kept = _retention(example)
        rows.append(
            (
                f"`<service>{suffix}`",
                str(example.record),
                str(example.key),
                "as the service",
                kept,
                "the service",
                readers,
            )
        )
    return _table(("topic", "record", "key", "partitions", "kept", "written by", "read by"), rows)


def parties(topology: Topology) -> str:
    """One row per identity."""
    rows = [
        (
            f"`{p.name}`",
            str(p.role),
            f"`{p.verb}`" if p.verb else _NONE,
            _READS.get(p.name) or _topics(topology, p.name, p.reads),
            _topics(topology, p.name, p.writes),
            p.touches,
            p.purpose,
        )
        for p in topology.parties.values()
    ]
    return _table(("party", "kind", "verb", "reads", "writes", "may touch", "what for"), rows)


def metrics_table() -> str:
    """One row per metric."""
    rows = [
        (
            f"`{m.name}`",
            type(m).__name__.lower(),
            f"`{m.unit}`",
            ", ".join(f"`{label.value}`" for label in m.labels) or _NONE,
            m.meaning,
        )
        for m in metrics.ALL
    ]
    return _table(("metric", "kind", "unit", "labels", "meaning"), rows)


def commands_table() -> str:
    """One row per command."""
    return _table(("command", "does"), [(f"`{typed}`", does) for typed, does in commands.lines()])


def settings_table() -> str:
    """One row per setting."""
    rows: list[tuple[str, ...]] = []
    for name, field in Settings.model_fields.items():
        default = str(field.default)
        rows.append((f"`{ENV_PREFIX}{name.upper()}`", f"`{default}`" if default else _NONE, field.description or ""))
    return _table(("variable", "default", "meaning"), rows)


def _topics(topology: Topology, party: str, names: Sequence[str]) -> str:
    own = {state_topic(party), rejected_topic(party)} & topology.topics.keys()
    return _joined(f"`{n}`" for n in names if n not in own) or _NONE


def _spread(topic: Topic) -> str:
    return "broadcast" if topic.spread is Spread.BROADCAST else str(topic.partitions)


def _retention(topic: Topic) -> str:
    if topic.compacted:
        return "newest per key"
    if topic.retention is None:
        return "for ever"
    days = topic.retention // timedelta(days=1)
    size = "" if topic.max_bytes == MIB else f", up to {topic.max_bytes // MIB} MiB each"
    return f"{days} day{'s' if days != 1 else ''}{size}"


def _joined(names: Iterable[str]) -> str:
    return ", ".join(names)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [_row(head), _row(["---"] * len(head)), *map(_row, rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
