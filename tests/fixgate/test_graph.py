"""A topology that breaks a law cannot be made."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgate.errors import Misconfigured
from fixgate.graph import Key, Party, Role, Spread, Topic, Topology, rejected_topic, state_topic


def topic(name: str, record: str | None = "Finding", partitions: int = 2, spread: Spread = Spread.PARTITIONED) -> Topic:
    """A topic."""
    return Topic(name=name, record=record, key=Key.LOCK, partitions=partitions, spread=spread)


def party(name: str, reads: Iterable[str] = (), writes: Iterable[str] = (), role: Role = Role.PROCESS) -> Party:
    """Somebody."""
    return Party(name=name, role=role, purpose="", reads=tuple(reads), writes=tuple(writes))


def service(name: str, reads: Iterable[str] = (), writes: Iterable[str] = ()) -> Party:
    """A service with its own topics."""
    own = (state_topic(name), rejected_topic(name))
    return party(name, (*reads, own[0]), (*writes, *own), Role.SERVICE)


def own_topics(name: str, shards: int = 2) -> tuple[Topic, ...]:
    """What a service owns."""
    return topic(state_topic(name), "StateEntry", shards), topic(rejected_topic(name), "Rejected", shards)


def made(topics: Iterable[Topic], parties: Iterable[Party]) -> Topology:
    """The topology of these."""
    return Topology({t.name: t for t in topics}, {p.name: p for p in parties})


READER = party("reader", ["a", "one.rejected"])


def test_two_writers_of_one_topic_are_refused() -> None:
    """Law 1: a topic of records has one writer."""
    with pytest.raises(Misconfigured, match="several writers: one, two"):
        made([topic("a")], [party("one", writes=["a"]), party("two", writes=["a"]), party("reader", ["a"])])


def test_raw_bytes_may_have_several_writers() -> None:
    """The one exception: what scanners send is believed nothing."""
    parties = [party("one", writes=["a"]), party("two", writes=["a"]), party("reader", ["a"])]
    assert made([topic("a", record=None)], parties).writers["a"] == ("one", "two")


@pytest.mark.parametrize("reads", [True, False])
def test_an_undeclared_topic_is_refused(reads: bool) -> None:  # noqa: FBT001  # a parameter of the test
    """Nobody reads or writes what is not declared."""
    other = party("x", ["nowhere"]) if reads else party("x", writes=["nowhere"])
    with pytest.raises(Misconfigured, match="x names the topic nowhere"):
        made([topic("a")], [party("one", writes=["a"]), party("reader", ["a"]), other])


def test_a_topic_without_writer_or_reader_is_refused() -> None:
    """What nobody writes or nobody reads is a mistake."""
    with pytest.raises(Misconfigured, match="needs a writer and a reader"):
        made([topic("a")], [party("one", writes=["a"])])
    with pytest.raises(Misconfigured, match="needs a writer and a reader"):
        made([topic("a")], [party("reader", ["a"])])


def test_a_broadcast_in_several_partitions_is_refused() -> None:
    """All instances see a broadcast in one order, so it has one partition."""
    with pytest.raises(Misconfigured, match="must have one partition"):
        made([topic("a", spread=Spread.BROADCAST)], [party("one", writes=["a"]), party("reader", ["a"])])


@pytest.mark.parametrize("missing", ["one.state", "one.rejected"])
def test_a_service_without_its_own_topics_is_refused(missing: str) -> None:
    """A service has its state and its dead letters."""
    topics = [t for t in (*own_topics("one"), topic("a")) if t.name != missing]
    whole = service("one", (), ["a"])
    kept = party(
        "one", [n for n in whole.reads if n != missing], [n for n in whole.writes if n != missing], Role.SERVICE
    )
    reads = [t.name for t in topics]
    with pytest.raises(Misconfigured, match=f"one needs {missing}"):
        made(topics, [kept, party("reader", reads)])


def test_anothers_hand_on_a_services_state_is_refused() -> None:
    """Nobody else writes a service's state."""
    topics = [*own_topics("one"), topic("a")]
    with pytest.raises(Misconfigured, match=r"one\.state has several writers"):
        made(topics, [service("one", (), ["a"]), READER, party("intruder", writes=["one.state"])])


def test_inputs_that_do_not_fit_the_state_are_refused() -> None:
    """What is read partition by partition has as many partitions as the state."""
    topics = [*own_topics("one", 2), topic("a", partitions=3)]
    with pytest.raises(Misconfigured, match="one reads a, which has 3 partitions, but its state has 2"):
        made(topics, [service("one", ["a"]), party("writer", writes=["a"]), party("reader", ["one.rejected"])])


def test_a_sequencer_reads_topics_of_any_partitions() -> None:
    """A service with one shard reads every partition of every input."""
    topics = [*own_topics("one", 1), topic("a", partitions=3), topic("b", partitions=1)]
    parties = [service("one", ["a", "b"]), party("writer", writes=["a", "b"]), party("reader", ["one.rejected"])]
    topology = made(topics, parties)
    assert topology.input_partitions("one", 0) == (("a", 0), ("a", 1), ("a", 2), ("b", 0))


def test_a_shard_reads_its_partition_of_each_input() -> None:
    """The owner of shard i reads partition i, and broadcasts apart from it."""
    topics = [*own_topics("one"), topic("a"), topic("b"), topic("c", partitions=1, spread=Spread.BROADCAST)]
    parties = [
        service("one", ["a", "b", "c"]),
        party("writer", writes=["a", "b", "c"]),
        party("reader", ["one.rejected"]),
    ]
    topology = made(topics, parties)
    assert topology.input_partitions("one", 1) == (("a", 1), ("b", 1))
    assert topology.inputs("one") == ("a", "b")
    assert topology.broadcasts("one") == ("c",)


def test_unknown_names_are_refused() -> None:
    """Asking for what is not there is an error, not an empty answer."""
    topology = made([topic("a")], [party("one", writes=["a"]), party("reader", ["a"])])
    with pytest.raises(Misconfigured):
        topology.topic("b")
    with pytest.raises(Misconfigured):
        topology.party("two")


def test_a_topology_cannot_be_changed_afterwards() -> None:
    """What was checked stays what it was."""
    topology = made([topic("a")], [party("one", writes=["a"]), party("reader", ["a"])])
    with pytest.raises(TypeError):
        topology.writers["a"] = ("two",)  # type: ignore[index]  # the point of the test


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["a", "b", "c"])), max_size=6))
def test_no_topology_has_two_writers_of_a_topic(writes: list[tuple[str, str]]) -> None:
    """Whatever is declared: either it is refused, or each topic has exactly one writer."""
    names = sorted({name for _, name in writes})
    parties = [party(who, writes=[t for w, t in writes if w == who]) for who in sorted({w for w, _ in writes})]
    try:
        topology = made([topic(name) for name in names], [*parties, party("reader", names)])
    except Misconfigured:
        return
    assert all(len(topology.writers[name]) == 1 for name in names)
