"""How each topic is configured on the broker, derived from the topology."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from fixgate.graph import MIB, Topic, Topology
from fixgate.naming import Naming

HEADROOM = 64 * 1024
"""Bytes that a record may have beyond its value: certificate chain, signature, trace context, key, batch framing."""

TOMBSTONES = timedelta(days=7)
"""How long a deletion stays readable in a compacted topic: a local cache that is further behind must be rebuilt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSpec:
    """A topic as the broker must have it; `config` holds the keys that are ours to set, and no other."""

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str]


def specs(topology: Topology, naming: Naming, replication: int) -> tuple[TopicSpec, ...]:
    """Every topic of a deployment, sorted by name."""
    made = (
        TopicSpec(
            name=naming.topic(t.name), partitions=t.partitions, replication=replication, config=config(t, replication)
        )
        for t in topology.topics.values()
    )
    return tuple(sorted(made, key=lambda spec: spec.name))


def config(topic: Topic, replication: int) -> dict[str, str]:
    """The topic's configuration by the broker's names.

    LogAppendTime: a record's time is the broker's word, never the writer's. One replica may be missing without
    stopping writes, and a replica that missed something never becomes the leader.
    """
    settings = {
        "cleanup.policy": "compact" if topic.compacted else "delete",
        "max.message.bytes": str(topic.max_bytes + HEADROOM),
        "message.timestamp.type": "LogAppendTime",
        "min.insync.replicas": str(max(1, replication - 1)),
        "retention.bytes": "-1",
        "retention.ms": "-1" if topic.retention is None else str(topic.retention // timedelta(milliseconds=1)),
        "unclean.leader.election.enable": "false",
    }
    if topic.compacted:
        # Only closed segments are compacted: with the default of 1 GiB a state would hardly ever be.
        settings["segment.bytes"] = str(64 * MIB)
        settings["delete.retention.ms"] = str(TOMBSTONES // timedelta(milliseconds=1))
    return settings
