"""The broker in memory keeps the contract."""

import pytest

from fixgate.broker import Broker, Member, Outbound, TopicPartition
from fixgate.errors import Misconfigured, Unavailable
from fixgate.memory import MemoryBroker, MemoryMember
from tests.fixgate.broker_contract import BrokerContract, Recorder


class TestMemoryBroker(BrokerContract):
    """The contract, in memory."""

    @pytest.fixture
    def prefix(self) -> str:
        """Nothing is shared: any prefix will do."""
        return "p."

    @pytest.fixture
    def broker(self, prefix: str) -> Broker:
        """A broker with the contract's topics."""
        return MemoryBroker({prefix + "in": 2, prefix + "out": 2, prefix + "worker.state": 2})

    def append(self, broker: Broker, partition: TopicPartition, value: bytes) -> None:
        """Append without a transaction."""
        assert isinstance(broker, MemoryBroker)
        broker.append(partition.topic, value, partition=partition.partition)

    def usurp(self, broker: Broker, prefix: str, member: Member) -> None:
        """Let the member's session time out."""
        assert isinstance(broker, MemoryBroker)
        assert isinstance(member, MemoryMember)
        broker.expire(prefix + "worker", member.instance)


@pytest.fixture
def kept() -> MemoryBroker:
    """A broker whose partition `in`-0 has lost the first two of its three records."""
    broker = MemoryBroker({"in": 1, "lease": 1})
    for value in (b"0", b"1", b"2"):
        broker.append("in", value)
    broker.forget("in", 0, 2)
    return broker


def test_a_member_below_what_was_forgotten_has_lost_its_position(kept: MemoryBroker) -> None:
    """A position that retention has passed is an error, never a silent jump."""
    member = kept.join("group", "0", "lease", Recorder("in"))
    with pytest.raises(Misconfigured, match="never read"):
        member.poll(10, 0.0)
    member.close()


def test_a_tail_below_what_was_forgotten_has_lost_its_position(kept: MemoryBroker) -> None:
    """A copy that is further behind than retention learns it."""
    with pytest.raises(Misconfigured, match="never read"):
        kept.tail(TopicPartition("in", 0), 1).catch_up()


def test_what_was_not_forgotten_is_read(kept: MemoryBroker) -> None:
    """From the first offset still there on, everything is as before, and forgetting less changes nothing."""
    kept.forget("in", 0, 1)
    assert kept.bounds(TopicPartition("in", 0)) == (2, 3)
    assert [r.value for r in kept.tail(TopicPartition("in", 0), 2).catch_up()] == [b"2"]
    assert [r.value for r in kept.visible("in")] == [b"2"]


def test_everything_can_be_forgotten(kept: MemoryBroker) -> None:
    """The end stays where it was: offsets are never used again."""
    kept.forget("in", 0, 99)
    assert kept.bounds(TopicPartition("in", 0)) == (3, 3)
    assert kept.append("in", b"3").offset == 3


def test_a_topics_own_limit_counts_key_and_headers() -> None:
    """What is over it by its headers alone is refused; what fits is written."""
    broker = MemoryBroker({"in": 1, "out": 1, "lease": 1}, limits={"out": 1_000})
    broker.append("in", b"a")
    member = broker.join("group", "0", "lease", Recorder("in"))
    assert member.poll(10, 0.0)
    transactor = broker.transactor("t")
    out, positions = TopicPartition("out", 0), {TopicPartition("in", 0): 1}
    for large in (Outbound(out, b"k", b"v", (("h", bytes(900)),)), Outbound(out, bytes(900), b"v")):
        with pytest.raises(Unavailable, match="1000 bytes"):
            transactor.commit([large], positions, member)
    transactor.commit([Outbound(out, b"k", b"v", (("h", bytes(800)),))], positions, member)
    assert [r.value for r in broker.visible("out")] == [b"v"]
    member.close()
