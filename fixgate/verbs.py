"""What a service is to the runtime: a pure verb over events and facts, and what it answers.

`verb(event, facts) -> result` has no clock, randomness, environment, network or logging (law 13): the same event and
facts give the same result, in this process or in another.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from fixgate.errors import Poison
from fixgate.events import Record, Signed
from fixgate.vouching import Voucher

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
    context: str = ""
    """The W3C traceparent that it came with, for an answer that comes after a wait (`Output.follows`)."""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of an unsigned record, the headers that begin with `fixgate-`, as text: whoever sent it said so, no more."""
    voucher: Voucher | None = None
    """Of a report, what was said of its sender and has been verified; None when nobody vouches for it."""

    @property
    def origin(self) -> str:
        """Where it stands: topic/partition/offset."""
        return f"{self.topic}/{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Time has passed for a shard; the only way in which time alone makes a service act."""

    shard: int
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Something that this process itself tells its verb: a request that it was asked, or how work outside went.

    `order` is the state key that it is about, in the shard that owns it. `context` is the W3C traceparent in which it
    goes on; empty begins a trace. `id` is unique in the deployment: traces are derived from it. `finding_ids` say what
    it is about, for whoever looks for a trace.
    """

    shard: int
    name: str
    order: bytes
    payload: object
    id: str
    context: str = ""
    finding_ids: tuple[str, ...] = ()


Event = Received | Tick | Told


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
    context: str = ""
    """The W3C traceparent of this event's processing, for what goes on later in the same trace."""


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
    """What a verb answers: records to write and state to keep (None deletes), all in one transaction.

    `partly` says that a part of the record could not be used: besides everything else the whole record goes into the
    dead letters, with this reason. It is for records alone.

    `unfinished` says that there is more to this record: what is answered is committed, and the verb is asked about the
    same record again, with the same facts where they were gathered, and the state as this answer leaves it. How far
    it came must be in that state, so the answer changes it. Records behind it in its partition wait; ticks and what is
    told do not. `partly` comes with the last answer.

    `counted` says what became of the record's own parts, by a word of ours each: told in the log and as a metric once
    it is committed, and used for nothing else. It comes with the last answer.
    """

    outputs: tuple[Output, ...] = ()
    state: Mapping[bytes, bytes | None] = field(default_factory=dict[bytes, bytes | None])
    partly: Poison | None = None
    counted: Mapping[str, int] = field(default_factory=dict[str, int])
    unfinished: bool = False


Verb = Callable[[Event, Facts[G]], Result]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A state entry that asks for work outside Kafka, as it was committed; `value` None means that it is over.

    `records` are the records that its event wrote, as they were signed. `resumed` says that it was found in the state
    of a shard that was just taken over: whoever worked on it before may be dead, or may still be at it.
    """

    shard: int
    key: bytes
    value: bytes | None
    records: tuple[Signed, ...] = ()
    resumed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What became of what was told: the verb's committed result, and the records that it wrote as they were signed."""

    result: Result
    records: tuple[Signed, ...]


class Inbox(Protocol):
    """How work outside tells the verb how it went. Thread-safe."""

    def put(self, told: Told) -> "Future[Committed]":
        """Hand it over; does not block.

        The future has the outcome once it is committed. It raises Fenced when the shard is not (or no longer) owned,
        Poison when the verb refused it (nothing was written), Unavailable when the process ends.
        """
        ...


class Effects(Protocol):
    """What a service does outside Kafka because of its state: the executor's changes, the issuer's credentials.

    No method may block for long: they are called by the loop, between transactions.
    """

    prefix: bytes
    """State keys that begin so are orders."""

    def start(self, inbox: Inbox) -> None:
        """Called once, before anything else."""
        ...

    def committed(self, orders: Sequence[Order]) -> None:
        """These orders are committed, in this order; at a takeover, all that the shard's state holds."""
        ...

    def lost(self, shards: Sequence[int]) -> None:
        """These shards are no longer ours: begin nothing more for them."""
        ...

    def close(self) -> None:
        """The process ends: begin nothing more, and return soon."""
        ...


def nothing_alone(record: Received) -> bool:
    """For a service whose facts are small."""
    del record
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload(Generic[G]):
    """A service as the runtime runs it.

    `gather` asks the outside world about one event, outside any transaction, and may raise Transient; it must return
    within the deadline (seconds) that it is given. `ticks` None means that time alone never makes it act. `effects` is
    what it does outside because of its state, None for most. `alone` names the records whose facts take so much room,
    or time, that those of no other such record may be there beside them: such a one is the only record of its
    transactions, and between them those of other partitions go on.
    """

    service: str
    verb: Verb[G]
    gather: Callable[[Event, float], G]
    ticks: timedelta | None = None
    effects: Effects | None = None
    alone: Callable[[Received], bool] = nothing_alone


def gather_nothing(event: Event, deadline: float) -> None:
    """For a verb that needs only its event and state."""
    del event, deadline


AnyWorkload = Workload[Any]
