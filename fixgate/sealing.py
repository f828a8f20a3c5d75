"""Sealed bytes: whoever writes them cannot read them back, for the writer holds only the public key.

For what may hold secrets and must be kept: rejected reports, originals, snapshots. The scheme is HPKE (RFC 9180), base
mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, single shot. A sealed value is

    "FGSEAL" | version (1 byte, 1) | key id (8 bytes) | encapsulated key (32 bytes) | ciphertext and tag

and HPKE's `info` is "fixgate seal" | version | key id | context, so a value opens only under the key that it names and
in the context that it was sealed for: bytes moved to another place do not open there. Base mode does not say who sealed
a value; where that matters the record around it is signed.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from fixgate.errors import Misconfigured, Refused
from fixgate.files import write_private

OVERHEAD: Final = 6 + 1 + 8 + 32 + 16
"""How many bytes longer a sealed value is."""
_MARK: Final = b"FGSEAL\x01"
_LABEL: Final = b"fixgate seal\x01"
_KEY_ID_SIZE: Final = 8
_HEAD: Final = len(_MARK) + _KEY_ID_SIZE
_OTHERS: Final = 0o077
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class Seal:
    """The public half: seals. `key_id` names the key that opens."""

    def __init__(self, public_key: X25519PublicKey) -> None:
        self._key = public_key
        self._id = _key_id(public_key)

    @property
    def key_id(self) -> str:
        """The first 8 bytes of the SHA-256 of the public key, in hexadecimal."""
        return self._id.hex()

    def seal(self, value: bytes, context: bytes) -> bytes:
        """Seal `value`, to be opened with the same `context` only; different at each call."""
        return _MARK + self._id + _SUITE.encrypt(value, self._key, _LABEL + self._id + context)


class Unseal:
    """The private half: opens. Holds several keys, so that what was sealed before a rotation can be read."""

    def __init__(self, keys: Iterable[X25519PrivateKey]) -> None:
        self._keys = {_key_id(key.public_key()): key for key in keys}

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """The value; raises Refused when it is no sealed value, or not for these keys, context and bytes."""
        if not sealed.startswith(_MARK) or len(sealed) < OVERHEAD:
            raise Refused("these bytes are no sealed value of a version that is known here")
        named = sealed[len(_MARK) : _HEAD]
        key = self._keys.get(named)
        if key is None:
            raise Refused(
                f"this value was sealed for the key {named.hex()}, which is not here",
                remedy="Open it where that private key is kept.",
            )
        try:
            return _SUITE.decrypt(sealed[_HEAD:], key, _LABEL + named + context)
        except (InvalidTag, ValueError):
            # ValueError: an encapsulated key of low order (RFC 9180 §7.1.4).
            raise Refused("this sealed value was altered, or sealed for another place") from None


def generate(folder: Path, name: str) -> Seal:
    """Make a key pair: `<name>.key` for whoever opens, `<name>.pub` for whoever seals; both PEM, mode 0600.

    Raises Misconfigured when there is one already: what it has sealed would be lost. Raises OSError.
    """
    private, public = folder / f"{name}.key", folder / f"{name}.pub"
    for path in (private, public):
        if path.exists():
            raise Misconfigured(f"{path} exists already", remedy="Choose another name; keep the old key to read with.")
    key = X25519PrivateKey.generate()
    write_private(private, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    write_private(public, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return Seal(key.public_key())


def load_seal(path: Path) -> Seal:
    """The public half from its PEM file; raises Misconfigured."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise _unreadable(path, error) from None
    if not isinstance(key, X25519PublicKey):
        raise Misconfigured(f"{path} is no public key for sealing: it must be X25519 in PEM")
    return Seal(key)


def load_unseal(*paths: Path) -> Unseal:
    """The private halves from their PEM files; raises Misconfigured, also when other users could read one."""
    return Unseal(_private(path) for path in paths)


def _private(path: Path) -> X25519PrivateKey:
    try:
        mode = path.stat().st_mode
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        # TypeError: the key is encrypted.
        raise _unreadable(path, error) from None
    if mode & _OTHERS:
        raise Misconfigured(
            f"{path} is open to other users",
            remedy=f"chmod 600 {path}, or make a new key if somebody may have read it.",
        )
    if not isinstance(key, X25519PrivateKey):
        raise Misconfigured(f"{path} is no private key for sealing: it must be X25519 in PEM")
    return key


def _unreadable(path: Path, error: Exception) -> Misconfigured:
    # Only an OSError's words are passed on: a parser's may quote the file.
    why = error.strerror if isinstance(error, OSError) else "it is no unencrypted PEM key"
    return Misconfigured(f"{path} cannot be read: {why}")


def _key_id(key: X25519PublicKey) -> bytes:
    return hashlib.sha256(key.public_bytes_raw()).digest()[:_KEY_ID_SIZE]
