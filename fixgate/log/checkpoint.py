"""Checkpoints (c2sp.org/tlog-checkpoint) and the witnesses' timed cosignatures (c2sp.org/tlog-cosignature, Ed25519)."""

import base64
import binascii
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fixgate.errors import Refused
from fixgate.log import note
from fixgate.log.merkle import HASH_BYTES
from fixgate.log.note import ED25519_BYTES, Kind, Note, NoteSignature, NoteSigner, VerifierKey

SIZE_LIMIT: Final = 2**63 - 1
TIME_LIMIT: Final = 2**63 - 1

_TIME: Final = struct.Struct(">Q")
_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree's head: whose tree, how many leaves, and the root over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The note text; without extension lines, which the format advises against."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A witness's word that it saw this tree, as the largest one, at `time` (seconds since 1970)."""

    witness: str
    time: int


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint whose log signature was checked, with the note that carries it."""

    head: Checkpoint
    note: Note

    def cosignatures(self, witnesses: Sequence[VerifierKey]) -> tuple[Cosignature, ...]:
        """What the known witnesses say, earliest first; lines of others are ignored.

        Raises Refused when a line claims to be of a known witness and is not.
        """
        found = (
            check_cosignature(self.note.text, signature, key)
            for signature in self.note.signatures
            for key in witnesses
            if key.kind is Kind.COSIGNATURE and key.made(signature)
        )
        return tuple(sorted(found, key=lambda c: (c.time, c.witness)))

    def with_signatures(self, signatures: Sequence[NoteSignature]) -> "SignedCheckpoint":
        """The same checkpoint with these signature lines as well."""
        more = tuple(s for s in signatures if s not in self.note.signatures)
        return SignedCheckpoint(self.head, Note(self.note.text, (*self.note.signatures, *more)))


def sign(head: Checkpoint, signer: NoteSigner) -> SignedCheckpoint:
    """The checkpoint signed by the log; Ed25519 is deterministic, so the same head gives the same bytes."""
    text = head.text()
    return SignedCheckpoint(head, Note(text, (signer.sign(text.encode()),)))


def parse_text(text: str) -> Checkpoint:
    """The head in a note's text; raises Refused when it is none. Extension lines are read over, as the format asks."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() or not all(lines):  # noqa: PLR2004 - three lines, and the end of the last
        raise Refused("the checkpoint has fewer than three lines, or an empty one")
    origin, size, encoded = lines[:3]
    number = parse_size(size)
    try:
        root = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        root = b""
    if len(root) != HASH_BYTES or base64.b64encode(root).decode() != encoded:
        raise Refused("the checkpoint's root is no SHA-256 in base64")
    return Checkpoint(origin, number, root)


def parse_size(text: str) -> int:
    """A tree size in decimal; raises Refused."""
    if not _DECIMAL.fullmatch(text) or int(text) > SIZE_LIMIT:
        raise Refused("a tree's size is a decimal number without leading zeroes, below 2^63")
    return int(text)


def open_checkpoint(data: bytes, origin: str, keys: Sequence[VerifierKey]) -> SignedCheckpoint:
    """The checkpoint in a note, when one of the log's `keys` signed it for `origin`; raises Refused."""
    parsed = note.parse(data)
    head = parse_text(parsed.text)
    if head.origin != origin:
        raise Refused(f"the checkpoint is of the log {head.origin!r}, not {origin!r}")
    note.check_signed(parsed, [key for key in keys if key.kind is Kind.ED25519])
    return SignedCheckpoint(head, parsed)


def cosign(text: str, time: int, witness: NoteSigner) -> NoteSignature:
    """A witness's signature over a checkpoint's text and `time` (seconds since 1970)."""
    return witness.sign(_cosigned(text, time), prefix=_TIME.pack(time))


def check_cosignature(text: str, signature: NoteSignature, witness: VerifierKey) -> Cosignature:
    """Check one cosignature line; raises Refused."""
    if len(signature.signature) != _TIME.size + ED25519_BYTES:
        raise Refused(f"a cosignature by {witness.name} has the wrong length")
    (time,) = _TIME.unpack(signature.signature[: _TIME.size])
    if not 0 < time <= TIME_LIMIT:
        raise Refused(f"a cosignature by {witness.name} has no possible time")
    witness.check(signature.signature[_TIME.size :], _cosigned(text, time))
    return Cosignature(witness.name, time)


def _cosigned(text: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()
