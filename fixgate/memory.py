"""A broker in memory that keeps the promises of `broker.py`, for tests that must be fast and exact.

It is deterministic and single-threaded: nothing happens but by a call. Where Kafka would make a caller wait until an
abandoned transaction times out, the wait is over at once and the transaction is aborted. It has no access control and
loses everything with its process; it is no stand-in for a service in use.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from fixgate.broker import Headers, Inbound, Member, Outbound, Ownership, TopicPartition, lost_position, too_large
from fixgate.derived.topics import HEADROOM
from fixgate.errors import Fenced, Misconfigured, Transient
from fixgate.graph import MIB
from fixgate.memory_entries import Entry, Transaction
from fixgate.partitioning import partition_of

START_MS: Final = 1_700_000_000_000
LIMIT: Final = MIB + HEADROOM
"""Bytes of a record that a topic takes when nothing else is said."""

Probe = Callable[[str], None]


@dataclass(slots=True)
class Group:
    """A consumer group whose members own partitions of one topic."""

    lease: str
    generation: int = 0
    members: "dict[str, MemoryMember]" = field(default_factory=dict[str, "MemoryMember"])
    released: set[str] = field(default_factory=set[str])
    positions: dict[TopicPartition, int] = field(default_factory=dict[TopicPartition, int])

    def rebalance(self) -> None:
        """Everybody must let go before anybody owns anything again."""
        self.generation += 1
        self.released = set()

    def share(self, instance: str, partitions: int) -> list[int]:
        """What `instance` owns by range assignment."""
        names = sorted(self.members)
        each, more = divmod(partitions, len(names))
        index = names.index(instance)
        first = index * each + min(index, more)
        return list(range(first, first + each + (1 if index < more else 0)))


class MemoryBroker:
    """See `broker.Broker`. `probe` is called with the name of each step of a commit and may raise to crash there.

    `limits` are the largest records of topics, in bytes with key and headers; those it does not name take `LIMIT`.
    """

    def __init__(
        self, topics: Mapping[str, int], *, probe: Probe | None = None, limits: Mapping[str, int] | None = None
    ) -> None:
        self.now_ms = START_MS
        self.logs: dict[TopicPartition, list[Entry]] = {}
        self.groups: dict[str, Group] = {}
        self.probe: Probe = probe or (lambda _step: None)
        self.writers: dict[str, MemoryTransactor] = {}
        self.firsts: dict[TopicPartition, int] = {}
        self._counts = dict(topics)
        self._limits = dict(limits or {})
        for topic, count in topics.items():
            for partition in range(count):
                self.logs[TopicPartition(topic, partition)] = []
                self.firsts[TopicPartition(topic, partition)] = 0

    # -- the port ------------------------------------------------------------------------------------------------

    def incarnation(self, topic: str) -> str:
        """See `broker.Broker.incarnation`."""
        return f"memory/{topic}"

    def partitions(self, topic: str) -> int:
        """See `broker.Broker.partitions`."""
        try:
            return self._counts[topic]
        except KeyError:
            raise Misconfigured(f"{topic} does not exist") from None

    def bounds(self, partition: TopicPartition) -> tuple[int, int]:
        """See `broker.Broker.bounds`."""
        return self.firsts[partition], len(self.logs[partition])

    def ends(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """See `broker.Broker.ends`."""
        return {partition: self.bounds(partition)[1] for partition in partitions}

    def join(self, group: str, instance: str, lease: str, ownership: Ownership) -> "MemoryMember":
        """See `broker.Broker.join`."""
        found = self.groups.setdefault(group, Group(lease))
        old = found.members.get(instance)
        if old is not None:
            old.fenced = True
        member = MemoryMember(self, found, group, instance, ownership)
        found.members[instance] = member
        found.rebalance()
        return member

    def transactor(self, transactional_id: str) -> "MemoryTransactor":
        """See `broker.Broker.transactor`."""
        old = self.writers.get(transactional_id)
        if old is not None:
            old.fenced = True
            self.end(old.transaction, "aborted")
        writer = MemoryTransactor(self, transactional_id)
        self.writers[transactional_id] = writer
        return writer

    def tail(self, partition: TopicPartition, start: int) -> "MemoryTail":
        """See `broker.Broker.tail`."""
        return MemoryTail(self, partition, start)

    def stream(self, starts: Mapping[TopicPartition, int]) -> "MemoryStream":
        """See `broker.Broker.stream`."""
        return MemoryStream([self.tail(place, start) for place, start in starts.items()])

    # -- what a test does to the world ---------------------------------------------------------------------------

    def append(
        self,
        topic: str,
        value: bytes | None,
        *,
        key: bytes | None = b"",
        headers: Headers = (),
        partition: int | None = None,
        timed: bool = True,
        unreadable: str = "",
    ) -> Inbound:
        """Somebody without transactions writes a record, of any size."""
        chosen = partition_of(key or b"", self._counts[topic]) if partition is None else partition
        target = TopicPartition(topic, chosen)
        return self.write(Outbound(target, key, value, headers), None, timed=timed, unreadable=unreadable)

    def forget(self, topic: str, partition: int, before_offset: int) -> None:
        """Retention removes what stands before the offset; `before_offset` past the end removes everything."""
        place = TopicPartition(topic, partition)
        self.firsts[place] = max(self.firsts[place], min(before_offset, len(self.logs[place])))

    def expire(self, group: str, instance: str) -> None:
        """A member's session times out; the member does not know yet."""
        found = self.groups[group]
        del found.members[instance]
        found.rebalance()

    def visible(self, topic: str) -> list[Inbound]:
        """All committed records of a topic, partition by partition."""
        places = (TopicPartition(topic, p) for p in range(self._counts[topic]))
        kept = (e for place in places for e in self.logs[place][self.firsts[place] :])
        return [e.record for e in kept if e.visible and e.record is not None]

    # -- inside --------------------------------------------------------------------------------------------------

    def limit(self, topic: str) -> int:
        """Bytes of the largest record that the topic takes, with its key and headers."""
        return self._limits.get(topic, LIMIT)

    def check_kept(self, partition: TopicPartition, position: int) -> None:
        """Raise as for a lost position when the topic holds nothing at `position` any more."""
        if position < self.firsts[partition]:
            raise lost_position(f"reading {partition.topic}-{partition.partition} from {position}")

    def write(
        self, record: Outbound, transaction: Transaction | None, *, timed: bool = True, unreadable: str = ""
    ) -> Inbound:
        """Append a record to its partition's log."""
        log = self.logs[record.target]
        appended = self.now_ms if timed else None
        stored = Inbound(record.target, len(log), record.key, record.value, record.headers, appended, unreadable)
        log.append(Entry(stored, transaction))
        if transaction is not None:
            transaction.touched.add(record.target)
        return stored

    def end(self, transaction: Transaction | None, state: str) -> None:
        """End a transaction, with a marker in each partition that it wrote to."""
        if transaction is None or transaction.state != "open":
            return
        transaction.state = state
        for target in transaction.touched:
            self.logs[target].append(Entry(None))
        if state == "committed" and transaction.group:
            self.groups[transaction.group].positions.update(transaction.positions)

    def abandoned(self, matches: Callable[[Transaction], bool]) -> None:
        """Time out the open transactions that `matches`."""
        for writer in self.writers.values():
            transaction = writer.transaction
            if transaction is not None and transaction.state == "open" and matches(transaction):
                self.end(transaction, "aborted")
                writer.fenced = True


