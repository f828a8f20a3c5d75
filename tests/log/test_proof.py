"""A record's proof is checked with nothing but keys, and any change of it is refused."""

import json

import pytest

from fixgate.errors import Refused
from fixgate.log import checkpoint, proof
from fixgate.log.audit import Keys
from fixgate.log.leaf import BundleLeaf, encode
from fixgate.log.writer import Log
from tests.log.logs import KEYS, SIGNER, WITNESS, MemoryStore, digest_of, entries, published, record_leaf


def grown() -> MemoryStore:
    """A log of 900 leaves, cosigned at 300 and 600."""
    store = published(entries(1, 300), cosigned_at=1_700_000_300)
    log = Log(store, SIGNER)
    for size in (600, 900):
        log.append(entries(size - 299, 300))
        log.publish()
        if size == 600:
            log.keep_cosignatures([checkpoint.cosign(log.latest.note.text, 1_700_000_600, WITNESS)])
    log.close()
    return store


STORE = grown()


def test_any_change_of_a_proof_is_refused() -> None:
    """Leaf, index, path and checkpoint must be those that were proved."""
    document = json.loads(proof.prove(STORE, KEYS, digest_of("400")))
    changes: list[dict[str, object]] = [
        {"leaf": document["leaf"].replace('"offset":399', '"offset":398')},
        {"index": 400},
        {"index": True},
        {"index": "399"},
        {"proof": document["proof"][:-1]},
        {"proof": ["!"]},
        {"checkpoint": document["checkpoint"].replace("\n600\n", "\n601\n")},
        {"checkpoint": "x" * 200_000},
        {"format": "another"},
        {"leaf": None},
    ]
    for change in changes:
        with pytest.raises(Refused):
            proof.check(json.dumps({**document, **change}).encode(), KEYS)
    for data in (b"", b"[]", b"\xff", b"[" * 100_000, b"{}", bytes(proof.FILE_LIMIT + 1)):
        with pytest.raises(Refused):
            proof.check(data, KEYS)


def test_a_proof_of_another_log_is_refused() -> None:
    """A proof counts only under the key of the log that one trusts."""
    with pytest.raises(Refused):
        proof.check(proof.prove(STORE, KEYS, digest_of("1")), Keys(origin=KEYS.origin, log=(WITNESS.verifier,)))


def test_an_unknown_record_has_no_proof() -> None:
    """What is not in the log, in part of a digest or in another field, is not proved."""
    for digest in (digest_of("1000"), digest_of("1")[:30], digest_of("certificate"), "verified"):
        with pytest.raises(Refused, match="no record"):
            proof.time_of(STORE, KEYS, digest)


def test_a_record_that_did_not_verify_has_no_proof() -> None:
    """A leaf that says that a record was refused proves nothing for it."""
    store = published([encode(record_leaf(1, verdict="bad_signature"))])
    with pytest.raises(Refused, match="did not verify: bad_signature"):
        proof.time_of(store, KEYS, digest_of("1"))


def test_a_proof_of_a_leaf_that_is_no_record_is_refused() -> None:
    """Only records are proved."""
    leaf = encode(BundleLeaf(trust_domain="a", authorities=(), seen_ms=1))
    store = published([leaf])
    document: dict[str, object] = {
        "format": proof.FORMAT,
        "index": 0,
        "leaf": leaf.decode(),
        "proof": [],
        "checkpoint": store.files["checkpoint"].decode(),
    }
    with pytest.raises(Refused, match="no record"):
        proof.check(json.dumps(document).encode(), KEYS)


def test_a_log_whose_leaf_was_altered_has_no_proof() -> None:
    """What does not lead to the checkpoint is not proved."""
    store = MemoryStore(STORE.files)
    path = "tile/entries/001"
    store.files[path] = store.files[path].replace(b'"offset":399', b'"offset":398')
    with pytest.raises(Refused):
        proof.time_of(store, KEYS, digest_of("400"))


@pytest.mark.parametrize(
    ("number", "time", "size"),
    [(1, 1_700_000_300, 300), (300, 1_700_000_300, 300), (301, 1_700_000_600, 600), (600, 1_700_000_600, 600)],
)
def test_the_time_is_that_of_the_earliest_cosignature(number: int, time: int, size: int) -> None:
    """A record's time is bounded by the first cosigned checkpoint that covers its leaf, offline as well."""
    for dated in (
        proof.time_of(STORE, KEYS, digest_of(str(number))),
        proof.check(proof.prove(STORE, KEYS, digest_of(str(number))), KEYS),
    ):
        assert dated.cosignature is not None
        assert (dated.index, dated.cosignature.time, dated.signed.head.size) == (number - 1, time, size)
        assert dated.leaf == record_leaf(number)


def test_without_a_cosignature_there_is_no_time() -> None:
    """A leaf that no witness has seen yet, or none that is trusted, is proved without a time."""
    assert proof.time_of(STORE, KEYS, digest_of("601")).cosignature is None
    alone = Keys(origin=KEYS.origin, log=KEYS.log)
    assert proof.time_of(STORE, alone, digest_of("1")).cosignature is None
    assert proof.check(proof.prove(STORE, KEYS, digest_of("1")), alone).cosignature is None
