"""Every record of every followed topic becomes a leaf, once and in order, through crashes at any moment."""

import base64
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixgate.broker import Inbound, TopicPartition
from fixgate.errors import Refused, Transient, Unavailable
from fixgate.events import Envelope
from fixgate.log.audit import audit
from fixgate.log.leaf import BundleLeaf, LostLeaf, RecordLeaf, decode
from fixgate.log.positions import Positions, recover
from fixgate.log.reading import Claim, RecordJudge, read
from fixgate.log.tiles import Tree, split_entries
from fixgate.log.writer import JOURNAL
from fixgate.memory import MemoryBroker
from fixgate.memory_entries import Transaction
from fixgate.signing import CERTIFICATE_HEADER, SIGNATURE_HEADER, digest
from tests.fixgate.certificates import self_signed, trust
from tests.log.desk import ONE, TWO, Desk
from tests.log.logs import KEYS, Crash, MemoryStore
from tests.runtime.world import CODEC, NAMING, TOPOLOGY, World, signal


def test_a_topic_that_ends_before_its_leaves_stops_the_log(tmp_path: Path) -> None:
    """When the broker has lost records that the log has, the log does not go on as if nothing had happened."""
    desk = Desk(tmp_path)
    for number in range(5):
        desk.broker.append(TWO, str(number).encode())
    desk.drain()
    del desk.broker.logs[TopicPartition(TWO, 0)][2:]
    with pytest.raises(Refused, match="ends at 2, but the log has leaves up to 4"):
        desk.follower()


def test_a_record_that_cannot_be_kept_is_no_leaf_yet(tmp_path: Path) -> None:
    """A leaf stands for bytes that are kept: when the object store fails, the record is read again."""
    desk = Desk(tmp_path)
    for number in range(5):
        desk.broker.append(TWO, str(number).encode())
    desk.objects.failures = 1
    follower = desk.follower()
    with pytest.raises(Transient):
        follower.step()
    assert desk.records() == []
    desk.drain()
    assert desk.records() == desk.expected()
    assert set(desk.objects.held) == {digest(str(n).encode()) for n in range(5)}


def test_no_checkpoint_covers_what_is_not_kept(tmp_path: Path) -> None:
    """Whenever the log decides what its tree is, all bytes that its leaves name are in the object store (law 14)."""
    desk = Desk(tmp_path)
    follower = desk.follower(interval=3.0, publish_at=40)
    swap, lacking = desk.store.swap, set[str | None]()

    def watched(path: str, expected: bytes | None, data: bytes) -> None:
        if path == JOURNAL:
            decided = map(decode, split_entries(data.partition(b"\n")[2]))
            lacking.update({x.digest for x in decided if isinstance(x, RecordLeaf)} - desk.objects.held.keys())
        swap(path, expected, data)

    desk.store.swap = watched  # type: ignore[method-assign]  # a witness of what is written when
    for number in range(100):
        desk.broker.append(TWO, str(number).encode())
        desk.now += 0.1
        follower.step()
    assert lacking == set()
    assert 90 < len(desk.records()) <= 100
    assert set(desk.objects.held) >= {leaf.digest for leaf in desk.leaves() if isinstance(leaf, RecordLeaf)}


def test_what_waits_to_be_kept_has_a_limit(tmp_path: Path) -> None:
    """Large records go to the object store before the next checkpoint comes."""
    desk = Desk(tmp_path)
    follower = desk.follower(interval=3.0, hold_bytes=1000)
    desk.now = 1.0
    follower.step()
    for number in range(3):
        desk.broker.append(TWO, bytes([number]) * 400)
    follower.step()
    assert len(desk.objects.held) == 3


def test_an_object_store_that_names_wrongly_is_refused(tmp_path: Path) -> None:
    """What the object store keeps must be found under the digest that the leaf names."""
    desk = Desk(tmp_path)
    desk.broker.append(TWO, b"value")
    desk.objects.put_all = lambda values: ["sha256:other"] * len(values)  # type: ignore[method-assign]  # a store that is wrong
    with pytest.raises(Unavailable, match="another name"):
        desk.follower().step()


def test_what_does_not_verify_is_a_leaf_with_the_reason(tmp_path: Path) -> None:
    """Unsigned, forged and undecodable records become leaves with their verdict; their bytes are not kept."""
    world = World(tmp_path)
    desk = Desk(tmp_path)
    desk.broker, desk.topics = world.broker, (NAMING.topic("numbers"),)
    desk.judge = RecordJudge(TOPOLOGY, NAMING, CODEC, lambda: trust(world.root))
    good = world.publish("key")
    value, headers = world.seal(signal("key"), Envelope(stream="numberer/0", sequence=2), writer="counter")
    world.broker.append(desk.topics[0], value, headers=headers, partition=0)
    world.broker.append(desk.topics[0], b"noise", headers=((CERTIFICATE_HEADER, b"x"), (SIGNATURE_HEADER, b"y")))
    world.broker.append(desk.topics[0], b"noise" * 100)
    world.broker.append(desk.topics[0], None)
    desk.drain()
    leaves = {leaf.verdict: leaf for leaf in desk.leaves() if isinstance(leaf, RecordLeaf)}
    assert set(leaves) == {"verified", "wrong_signer", "bad_certificate", "unsigned", "invalid"}
    assert leaves["verified"].digest == digest(good.value or b"")
    assert (leaves["verified"].stream, leaves["verified"].sequence) == ("numberer/0", 1)
    assert leaves["verified"].signer == "spiffe://fixgate.internal/fixgate/numberer"
    assert leaves["wrong_signer"].signer == "spiffe://fixgate.internal/fixgate/counter"
    assert (leaves["wrong_signer"].stream, leaves["wrong_signer"].sequence) == ("numberer/0", 2)
    assert base64.b64decode(leaves["bad_certificate"].signature or "") == b"y"
    assert leaves["invalid"].digest is None
    assert set(desk.objects.held) == {leaves["verified"].digest, leaves["verified"].certificate}
    assert len([line for line in desk.told if "does not verify" in line]) == 4
    assert len(audit(desk.store, KEYS).warnings) == 4


