"""A witness signs what follows and refuses everything else; the log goes on without it, but not against its proof."""

import base64
import http.client
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from fixgate.errors import Misconfigured, Refused, Unavailable
from fixgate.log import checkpoint
from fixgate.log.audit import audit
from fixgate.log.checkpoint import Checkpoint, SignedCheckpoint
from fixgate.log.client import RolledBack, WitnessClient
from fixgate.log.filesystem import FolderStore
from fixgate.log.leaf import encode
from fixgate.log.note import Note
from fixgate.log.serving import WitnessServer
from fixgate.log.tiles import CHECKPOINT, Tree
from fixgate.log.witness import BODY_LIMIT, Witness
from fixgate.log.writer import Log
from tests.log.logs import KEYS, ORIGIN, SIGNER, WITNESS, MemoryStore, entries, published, record_leaf

NOW = 1_700_000_500


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        """Seconds since 1970."""
        return self.now


def witness(store: MemoryStore, clock: Clock | None = None) -> Witness:
    """The witness of the test's log."""
    return Witness(WITNESS, {ORIGIN: [SIGNER.verifier]}, store, clock or Clock())


def tree_of(store: MemoryStore) -> tuple[SignedCheckpoint, Tree]:
    """A log's checkpoint and tree."""
    signed = checkpoint.open_checkpoint(store.files[CHECKPOINT], ORIGIN, [SIGNER.verifier])
    return signed, Tree(store.read, signed.head.size)


def request(old: int, signed: SignedCheckpoint, proof: list[bytes]) -> bytes:
    """A request's body."""
    lines = [f"old {old}", *(base64.b64encode(h).decode() for h in proof)]
    return ("\n".join(lines) + "\n\n").encode() + signed.note.dump()


SMALL, LARGE = published(entries(1, 5)), published(entries(1, 12))
FORKED = published([encode(record_leaf(n, value="fork")) for n in range(1, 13)])


def seen(clock: Clock | None = None) -> tuple[Witness, MemoryStore]:
    """A witness that has cosigned the small tree."""
    store = MemoryStore()
    one = witness(store, clock)
    assert one.add_checkpoint(request(0, tree_of(SMALL)[0], [])).status == 200
    return one, store


def test_a_fork_is_refused() -> None:
    """A tree that does not follow the one that was cosigned is not signed, with any proof."""
    one, store = seen()
    before = dict(store.files)
    forked, tree = tree_of(FORKED)
    assert one.add_checkpoint(request(5, forked, tree.consistency_proof(5))).status == 422
    same_size = checkpoint.sign(Checkpoint(ORIGIN, 5, bytes(32)), SIGNER)
    assert one.add_checkpoint(request(5, same_size, [])).status == 422
    assert store.files == before


def test_a_rollback_is_refused() -> None:
    """A smaller tree than the one that was cosigned is a conflict, and the answer says which size is known."""
    one, _ = seen()
    smaller, _ = tree_of(published(entries(1, 3)))
    for old in (0, 3):
        answer = one.add_checkpoint(request(old, smaller, []))
        assert (answer.status, answer.body, answer.content_type) == (409, b"5\n", "text/x.tlog.size")
    assert one.add_checkpoint(request(5, smaller, [])).status == 400


def test_an_unknown_log_and_a_wrong_key_are_refused() -> None:
    """A witness signs for the logs that it knows, and only what their keys signed."""
    one = witness(MemoryStore())
    head = tree_of(SMALL)[0].head
    stranger = checkpoint.sign(Checkpoint("another.example/log", head.size, head.root), SIGNER)
    assert one.add_checkpoint(request(0, stranger, [])).status == 404
    unsigned = SignedCheckpoint(head, Note(head.text(), (WITNESS.sign(b"x"),)))
    assert one.add_checkpoint(request(0, unsigned, [])).status == 403
    forged = SignedCheckpoint(head, Note(head.text(), (SIGNER.sign(b"something else"),)))
    assert one.add_checkpoint(request(0, forged, [])).status == 403


def test_a_proof_where_there_must_be_none_is_refused() -> None:
    """The first checkpoint comes without a proof, and an empty tree with the empty root."""
    one = witness(MemoryStore())
    assert one.add_checkpoint(request(0, tree_of(SMALL)[0], [bytes(32)])).status == 422
    hollow = checkpoint.sign(Checkpoint(ORIGIN, 0, bytes(32)), SIGNER)
    assert one.add_checkpoint(request(0, hollow, [])).status == 422


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0\n",
        b"old x\n\n",
        b"new 0\n\nx",
        b"old 00\n\nx\n\n",
        b"old 0\n!\n\nx\n\n",
        b"old 0\nAAAA\n\nx\n\n",
        b"old 0\n\xff\n\nx",
        b"old 0\n" + base64.b64encode(bytes(32)) + b"\n\nno note",
        b"old 0\n" + (base64.b64encode(bytes(32)) + b"\n") * 64 + b"\n",
    ],
)
def test_what_is_no_request_is_refused(body: bytes) -> None:
    """Bytes that are no request are answered with 400."""
    assert witness(MemoryStore()).add_checkpoint(body).status == 400


def test_a_request_that_is_too_long_is_refused() -> None:
    """A request has a bounded size."""
    assert witness(MemoryStore()).add_checkpoint(bytes(BODY_LIMIT + 1)).status == 413


