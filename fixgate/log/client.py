"""Asks a witness for its cosignature (c2sp.org/tlog-witness, `add-checkpoint`)."""

import base64
import hashlib
import http.client
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from fixgate.errors import FixgateError, Misconfigured, Refused, Unavailable
from fixgate.log import checkpoint, note
from fixgate.log.checkpoint import SignedCheckpoint
from fixgate.log.note import Kind, NoteSignature, VerifierKey
from fixgate.log.tiles import Tree

TIMEOUT: Final = 5.0
_ANSWER_LIMIT: Final = note.NOTE_LIMIT
_OK, _MISSING, _CONFLICT = 200, 404, 409


class RolledBack(Refused):
    """The log signed another tree before than the one it has now, and a witness has the proof: the log must stop."""


class WitnessClient:
    """One witness, at a URL that begins with http:// or https://; its answers are checked with its key.

    `log` is the log's own key: a checkpoint that the witness keeps counts as evidence only under it.
    """

    def __init__(self, url: str, witness: VerifierKey, log: VerifierKey, *, timeout: float = TIMEOUT) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise Misconfigured(f"the witness's address must be like http://host:port/path, not {url!r}")
        if witness.kind is not Kind.COSIGNATURE:
            raise Misconfigured(f"the key of {witness.name} is not a witness's", remedy="Give its cosignature key.")
        self._parts = parts
        self._witness = witness
        self._log = log
        self._timeout = timeout
        self._old = 0

    def cosign(self, signed: SignedCheckpoint, tree: Tree) -> Sequence[NoteSignature]:
        """The witness's signature lines for this checkpoint, verified; blocks for seconds at most.

        Raises Unavailable when it cannot be had now, Refused when the witness will not sign it, RolledBack when the
        witness has a checkpoint by the log's own key that this tree does not follow.
        """
        status, answer = self._add(signed, tree)
        if status == _CONFLICT and (seen := _seen(answer)) <= signed.head.size:
            self._old = seen
            status, answer = self._add(signed, tree)
        if status != _OK:
            self._compare(tree)
            words = answer[:200].decode(errors="replace").strip()
            raise Refused(f"the witness {self._witness.name} answered {status}: {words}")
        self._old = signed.head.size
        return self._lines(signed, answer)

    def _add(self, signed: SignedCheckpoint, tree: Tree) -> tuple[int, bytes]:
        old = min(self._old, signed.head.size)
        return self._ask("POST", "/add-checkpoint", _request(old, signed, tree))

    def _lines(self, signed: SignedCheckpoint, answer: bytes) -> Sequence[NoteSignature]:
        try:
            lines = [note.parse_signature(line) for line in answer.decode().splitlines(keepends=True)]
        except UnicodeDecodeError:
            raise Refused(f"the witness {self._witness.name} answered something that is no signature") from None
        known = [line for line in lines if self._witness.made(line)]
        for line in known:
            checkpoint.check_cosignature(signed.note.text, line, self._witness)
        if not known:
            raise Refused(f"the answer of {self._witness.name} is signed by somebody else")
        return known

    def _compare(self, tree: Tree) -> None:
        """Look at what the witness keeps of this log: its word is nothing, our own signature is proof."""
        name = hashlib.sha256(self._log.name.encode()).hexdigest()
        try:
            status, answer = self._ask("GET", f"/{name}/checkpoint", None)
            if status != _OK:
                return
            kept = checkpoint.open_checkpoint(answer, self._log.name, [self._log]).head
        except FixgateError:
            return
        if kept.size > tree.size or tree.root(kept.size) != kept.root:
            raise RolledBack(
                f"the log signed a tree of {kept.size} leaves that it does not have now (kept by {self._witness.name})",
                remedy="Restore the log's files from a copy that is not older; do not delete the witness's state.",
            )

    def _ask(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._parts.hostname or "", self._parts.port, timeout=self._timeout)
        try:
            connection.request(method, self._parts.path.rstrip("/") + path, body)
            answer = connection.getresponse()
            data = answer.read(_ANSWER_LIMIT + 1)
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"the witness {self._witness.name} does not answer: {error}") from None
        finally:
            connection.close()
        if len(data) > _ANSWER_LIMIT:
            raise Refused(f"the witness {self._witness.name} answered more than {_ANSWER_LIMIT} bytes")
        return answer.status, data


def _request(old: int, signed: SignedCheckpoint, tree: Tree) -> bytes:
    lines = [f"old {old}", *(base64.b64encode(h).decode() for h in tree.consistency_proof(old))]
    return ("\n".join(lines) + "\n\n").encode() + signed.note.dump()


def _seen(answer: bytes) -> int:
    try:
        return checkpoint.parse_size(answer.decode().removesuffix("\n"))
    except UnicodeDecodeError:
        raise Refused("the witness did not say which size it has seen") from None
