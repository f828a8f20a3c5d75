"""The evidence as a file, and how it is collected from a log that somebody may have tampered with."""

import base64
import json
from collections.abc import Iterator
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixgate.errors import Refused
from fixgate.events import Control, Review, ReviewKind
from fixgate.log.proof import Prover
from fixgate.log.tiles import bundle_path
from fixgate.provenance import evidence as files
from fixgate.provenance.archive import Archive
from fixgate.provenance.evidence import Evidence
from fixgate.signing import digest
from tests.log.logs import KEYS, WITNESS
from tests.provenance.book import Book
from tests.provenance.telling import enrolled, tell
from tests.samples import finding
from tests.services_world import CODEC

BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
EMPTY = b'{"format":"fixgate-evidence/1","findings":[],"bundles":[],"records":[%b]}'


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 20_000,
        b'{"format":' + b"[" * 20_000,
        b'{"format":"fixgate-evidence/1","findings":[],"bundles":[],"records":'
        + b'{"a":' * 20_000
        + b"1"
        + b"}" * 20_005,
        b'{"format":"fixgate-evidence/2","findings":[],"records":[],"bundles":[]}',
        b'{"format":"fixgate-evidence/1","findings":[1],"records":[],"bundles":[]}',
        b'{"format":"fixgate-evidence/1","findings":[],"records":[null],"bundles":[]}',
        b'{"format":"fixgate-evidence/1","findings":[],"records":3,"bundles":[]}',
        EMPTY % b'{"value":"QR==","certificate":"","proof":{},"after":null}',
        EMPTY % b'{"value":"","certificate":"","proof":{},"after":"\\ud800"}',
    ],
)
def test_what_is_no_evidence(data: bytes) -> None:
    """Anything else is refused in words."""
    with pytest.raises(Refused, match="this is no evidence file"):
        Evidence.load(data)


def test_a_file_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file has its limits, in bytes and in records."""
    with monkeypatch.context() as patch:
        patch.setattr(files, "FILE_LIMIT", 10)
        with pytest.raises(Refused, match="it has 11 bytes"):
            Evidence.load(b"x" * 11)
    monkeypatch.setattr(files, "RECORDS_LIMIT", 1)
    document = {"format": files.FORMAT, "findings": [], "records": [None, None], "bundles": []}
    with pytest.raises(Refused, match="more than 1 records"):
        Evidence.load(json.dumps(document).encode())


@pytest.mark.parametrize(
    "proof", [None, 3, [], "x", {"format": "x"}, {"index": "1"}, json.loads("[" * 900 + "]" * 900)]
)
def test_a_proof_that_is_none(book: Book, whole: Evidence, proof: Any) -> None:
    """What stands in the place of a proof fails at its leaf, in words."""
    document = json.loads(whole.dump())
    document["records"][3]["proof"] = proof
    found = book.verify(Evidence.load(json.dumps(document).encode()))
    assert "leaf" in {c.step for c in found.failures}
    document["bundles"] = [proof]
    found = book.verify(Evidence.load(json.dumps(document).encode()))
    assert {c.step for c in found.failures} == {"bundles"}


def test_it_is_read_as_it_was_written(whole: Evidence) -> None:
    """A file says all that was collected."""
    assert Evidence.load(whole.dump()) == whole


TEXTS = ("value", "certificate", "leaf", "checkpoint", "after")


def encoded(document: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where text in base64 stands in a document: bytes, hashes, leaves, checkpoints."""
    if isinstance(document, dict):
        for name, value in cast("dict[str, object]", document).items():
            yield from encoded(value, (*path, name))
    elif isinstance(document, list):
        for number, value in enumerate(cast("list[object]", document)):
            yield from encoded(value, (*path, number))
    elif isinstance(document, str) and (path[-1] in TEXTS or "proof" in path[-2:-1]):
        yield path


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_other_character_verifies(book: Book, whole: Evidence, data: st.DataObject) -> None:
    """Whatever character of the evidence's encoded parts is another one: it does not verify by a witness's time.

    But for a witness's line where its word only narrows what another one of its words bounds already.
    """
    document = json.loads(whole.dump())
    place = data.draw(st.sampled_from(list(encoded(document))))
    holder = document
    for part in place[:-1]:
        holder = holder[part]
    text = holder[place[-1]]
    number = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from(BASE64).filter(lambda c: c != text[number]))
    holder[place[-1]] = text[:number] + other + text[number + 1 :]
    try:
        altered = Evidence.load(json.dumps(document).encode())
    except Refused:
        return
    narrows = place[-1] == "after" or (place[0] == "bundles" and place[-1] == "checkpoint")
    assert not book.verify(altered).verified or (narrows and number > text.index(WITNESS.verifier.name) - 3)


