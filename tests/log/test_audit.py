"""What verification of a log refuses, each fault with its place; and what it says when there is none."""

from collections.abc import Sequence

import pytest

from fixgate.errors import Refused
from fixgate.log import checkpoint, proof
from fixgate.log.audit import Keys, Report, audit
from fixgate.log.checkpoint import Checkpoint
from fixgate.log.leaf import BundleLeaf, Leaf, LostLeaf, RecordLeaf, encode
from fixgate.log.sequences import Fault, Problem
from fixgate.log.tiles import CHECKPOINT, join_entries, split_entries
from fixgate.log.writer import Log
from tests.log.logs import KEYS, ORIGIN, SIGNER, WITNESS, MemoryStore, digest_of, entries, published, record_leaf


def audited(leaves: Sequence[RecordLeaf]) -> Report:
    """The report on a log of these leaves."""
    return audit(published([encode(leaf) for leaf in leaves]), KEYS)


def only(report: Report) -> Problem:
    """The one problem."""
    assert len(report.problems) == 1, report.problems
    assert not report.verified
    return report.problems[0]


def test_an_altered_leaf_is_found() -> None:
    """A leaf that was changed after it was published is named by its index."""
    store = published(entries(1, 300))
    path = "tile/entries/000"
    bundle = split_entries(store.files[path])
    bundle[17] = encode(record_leaf(18, value="forged"))
    store.files[path] = join_entries(bundle)
    problem = only(audit(store, KEYS))
    assert (problem.fault, problem.indices) == (Fault.FILE, (17,))


