"""What a topology is made of, and the laws that one must keep; the pipeline itself is declared in `topology.py`.

The laws that `Topology` enforces when it is made (law 1 of the design):

1. each topic has exactly one writer; only `RAW` topics may have several;
2. every topic that is read or written is declared, and every declared topic has a writer and a reader;
3. a stateful service owns `<service>.rejected` and `<service>.state`, and nobody else writes them;
4. what a service reads partition by partition has as many partitions as its state, or its state has one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from fixgate.errors import Misconfigured

MIB = 1024 * 1024


class Key(StrEnum):
    """What a topic's records are keyed by; Kafka's order holds within one key."""

    SOURCE = "source"
    PROBLEM = "problem"
    LOCK = "lock key"
    PROPOSAL = "proposal"
    ASSET = "asset"
    CONTROL = "control"
    ORIGIN = "origin"
    STATE = "state key"


class Spread(StrEnum):
    """How a topic's records reach the instances of a reader."""

    PARTITIONED = "partitioned"
    """Each record to the one instance that owns its partition."""
    BROADCAST = "broadcast"
    """The whole topic to every instance, from its beginning."""


class Role(StrEnum):
    """What kind of party an identity belongs to."""

    SERVICE = "service"
    """A process on the runtime: it has state, dead letters and a transactional id."""
    PROCESS = "process"
    """A process of ours that keeps no transactional state."""
    PEOPLE = "people"
    EXTERNAL = "external"
    """Somebody else's program, let in by settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic, without the deployment's prefix.

    `record` names the Avro schema of its values; None means raw bytes, unsigned. `retention` None keeps it for ever.
    """

    name: str
    record: str | None
    key: Key
    spread: Spread = Spread.PARTITIONED
    partitions: int = 4
    retention: timedelta | None = timedelta(days=30)
    compacted: bool = False
    max_bytes: int = MIB
    signed: bool = True
    rooted: bool = False
    """True where a record may have no parents: it begins a chain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Whoever has an identity: what it reads and writes on Kafka and what it may touch outside."""

    name: str
    role: Role
    purpose: str
    verb: str = ""
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    touches: str = "nothing"
    token_seconds: int = 300
    """How long a token of this identity holds at most: what is revoked is over by then."""
    dns_name: str = ""
    """The DNS name in its X.509-SVID, for a party that answers calls: who calls it can check that; empty for others."""

    @property
    def path(self) -> str:
        """The SPIFFE ID's path."""
        return f"/fixgate/{self.name}"


@dataclass(frozen=True, slots=True)
class Topology:
    """A pipeline whose laws hold: making one that breaks a law raises `Misconfigured`."""

    topics: Mapping[str, Topic]
    parties: Mapping[str, Party]
    writers: Mapping[str, tuple[str, ...]] = field(init=False)
    readers: Mapping[str, tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        for party in self.parties.values():
            for name in (*party.reads, *party.writes):
                if name not in self.topics:
                    raise Misconfigured(f"{party.name} names the topic {name}, which is not declared")
        writers = {t: tuple(p.name for p in self.parties.values() if t in p.writes) for t in self.topics}
        readers = {t: tuple(p.name for p in self.parties.values() if t in p.reads) for t in self.topics}
        object.__setattr__(self, "writers", MappingProxyType(writers))
        object.__setattr__(self, "readers", MappingProxyType(readers))
        for topic in self.topics.values():
            self._check_topic(topic)
        for party in self.parties.values():
            if party.role is Role.SERVICE:
                self._check_service(party)

    def _check_topic(self, topic: Topic) -> None:
        writers = self.writers[topic.name]
        if not writers or not self.readers[topic.name]:
            raise Misconfigured(f"the topic {topic.name} needs a writer and a reader")
        if len(writers) > 1 and topic.record is not None:
            raise Misconfigured(f"the topic {topic.name} has several writers: {', '.join(writers)}")
        if topic.spread is Spread.BROADCAST and topic.partitions != 1:
            raise Misconfigured(f"the broadcast topic {topic.name} must have one partition: its order is one")

    def _check_service(self, party: Party) -> None:
        for own in (rejected_topic(party.name), state_topic(party.name)):
            if self.writers.get(own) != (party.name,):
                raise Misconfigured(f"{party.name} needs {own} and must be its only writer")
        shards = self.shards(party.name)
        for name in self.inputs(party.name):
            if shards not in (1, self.topics[name].partitions):
                raise Misconfigured(
                    f"{party.name} reads {name}, which has {self.topics[name].partitions} partitions, "
                    f"but its state has {shards}"
                )

    def topic(self, name: str) -> Topic:
        """The topic `name`; raises `Misconfigured` when there is none."""
        try:
            return self.topics[name]
        except KeyError:
            raise Misconfigured(f"there is no topic {name} in the topology") from None

    def party(self, name: str) -> Party:
        """The party `name`; raises `Misconfigured` when there is none."""
        try:
            return self.parties[name]
        except KeyError:
            raise Misconfigured(f"there is no party {name} in the topology") from None

    def shards(self, service: str) -> int:
        """How many partitions the service's state has: its unit of ownership."""
        return self.topic(state_topic(service)).partitions

    def inputs(self, service: str) -> tuple[str, ...]:
        """The topics whose records are events for the service: partitioned, and not its own state."""
        own = {state_topic(service), rejected_topic(service)}
        reads = (self.topic(name) for name in self.party(service).reads if name not in own)
        return tuple(t.name for t in reads if t.spread is Spread.PARTITIONED)

    def broadcasts(self, service: str) -> tuple[str, ...]:
        """The topics that every instance of the service reads whole."""
        return tuple(n for n in self.party(service).reads if self.topic(n).spread is Spread.BROADCAST)

    def input_partitions(self, service: str, shard: int) -> tuple[tuple[str, int], ...]:
        """The (topic, partition) pairs that the owner of `shard` consumes."""
        if self.shards(service) == 1:
            return tuple((n, p) for n in self.inputs(service) for p in range(self.topics[n].partitions))
        return tuple((n, shard) for n in self.inputs(service))


def state_topic(service: str) -> str:
    """Where a service keeps its state."""
    return f"{service}.state"


def rejected_topic(service: str) -> str:
    """Where a service puts what it cannot use."""
    return f"{service}.rejected"
