"""The public keys of people, as OpenSSH writes them, and what each kind of key must have signed.

Accepted are Ed25519, ECDSA on P-256, both of them held by a security key (`sk-`), and RSA of 3,072 bits or more with
SHA-512. Certificates are refused: the roster says who somebody is, and nobody else does.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from fixgate.errors import Refused
from fixgate.people.wire import Reader

RSA_LEAST_BITS: Final = 3072
RSA_MOST_BITS: Final = 8192
"""A verifier must not be kept busy by a key."""
RSA_LEAST_EXPONENT: Final = 65537
LINE_LIMIT: Final = 8192
"""Characters of a public key's line at most."""

_USER_PRESENT: Final = 0x01
_EXTENDED: Final = 0xC0
"""Flags of an authenticator that say that more data follows; a signature has none."""
_ED25519, _P256, _RSA = "ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"
_SK_ED25519, _SK_P256 = "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"
_RSA_SHA512 = "rsa-sha2-512"
_P256_POINT_BYTES = 65

_Check = Callable[[bytes, bytes], None]
"""Takes a raw signature and the message; raises InvalidSignature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """One public key; `blob` are the exact bytes by which it is compared."""

    kind: str
    blob: bytes

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` prints it: SHA256: and unpadded base64."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")

    @property
    def line(self) -> str:
        """As it stands in a `.pub` file, without comment."""
        return f"{self.kind} {base64.b64encode(self.blob).decode()}"

    def verify(self, signature: bytes, message: bytes) -> None:
        """Check an SSH signature (its algorithm and raw bytes) over the message; raises Refused."""
        reader = Reader(signature, "the signature")
        algorithm = reader.string()
        wanted = _RSA_SHA512 if self.kind == _RSA else self.kind
        if algorithm != wanted.encode():
            raise Refused(f"the signature is made with {_said(algorithm)}, but this key signs with {wanted}")
        raw = reader.string()
        if self.kind in {_SK_ED25519, _SK_P256}:
            message = self._told_by_the_authenticator(reader, message)
        reader.end()
        check, _ = _loaded(self.kind, self.blob)
        try:
            check(raw, message)
        except InvalidSignature:
            raise Refused(
                f"the signature does not fit: the key {self.fingerprint} has not signed these bytes"
            ) from None

    def _told_by_the_authenticator(self, reader: Reader, message: bytes) -> bytes:
        """What a security key signs instead of the message (PROTOCOL.u2f)."""
        flags, counter = reader.take(1), reader.take(4)
        if not flags[0] & _USER_PRESENT:
            raise Refused("nobody touched the security key when it signed")
        if flags[0] & _EXTENDED:
            raise Refused("the security key's signature has flags that it cannot have")
        _, application = _loaded(self.kind, self.blob)
        return hashlib.sha256(application).digest() + flags + counter + hashlib.sha256(message).digest()


@lru_cache(maxsize=4096)
def parse_key(line: str) -> PublicKey:
    """The key in a line as OpenSSH writes it: kind, base64, perhaps a comment. Raises Refused when it is not accepted.

    Options, as in `authorized_keys`, are refused: nobody would heed them.
    """
    parts = line.strip().split(maxsplit=2)
    if len(line) > LINE_LIMIT or not parts or "\n" in line.strip():
        raise Refused("a public key is one line of 'KIND BASE64'")
    if len(parts) == 1:
        raise Refused("a public key is one line of 'KIND BASE64'")
    try:
        blob = base64.b64decode(parts[1], validate=True)
    except (binascii.Error, ValueError):
        raise Refused("the public key is not base64") from None
    if base64.b64encode(blob).decode() != parts[1]:
        raise Refused("the public key is not written as base64 must be")
    key = key_of(blob)
    if key.kind != parts[0]:
        raise Refused(f"the public key says that it is {_said(parts[0].encode())}, but it is {key.kind}")
    return key


def key_of(blob: bytes) -> PublicKey:
    """The key in its wire encoding; raises Refused when it is not accepted."""
    kind = _said(Reader(blob, "the public key").string())
    _loaded(kind, blob)
    return PublicKey(kind=kind, blob=blob)


def _said(name: bytes) -> str:
    """A name from outside, fit to be shown."""
    text = name.decode("ascii", "replace")
    return text if text.isprintable() and 0 < len(text) <= len(_SK_P256) + 32 else "something unreadable"


def _loaded(kind: str, blob: bytes) -> tuple[_Check, bytes]:
    """How this key checks a raw signature, and the application that a security key's key is bound to."""
    reader = Reader(blob, "the public key")
    reader.string()
    application = b""
    check: _Check
    try:
        match kind:
            case "ssh-ed25519" | "sk-ssh-ed25519@openssh.com":
                check = ed25519.Ed25519PublicKey.from_public_bytes(reader.string()).verify
            case "ecdsa-sha2-nistp256" | "sk-ecdsa-sha2-nistp256@openssh.com":
                check = _p256(reader)
            case "ssh-rsa":
                check = _rsa(reader)
            case _:
                raise Refused(
                    f"keys of the kind {kind} are not accepted",
                    remedy="Take ssh-ed25519, ecdsa-sha2-nistp256, both also as sk- keys, and ssh-rsa of 3,072 bits.",
                )
    except ValueError:
        raise Refused("the public key is no point on its curve, or no key at all") from None
    if kind in {_SK_ED25519, _SK_P256}:
        application = reader.string()
        if not application.startswith(b"ssh:"):
            raise Refused("the security key's key is made for another application than SSH")
    reader.end()
    return check, application


def _p256(reader: Reader) -> _Check:
    if reader.string() != b"nistp256":
        raise Refused("the public key names another curve than its kind")
    point = reader.string()
    if len(point) != _P256_POINT_BYTES:
        raise Refused("the public key is not an uncompressed point of P-256")
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)

    def check(raw: bytes, message: bytes) -> None:
        numbers = Reader(raw, "the signature")
        r, s = numbers.mpint(), numbers.mpint()
        numbers.end()
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))

    return check


def _rsa(reader: Reader) -> _Check:
    exponent, modulus = reader.mpint(), reader.mpint()
    if not RSA_LEAST_BITS <= modulus.bit_length() <= RSA_MOST_BITS:
        raise Refused(
            f"the RSA key has {modulus.bit_length()} bits; it must have {RSA_LEAST_BITS} to {RSA_MOST_BITS}",
            remedy="Make another one: ssh-keygen -t ed25519",
        )
    if exponent < RSA_LEAST_EXPONENT:
        raise Refused(f"the RSA key's exponent is {exponent}; it must be {RSA_LEAST_EXPONENT} or more")
    key = rsa.RSAPublicNumbers(exponent, modulus).public_key()

    def check(raw: bytes, message: bytes) -> None:
        key.verify(raw, message, padding.PKCS1v15(), hashes.SHA512())

    return check
