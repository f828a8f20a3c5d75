"""The local copy of a shard's state is a cache: whatever happens to it, the state is what the topic says."""

import json
import os
import shutil
import signal
from pathlib import Path

import pytest
import rocksdict

from fixgate.broker import TopicPartition
from fixgate.cache import Cache, CacheDamaged, Reflects
from fixgate.errors import Misconfigured, Poison, Reason, Unavailable
from fixgate.memory import MemoryBroker
from fixgate.state import TOMBSTONES_KEPT, Rebuilt, ShardState, restore

SOURCE = TopicPartition("s.state", 0)
NOW = 1_700_000_000.0


@pytest.fixture
def broker() -> MemoryBroker:
    """A broker whose state topic says a=3, b=2; c was deleted."""
    broker = MemoryBroker({"s.state": 1})
    for key, value in ((b"a", b"1"), (b"b", b"2"), (b"c", b"9"), (b"c", None), (b"a", b"3")):
        broker.append("s.state", value, key=key)
    return broker


def value_of(record: bytes) -> bytes:
    """State values stand in these topics as they are."""
    if record == b"broken":
        raise Poison(Reason.NOT_AVRO, "not a state record")
    return record


def restored(folder: Path, broker: MemoryBroker, now: float = NOW) -> tuple[ShardState, Rebuilt]:
    """The state, checked to be what the topic says."""
    state, rebuilt = restore(folder, broker, SOURCE, value_of, now)
    assert dict(state.scan(b"")) == {b"a": b"3", b"b": b"2"}
    return state, rebuilt


def kept(folder: Path, broker: MemoryBroker) -> None:
    """Make a good copy and close it."""
    restored(folder, broker)[0].close()


def test_a_state_record_that_cannot_be_read_stops_the_start(tmp_path: Path, broker: MemoryBroker) -> None:
    """A state with a hole is not used."""
    broker.append("s.state", b"broken", key=b"d")
    with pytest.raises(Poison):
        restore(tmp_path / "c", broker, SOURCE, value_of, NOW)


def test_a_copy_in_use_is_refused(tmp_path: Path, broker: MemoryBroker) -> None:
    """Two processes with one slot do not share a copy, and the second does not throw it away."""
    state, _ = restored(tmp_path / "c", broker)
    with pytest.raises(Misconfigured, match="in use"):
        restore(tmp_path / "c", broker, SOURCE, value_of, NOW)
    assert state.get(b"a") == b"3"
    state.close()


def test_without_a_copy_everything_is_read(tmp_path: Path, broker: MemoryBroker) -> None:
    """A first start reads the whole topic."""
    _, rebuilt = restored(tmp_path / "c", broker)
    assert (rebuilt.why, rebuilt.start, rebuilt.records) == ("absent", 0, 5)


def test_a_good_copy_is_kept_and_only_the_rest_is_read(tmp_path: Path, broker: MemoryBroker) -> None:
    """A copy that is behind is brought up to the end from where it stands."""
    kept(tmp_path / "c", broker)
    broker.append("s.state", b"8", key=b"x")
    broker.append("s.state", None, key=b"x")
    _, rebuilt = restored(tmp_path / "c", broker)
    assert (rebuilt.why, rebuilt.start, rebuilt.records) == ("", 5, 2)


def test_a_deleted_copy_is_rebuilt(tmp_path: Path, broker: MemoryBroker) -> None:
    """Deleting the folder costs time and nothing else."""
    kept(tmp_path / "c", broker)
    shutil.rmtree(tmp_path / "c")
    assert restored(tmp_path / "c", broker)[1].records == 5


def test_a_copy_ahead_of_the_topic_is_thrown_away(tmp_path: Path, broker: MemoryBroker) -> None:
    """A copy that claims more than the topic has is of another history."""
    cache = Cache(tmp_path / "c")
    cache.write({b"ghost": b"1"}, Reflects(broker.incarnation("s.state"), 99, NOW))
    cache.close()
    assert restored(tmp_path / "c", broker)[1].why == "ahead of the topic"


def test_a_copy_of_a_topic_made_anew_is_thrown_away(tmp_path: Path, broker: MemoryBroker) -> None:
    """The same name and a fitting position are not enough: the incarnation must be the same."""
    cache = Cache(tmp_path / "c")
    cache.write({b"ghost": b"1"}, Reflects("memory-0/s.state", 5, NOW))
    cache.close()
    assert restored(tmp_path / "c", broker)[1].why == "of another topic"


