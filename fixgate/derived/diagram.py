"""The pipeline as a Mermaid flowchart, and as the edges that its traces must have."""

from fixgate.graph import Role, Spread, Topology, rejected_topic, state_topic
from fixgate.topology import DESK, LOG

_READS_EVERYTHING = (DESK, LOG)
_SHAPES = {
    Role.SERVICE: ("[", "]"),
    Role.PROCESS: ("([", "])"),
    Role.PEOPLE: ("{{", "}}"),
    Role.EXTERNAL: ("[/", "/]"),
}


def mermaid(topology: Topology) -> str:
    """The flowchart: an arrow from writer to reader for each topic, dotted where every instance reads all of it.

    State and dead letters are left out, and what is read only because everything is: that is said in words.
    """
    edges: dict[tuple[str, str, str], list[str]] = {}
    for topic in topology.topics.values():
        if topic.name in _private(topology):
            continue
        readers = [r for r in topology.readers[topic.name] if r not in _READS_EVERYTHING] or [DESK]
        arrow = "-.->" if topic.spread is Spread.BROADCAST else "-->"
        for writer in topology.writers[topic.name]:
            for reader in readers:
                edges.setdefault((writer, reader, arrow), []).append(topic.name)
    shown = {name for writer, reader, _ in edges for name in (writer, reader)}
    lines = ["flowchart LR"]
    for party in topology.parties.values():
        if party.name in shown:
            before, after = _SHAPES[party.role]
            lines.append(f"    {_node(party.name)}{before}{party.name}{after}")
    for (writer, reader, arrow), topics in edges.items():
        lines.append(f"    {_node(writer)} {arrow}|{', '.join(topics)}| {_node(reader)}")
    return "\n".join(lines)


def trace_edges(topology: Topology) -> frozenset[tuple[str, str, str]]:
    """The (writer, topic, reader) triples of which each must appear in traces: a `send` that a `process` continues.

    Only what is an event for a service: broadcasts are facts, and begin no processing.
    """
    services = [p.name for p in topology.parties.values() if p.role is Role.SERVICE]
    return frozenset(
        (writer, topic, service)
        for service in services
        for topic in topology.inputs(service)
        for writer in topology.writers[topic]
    )


def _private(topology: Topology) -> frozenset[str]:
    services = [p.name for p in topology.parties.values() if p.role is Role.SERVICE]
    return frozenset(name for s in services for name in (state_topic(s), rejected_topic(s)))


def _node(name: str) -> str:
    """A name that Mermaid takes as an identifier."""
    return name.replace("-", "_")
