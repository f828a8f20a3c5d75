"""A witness: it cosigns a log's checkpoint, with the time, if it follows the last one it cosigned (tlog-witness).

What it has seen of each log is one file, written before the answer. It trusts its own clock, and refuses to sign when
that has gone back behind its last signature.
"""

import base64
import binascii
import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fixgate.errors import Fenced, Refused, Unavailable
from fixgate.log import checkpoint, merkle, note
from fixgate.log.checkpoint import Checkpoint, SignedCheckpoint
from fixgate.log.note import Kind, NoteSigner, VerifierKey
from fixgate.log.storage import Store

BODY_LIMIT: Final = note.NOTE_LIMIT + 4096
"""Bytes of a request at most: a note, and 63 hashes before it."""
TEXT_TYPE: Final = "text/plain; charset=utf-8"
SIZE_TYPE: Final = "text/x.tlog.size"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes
    content_type: str = TEXT_TYPE


class _No(Exception):
    def __init__(self, status: int, text: str, content_type: str = TEXT_TYPE) -> None:
        super().__init__(text)
        self.answer = Answer(status, f"{text}\n".encode(), content_type)


@dataclass(frozen=True, slots=True)
class _Request:
    old: int
    proof: tuple[bytes, ...]
    note: note.Note
    head: Checkpoint


class Witness:
    """Knows the `logs` by origin and their keys; `store` is its own and held by nobody else. Safe between threads.

    `clock` gives seconds since 1970.
    """

    def __init__(
        self, signer: NoteSigner, logs: Mapping[str, Sequence[VerifierKey]], store: Store, clock: Callable[[], float]
    ) -> None:
        self._signer = signer
        self._logs = {origin: tuple(key for key in keys if key.kind is Kind.ED25519) for origin, keys in logs.items()}
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer `POST /add-checkpoint`; the statuses are the specification's, 500 when this witness is unwell."""
        try:
            request = _parse(body)
            # One after the other: the check against the last size and the new one's keeping must not be parted.
            with self._lock:
                return self._cosigned(request)
        except _No as no:
            return no.answer
        except (Refused, Unavailable, Fenced) as error:
            return Answer(500, f"{error.message}\n".encode())

    def checkpoint(self, name: str) -> Answer:
        """Answer `GET /<origin hash>/checkpoint`: the last one, with the log's signature and ours."""
        origin = next((o for o in self._logs if _name(o) == name), None)
        data = None if origin is None else self._store.read(name)
        return Answer(404, b"nothing was cosigned for this log\n") if data is None else Answer(200, data)

    def _cosigned(self, request: _Request) -> Answer:
        head = request.head
        keys = self._logs.get(head.origin)
        if keys is None:
            raise _No(404, "this log is not known here")
        try:
            note.check_signed(request.note, keys)
        except Refused as error:
            raise _No(403, error.message) from None
        if request.old > head.size:
            raise _No(400, "the old size is above the checkpoint's")
        present = self._store.read(_name(head.origin))
        last, last_time = self._last(head.origin, present)
        if request.old != last.size:
            raise _No(409, str(last.size), SIZE_TYPE)
        if head.size == 0 and head.root != merkle.EMPTY_ROOT:
            raise _No(422, "a tree without leaves has the empty root")
        try:
            merkle.check_consistency(last.size, last.root, head.size, head.root, request.proof)
        except Refused as error:
            raise _No(422, error.message) from None
        now = int(self._clock())
        if now < last_time:
            raise Unavailable("the witness's clock has gone back behind its last cosignature")
        line = checkpoint.cosign(request.note.text, now, self._signer)
        known = tuple(s for s in request.note.signatures if any(key.made(s) for key in keys))
        kept = note.Note(request.note.text, (*known, line)).dump()
        self._store.swap(_name(head.origin), None if present is None else hashlib.sha256(present).digest(), kept)
        return Answer(200, line.line().encode())

    def _last(self, origin: str, data: bytes | None) -> tuple[Checkpoint, int]:
        """The last checkpoint that was cosigned and when, checked as if a stranger had kept it."""
        if data is None:
            return Checkpoint(origin, 0, merkle.EMPTY_ROOT), 0
        parsed = note.parse(data)
        signed = SignedCheckpoint(checkpoint.parse_text(parsed.text), parsed)
        times = signed.cosignatures([self._signer.verifier])
        if not times or signed.head.origin != origin:
            raise Refused("what the witness keeps of this log is damaged")
        return signed.head, times[-1].time


def _name(origin: str) -> str:
    return hashlib.sha256(origin.encode()).hexdigest()


def _parse(body: bytes) -> _Request:
    if len(body) > BODY_LIMIT:
        raise _No(413, "the request is too long")
    head, empty, rest = body.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
        if not empty or not lines[0].startswith("old "):
            raise _No(400, "a request has an old size line, proof lines, an empty line and a checkpoint")
        old = checkpoint.parse_size(lines[0].removeprefix("old "))
        proof = tuple(base64.b64decode(line, validate=True) for line in lines[1:])
        if len(proof) > merkle.PROOF_LIMIT or any(len(h) != merkle.HASH_BYTES for h in proof):
            raise _No(400, "a proof has at most 63 lines, each a SHA-256 in base64")
        parsed = note.parse(rest)
        return _Request(old, proof, parsed, checkpoint.parse_text(parsed.text))
    except (UnicodeDecodeError, binascii.Error):
        raise _No(400, "the request is not text, or a line is no base64") from None
    except Refused as error:
        raise _No(400, error.message) from None