class MemoryMember:
    """See `broker.Member`."""

    def __init__(self, broker: MemoryBroker, group: Group, name: str, instance: str, ownership: Ownership) -> None:
        self._broker = broker
        self._group = group
        self._ownership = ownership
        self._shards: list[int] = []
        self._held: frozenset[TopicPartition] | None = frozenset()
        self._next: dict[TopicPartition, int] = {}
        self.name = name
        self.instance = instance
        self.generation = 0
        self.fenced = False

    def poll(self, limit: int, timeout: float) -> Sequence[Inbound]:
        """See `broker.Member.poll`; never waits."""
        del timeout
        if self.fenced:
            raise Fenced(f"{self.instance} joined elsewhere")
        if self._group.members.get(self.instance) is not self:
            self._release()
            self._group.members[self.instance] = self
            self._group.rebalance()
        if self.generation != self._group.generation and not self._assigned():
            return ()
        return () if self._held is None else self._read(limit)

    def _assigned(self) -> bool:
        self._release()
        self._group.released.add(self.instance)
        if self._group.released != set(self._group.members):
            return False
        self.generation = self._group.generation
        self._shards = self._group.share(self.instance, self._broker.partitions(self._group.lease))
        self._next = dict(self._ownership.assigned(self._shards, self.committed))
        return True

    def _release(self) -> None:
        if self._shards:
            shards, self._shards, self._next = self._shards, [], {}
            self._ownership.revoked(shards)

    def _read(self, limit: int) -> list[Inbound]:
        found: list[Inbound] = []
        for partition in sorted(self._next.keys() - (self._held or frozenset())):
            self._broker.check_kept(partition, self._next[partition])
            log = self._broker.logs[partition]
            while self._next[partition] < len(log) and len(found) < limit:
                entry = log[self._next[partition]]
                if entry.open:
                    break
                self._next[partition] += 1
                if entry.visible and entry.record is not None:
                    found.append(entry.record)
        return found

    def committed(self, inputs: Sequence[TopicPartition]) -> Mapping[TopicPartition, int | None]:
        """See `broker.Committed`."""
        self._broker.abandoned(lambda t: t.group == self.name and not t.positions.keys().isdisjoint(inputs))
        return {i: self._group.positions.get(i) for i in inputs}

    def hold(self, partitions: frozenset[TopicPartition] | None = None) -> None:
        """See `broker.Member.hold`."""
        self._held = partitions

    def close(self) -> None:
        """See `broker.Member.close`."""
        self._release()
        if self._group.members.get(self.instance) is self:
            del self._group.members[self.instance]
            self._group.rebalance()