def test_a_copy_older_than_the_topics_deletions_is_thrown_away(tmp_path: Path, broker: MemoryBroker) -> None:
    """What was deleted since may have left no trace in the topic, so an old copy could raise the dead."""
    kept(tmp_path / "c", broker)
    _, rebuilt = restored(tmp_path / "c", broker, NOW + TOMBSTONES_KEPT + 1)
    assert rebuilt.why == "older than the topic's deletions"


@pytest.mark.parametrize("name", ["CURRENT", "MANIFEST", ".log", ".sst", "OPTIONS", "rocksdict-config.json"])
@pytest.mark.parametrize("harm", ["truncated", "zeroed", "garbage"])
def test_a_corrupt_copy_is_rebuilt(tmp_path: Path, broker: MemoryBroker, name: str, harm: str) -> None:
    """Whatever file is damaged, the state after the start is what the topic says."""
    folder = tmp_path / "c"
    kept(folder, broker)
    for file in folder.iterdir():
        if name in file.name:
            size = file.stat().st_size
            file.write_bytes({"truncated": b"", "zeroed": bytes(size), "garbage": b"\xa5" * size}[harm])
    try:
        restored(folder, broker)[0].close()
    except CacheDamaged:
        # Damage that shows only when a key is read removes the copy; the next start is whole.
        restored(folder, broker)[0].close()


def test_a_copy_whose_own_account_is_damaged_is_thrown_away(tmp_path: Path, broker: MemoryBroker) -> None:
    """What the copy says of itself is not believed when it does not parse."""
    kept(tmp_path / "c", broker)
    options = rocksdict.Options(raw_mode=True)
    copy = rocksdict.Rdict(str(tmp_path / "c"), options)
    copy.put(b"\x00\x00meta", json.dumps({"position": "x"}).encode())
    copy.close()
    assert restored(tmp_path / "c", broker)[1].why.startswith("damaged")


def test_a_copy_that_cannot_be_written_stops_the_process(tmp_path: Path, broker: MemoryBroker) -> None:
    """A full disk is said as such, and the copy is not taken for damaged."""
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    with pytest.raises(Unavailable, match="cannot be written"):
        restore(blocked / "c", broker, SOURCE, value_of, NOW)


def test_a_process_killed_between_commit_and_copy_leaves_a_copy_that_is_behind(
    tmp_path: Path, broker: MemoryBroker
) -> None:
    """After kill -9 the copy still opens, and the rest is read from the topic."""
    kept(tmp_path / "c", broker)
    child = os.fork()
    if child == 0:
        cache = Cache(tmp_path / "c")
        cache.write({b"z": b"1"}, Reflects(broker.incarnation("s.state"), 5, NOW))
        os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    broker.append("s.state", None, key=b"z")
    assert restored(tmp_path / "c", broker)[1].start == 5


def test_the_open_transaction_is_seen_and_can_be_forgotten(tmp_path: Path, broker: MemoryBroker) -> None:
    """Reads see what the transaction wrote, in order and over the copy; discarding leaves the copy as it was."""
    state, _ = restored(tmp_path / "c", broker)
    state.put(b"a", None, "in/0/1")
    state.put(b"aa", b"5", "in/0/1")
    state.put(b"\x00own", b"1", "in/0/1")
    assert dict(state.scan(b"a")) == {b"aa": b"5"}
    assert list(state.scan(b"")) == [(b"aa", b"5"), (b"b", b"2")]
    assert state.get(b"a") is None
    assert {k for k, _, _ in state.pending()} == {b"a", b"aa", b"\x00own"}
    state.discard()
    assert list(state.scan(b"")) == [(b"a", b"3"), (b"b", b"2")]
    state.close()


def test_what_is_committed_is_in_the_copy(tmp_path: Path, broker: MemoryBroker) -> None:
    """After a commit the copy holds the writes and the position they stand at."""
    state, _ = restored(tmp_path / "c", broker)
    state.put(b"n", b"1", "in/0/1")
    broker.append("s.state", b"1", key=b"n")
    state.committed(6, NOW)
    state.close()
    again, rebuilt = restore(tmp_path / "c", broker, SOURCE, value_of, NOW)
    assert (again.get(b"n"), rebuilt.records) == (b"1", 0)
    again.close()
