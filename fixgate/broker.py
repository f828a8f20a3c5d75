"""The port to Kafka: what the runtime needs of a broker, implemented by `kafka.py` and, in memory, by `memory.py`.

Both implementations pass one contract suite (`tests/fixgate/broker_contract.py`). Nothing here names a service.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from fixgate.errors import Misconfigured, Unavailable

Headers = tuple[tuple[str, bytes], ...]

BATCH_FRAMING: Final = 100
"""Bytes, at most, that a record costs on the broker beyond what it says itself: a batch of one, and its lengths."""
HEADER_FRAMING: Final = 10
"""Bytes, at most, of a header's two lengths."""


class TopicPartition(NamedTuple):
    """A partition of a topic, named as on the broker (with the deployment's prefix)."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Inbound:
    """A record as it stands in the broker's log.

    `appended_ms` is the broker's LogAppendTime in milliseconds since the epoch, or None when the broker did not
    assert one. `unreadable` says why the headers could not be read; they are empty then, and the record is worth
    nothing but a dead letter.
    """

    source: TopicPartition
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    appended_ms: int | None
    unreadable: str = ""


@dataclass(frozen=True, slots=True)
class Outbound:
    """A record to be written to the partition that `partitioning.py` chose."""

    target: TopicPartition
    key: bytes | None
    value: bytes | None
    headers: Headers = ()

    @property
    def size(self) -> int:
        """Bytes, at most, that a topic's `max.message.bytes` is held against when the record is written alone."""
        said = len(self.key or b"") + len(self.value or b"") + BATCH_FRAMING
        return said + sum(len(n.encode()) + len(v) + HEADER_FRAMING for n, v in self.headers) if self.headers else said


def too_large(record: Outbound, limit: str) -> Unavailable:
    """The error of a commit with a record that the broker refuses for its size: trying again would never help."""
    return Unavailable(
        f"the record of {record.size} bytes is more than {record.target.topic} takes: {limit}",
        remedy="This is a defect: sizes are checked before anything is written. Report it with this message; run "
        "`fixgate topology apply` if the topic's max.message.bytes is not what the topology says.",
    )


def lost_position(doing: str) -> Misconfigured:
    """The error of reading where there is nothing any more."""
    return Misconfigured(
        f"{doing}: records that were never read have left the topic",
        remedy="They are in the archive; set the group's position by hand once they are accounted for.",
    )


class Ownership(Protocol):
    """Told by a member, from within `poll` and `close`, which shards it owns.

    Whatever these raise is raised again by that `poll`.
    """

    def assigned(self, shards: Sequence[int], committed: "Committed") -> Mapping[TopicPartition, int]:
        """These shards are now owned, and no other: answer where to read which inputs from. May block."""
        ...

    def revoked(self, shards: Sequence[int]) -> None:
        """These shards are owned no more; no transaction is open when this is called."""
        ...


class Committed(Protocol):
    """Reads the group's committed positions."""

    def __call__(self, inputs: Sequence[TopicPartition]) -> Mapping[TopicPartition, int | None]:
        """Stable positions: waits until no open transaction can change them (KIP-447); None where there is none."""
        ...


class Member(Protocol):
    """One instance's membership in a service's consumer group."""

    def poll(self, limit: int, timeout: float) -> Sequence[Inbound]:
        """At most `limit` records that are committed, in order per partition; empty after `timeout` seconds.

        Raises Fenced when another instance took this one's place, Transient when the broker cannot be reached,
        Misconfigured when a position lies before what the topic still holds.
        """
        ...

    def hold(self, partitions: frozenset[TopicPartition] | None = None) -> None:
        """Deliver nothing of these from now on, of any when None, while `poll` keeps the membership alive.

        What was held before and is not named any more is delivered again, from where it stopped; nothing is skipped.
        Shards that come and go change nothing about it.
        """
        ...

    def close(self) -> None:
        """Leave; `revoked` is called for what was owned."""
        ...


class Transactor(Protocol):
    """Writes transactions under one transactional id; making one fences and aborts whatever came before."""

    def commit(
        self, records: Sequence[Outbound], positions: Mapping[TopicPartition, int], member: Member
    ) -> Mapping[TopicPartition, int]:
        """Write the records and the group's new input positions in one transaction, as the member's generation.

        The steps, each a place where a crash leaves all or nothing: (1) begin; (2) write every record and wait until
        the broker has them; (3) add the positions, refused unless the member still belongs to the group; (4) commit.
        (2) stands before (3) so that whoever sees the positions pending also sees every record pending.

        `positions` must not be empty: without one, nothing would be checked against the group.

        Returns the position after the last record written to each partition. On return, committed. Raises Transient
        when it was aborted and may be tried again, Fenced when this instance must stop, Poison never; Unavailable
        when a record is larger than its topic takes: it was aborted, and another transaction may follow.
        """
        ...

    def close(self) -> None:
        """Abort what is open and let go of the connection."""
        ...


class Tail(Protocol):
    """Reads one partition in order, committed records only."""

    def catch_up(self, limit: int = 10_000, end: int | None = None) -> Sequence[Inbound]:
        """The next records, at most `limit`, of those that had been appended when catching up began.

        Whoever has just asked where the log ends (`Broker.ends`) gives that as `end`, which saves the question.
        Empty means: everything that stood in the partition at the moment of the first call since the last empty
        answer, or before `end`, has been returned. The end is the end of the log, not of its committed part: it waits
        for transactions that are open, so that nothing written before is missed. Raises Transient when that takes too
        long, Misconfigured when the position lies before what the topic still holds.
        """
        ...

    def position(self) -> int:
        """The offset that will be read next."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class Stream(Protocol):
    """Reads several partitions as they grow, committed records only: for whoever looks on and decides nothing."""

    def more(self, limit: int = 10_000) -> Sequence[Inbound]:
        """What has come, at most `limit`, in order within each partition; does not wait.

        Empty means: nothing was there yet. Raises Transient, Misconfigured.
        """
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class Broker(Protocol):
    """A cluster, as one identity sees it."""

    def incarnation(self, topic: str) -> str:
        """The cluster's and the topic's own ids: what an offset in it means something in.

        A topic that was deleted and created anew has another.
        """
        ...

    def partitions(self, topic: str) -> int:
        """How many partitions the topic has; raises Misconfigured when it does not exist or may not be seen."""
        ...

    def bounds(self, partition: TopicPartition) -> tuple[int, int]:
        """The first offset still there and the end of the log (not only of its committed part)."""
        ...

    def ends(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """The end of each one's log, as `bounds` says it, for one question."""
        ...

    def join(self, group: str, instance: str, lease: str, ownership: Ownership) -> Member:
        """A member that owns shards of the topic `lease` and reads what `ownership` answers, from its first poll on."""
        ...

    def transactor(self, transactional_id: str) -> Transactor:
        """A transactor whose predecessors under the same id are fenced and whose open transaction is aborted."""
        ...

    def tail(self, partition: TopicPartition, start: int) -> Tail:
        """A reader of one partition from `start` on."""
        ...

    def stream(self, starts: Mapping[TopicPartition, int]) -> Stream:
        """A reader of many partitions, each from its start on, for the cost of one."""
        ...
