"""Detached signatures over the exact bytes of a record: DSSE v1 with the key of the writer's X.509-SVID.

A record's value is never wrapped or re-encoded. Its signature and certificate chain travel in headers, and what is
signed is the DSSE pre-authentication encoding (DSSE v1.0.0 protocol, "PAE"):

    "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body

where LEN is the ASCII decimal length in bytes without leading zeros, `type` is `PAYLOAD_TYPE` and `body` the value.

Keys are P-256 (ECDSA with SHA-256, DER) or Ed25519. ECDSA nonces are deterministic (RFC 6979): a retry gives the same
bytes, and a weak random number generator cannot leak the key. An ECDSA signature (r, s) has a twin (r, n - s) that
verifies too; nothing here is named by its signature bytes, so that does no harm: a record's name is its digest, which
covers the value alone.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from fixgate.broker import Headers
from fixgate.errors import Misconfigured, Poison, Reason

PAYLOAD_TYPE: Final = "application/vnd.fixgate.record+avro"
SIGNATURE_HEADER: Final = "fixgate-signature"
CERTIFICATE_HEADER: Final = "fixgate-certificate"
CERTIFICATE_LIMIT: Final = 16 * 1024
"""Bytes of a certificate chain at most. A P-256 SVID is about 600 bytes; this leaves room for RSA intermediates."""

_ECDSA: Final = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
_PAE_START: Final = b"DSSEv1 %d %b " % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode())


def pae(value: bytes) -> bytes:
    """The bytes that are signed for `value` (DSSE v1.0.0, pre-authentication encoding)."""
    return b"%b%d %b" % (_PAE_START, len(value), value)


def pae_of(payload_type: str, payload: bytes) -> bytes:
    """The same for a payload of any type."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def digest(value: bytes) -> str:
    """A record's name: "sha256:" and the 64 hexadecimal digits of the SHA-256 of its exact value bytes."""
    return "sha256:" + hashlib.sha256(value).hexdigest()


@dataclass(frozen=True, slots=True)
class Signature:
    """A detached signature and the certificate chain (DER, concatenated, leaf first) of the key that made it."""

    signature: bytes
    certificate: bytes

    def headers(self) -> Headers:
        """The two record headers."""
        return ((SIGNATURE_HEADER, self.signature), (CERTIFICATE_HEADER, self.certificate))


def signature_in(headers: Headers) -> Signature | None:
    """The signature that a record's headers carry, or None when they carry neither header.

    Raises Poison: UNSIGNED when one of the two is missing, BAD_SIGNATURE or BAD_CERTIFICATE when one is there twice
    (two readers might each judge another one).
    """
    signatures = [value for name, value in headers if name == SIGNATURE_HEADER]
    certificates = [value for name, value in headers if name == CERTIFICATE_HEADER]
    if not signatures and not certificates:
        return None
    if len(signatures) > 1:
        raise Poison(Reason.BAD_SIGNATURE, f"the header {SIGNATURE_HEADER} is there {len(signatures)} times")
    if len(certificates) > 1:
        raise Poison(Reason.BAD_CERTIFICATE, f"the header {CERTIFICATE_HEADER} is there {len(certificates)} times")
    if not signatures or not certificates:
        missing = CERTIFICATE_HEADER if signatures else SIGNATURE_HEADER
        raise Poison(Reason.UNSIGNED, f"the header {missing} is missing")
    return Signature(signatures[0], certificates[0])


class Signer:
    """Signs with one private key, which is not readable from outside.

    `certificate` is the chain that goes with each signature; `not_after_ms` is when its leaf ends, in milliseconds
    since the epoch. Making one raises `Misconfigured` when the key is of a kind that records are not signed with or
    does not belong to the leaf, or when the chain is longer than verifiers accept.
    """

    __slots__ = ("_sign", "certificate", "not_after_ms")

    def __init__(self, key: object, chain: Sequence[x509.Certificate]) -> None:
        self._sign, public = _signing_function(key)
        self.certificate: Final = b"".join(c.public_bytes(serialization.Encoding.DER) for c in chain)
        if not chain or len(self.certificate) > CERTIFICATE_LIMIT:
            raise Misconfigured(
                f"the certificate chain has {len(self.certificate)} bytes; it must have 1 to {CERTIFICATE_LIMIT}"
            )
        leaf = chain[0]
        if leaf.public_key() != public:
            raise Misconfigured("the private key does not belong to the certificate")
        self.not_after_ms: Final = int(leaf.not_valid_after_utc.timestamp()) * 1000

    def sign(self, value: bytes) -> Signature:
        """Sign these exact bytes; reads no clock and does not block."""
        return Signature(self._sign(pae(value)), self.certificate)

    def attest(self, payload_type: str, payload: bytes) -> Signature:
        """Sign a payload that is no record, for a DSSE envelope; never passes for a record's signature."""
        if payload_type == PAYLOAD_TYPE:
            raise ValueError("records are signed with `sign`")
        return Signature(self._sign(pae_of(payload_type, payload)), self.certificate)


def _signing_function(key: object) -> tuple[Callable[[bytes], bytes], object]:
    """How `key` signs, and its public key."""
    match key:
        case ed25519.Ed25519PrivateKey():
            return key.sign, key.public_key()
        case ec.EllipticCurvePrivateKey() if isinstance(key.curve, ec.SECP256R1):
            return lambda message: key.sign(message, _ECDSA), key.public_key()
        case ec.EllipticCurvePrivateKey():
            kind = key.curve.name
        case _:
            kind = type(key).__name__
    raise Misconfigured(
        f"records are signed with P-256 or Ed25519 keys, but this key is {kind}",
        remedy="Set the identity authority's workload key type to ec-p256.",
    )