def test_a_claim_without_measure_is_cut(tmp_path: Path) -> None:
    """A stream's name or a sequence that could fill the log is not repeated in a leaf."""
    del tmp_path
    record = MemoryBroker({ONE: 1}).append(ONE, b"value", partition=0)
    for claim in (Claim("", "x" * 3000, 1, "verified"), Claim("", "", 2**63, "verified")):

        def answer(_: Inbound, claim: Claim = claim) -> Claim:
            return claim

        leaf = read(record, "i", answer).leaf
        assert (leaf.stream, leaf.sequence, leaf.verdict) == ("", 0, "invalid")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from([(ONE, 0), (ONE, 1), (TWO, 0)]),
            st.integers(1, 120),
            st.sampled_from(["plain", "committed", "aborted"]),
        ),
        min_size=1,
        max_size=8,
    ),
    st.lists(st.tuples(st.integers(1, 25), st.sampled_from(["keep", "delete", "damage", "old"])), max_size=6),
)
def test_crashes_skip_no_record_and_repeat_none(
    tmp_path_factory: pytest.TempPathFactory,
    batches: list[tuple[tuple[str, int], int, str]],
    crashes: list[tuple[int, str]],
) -> None:
    """Through kills between any two writes, with any state of the cache, the log is exactly the topics."""
    desk = Desk(tmp_path_factory.mktemp("log"))
    queue = list(crashes)
    old: bytes | None = None
    for (topic, partition), count, kind in batches:
        _write(desk.broker, TopicPartition(topic, partition), count, kind)
        if queue:
            after, fate = queue.pop()
            desk.store.crash_at = after
            try:
                follower = desk.follower(publish_at=50)
                while follower.step():
                    desk.now += 2
            except Crash:
                pass
            desk.store.crash_at = None
            if fate == "delete":
                desk.cache.unlink(missing_ok=True)
            elif fate == "damage" and desk.cache.exists():
                desk.cache.write_bytes(desk.cache.read_bytes().replace(b"0", b"1", 1))
            elif fate == "old" and old is not None:
                desk.cache.write_bytes(old)
            old = desk.cache.read_bytes() if desk.cache.exists() else old
    desk.drain()
    assert sorted(desk.records()) == sorted(desk.expected())
    assert audit(desk.store, KEYS).verified


def _write(broker: MemoryBroker, place: TopicPartition, count: int, kind: str) -> None:
    if kind == "plain":
        for number in range(count):
            broker.append(place.topic, f"{place} {number}".encode(), partition=place.partition)
        return
    transaction = Transaction("writer")
    log = broker.logs[place]
    start = len(log)
    for number in range(count):
        broker.append(place.topic, f"{place} {number}".encode(), partition=place.partition)
        log[start + number].transaction = transaction
    transaction.touched.add(place)
    broker.end(transaction, kind)


def test_a_cache_of_another_log_is_not_believed(tmp_path: Path) -> None:
    """Positions count only if they are of this very tree."""
    one, other = Desk(tmp_path), Desk(tmp_path)
    for desk, count in ((one, 4), (other, 3)):
        for number in range(count):
            desk.broker.append(TWO, f"{count} {number}".encode())
        desk.drain()
    assert other.records() == other.expected()
    assert len(one.records()) == 4


def test_a_cache_of_a_larger_log_is_not_believed(tmp_path: Path) -> None:
    """Positions of a log that was put back to an older state are ahead of it and not believed."""
    tree = Tree(MemoryStore().read, 0)
    path = tmp_path / "cache"
    path.write_bytes(Positions(size=9, next={("t", "i", 0): 9}).dump(bytes(32)))
    assert recover(tree, path) == Positions()


def test_bundles_are_leaves_when_they_change(tmp_path: Path) -> None:
    """The set of authorities stands in the log before the records that it verifies, and again with each change."""
    desk = Desk(tmp_path)
    first, second = self_signed(), self_signed()
    desk.trust = trust(first)
    desk.broker.append(TWO, b"one")
    desk.drain()
    desk.drain()
    desk.trust = trust(first, second)
    desk.broker.append(TWO, b"two")
    desk.drain()
    kinds = [type(leaf) for leaf in desk.leaves()]
    assert kinds == [BundleLeaf, RecordLeaf, BundleLeaf, RecordLeaf]
    last = desk.leaves()[2]
    assert isinstance(last, BundleLeaf)
    assert len(last.authorities) == 2


def test_what_the_broker_forgot_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Offsets that were gone before the log came are one leaf and one alarm, also after a restart."""
    desk = Desk(tmp_path)
    for number in range(5):
        desk.broker.append(TWO, str(number).encode())
    bounds = desk.broker.bounds

    def shortened(partition: TopicPartition) -> tuple[int, int]:
        first, end = bounds(partition)
        return (3 if partition.topic == TWO else first), end

    monkeypatch.setattr(desk.broker, "bounds", shortened)
    desk.drain()
    desk.drain()
    [lost] = [leaf for leaf in desk.leaves() if isinstance(leaf, LostLeaf)]
    assert (lost.first, lost.end) == (0, 3)
    assert desk.records() == [(TWO, 0, 3), (TWO, 0, 4)]
    assert desk.told == [f"{TWO} partition 0: offsets 0 to 2 are gone"]
