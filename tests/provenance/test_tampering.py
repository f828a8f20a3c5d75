"""Evidence that somebody tampered with after the log wrote it: nothing of it verifies."""

import base64
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fixgate.log.audit import ASSERTED, Keys
from fixgate.log.note import Kind, NoteSigner
from fixgate.provenance.checks import Verdicts
from fixgate.provenance.evidence import Evidence
from fixgate.signing import digest
from tests.fixgate.certificates import Shape, leaf, self_signed
from tests.log.logs import KEYS, ORIGIN, WITNESS
from tests.provenance.book import Book
from tests.provenance.telling import enrolled, tell
from tests.samples import finding
from tests.services_world import START, spiffe_id

PLACES = range(12)
"""Where each record of the whole change stands."""


def steps(verdicts: Verdicts) -> set[str]:
    """The steps that failed."""
    return {c.step for c in verdicts.failures}


def with_entry(evidence: Evidence, place: int, **changed: Any) -> Evidence:
    """The evidence with one of its records changed."""
    entries = list(evidence.entries)
    entries[place] = replace(entries[place], **changed)
    return replace(evidence, entries=tuple(entries))


def with_proof(evidence: Evidence, place: int, **changed: Any) -> Evidence:
    """The evidence with members of one record's proof changed."""
    document = json.loads(evidence.entries[place].proof) | changed
    return with_entry(evidence, place, proof=json.dumps(document).encode())


def without_cosignatures(note: str) -> str:
    """A checkpoint as the log alone signed it."""
    return "".join(
        line for line in note.splitlines(keepends=True) if not line.startswith(f"— {WITNESS.verifier.name} ")
    )


def flipped(data: bytes) -> bytes:
    """The same with one bit changed in its middle."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def test_what_nobody_touched_verifies(book: Book, whole: Evidence) -> None:
    """A change that people approved verifies by the witness's time, and it is told how it ended."""
    verdicts = book.verify(whole)
    assert not verdicts.failures
    assert verdicts.verified
    assert (verdicts.time, verdicts.ended) == ("witness", {"done": 1})


@pytest.mark.parametrize("place", PLACES)
def test_an_altered_byte(book: Book, whole: Evidence, place: int) -> None:
    """A record of which one bit was changed is not the one that the leaf names."""
    found = book.verify(with_entry(whole, place, value=flipped(whole.entries[place].value)))
    assert "bytes" in steps(found)


@pytest.mark.parametrize("place", PLACES)
def test_another_certificate(book: Book, whole: Evidence, place: int) -> None:
    """A certificate for the same identity that the leaf does not name is refused."""
    shape = Shape(uris=(spiffe_id("gate"),))
    other = leaf(book.world.root, shape)
    assert steps(book.verify(with_entry(whole, place, certificate=other.header))) >= {"bytes"}


@pytest.mark.parametrize("field", ["signature", "signer", "verdict", "appended_ms", "topic"])
def test_an_altered_leaf(book: Book, whole: Evidence, field: str) -> None:
    """A leaf with another signature, signer, verdict, time or topic is not in the tree."""
    entry = json.loads(json.loads(whole.entries[4].proof)["leaf"])
    entry[field] = entry[field] + 1 if isinstance(entry[field], int) else flipped(entry[field].encode()).decode()
    text = json.dumps(entry, separators=(",", ":"))
    assert steps(book.verify(with_proof(whole, 4, leaf=text))) >= {"leaf"}


@pytest.mark.parametrize("index", [0, 5, 11, 10**30, -1])
def test_another_index(book: Book, whole: Evidence, index: int) -> None:
    """A leaf does not prove itself at another place of the tree."""
    assert steps(book.verify(with_proof(whole, 3, index=index))) >= {"leaf"}


@pytest.mark.parametrize("place", [1, 2, 3, 5, 6, 7, 8])
def test_a_record_left_out(book: Book, whole: Evidence, place: int) -> None:
    """A record that another one was made from is missed."""
    entries = tuple(e for n, e in enumerate(whole.entries) if n != place)
    assert not book.verify(replace(whole, entries=entries)).verified


def test_the_last_record_left_out(book: Book, whole: Evidence) -> None:
    """Without the proof of its death a credential counts as alive."""
    assert steps(book.verify(replace(whole, entries=whole.entries[:-1]))) == {"credential"}


def test_the_outcome_left_out(book: Book, whole: Evidence) -> None:
    """A change that was begun must end somewhere."""
    entries = tuple(e for n, e in enumerate(whole.entries) if n != 10)
    assert "warrant" in steps(book.verify(replace(whole, entries=entries)))


