"""A log that is whole after a crash at any step and at any write, and what a writer refuses to go on from."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixgate.errors import Fenced, FixgateError, Refused, Unavailable
from fixgate.log import checkpoint
from fixgate.log.audit import audit
from fixgate.log.checkpoint import SignedCheckpoint
from fixgate.log.tiles import CHECKPOINT, Tree
from fixgate.log.writer import JOURNAL, Log, Step
from tests.log.logs import KEYS, ORIGIN, SIGNER, WITNESS, Crash, MemoryStore, entries, published


def heads(store: MemoryStore) -> SignedCheckpoint:
    """The published checkpoint, verified with everything that it refers to."""
    report = audit(store, KEYS)
    assert report.verified, report.problems
    return checkpoint.open_checkpoint(store.files[CHECKPOINT], ORIGIN, [SIGNER.verifier])


def everything(store: MemoryStore) -> list[bytes]:
    """All published entries."""
    tree = Tree(store.read, heads(store).head.size)
    return [entry for bundle in range(-(-tree.size // 256)) for entry in tree.entries(bundle)]


@pytest.mark.parametrize("path", ["tile/0/000.p/9", "tile/entries/000.p/9"])
def test_a_writer_does_not_go_on_from_altered_files(path: str) -> None:
    """Altered tiles or entries at the edge stop the writer before it signs anything."""
    store = published(entries(1, 9))
    store.files[path] = store.files[path][:-1] + b"x"
    before = dict(store.files)
    with pytest.raises(Refused):
        Log(store, SIGNER)
    assert store.files == before
    assert not store.held


def test_a_lost_journal_checkpoint_or_file_stops_the_writer() -> None:
    """A log that has lost a part is not continued: it would be another log."""
    for lost in (JOURNAL, CHECKPOINT, "tile/0/000.p/9"):
        store = published(entries(1, 9), each=5)
        del store.files[lost]
        with pytest.raises(FixgateError):
            Log(store, SIGNER)


def test_a_log_that_lost_checkpoint_and_journal_does_not_begin_anew() -> None:
    """Tiles without a checkpoint are the remains of a log, not the place of a new one."""
    store = published(entries(1, 9))
    del store.files[JOURNAL], store.files[CHECKPOINT]
    with pytest.raises(Refused, match="journal is missing"):
        Log(store, SIGNER)


def test_a_checkpoint_put_back_to_an_older_one_is_noticed() -> None:
    """A checkpoint that is older than the journal's beginning stops the writer."""
    store = published(entries(1, 9))
    old = store.files[CHECKPOINT]
    log = Log(store, SIGNER)
    for first in (10, 20):
        log.append(entries(first, 3))
        log.publish()
    log.close()
    store.files[CHECKPOINT] = old
    with pytest.raises(Refused, match="begins at"):
        Log(store, SIGNER)


def test_a_damaged_journal_stops_the_writer() -> None:
    """A journal that is cut short or says another root than its entries give is not followed."""
    store = published(entries(1, 9))
    whole = store.files[JOURNAL]
    for damaged in (b"", b"{}\n", whole[:-3], whole.replace(b'"root": "', b'"root": "00')):
        store.files[JOURNAL] = damaged
        with pytest.raises(Refused):
            Log(store, SIGNER)


def test_there_is_one_writer() -> None:
    """A second writer is kept out while the first one is there."""
    store = MemoryStore()
    log = Log(store, SIGNER)
    with pytest.raises(Fenced):
        Log(store, SIGNER)
    log.close()
    Log(store, SIGNER).close()


def test_a_writer_that_was_overtaken_changes_nothing() -> None:
    """Where nobody can be kept out, the slower of two writers is refused and leaves no trace."""
    store = published(entries(1, 9))
    slow = Log(store, SIGNER)
    store.held = False
    fast = Log(store, SIGNER)
    slow.append(entries(50, 2))
    fast.append(entries(10, 4))
    fast.publish()
    before = dict(store.files)
    with pytest.raises(Fenced):
        slow.publish()
    assert store.files == before
    with pytest.raises(Unavailable, match="closed after an error"):
        slow.publish()
    assert everything(store) == entries(1, 13)


def test_a_leaf_that_is_too_long_is_refused_whole() -> None:
    """Nothing of a batch is appended when one of its entries is too long."""
    log = Log(MemoryStore(), SIGNER)
    with pytest.raises(ValueError, match="65535"):
        log.append([b"fine", bytes(65_536)])
    assert log.pending == 0


