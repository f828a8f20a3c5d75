"""Signed notes (c2sp.org/signed-note): text with signature lines, and the text forms of keys.

Two kinds of Ed25519 signature occur here: the log's own over the text (0x01), and a witness's over text and time
(0x04, `checkpoint.py`). Signatures of keys that nobody asked about are carried along and ignored, as the format
demands; one that claims a known key and does not verify makes the whole note worthless.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fixgate.errors import Misconfigured, Refused

NOTE_LIMIT: Final = 128 * 1024
"""Bytes of a note at most: room for 16 signatures of the largest kind that is assigned (5 kB) and more."""
SIGNATURE_LIMIT: Final = 64
"""Signature lines of a note at most; verifiers must accept 16."""
ED25519_BYTES: Final = 64

_KEY_ID_BYTES: Final = 4
_NAME: Final = re.compile(r"[^\s+]+")
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")
_LINE: Final = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})\n")


class Kind(IntEnum):
    """Signature type identifiers."""

    ED25519 = 0x01
    COSIGNATURE = 0x04


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: who signed, with which key, and the bytes after the key id."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """The line as it stands in a note, with its newline."""
        return f"— {self.name} {base64.b64encode(self.key_id + self.signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text, ending in a newline, and its signatures; nothing about either has been checked."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def dump(self) -> bytes:
        """The note's bytes."""
        return (self.text + "\n" + "".join(s.line() for s in self.signatures)).encode()


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under a name; `kind` says what its signatures cover."""

    name: str
    kind: Kind
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The four bytes that name the key in a signature line."""
        return hashlib.sha256(f"{self.name}\n".encode() + bytes([self.kind]) + self.public).digest()[:_KEY_ID_BYTES]

    def dump(self) -> str:
        """The key as text (vkey)."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"

    @staticmethod
    def load(text: str) -> "VerifierKey":
        """What `dump` makes; raises Misconfigured when it is anything else or of a kind that is unknown here."""
        parts = text.strip().split("+", 2)
        try:
            name, key_id, encoded = parts
            material = base64.b64decode(encoded, validate=True)
            key = VerifierKey(name, Kind(material[0]), material[1:])
            Ed25519PublicKey.from_public_bytes(key.public)
            fits = bool(_NAME.fullmatch(name)) and key.key_id.hex() == key_id
        except (ValueError, IndexError):
            fits, key = False, None
        if not fits or key is None:
            raise Misconfigured(
                f"this is no verifier key of an Ed25519 signature: {text.strip()[:200]!r}",
                remedy="It looks like name+0123abcd+base64, all on one line.",
            )
        return key

    def check(self, signature: bytes, message: bytes) -> None:
        """Check an Ed25519 signature over `message`; raises Refused."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            raise Refused(f"a signature that claims to be by {self.name} does not verify") from None

    def made(self, signature: NoteSignature) -> bool:
        """Whether the signature line names this key."""
        return signature.name == self.name and signature.key_id == self.key_id


class NoteSigner:
    """A private key under a name; the key itself is not readable from outside."""

    __slots__ = ("_key", "verifier")

    def __init__(self, name: str, kind: Kind, key: Ed25519PrivateKey) -> None:
        if not _NAME.fullmatch(name):
            raise Misconfigured(f"a key's name has no spaces and no plus sign: {name!r}")
        self._key = key
        self.verifier: Final = VerifierKey(name, kind, key.public_key().public_bytes_raw())

    def sign(self, message: bytes, *, prefix: bytes = b"") -> NoteSignature:
        """Sign `message`; `prefix` stands before the signature in the line (a cosignature's time)."""
        return NoteSignature(self.verifier.name, self.verifier.key_id, prefix + self._key.sign(message))


def parse(data: bytes) -> Note:
    """A note's parts; raises Refused when it is none. Nothing is verified yet."""
    if len(data) > NOTE_LIMIT:
        raise Refused(f"the note has {len(data)} bytes, over {NOTE_LIMIT}")
    try:
        whole = data.decode()
    except UnicodeDecodeError:
        raise Refused("the note is not UTF-8") from None
    text, empty, lines = whole.rpartition("\n\n")
    if not empty or not lines or _CONTROL.search(whole):
        raise Refused("the note has no signatures, or control characters in it")
    signatures: list[NoteSignature] = []
    for line in lines.splitlines(keepends=True):
        signatures.append(parse_signature(line))
        if len(signatures) > SIGNATURE_LIMIT:
            raise Refused(f"the note has more than {SIGNATURE_LIMIT} signatures")
    return Note(text + "\n", tuple(signatures))


def parse_signature(line: str) -> NoteSignature:
    """One signature line with its newline; raises Refused when it is none."""
    match = _LINE.fullmatch(line)
    try:
        raw = base64.b64decode(match[2], validate=True) if match else b""
    except binascii.Error:
        raw = b""
    if match is None or len(raw) <= _KEY_ID_BYTES:
        raise Refused("a line of the note is no signature")
    found = NoteSignature(match[1], raw[:_KEY_ID_BYTES], raw[_KEY_ID_BYTES:])
    if found.line() != line:
        raise Refused("a line of the note is not in its one form")
    return found


def check_signed(note: Note, keys: Sequence[VerifierKey]) -> None:
    """Check that at least one of the `keys` (kind Ed25519) signed the note, and that no line lies about one of them.

    Raises Refused.
    """
    found = 0
    for signature in note.signatures:
        for key in keys:
            if key.made(signature):
                key.check(signature.signature, note.text.encode())
                found += 1
    if not found:
        names = ", ".join(key.dump() for key in keys) or "none"
        raise Refused(f"the note is signed by none of the known keys ({names})")