# -- collecting ------------------------------------------------------------------------------------------------------


def test_a_log_whose_entries_were_altered(book: Book) -> None:
    """Nothing can be hidden by writing another leaf over it."""
    tell(book)
    size = book.log.latest.head.size
    path = bundle_path(0, size)
    held = book.store.files[path]
    book.store.files[path] = held.replace(b"fixgate.controls", b"fixgate.contrals")
    assert book.store.files[path] != held
    with pytest.raises(Refused, match="not those that its checkpoint signs"):
        book.archive()


def test_an_object_that_was_deleted(book: Book) -> None:
    """A record that the log names and the object store has not got is told of."""
    told = tell(book)
    name = digest(told["dead"].value)
    del book.objects.files[name]
    archive = book.archive()
    assert [(leaf.digest, "is not here" in why) for leaf, why in archive.unread] == [(name, True)]
    assert name not in archive.records


def test_ids_may_be_shortened(book: Book) -> None:
    """A record is found by the beginning of its id or digest; several candidates are named, a guess is refused."""
    told = tell(book)
    book.record(finding(finding_id="finding-12"))
    book.checkpoint()
    archive = book.archive()
    assert archive.find("outcome-1").kind == "Outcome"
    assert archive.find(digest(told["approval"].value)[:20]).kind == "Approval"
    assert archive.find(digest(told["approval"].value).removeprefix("sha256:")[:12]).kind == "Approval"
    assert archive.find("finding-1").record == finding_of(archive, "finding-1")
    with pytest.raises(Refused, match="may be any of 2 things") as caught:
        archive.find("findi")
    assert caught.value.remedy == "finding-1\nfinding-12"
    with pytest.raises(Refused, match="too short"):
        archive.find("fin")
    with pytest.raises(Refused, match="nothing whose id begins"):
        archive.find("nothing-like-it")


def finding_of(archive: Archive, name: str) -> Any:
    """The finding of that name."""
    return next(archive.about((name,))).record


def test_what_a_record_was_made_from_comes_along(book: Book) -> None:
    """A proposal that another finding's outcome led to brings that outcome, and not its whole story."""
    told = tell(book)
    later = book.record(finding(finding_id="finding-2"))
    outcome = CODEC.decode_any(told["outcome"].value)
    review = Review(
        review_id="review-1",
        kind=ReviewKind.REFUSED,
        proposal_id="proposal-9",
        proposal_digest=digest(later.value),
        revision=1,
        lock_key="another",
        finding_ids=("finding-2",),
    )
    book.record(review, parents=(digest(later.value), digest(told["outcome"].value)))
    book.checkpoint()
    found = book.evidence("finding-2")
    kinds = [type(CODEC.decode_any(e.value)) for e in found.entries]
    assert kinds == [Control, type(outcome), type(finding()), Review]
    assert book.verify(found).verified


def test_nothing_to_collect(book: Book) -> None:
    """A finding that the log does not know has no evidence."""
    enrolled(book)
    book.checkpoint()
    assert base64.b64encode(book.evidence("finding-7").entries[0].value)
    assert not book.verify(book.evidence("finding-7")).verified


def test_each_file_is_read_once(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many leaves are proved, checkpoint and history are read once."""
    tell(book)
    read: list[str] = []
    plain = book.store.read

    def noted(path: str) -> bytes | None:
        read.append(path)
        return plain(path)

    monkeypatch.setattr(book.store, "read", noted)
    prover = Prover(book.store, KEYS)
    for _ in range(3):
        for index in range(book.log.latest.head.size):
            prover.prove(index)
            prover.before(index)
    assert sum(path.startswith(("checkpoint", "cosigned/")) for path in read) == 2