def test_a_witness_whose_clock_went_back_signs_nothing() -> None:
    """A time behind the last cosignature would be a lie."""
    clock = Clock()
    one, store = seen(clock)
    before = dict(store.files)
    clock.now -= 60
    large, tree = tree_of(LARGE)
    assert one.add_checkpoint(request(5, large, tree.consistency_proof(5))).status == 500
    assert store.files == before


def test_a_witness_whose_memory_was_altered_signs_nothing() -> None:
    """What it has seen is believed only under its own signature."""
    _, store = seen()
    [(name, data)] = store.files.items()
    store.files[name] = data.replace(b"\n5\n", b"\n4\n")
    large, tree = tree_of(LARGE)
    assert witness(store).add_checkpoint(request(4, large, tree.consistency_proof(4))).status == 500


def test_a_witness_that_cannot_remember_signs_nothing() -> None:
    """The answer comes after the new state is kept, or not at all."""

    class Full(MemoryStore):
        def swap(self, path: str, expected: bytes | None, data: bytes) -> None:
            raise Unavailable("no space left")

    assert witness(Full()).add_checkpoint(request(0, tree_of(SMALL)[0], [])).status == 500


def test_what_follows_is_cosigned_with_the_time() -> None:
    """A tree that follows is cosigned, also after a restart, and the last one can be asked for."""
    _, store = seen()
    one = witness(store)
    large, tree = tree_of(LARGE)
    answer = one.add_checkpoint(request(5, large, tree.consistency_proof(5)))
    assert answer.status == 200
    again = one.add_checkpoint(request(12, large, []))
    assert again.status == 200
    [name] = store.files
    kept = checkpoint.open_checkpoint(one.checkpoint(name).body, ORIGIN, [SIGNER.verifier])
    assert [c.time for c in kept.cosignatures([WITNESS.verifier])] == [NOW]
    assert kept.head == large.head
    assert one.checkpoint("../" + name).status == 404


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WitnessServer]:
    """A witness on loopback."""
    store = FolderStore(tmp_path / "witness")
    with store.hold():
        running = WitnessServer(Witness(WITNESS, {ORIGIN: [SIGNER.verifier]}, store, Clock()), 0)
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()
        running.server_close()


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/add-checkpoint", {"Content-Length": str(BODY_LIMIT + 1)}, 413),
        ("POST", "/add-checkpoint", {"Content-Length": "many"}, 411),
        ("POST", "/add-checkpoint", {"Content-Length": "-1"}, 411),
        ("POST", "/sign-subtree", {"Content-Length": "0"}, 404),
        ("GET", "/", {}, 404),
        ("GET", "/../checkpoint", {}, 404),
        ("PUT", "/add-checkpoint", {"Content-Length": "0"}, 501),
    ],
)
def test_requests_that_are_none_are_answered(
    server: WitnessServer, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    """Whatever is asked gets its status, and nothing is read that is too long."""
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(server.url).port or 0, timeout=10)
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == status
    connection.close()


def client(url: str) -> WitnessClient:
    """The log's side of the witness."""
    return WitnessClient(url, WITNESS.verifier, SIGNER.verifier)


def test_a_witness_that_is_down_is_unavailable() -> None:
    """A witness that does not answer is an error that may pass."""
    with pytest.raises(Unavailable, match="does not answer"):
        client("http://127.0.0.1:1").cosign(*tree_of(SMALL))


@pytest.mark.parametrize("url", ["", "127.0.0.1:80", "file:///etc/passwd", "http://", "http://host/?q"])
def test_a_witness_address_that_is_none_is_refused(url: str) -> None:
    """Only http and https lead to a witness."""
    with pytest.raises(Misconfigured):
        client(url)


def test_the_logs_key_is_refused_as_a_witness() -> None:
    """A log cannot be its own witness by mistake."""
    with pytest.raises(Misconfigured, match="not a witness's"):
        WitnessClient("http://127.0.0.1:1", SIGNER.verifier, SIGNER.verifier)


def test_a_log_that_was_put_back_stops(server: WitnessServer) -> None:
    """When the witness holds a larger tree under the log's own signature, the log has lost leaves and stops."""
    client(server.url).cosign(*tree_of(LARGE))
    with pytest.raises(RolledBack, match="12 leaves that it does not have"):
        client(server.url).cosign(*tree_of(SMALL))


def test_a_log_that_forked_stops(server: WitnessServer) -> None:
    """When the witness holds another tree under the log's own signature, the log has forked and stops."""
    client(server.url).cosign(*tree_of(SMALL))
    with pytest.raises(RolledBack):
        client(server.url).cosign(*tree_of(FORKED))


def test_a_foreign_answer_is_refused(server: WitnessServer) -> None:
    """The answer must be signed by the witness that was asked."""
    other = WitnessClient(
        server.url, type(WITNESS.verifier)("another", WITNESS.verifier.kind, WITNESS.verifier.public), SIGNER.verifier
    )
    with pytest.raises(Refused, match="signed by somebody else"):
        other.cosign(*tree_of(SMALL))


def test_a_growing_log_is_cosigned_over_http(server: WitnessServer) -> None:
    """A log that grows gets its cosignatures, also by a client that does not know what the witness has seen."""
    store = published(entries(1, 5))
    first = client(server.url)
    for start in (6, 406, 806):
        log = Log(store, SIGNER)
        for asked, begin in ((first, start), (client(server.url), start + 200)):
            log.append(entries(begin, 200))
            log.publish()
            log.keep_cosignatures(asked.cosign(log.latest, log.tree()))
        log.close()
    report = audit(store, KEYS)
    assert report.verified
    assert len(report.cosignatures) == 6
    assert report.time.startswith("cosigned by witness.test/one")