@pytest.mark.parametrize("step", list(Step))
@pytest.mark.parametrize("count", [3, 300])
def test_a_crash_at_any_step_leaves_a_log_that_goes_on(step: Step, count: int) -> None:
    """After a crash at each step the published log verifies, and holds either none or all of the new leaves."""
    store = published(entries(1, 250))

    def probe(now: Step) -> None:
        if now is step:
            raise Crash

    log = Log(store, SIGNER, probe=probe)
    log.append(entries(251, count))
    with pytest.raises(Crash):
        log.publish()
    log.close()
    assert heads(store).head.size == (250 + count if step is Step.TIDY else 250)
    again = Log(store, SIGNER)
    held = 0 if step is Step.JOURNAL else count
    assert everything(store) == entries(1, 250 + held)
    again.append(entries(251 + held, 30))
    again.publish()
    again.close()
    assert everything(store) == entries(1, 280 + held)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(1, 260), min_size=1, max_size=4), st.lists(st.integers(1, 12), max_size=6))
def test_crashes_at_any_writes_lose_and_double_nothing(sizes: list[int], crashes: list[int]) -> None:
    """However often a writer dies between two writes, also while it recovers, the log is what was appended."""
    store = MemoryStore()
    queue, done = [*crashes], 0
    total = sum(sizes)
    steps = [*sizes]
    while done < total:
        store.held, store.writes, store.crash_at = False, 0, queue.pop() if queue else None
        try:
            log = Log(store, SIGNER)
            done = log.latest.head.size
            while done < total:
                count = min(steps[0], total - done)
                log.append(entries(done + 1, count))
                log.publish()
                done = log.latest.head.size
        except Crash:
            store.crash_at = None
            if CHECKPOINT in store.files:
                heads(store)
    store.crash_at = None
    store.held = False
    Log(store, SIGNER).close()
    assert everything(store) == entries(1, total)


def test_the_same_tree_is_signed_with_the_same_bytes() -> None:
    """A checkpoint that a crash kept from being published is the same when it is."""
    store = published(entries(1, 9))
    lost: list[bytes] = []

    def probe(now: Step) -> None:
        if now is Step.TIDY:
            lost.append(store.files[CHECKPOINT])
            raise Crash

    log = Log(store, SIGNER, probe=probe)
    before = store.files[CHECKPOINT]
    log.append(entries(10, 1))
    with pytest.raises(Crash):
        log.publish()
    log.close()
    store.files[CHECKPOINT] = before
    Log(store, SIGNER).close()
    assert store.files[CHECKPOINT] == lost[0]


def test_a_new_log_publishes_the_empty_tree() -> None:
    """A log without leaves verifies."""
    store = MemoryStore()
    Log(store, SIGNER).close()
    assert heads(store).head.size == 0


def test_indices_are_given_at_once_and_hold() -> None:
    """Appending tells the indices that the leaves have once published."""
    store = MemoryStore()
    log = Log(store, SIGNER)
    assert log.append(entries(1, 3)) == range(3)
    assert log.append(entries(4, 2)) == range(3, 5)
    assert log.publish().head.size == 5
    assert log.publish().head.size == 5
    assert everything(store) == entries(1, 5)


def test_partial_files_go_when_the_full_ones_are_there() -> None:
    """A full tile takes the place of its partial ones, and older trees are still read."""
    store = published(entries(1, 300), each=50)
    assert not [path for path in store.files if path.startswith(("tile/0/000.p", "tile/entries/000.p"))]
    assert Tree(store.read, 150).root() == Tree(store.read, 300).root(150)


def test_cosignatures_are_kept_with_the_checkpoint_and_beside_it() -> None:
    """A cosignature stands in the published checkpoint and, for good, in the history."""
    store = published(entries(1, 5), cosigned_at=1_700_000_100)
    log = Log(store, SIGNER)
    assert [c.time for c in log.latest.cosignatures([WITNESS.verifier])] == [1_700_000_100]
    for number in range(6, 300):
        log.append(entries(number, 1))
        log.publish()
        log.keep_cosignatures([checkpoint.cosign(log.latest.note.text, 1_700_000_200 + number, WITNESS)])
    log.close()
    report = audit(store, KEYS)
    assert report.verified
    assert [w.size for w in report.cosignatures] == list(range(5, 300))
    assert len(store.names("cosigned/")) == 2