@pytest.mark.parametrize("path", ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"])
def test_an_altered_tile_is_found(path: str) -> None:
    """A tile that was changed is found, and so is one that was changed together with its entries."""
    store = published(entries(1, 300))
    store.files[path] = bytes(32) + store.files[path][32:]
    assert {problem.fault for problem in audit(store, KEYS).problems} >= {Fault.FILE}


def test_a_log_rewritten_below_its_checkpoint_is_found() -> None:
    """Files that fit together but not to the checkpoint are those of another log."""
    store = published(entries(1, 300))
    other = published([encode(record_leaf(n, value="other")) for n in range(1, 301)])
    store.files.update({path: data for path, data in other.files.items() if path.startswith("tile/")})
    assert only(audit(store, KEYS)).fault is Fault.CHECKPOINT


@pytest.mark.parametrize("cut", [1, 100, -1])
def test_truncated_entries_are_found(cut: int) -> None:
    """A bundle that was cut short or is gone is named."""
    store = published(entries(1, 300))
    path = "tile/entries/001.p/44"
    if cut < 0:
        del store.files[path]
    else:
        store.files[path] = store.files[path][:-cut]
    problems = audit(store, KEYS).problems
    assert problems[0].fault is Fault.FILE
    assert "tile/entries/001.p/44" in problems[0].message or "ends in the middle" in problems[0].message


def test_another_key_is_refused() -> None:
    """A log signed by another key, or for another origin, is not this log."""
    store = published(entries(1, 3))
    wrong = Keys(origin=ORIGIN, log=(WITNESS.verifier,))
    assert only(audit(store, wrong)).fault is Fault.CHECKPOINT
    elsewhere = Keys(origin="another.example/log", log=KEYS.log)
    assert only(audit(store, elsewhere)).fault is Fault.CHECKPOINT
    assert only(audit(MemoryStore(), KEYS)).fault is Fault.CHECKPOINT


def test_an_entry_that_is_no_leaf_is_found() -> None:
    """Everything in the log must be a leaf in its one encoding."""
    store = published([*entries(1, 2), b'{"kind": "record"}', encode(record_leaf(3)).replace(b",", b", ", 1)])
    problems = audit(store, KEYS).problems
    assert [(p.fault, p.indices) for p in problems] == [(Fault.LEAF, (2,)), (Fault.LEAF, (3,))]


def test_an_omission_is_shown_with_its_neighbours() -> None:
    """A record that the log left out shows by its sequence and by the offset that no leaf has."""
    problem = only(audited([record_leaf(n) for n in (1, 2, 5, 6)]))
    assert (problem.fault, problem.first, problem.last) == (Fault.OMISSION, 3, 4)
    assert (problem.indices, problem.offsets) == ((1, 2), (1, 4))


def test_an_omission_at_the_beginning_is_shown() -> None:
    """A stream begins with 1."""
    problem = only(audited([record_leaf(n) for n in (3, 4)]))
    assert (problem.fault, problem.first, problem.last, problem.indices) == (Fault.OMISSION, 1, 2, (0,))


def test_a_gap_is_told_from_an_omission() -> None:
    """A sequence that is missing between neighbouring offsets was never in the topic."""
    leaves = [record_leaf(n, offset=offset) for offset, n in enumerate((1, 2, 4))]
    problem = only(audited(leaves))
    assert (problem.fault, problem.first, problem.last, problem.offsets) == (Fault.GAP, 3, 3, (1, 2))


def test_a_gap_beside_another_stream_is_a_gap() -> None:
    """Offsets that other streams' records have leave no room for an omitted one."""
    leaves = [
        record_leaf(1, offset=0),
        record_leaf(1, offset=1, stream="ingest/1", value="b"),
        record_leaf(3, offset=2),
    ]
    assert only(audited(leaves)).fault is Fault.GAP


def test_a_fork_is_shown() -> None:
    """Two different records under one sequence are a fork, with both places."""
    leaves = [record_leaf(1), record_leaf(2), record_leaf(2, offset=2, value="two"), record_leaf(3, offset=3)]
    problem = only(audited(leaves))
    assert (problem.fault, problem.first, problem.indices, problem.offsets) == (Fault.FORK, 2, (1, 2), (1, 2))


def test_a_repetition_is_shown() -> None:
    """The same record under one sequence twice is a repetition, with both places."""
    leaves = [record_leaf(1), record_leaf(2), record_leaf(1, offset=2)]
    problem = only(audited(leaves))
    assert (problem.fault, problem.first, problem.indices, problem.offsets) == (Fault.REPEATED, 1, (0, 2), (0, 2))


@pytest.mark.parametrize(("value", "fault"), [("", Fault.REPEATED), ("two", Fault.FORK)])
def test_the_same_offset_twice_is_shown(value: str, fault: Fault) -> None:
    """A leaf that was written twice for one offset is a repetition, and a fork when the record is another."""
    leaves = [record_leaf(1), record_leaf(2), record_leaf(2, value=value)]
    problem = only(audited(leaves))
    assert (problem.fault, problem.indices, problem.offsets) == (fault, (1, 2), (1, 1))


def test_reordered_sequences_are_shown() -> None:
    """A record behind its successors is shown with them, and is not missing."""
    leaves = [record_leaf(n, offset=offset) for offset, n in enumerate((1, 3, 4, 2, 5))]
    problem = only(audited(leaves))
    assert (problem.fault, problem.first, problem.indices, problem.offsets) == (Fault.REORDERED, 2, (1, 3), (1, 3))


def test_reordered_offsets_are_shown() -> None:
    """A leaf whose offset is below an earlier one's is out of order."""
    leaves = [record_leaf(n) for n in (1, 3, 2)]
    faults = {(p.fault, p.indices) for p in audited(leaves).problems}
    assert (Fault.REORDERED, (2,)) in faults


def test_records_that_did_not_verify_cannot_disturb_a_stream() -> None:
    """Whoever cannot sign as the writer can neither fill a gap nor make a fork: it is a note."""
    leaves = [
        record_leaf(1),
        record_leaf(1, offset=1, value="forged", verdict="bad_signature"),
        record_leaf(7, offset=2, value="forged", verdict="wrong_signer"),
        record_leaf(2, offset=3),
    ]
    report = audited(leaves)
    assert report.verified
    assert len(report.warnings) == 2
    assert "offset 1 did not verify: bad_signature" in report.warnings[0]


def test_an_older_checkpoint_of_another_tree_is_refused() -> None:
    """A log that was rewritten does not follow the checkpoint that somebody kept."""
    kept = published([encode(record_leaf(n, value="before")) for n in range(1, 4)]).files[CHECKPOINT]
    problem = only(audit(published(entries(1, 9)), KEYS, older=kept))
    assert problem.fault is Fault.CHECKPOINT
    assert "older checkpoint" in problem.message


def test_a_rollback_is_refused() -> None:
    """A log that is smaller than the checkpoint that somebody kept has lost leaves."""
    kept = published(entries(1, 9)).files[CHECKPOINT]
    assert only(audit(published(entries(1, 5)), KEYS, older=kept)).fault is Fault.CHECKPOINT


def test_a_forged_cosignature_is_found() -> None:
    """A line that claims a known witness must be by it, in the checkpoint and in the history."""
    store = published(entries(1, 5), cosigned_at=1_700_000_100)
    [name] = store.names("cosigned/")
    for path in (CHECKPOINT, name):
        altered = dict(store.files)
        # The time is in the line's base64: another letter there is another time.
        line = next(p for p in altered[path].split(b"\xe2\x80\x94 ") if p.startswith(b"witness.test/one"))
        altered[path] = altered[path].replace(line, line[:34] + (b"B" if line[34:35] != b"B" else b"C") + line[35:])
        report = audit(MemoryStore(altered), KEYS)
        assert Fault.CHECKPOINT in {p.fault for p in report.problems}


def test_a_cosigned_checkpoint_of_another_tree_is_found() -> None:
    """A tree that a witness cosigned and that this log does not contain is the proof of a fork."""
    store = published(entries(1, 5))
    forked = checkpoint.sign(Checkpoint(ORIGIN, 4, bytes(32)), SIGNER)
    forked = forked.with_signatures([checkpoint.cosign(forked.note.text, 7, WITNESS)])
    store.files["cosigned/00000000000000000004"] = join_entries([forked.note.dump()])
    problem = only(audit(store, KEYS))
    assert "is not of this tree" in problem.message
    with pytest.raises(Refused, match="not of this tree"):
        proof.time_of(store, KEYS, digest_of("1"))


def test_a_log_in_order_verifies() -> None:
    """Two topics, several streams, trust bundles, a new incarnation and control offsets are all in order."""
    leaves: list[Leaf] = [
        BundleLeaf(trust_domain="fixgate.internal", authorities=("AAAA",), seen_ms=1),
        record_leaf(1, offset=0),
        record_leaf(1, offset=2, stream="ingest/1", value="b"),
        record_leaf(2, offset=4),
        record_leaf(1, partition=1, value="c"),
        record_leaf(0, offset=9, topic="fixgate.approvals", stream="", value="d"),
        record_leaf(0, offset=10, topic="fixgate.approvals", stream="", value="e"),
        record_leaf(1, offset=0, incarnation="cluster/new", value="f"),
    ]
    report = audit(published([encode(leaf) for leaf in leaves], cosigned_at=1_700_000_100), KEYS)
    assert (report.verified, report.records, report.bundles) == (True, 7, 1)
    assert report.time == "cosigned by witness.test/one at 2023-11-14T22:15:00Z"


def test_what_was_gone_before_the_log_read_it_is_said() -> None:
    """Offsets that the broker had forgotten are a note, and the stream's gap is a problem of its own."""
    lost = LostLeaf(topic="fixgate.findings", incarnation="cluster/topic", partition=0, first=0, end=4, seen_ms=9)
    report = audit(published([encode(lost), encode(record_leaf(5))]), KEYS)
    assert "offsets 0 to 3 were gone" in report.warnings[0]
    assert only(report).first == 1


def test_without_a_witness_the_time_is_the_operators_word() -> None:
    """Verification says whose word the time is, also for the leaves since the last cosignature."""
    store = published(entries(1, 5))
    assert audit(store, KEYS).time == "time asserted by the operator"
    store = published(entries(1, 5), cosigned_at=1_700_000_100)
    log = Log(store, SIGNER)
    log.append(entries(6, 2))
    log.publish()
    log.close()
    assert audit(store, KEYS).time == (
        "cosigned up to leaf 4 by witness.test/one at 2023-11-14T22:15:00Z; "
        "time asserted by the operator for the 2 leaves since"
    )
    assert audit(store, Keys(origin=ORIGIN, log=KEYS.log)).time == "time asserted by the operator"


def test_progress_reaches_the_end() -> None:
    """Progress counts up to all leaves."""
    seen: list[tuple[int, int]] = []
    store = published(entries(1, 600))
    audit(store, KEYS, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(256, 600), (512, 600), (600, 600)]


def test_an_older_checkpoint_of_this_log_is_accepted() -> None:
    """A log that only grew follows every checkpoint that it published."""
    store = published(entries(1, 5))
    kept = store.files[CHECKPOINT]
    log = Log(store, SIGNER)
    log.append(entries(6, 300))
    log.publish()
    log.close()
    assert audit(store, KEYS, older=kept).verified
