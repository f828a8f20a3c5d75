"""SSH signatures (OpenSSH's PROTOCOL.sshsig) as people make them: verified here, made in `people.signing`.

A signature is kept as its binary form, without the armour's lines:

    byte[6] "SSHSIG", uint32 1, string public key, string namespace, string reserved, string hash, string signature

The published library for this knows neither security keys nor ECDSA and leaves trailing bytes unread, so this is ours.
"""

import base64
import binascii
import hashlib
from typing import Final

from fixgate.errors import Refused
from fixgate.people.keys import PublicKey, key_of, parse_key
from fixgate.people.wire import Reader, string

NAMESPACE: Final = "fixgate"
"""What a signature is for: one made for git, or for another program, says nothing here."""
SIGNATURE_LIMIT: Final = 8192
"""Bytes of a signature at most."""

_MAGIC: Final = b"SSHSIG"
_VERSION: Final = 1
_HASHES: Final = {b"sha512": hashlib.sha512, b"sha256": hashlib.sha256}
_BEGIN: Final = "-----BEGIN SSH SIGNATURE-----"
_END: Final = "-----END SSH SIGNATURE-----"


def verify(signature: bytes, public_key: str, message: bytes) -> None:
    """Check that the owner of `public_key` (a line as in a `.pub` file) signed exactly `message` for fixgate.

    Pure and without I/O. Raises Refused, which says what is wrong.
    """
    verify_with(parse_key(public_key), signature, message)


def verify_with(key: PublicKey, signature: bytes, message: bytes) -> None:
    """See `verify`, for a key that is parsed already."""
    if len(signature) > SIGNATURE_LIMIT:
        raise Refused(f"the signature has {len(signature)} bytes; it may have {SIGNATURE_LIMIT}")
    reader = Reader(signature, "the signature")
    if reader.take(len(_MAGIC)) != _MAGIC:
        raise Refused("this is no SSH signature")
    if (version := reader.number()) != _VERSION:
        raise Refused(f"the signature has the format {version}; only {_VERSION} is known")
    blob, namespace, reserved, hashed, made = (reader.string() for _ in range(5))
    reader.end()
    if blob != key.blob:
        raise Refused(f"the signature was made with {_named(blob)}, not with {key.fingerprint}")
    if namespace != NAMESPACE.encode():
        raise Refused(f"the signature was made for another purpose than {NAMESPACE}")
    if reserved:
        raise Refused("the signature has a reserved field, which nobody knows the meaning of")
    if hashed not in _HASHES:
        raise Refused("the signature is made over another hash than SHA-512 or SHA-256")
    hashed_message = _HASHES[hashed](message).digest()
    key.verify(made, _MAGIC + b"".join(map(string, (namespace, reserved, hashed, hashed_message))))


def signing_key(signature: bytes) -> PublicKey:
    """The key that a signature says it was made with; nothing is verified. Raises Refused."""
    reader = Reader(signature, "the signature")
    if reader.take(len(_MAGIC)) != _MAGIC or reader.number() != _VERSION:
        raise Refused("this is no SSH signature")
    return key_of(reader.string())


def dearmored(text: str) -> bytes:
    """A signature out of its lines of text; raises Refused when anything stands around them."""
    lines = text.strip().split("\n")
    if len(lines) < 3 or lines[0].strip() != _BEGIN or lines[-1].strip() != _END:  # noqa: PLR2004 - first, data, last
        raise Refused("this is no SSH signature in text form")
    try:
        return base64.b64decode("".join(line.strip() for line in lines[1:-1]), validate=True)
    except (binascii.Error, ValueError):
        raise Refused("the SSH signature's text is not base64") from None


def _named(blob: bytes) -> str:
    try:
        return key_of(blob).fingerprint
    except Refused:
        return "a key that is not accepted"
