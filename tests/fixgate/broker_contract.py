"""What any broker behind the port promises, as tests that each implementation inherits."""

import time
from abc import abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager

import pytest

from fixgate.broker import Broker, Committed, Inbound, Member, Outbound, Stream, TopicPartition, Transactor
from fixgate.errors import Fenced, Misconfigured, Transient, Unavailable

SHARDS = 2
TOO_LARGE = 2 * 1024 * 1024
"""Bytes: more than any of the contract's topics takes."""


class Recorder:
    """An ownership that reads `inputs` of its shards from where they were committed and remembers what it was told."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.owned: set[int] = set()
        self.told: list[tuple[str, tuple[int, ...]]] = []
        self.when_revoked: Callable[[], None] = lambda: None

    def assigned(self, shards: Sequence[int], committed: Committed) -> Mapping[TopicPartition, int]:
        """Read partition i of the topic for each shard i."""
        self.told.append(("assigned", tuple(shards)))
        self.owned = set(shards)
        inputs = [TopicPartition(self.topic, s) for s in shards]
        return {p: o or 0 for p, o in committed(inputs).items()} if inputs else {}

    def revoked(self, shards: Sequence[int]) -> None:
        """Forget the shards."""
        self.told.append(("revoked", tuple(shards)))
        self.owned -= set(shards)
        self.when_revoked()


class BrokerContract:
    """Subclasses give a broker with the topics `in`, `out` and `worker.state`, prefixed, of two partitions each."""

    @pytest.fixture
    @abstractmethod
    def broker(self) -> Broker:
        """A broker."""

    @pytest.fixture
    @abstractmethod
    def prefix(self) -> str:
        """What stands before the names of the topics, groups and ids of this test."""

    @abstractmethod
    def append(self, broker: Broker, partition: TopicPartition, value: bytes) -> None:
        """Somebody without transactions writes a record."""

    @contextmanager
    def member(
        self, broker: Broker, prefix: str, instance: str = "0"
    ) -> Generator[tuple[Member, Recorder], None, None]:
        """A member that owns shards by `worker.state` and reads `in`."""
        recorder = Recorder(prefix + "in")
        member = broker.join(prefix + "worker", prefix + "worker." + instance, prefix + "worker.state", recorder)
        try:
            yield member, recorder
        finally:
            member.close()

    @contextmanager
    def transactor(self, broker: Broker, prefix: str) -> Generator[Transactor, None, None]:
        """A transactor of the worker's slot."""
        transactor = broker.transactor(prefix + "worker.t")
        try:
            yield transactor
        finally:
            transactor.close()

    @staticmethod
    def read(member: Member, count: int, polls: int = 100) -> list[Inbound]:
        """Poll until `count` records came."""
        found: list[Inbound] = []
        for _ in range(polls):
            found += member.poll(100, 0.3)
            if len(found) >= count:
                break
        return found

    @staticmethod
    def settle(*members: tuple[Member, Recorder]) -> None:
        """Poll all until the shards are shared out among them."""
        for _ in range(200):
            for member, _recorder in members:
                member.poll(1, 0.1)
            owned = [s for _member, r in members for s in r.owned]
            if sorted(owned) == list(range(SHARDS)) and all(r.owned for _member, r in members):
                return
        raise AssertionError("the shards were not shared out")

    @staticmethod
    def streamed(stream: Stream, wanted: int) -> list[Inbound]:
        """What a stream brings until there is enough, or a minute has passed."""
        found: list[Inbound] = []
        deadline = time.monotonic() + 60
        while len(found) < wanted and time.monotonic() < deadline:
            found += stream.more()
        return found

    def test_a_topic_that_does_not_exist_is_refused(self, broker: Broker, prefix: str) -> None:
        """Asking about a topic that is not there is a misconfiguration, not an empty answer."""
        with pytest.raises(Misconfigured):
            broker.partitions(prefix + "nowhere")

    def test_partitions_are_counted(self, broker: Broker, prefix: str) -> None:
        """A topic tells how many partitions it has."""
        assert broker.partitions(prefix + "in") == 2

    def test_an_incarnation_is_of_one_topic(self, broker: Broker, prefix: str) -> None:
        """Two topics have two incarnations, and one topic has one."""
        assert broker.incarnation(prefix + "in") != broker.incarnation(prefix + "out")
        assert broker.incarnation(prefix + "in") == broker.incarnation(prefix + "in")

    def test_a_member_reads_each_record_once_and_in_order(self, broker: Broker, prefix: str) -> None:
        """What is appended to an owned partition arrives in its order, with the broker's time."""
        source = TopicPartition(prefix + "in", 1)
        for i in range(5):
            self.append(broker, source, b"%d" % i)
        with self.member(broker, prefix) as (member, _):
            records = self.read(member, 5)
        assert [r.value for r in records] == [b"0", b"1", b"2", b"3", b"4"]
        assert all(r.appended_ms is not None and r.source == source for r in records)

    def test_a_paused_member_gets_nothing_and_then_everything(self, broker: Broker, prefix: str) -> None:
        """Pausing delays records and loses none."""
        with self.member(broker, prefix) as (member, recorder):
            self.settle((member, recorder))
            member.hold()
            self.append(broker, TopicPartition(prefix + "in", 0), b"x")
            assert self.read(member, 1, polls=3) == []
            member.hold(frozenset())
            assert [r.value for r in self.read(member, 1)] == [b"x"]

    def test_a_partition_that_is_held_gets_nothing_and_the_others_everything(self, broker: Broker, prefix: str) -> None:
        """Holding one delays its records, loses none, and costs the others nothing."""
        held, free = TopicPartition(prefix + "in", 0), TopicPartition(prefix + "in", 1)
        with self.member(broker, prefix) as (member, recorder):
            self.settle((member, recorder))
            member.hold(frozenset({held}))
            for source in (held, free):
                self.append(broker, source, b"1")
            assert [r.source for r in self.read(member, 1)] == [free]
            assert self.read(member, 1, polls=3) == []
            member.hold(frozenset({free}))
            self.append(broker, free, b"2")
            assert [r.source for r in self.read(member, 1)] == [held]
            member.hold(frozenset())
            assert [r.value for r in self.read(member, 1)] == [b"2"]

    @pytest.mark.parametrize("early", [True, False])
    def test_what_was_held_is_delivered_after_the_shards_went_to_and_fro(
        self, broker: Broker, prefix: str, *, early: bool
    ) -> None:
        """Whether it is let go while nothing is owned, or when all is owned again: nothing stays held unasked."""
        sources = {TopicPartition(prefix + "in", p) for p in range(SHARDS)}
        with self.member(broker, prefix, "0") as (member, recorder):
            self.settle((member, recorder))
            for source in sources:
                self.append(broker, source, b"1")
            assert len(self.read(member, 2)) == 2
            member.hold(frozenset(sources))
            if early:
                recorder.when_revoked = lambda: member.hold(frozenset())
            with self.member(broker, prefix, "1") as second:
                self.settle((member, recorder), second)
            seen: set[TopicPartition] = set()
            for _ in range(300):
                records = member.poll(1, 0.1)
                if recorder.owned == {0, 1}:
                    seen |= {r.source for r in records}
                    member.hold(frozenset())
                if seen == sources:
                    break
            assert seen == sources

    def test_a_commit_shows_records_and_positions_together(self, broker: Broker, prefix: str) -> None:
        """After a commit the records are visible, the ends are told, and a successor begins behind the positions."""
        source, target = TopicPartition(prefix + "in", 0), TopicPartition(prefix + "out", 1)
        self.append(broker, source, b"a")
        self.append(broker, source, b"b")
        with self.member(broker, prefix) as (member, _):
            assert len(self.read(member, 2)) == 2
            with self.transactor(broker, prefix) as transactor:
                ends = transactor.commit([Outbound(target, b"k", b"v")], {source: 1}, member)
        assert ends == {target: 1}
        assert [r.value for r in broker.tail(target, 0).catch_up()] == [b"v"]
        with self.member(broker, prefix, "0") as (member, _):
            assert [r.value for r in self.read(member, 1)] == [b"b"]

    def test_a_commit_without_positions_is_refused(self, broker: Broker, prefix: str) -> None:
        """It would not be checked against the group: a member that lost its shards could still write."""
        target = TopicPartition(prefix + "out", 0)
        with self.member(broker, prefix) as (member, _), self.transactor(broker, prefix) as transactor:
            with pytest.raises(ValueError, match="positions"):
                transactor.commit([Outbound(target, b"k", b"v")], {}, member)
            assert list(broker.tail(target, 0).catch_up()) == []

    def test_a_later_transactor_fences_the_earlier_one(self, broker: Broker, prefix: str) -> None:
        """Two processes with one slot: the first can write no more, and leaves nothing behind."""
        source, target = TopicPartition(prefix + "in", 0), TopicPartition(prefix + "out", 0)
        self.append(broker, source, b"a")
        with self.member(broker, prefix) as (member, _):
            assert self.read(member, 1)
            with self.transactor(broker, prefix) as first, self.transactor(broker, prefix) as second:
                with pytest.raises(Fenced):
                    first.commit([Outbound(target, b"k", b"first")], {source: 1}, member)
                second.commit([Outbound(target, b"k", b"second")], {source: 1}, member)
        assert [r.value for r in broker.tail(target, 0).catch_up()] == [b"second"]

    def test_two_members_share_the_shards_and_nothing_is_owned_twice(self, broker: Broker, prefix: str) -> None:
        """When a second member joins, the first lets go before the second takes."""
        with self.member(broker, prefix, "0") as first:
            self.settle(first)
            assert first[1].owned == {0, 1}
            with self.member(broker, prefix, "1") as second:
                self.settle(first, second)
                assert first[1].told[-2:] == [("revoked", (0, 1)), ("assigned", tuple(first[1].owned))]
                assert len(first[1].owned) == len(second[1].owned) == 1

    def test_a_member_that_lost_its_shards_cannot_commit(self, broker: Broker, prefix: str) -> None:
        """A position added under an earlier generation is refused, and its records are never seen."""
        source, target = TopicPartition(prefix + "in", 0), TopicPartition(prefix + "out", 0)
        self.append(broker, source, b"a")
        with self.member(broker, prefix, "0") as first:
            self.settle(first)
            with self.transactor(broker, prefix) as transactor:
                self.usurp(broker, prefix, first[0])
                with pytest.raises((Transient, Fenced)):
                    transactor.commit([Outbound(target, b"k", b"late")], {source: 1}, first[0])
        assert list(broker.tail(target, 0).catch_up()) == []

    @abstractmethod
    def usurp(self, broker: Broker, prefix: str, member: Member) -> None:
        """Make the group give the member's shards to another while the member does not know."""

    def test_an_aborted_transaction_leaves_nothing_and_the_next_one_goes_on(self, broker: Broker, prefix: str) -> None:
        """After a refused commit, a tail reads over what was aborted and finds what came after."""
        source, target = TopicPartition(prefix + "in", 0), TopicPartition(prefix + "out", 0)
        with self.member(broker, prefix, "0") as first:
            self.settle(first)
            self.usurp(broker, prefix, first[0])
            with self.transactor(broker, prefix) as transactor, pytest.raises((Transient, Fenced)):
                transactor.commit([Outbound(target, b"k", b"late")], {source: 1}, first[0])
        self.append(broker, target, b"after")
        assert [r.value for r in broker.tail(target, 0).catch_up()] == [b"after"]

    def test_a_record_over_its_topics_limit_is_refused_and_the_next_transaction_works(
        self, broker: Broker, prefix: str
    ) -> None:
        """It is no passing fault, nothing beside it is seen, and the same transactor writes the next ones."""
        source, target = TopicPartition(prefix + "in", 0), TopicPartition(prefix + "out", 0)
        small, large = Outbound(target, b"k", b"lost"), Outbound(target, b"k", bytes(TOO_LARGE))
        beside = Outbound(TopicPartition(prefix + "out", 1), b"k", b"lost")
        self.append(broker, source, b"a")
        with self.member(broker, prefix) as (member, _):
            assert self.read(member, 1)
            with self.transactor(broker, prefix) as transactor:
                for batch in ([beside, small, large], [large, small, beside]):
                    with pytest.raises(Unavailable, match=f"{prefix}out"):
                        transactor.commit(batch, {source: 1}, member)
                transactor.commit([Outbound(target, b"k", b"next")], {source: 1}, member)
        assert [r.value for r in broker.tail(target, 0).catch_up()] == [b"next"]
        assert list(broker.tail(beside.target, 0).catch_up()) == []

    def test_a_tail_ends_where_the_log_ended_when_it_was_asked(self, broker: Broker, prefix: str) -> None:
        """Catching up returns everything there was, then says so, then returns what came later."""
        target = TopicPartition(prefix + "out", 0)
        tail = broker.tail(target, 0)
        assert list(tail.catch_up()) == []
        self.append(broker, target, b"1")
        self.append(broker, target, b"2")
        seen = [r.value for r in tail.catch_up()]
        while more := tail.catch_up():
            seen += [r.value for r in more]
        assert seen == [b"1", b"2"]
        assert tail.position() == 2
        self.append(broker, target, b"3")
        assert [r.value for r in tail.catch_up()] == [b"3"]
        tail.close()

    def test_ends_are_those_of_the_logs(self, broker: Broker, prefix: str) -> None:
        """Of several partitions at once, empty ones too, and as each one's bounds say it."""
        first, second = TopicPartition(prefix + "out", 0), TopicPartition(prefix + "in", 0)
        assert broker.ends([]) == {}
        assert broker.ends([first, second]) == {first: 0, second: 0}
        self.append(broker, first, b"1")
        self.append(broker, first, b"2")
        assert broker.ends([first, second]) == {p: broker.bounds(p)[1] for p in (first, second)}
        assert broker.ends([first])[first] >= 2  # a broker may count its own markers

    def test_a_tail_that_is_told_the_end_goes_no_further(self, broker: Broker, prefix: str) -> None:
        """What was appended later comes the next time."""
        target = TopicPartition(prefix + "out", 0)
        tail = broker.tail(target, 0)
        self.append(broker, target, b"1")
        end = broker.ends([target])[target]
        self.append(broker, target, b"2")
        seen: list[bytes | None] = []
        while more := tail.catch_up(1, end):
            seen += [r.value for r in more]
        assert seen == [b"1"]
        assert [r.value for r in tail.catch_up(end=broker.ends([target])[target])] == [b"2"]
        tail.close()

    def test_a_stream_has_all_partitions_as_they_grow(self, broker: Broker, prefix: str) -> None:
        """What was there and what comes later, each partition from its own start on and in its order."""
        first, second = TopicPartition(prefix + "out", 0), TopicPartition(prefix + "in", 0)
        for value in (b"1", b"2"):
            self.append(broker, first, value)
            self.append(broker, second, value)
        stream = broker.stream({first: 0, second: 1})
        try:
            seen = self.streamed(stream, 3)
            self.append(broker, second, b"3")
            seen += self.streamed(stream, 1)
        finally:
            stream.close()
        assert [r.value for r in seen if r.source == first] == [b"1", b"2"]
        assert [r.value for r in seen if r.source == second] == [b"2", b"3"]

    def test_a_tail_counts_the_markers_behind_the_last_record(self, broker: Broker, prefix: str) -> None:
        """After a transaction the position is the end of the log, so that a copy is not read again for nothing."""
        source, target = TopicPartition(prefix + "in", 0), TopicPartition(prefix + "out", 0)
        self.append(broker, source, b"a")
        with self.member(broker, prefix) as (member, _):
            assert self.read(member, 1)
            with self.transactor(broker, prefix) as transactor:
                transactor.commit([Outbound(target, b"k", b"v")], {source: 1}, member)
        tail = broker.tail(target, 0)
        while tail.catch_up():
            pass
        assert tail.position() == broker.bounds(target)[1] == 2
        tail.close()
