"""What a service is to the runtime: a pure verb over events and facts, and what it answers.

`verb(event, facts) -> result` has no clock, randomness, environment, network or logging (law 13): the same event and
facts give the same result, in this process or in another.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from fixgate.events import Record, Signed

G = TypeVar("G")


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A record that was verified and decoded; nothing unverified ever reaches a verb.

    `topic` is the name in the topology, without prefix. `record` is bytes only where the topic carries no Avro.
    `appended_at` is the broker's time in UTC. `signer` and `signed` are empty for an unsigned topic.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    record: Record | bytes
    digest: str
    appended_at: datetime
    signer: str
    signed: Signed | None
    source: str
    trace_id: str

    @property
    def origin(self) -> str:
        """Where it stands: topic/partition/offset."""
        return f"{self.topic}/{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Time has passed for a shard; the only way in which time alone makes a service act."""

    shard: int
    now: datetime


Event = Received | Tick


class StateView(Protocol):
    """A shard's state as of this event, what earlier events of the same transaction wrote included."""

    def get(self, key: bytes) -> bytes | None:
        """The value, or None."""
        ...

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Keys that begin with `prefix`, in order, with their values."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Broadcast:
    """A broadcast topic, read up to its end as of the moment when the facts were gathered.

    `unreadable` counts records that could not be used: a service must treat what they may have said as unknown.
    """

    records: Sequence[Received]
    unreadable: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts(Generic[G]):
    """Everything that a verb may look at besides its event."""

    now: datetime
    state: StateView
    broadcasts: Mapping[str, Broadcast] = field(default_factory=dict[str, Broadcast])
    gathered: G


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A record to be written.

    The runtime adds the envelope: trace, sequence, and as parents the event's digest, the digests of all records
    embedded in this one, and `parents`.

    `follows` names traces (W3C traceparent) that ended in a wait: this output then begins a new trace linked to them.
    """

    topic: str
    key: bytes
    record: Record
    parents: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a verb answers: records to write and state to keep (None deletes), all in one transaction."""

    outputs: tuple[Output, ...] = ()
    state: Mapping[bytes, bytes | None] = field(default_factory=dict[bytes, bytes | None])


Verb = Callable[[Event, Facts[G]], Result]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload(Generic[G]):
    """A service as the runtime runs it.

    `gather` asks the outside world about one event, outside any transaction, and may raise Transient; it must return
    within the deadline (seconds) that it is given. `ticks` None means that time alone never makes it act.
    """

    service: str
    verb: Verb[G]
    gather: Callable[[Event, float], G]
    ticks: timedelta | None = None


def gather_nothing(event: Event, deadline: float) -> None:
    """For a verb that needs only its event and state."""
    del event, deadline


AnyWorkload = Workload[Any]