def test_a_record_twice(book: Book, whole: Evidence) -> None:
    """Nothing is told twice."""
    entries = (*whole.entries, whole.entries[-1])
    assert steps(book.verify(replace(whole, entries=entries))) == {"leaf"}


def test_another_order(book: Book, whole: Evidence) -> None:
    """Records stand in the order of the log."""
    assert steps(book.verify(replace(whole, entries=whole.entries[::-1]))) >= {"leaf"}


def test_no_records(book: Book, whole: Evidence) -> None:
    """Nothing proves nothing."""
    assert steps(book.verify(replace(whole, entries=()))) == {"findings"}
    assert not book.verify(Evidence(finding_ids=(), entries=(), bundles=())).verified


def test_another_finding_named(book: Book, whole: Evidence) -> None:
    """The evidence of one finding does not pass for that of another."""
    for named in ((), ("finding-2",), ("finding-1", "finding-2")):
        assert "findings" in steps(book.verify(replace(whole, finding_ids=named)))


def test_a_record_about_something_else(book: Book) -> None:
    """What has nothing to do with the finding is not slipped in."""
    tell(book)
    book.record(finding(finding_id="finding-9"))
    book.checkpoint()
    mixed = book.evidence("finding-1", "finding-9")
    assert book.verify(mixed).verified
    assert steps(book.verify(replace(mixed, finding_ids=("finding-1",)))) == {"findings"}


# -- the log's key, its origin, its witness --------------------------------------------------------------------------


def test_another_log(book: Book, whole: Evidence) -> None:
    """What another key signed under the same origin, or ours under another origin, is not our log's."""
    other = NoteSigner(ORIGIN, Kind.ED25519, Ed25519PrivateKey.from_private_bytes(b"X" * 32))
    stranger = Keys(origin=ORIGIN, log=(other.verifier,), witnesses=KEYS.witnesses)
    elsewhere = Keys(origin="elsewhere.test/log", log=KEYS.log, witnesses=KEYS.witnesses)
    for keys in (stranger, elsewhere):
        assert steps(book.verify(whole, keys)) == {"bundles"}
        found = book.verify(replace(whole, bundles=()), keys)
        assert steps(found) >= {"leaf"}
        assert not found.verified


def test_a_checkpoint_that_nobody_cosigned(book: Book, whole: Evidence) -> None:
    """Where a witness is trusted its word is needed, unless the operator's is asked for; then that is said."""
    note = json.loads(whole.entries[6].proof)["checkpoint"]
    stripped = with_proof(whole, 6, checkpoint=without_cosignatures(note))
    assert steps(book.verify(stripped)) >= {"time"}
    found = book.verify(stripped, operators_time=True)
    assert found.verified
    assert (found.time, found.asserted) == ("operator", 1)
    assert [c for c in found.checks if c.step == "time" and ASSERTED in c.words]


def test_without_a_witness_the_time_is_the_operators(book: Book, whole: Evidence) -> None:
    """Who trusts no witness is told whose time it is."""
    found = book.verify(whole, replace(KEYS, witnesses=()))
    assert found.verified
    assert (found.time, found.asserted) == ("operator", 12)


def test_a_cosignature_that_lies(book: Book, whole: Evidence) -> None:
    """A line that claims to be the witness's and is not makes the checkpoint worthless."""
    document = json.loads(whole.entries[6].proof)
    other = json.loads(whole.entries[1].proof)["checkpoint"].splitlines(keepends=True)[-1]
    forged = without_cosignatures(document["checkpoint"]) + other
    assert steps(book.verify(with_proof(whole, 6, checkpoint=forged), operators_time=True)) >= {"leaf"}


def test_a_checkpoint_before_that_has_the_leaf(book: Book, whole: Evidence) -> None:
    """What is to bound the time from below must not have the leaf."""
    later = whole.entries[-1].after
    assert steps(book.verify(with_entry(whole, 2, after=later))) >= {"signature"}


def test_a_checkpoint_before_of_another_log(book: Book, whole: Evidence) -> None:
    """What is to bound the time from below is signed by the log."""
    other = NoteSigner(ORIGIN, Kind.ED25519, Ed25519PrivateKey.from_private_bytes(b"X" * 32))
    text = f"{ORIGIN}\n1\n{base64.b64encode(bytes(32)).decode()}\n"
    note = f"{text}\n{other.sign(text.encode()).line()}".encode()
    assert not book.verify(with_entry(whole, 2, after=note)).verified


# -- time ------------------------------------------------------------------------------------------------------------


def shifted(book: Book, by: timedelta, at: timedelta) -> Evidence:
    """A finding that the broker says to be `by` later than it is, logged `at` after the beginning."""
    enrolled(book)
    book.checkpoint()
    book.now = START + at
    book.seen_again()
    book.record(finding(), appended_ms=int((book.now + by).timestamp() * 1000))
    book.checkpoint()
    return book.evidence()