class MemoryTransactor:
    """See `broker.Transactor`."""

    def __init__(self, broker: MemoryBroker, transactional_id: str) -> None:
        self._broker = broker
        self._id = transactional_id
        self.transaction: Transaction | None = None
        self.fenced = False

    def commit(
        self, records: Sequence[Outbound], positions: Mapping[TopicPartition, int], member: Member
    ) -> Mapping[TopicPartition, int]:
        """See `broker.Transactor.commit`; the probe is called before each of its numbers, and once after."""
        if not isinstance(member, MemoryMember):
            raise TypeError("a transaction in memory needs a member in memory")
        if not positions:
            raise ValueError("a transaction without positions would not be checked against the group")
        if self.fenced:
            raise Fenced(f"{self._id} is held by another")
        self._broker.probe("begin")
        transaction = self.transaction = Transaction(self._id)
        self._broker.probe("write")
        ends = {r.target: self._write(r, transaction).offset + 1 for r in records}
        self._broker.probe("positions")
        if self.fenced:
            raise Fenced(f"{self._id} is held by another")
        self._add_positions(transaction, positions, member)
        self._broker.probe("commit")
        if self.fenced:
            raise Fenced(f"{self._id} is held by another")
        self._broker.end(transaction, "committed")
        self._broker.probe("committed")
        return ends

    def _write(self, record: Outbound, transaction: Transaction) -> Inbound:
        limit = self._broker.limit(record.target.topic)
        if record.size > limit:
            self._broker.end(transaction, "aborted")
            raise too_large(record, f"{limit} bytes at most")
        return self._broker.write(record, transaction)

    def _add_positions(
        self, transaction: Transaction, positions: Mapping[TopicPartition, int], member: MemoryMember
    ) -> None:
        group = self._broker.groups[member.name]
        if member.fenced or group.members.get(member.instance) is not member or member.generation != group.generation:
            self._broker.end(transaction, "aborted")
            raise Transient("the group has been rebalanced")
        transaction.positions.update(positions)
        transaction.group = member.name

    def close(self) -> None:
        """See `broker.Transactor.close`."""
        self._broker.end(self.transaction, "aborted")


class MemoryTail:
    """See `broker.Tail`."""

    def __init__(self, broker: MemoryBroker, partition: TopicPartition, start: int) -> None:
        self._broker = broker
        self._partition = partition
        self._position = start
        self._end: int | None = None

    def catch_up(self, limit: int = 10_000, end: int | None = None) -> Sequence[Inbound]:
        """See `broker.Tail.catch_up`."""
        self._broker.check_kept(self._partition, self._position)
        log = self._broker.logs[self._partition]
        if self._end is None:
            self._end = len(log) if end is None else end
        self._broker.abandoned(lambda t: self._partition in t.touched)
        found: list[Inbound] = []
        while self._position < self._end and len(found) < limit:
            entry = log[self._position]
            self._position += 1
            if entry.visible and entry.record is not None:
                found.append(entry.record)
        if not found:
            self._end = None
        return found

    def position(self) -> int:
        """See `broker.Tail.position`."""
        return self._position

    def close(self) -> None:
        """See `broker.Tail.close`."""


class MemoryStream:
    """See `broker.Stream`."""

    def __init__(self, tails: Sequence[MemoryTail]) -> None:
        self._tails = tails

    def more(self, limit: int = 10_000) -> Sequence[Inbound]:
        """See `broker.Stream.more`."""
        found: list[Inbound] = []
        for tail in self._tails:
            if len(found) < limit:
                found += tail.catch_up(limit - len(found))
        return found

    def close(self) -> None:
        """See `broker.Stream.close`."""
        for tail in self._tails:
            tail.close()