def test_a_record_that_was_backdated_into_its_certificates_life(book: Book) -> None:
    """An ended certificate does not come back to life because the broker's clock was turned back."""
    evidence = shifted(book, -timedelta(hours=4), timedelta(hours=5))
    found = book.verify(evidence)
    assert steps(found) >= {"signature"}
    hidden = replace(evidence, entries=tuple(replace(e, after=None) for e in evidence.entries))
    assert steps(book.verify(hidden)) >= {"time"}
    assert book.verify(hidden, operators_time=True).time == "operator"


def test_a_record_that_was_backdated_a_little(book: Book) -> None:
    """Where the certificate still held, the time alone is not believed."""
    evidence = shifted(book, -timedelta(minutes=20), timedelta(minutes=30))
    assert steps(book.verify(evidence)) == {"time", "findings"}
    found = book.verify(evidence, operators_time=True)
    assert found.verified
    assert found.time == "operator"


def test_a_record_from_the_future(book: Book) -> None:
    """A witness cannot have seen what was not there yet."""
    assert steps(book.verify(shifted(book, timedelta(minutes=5), timedelta(minutes=6)), operators_time=True)) >= {
        "time"
    }


@pytest.mark.parametrize("at_ms", [None, -1, 2**62])
def test_a_record_of_no_time(book: Book, at_ms: int | None) -> None:
    """Without a time that can be, no certificate can be judged."""
    enrolled(book)
    book.record(finding(), appended_ms=at_ms)
    book.checkpoint()
    assert steps(book.verify(book.evidence())) >= {"signature"}


def test_a_certificate_that_had_ended(book: Book) -> None:
    """A record that came after its certificate's end is refused."""
    enrolled(book)
    book.now = START + timedelta(hours=2)
    book.record(finding())
    book.checkpoint()
    assert steps(book.verify(book.evidence())) >= {"signature"}


# -- who signed ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("party", ["executor", "desk", "scanner", "analyzer"])
def test_a_writer_of_another_topic(book: Book, party: str) -> None:
    """A finding by anybody but ingest is nobody's, whatever the log says of it."""
    enrolled(book)
    book.record(finding(), party=party)
    book.checkpoint()
    assert steps(book.verify(book.evidence())) >= {"signature"}


@pytest.mark.parametrize("topic", ["fixgate.assessments", "other.findings", "fixgate.nothing", "findings"])
def test_a_record_in_another_topic(book: Book, topic: str) -> None:
    """A finding does not stand among assessments, nor in a topic of another deployment or of none."""
    enrolled(book)
    said = book.record(finding(), leaf_topic=topic)
    book.checkpoint()
    assert digest(said.value) in {c.record for c in book.verify(book.evidence()).failures if c.step == "bytes"}


@pytest.mark.parametrize("changed", [{"sequence": 9}, {"stream": "gate/0"}])
def test_another_place_in_its_stream(book: Book, changed: dict[str, Any]) -> None:
    """The leaf says where in its stream a record stands, as the record does."""
    enrolled(book)
    book.record(finding(), **changed)
    book.checkpoint()
    assert steps(book.verify(book.evidence())) >= {"bytes"}


def test_an_authority_that_the_log_never_noted(book: Book, whole: Evidence) -> None:
    """A chain that leads to nobody whom the log noted is refused: no bundle, and a bundle of another domain."""
    assert steps(book.verify(replace(whole, bundles=()))) >= {"signature"}
    book.bundle(self_signed().der, domain="elsewhere.test")
    book.checkpoint()
    foreign = book.prove(12 + 1)
    assert steps(book.verify(replace(whole, bundles=(foreign,)))) >= {"signature"}


def test_a_forged_authority(book: Book, whole: Evidence) -> None:
    """An authority slipped into a bundle's leaf is not in the tree; another leaf is no bundle; order matters."""
    document = json.loads(whole.bundles[0])
    entry = json.loads(document["leaf"])
    entry["authorities"].append(base64.b64encode(self_signed().der).decode())
    forged = json.dumps({**document, "leaf": json.dumps(entry, separators=(",", ":"))}).encode()
    for bundles in ((forged,), (whole.entries[0].proof,), (*whole.bundles, *whole.bundles)):
        assert steps(book.verify(replace(whole, bundles=bundles))) == {"bundles"}


def test_an_authority_that_left(book: Book) -> None:
    """What was appended after its authority had left is refused."""
    enrolled(book)
    book.bundle(self_signed().der)
    book.now += timedelta(minutes=1)
    book.record(finding())
    book.checkpoint()
    assert steps(book.verify(book.evidence())) >= {"signature"}
