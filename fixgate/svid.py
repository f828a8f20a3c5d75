"""Whether a chain of certificates is an X.509-SVID: steps 3 to 5 of the recipe in `verification.py`.

The rules are those of SPIFFE's X509-SVID standard (leaf and authorities) and of RFC 5280 §6.1 (the path). The path is
the header's: leaf first, each certificate issued by the next, the last by an authority of the trust bundle, so nothing
has to be searched for. Whether all this held at the record's time is for the caller to say: `Chain.windows` tells when.

Stricter than the standards, on purpose: every certificate in the header must be part of the path; signatures of
certificates have no unused bits; name constraints are refused rather than interpreted (X509-SVID §4.2 lets a validator
do that); self-issued authorities count towards a path length; authorities are valid only within their own dates.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from fixgate.errors import Poison, Reason
from fixgate.trust import Authority, TrustBundle

CHAIN_LIMIT: Final = 5
"""Certificates in a header at most: a leaf and four intermediates."""

# SPIFFE-ID §2.1 and §2.2: no percent-encoding, no empty, "." or ".." segments, at most 2048 bytes, domain at most 255.
_SPIFFE_ID: Final = re.compile(r"spiffe://([a-z0-9._-]{1,255})((?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._-]+)*)")
_SPIFFE_ID_LIMIT: Final = 2048
_HASHES: Final = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_CURVES: Final = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_RSA_BITS: Final = 2048
_PURPOSES: Final = frozenset({ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH})
_UNDERSTOOD: Final = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    }
)
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
    UserWarning,
)
"""What the parser raises for what it cannot read, some of it only when a field is looked at; the warning, which it
gives for odd names and for what it will refuse one day, where warnings are made errors."""

LeafKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
_Kind = TypeVar("_Kind", bound=x509.ExtensionType)


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain that leads to an authority we know: whose key this is, and when it all held.

    Times are milliseconds since 1970, both ends included.
    """

    signer: str
    public_key: LeafKey
    not_before_ms: int
    not_after_ms: int
    windows: tuple[tuple[int, int], ...]
    """When every certificate of the path was valid and its authority in the bundle, once per authority that it leads
    to: a renewed authority may have the same key and other dates."""


def validate(header: bytes, trust: TrustBundle) -> Chain:
    """Validate a chain (DER certificates, concatenated, leaf first); raises Poison BAD_CERTIFICATE."""
    try:
        # (3) a chain of certificates
        certificates = [_parse(der) for der in _split(header)]
        # (4) a leaf
        leaf = certificates[0]
        signer, domain = _leaf_identity(leaf)
        key = _leaf_key(leaf)
        # (5) the path to an authority
        windows = _windows(certificates, domain, trust.authorities.get(domain, ()))
    except _UNREADABLE as error:
        raise _bad(f"a certificate cannot be read: {type(error).__name__}") from None
    return Chain(signer, key, *_validity(leaf), windows)


def _split(header: bytes) -> list[bytes]:
    """The DER elements that `header` is made of (X.690 §8.1.3, §10.1: definite lengths in their shortest form)."""
    parts: list[bytes] = []
    start = 0
    while start < len(header):
        if len(parts) == CHAIN_LIMIT:
            raise _bad(f"the chain has more than {CHAIN_LIMIT} certificates")
        # A certificate is a SEQUENCE (0x30) of 256 to 65535 bytes: its length stands in two bytes, announced by 0x82.
        if header[start : start + 2] != b"\x30\x82":
            raise _bad("the certificate header is not a row of DER certificates")
        size = int.from_bytes(header[start + 2 : start + 4], "big")
        end = start + 4 + size
        if size < 256 or end > len(header):  # noqa: PLR2004 - the least length that needs two bytes, as said above
            raise _bad("the certificate header ends in the middle of a certificate")
        parts.append(header[start:end])
        start = end
    return parts


def _parse(der: bytes) -> x509.Certificate:
    certificate = x509.load_der_x509_certificate(der)
    # A BIT STRING starts with the number of its unused bits; parsers let some non-zero ones pass, and then one
    # certificate would have several encodings.
    if not der.endswith(b"\x00" + certificate.signature):
        raise _bad("a certificate's signature has unused bits")
    _check_form(certificate)
    return certificate


def _check_form(certificate: x509.Certificate) -> None:
    if certificate.version is not x509.Version.v3:
        raise _bad("a certificate is not of version 3")
    if certificate.serial_number <= 0:
        raise _bad("a certificate's serial number is not positive")
    for extension in certificate.extensions:
        if extension.critical and extension.oid not in _UNDERSTOOD:
            raise _bad(f"a certificate has the critical extension {extension.oid.dotted_string}, not understood here")
        if extension.oid == ExtensionOID.NAME_CONSTRAINTS:
            raise _bad("a certificate has name constraints, which are not supported")


def _leaf_identity(leaf: x509.Certificate) -> tuple[str, str]:
    """The SPIFFE ID and its trust domain, of a certificate that is an X.509-SVID and a leaf."""
    # X509-SVID §4.1, §5.2
    constraints = _extension(leaf, x509.BasicConstraints)
    if constraints is not None and constraints.value.ca:
        raise _bad("the signer's certificate is an authority's")
    # X509-SVID §4.3
    usage = _extension(leaf, x509.KeyUsage)
    if usage is None or not usage.critical or not usage.value.digital_signature:
        raise _bad("the signer's certificate lacks the critical key usage digitalSignature")
    if usage.value.key_cert_sign or usage.value.crl_sign:
        raise _bad("the signer's certificate may sign certificates or revocation lists")
    # X509-SVID §4.4
    purposes = _extension(leaf, x509.ExtendedKeyUsage)
    if purposes is not None and not _PURPOSES.issubset(purposes.value):
        raise _bad("the signer's certificate has an extended key usage without serverAuth and clientAuth")
    # X509-SVID §2, §3.1; RFC 5280 §4.1.2.6: without a subject the name extension must be critical
    names = _extension(leaf, x509.SubjectAlternativeName)
    if names is None or not (names.critical or leaf.subject.rdns):
        raise _bad("the signer's certificate has no subject alternative name, or neither a subject nor a critical one")
    spiffe_id, domain, path = _spiffe_id(names.value)
    if not path:
        raise _bad("the signer's SPIFFE ID has no path, as only an authority's may")
    return spiffe_id, domain


def _spiffe_id(names: x509.SubjectAlternativeName) -> tuple[str, str, str]:
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    if len(uris) != 1:
        raise _bad(f"a certificate has {len(uris)} URI names instead of one SPIFFE ID")
    match = _SPIFFE_ID.fullmatch(uris[0])
    if match is None or len(uris[0]) > _SPIFFE_ID_LIMIT:
        raise _bad("a certificate's URI name is not a SPIFFE ID")
    return uris[0], match[1], match[2]


def _leaf_key(leaf: x509.Certificate) -> LeafKey:
    key = leaf.public_key()
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise _bad("the signer's key is neither P-256 nor Ed25519")


def _windows(
    chain: Sequence[x509.Certificate], domain: str, authorities: Sequence[Authority]
) -> tuple[tuple[int, int], ...]:
    """When the chain was valid, once for each authority that issued its last certificate."""
    for depth, (subject, issuer) in enumerate(pairwise(chain)):
        _check_authority(issuer, domain, depth)
        if not _issued(subject, issuer):
            raise _bad("a certificate of the chain was not issued by the next one")
    starts, ends = zip(*(_validity(certificate) for certificate in chain), strict=True)
    windows: list[tuple[int, int]] = []
    for authority in authorities:
        anchor = x509.load_der_x509_certificate(authority.certificate)
        # The last certificate of the chain may be the authority itself; most issuers leave it out.
        depth = len(chain) - 1 if anchor != chain[-1] else len(chain) - 2
        if anchor != chain[-1] and not _issued(chain[-1], anchor):
            continue
        _check_form(anchor)
        _check_authority(anchor, domain, depth)
        start, end = _validity(anchor)
        end = end if authority.withdrawn_ms is None else min(end, authority.withdrawn_ms)
        windows.append((max(start, *starts), min(end, *ends)))
    if not windows:
        raise _bad(f"no authority of the trust domain {domain} that we know issued this certificate")
    return tuple(windows)


def _check_authority(certificate: x509.Certificate, domain: str, depth: int) -> None:
    """Check that this certificate may issue others, with `depth` intermediates between it and the leaf."""
    # RFC 5280 §6.1.4 (k), (l), (m), (n); X509-SVID §4.1, §4.3
    constraints = _extension(certificate, x509.BasicConstraints)
    if constraints is None or not constraints.value.ca:
        raise _bad("an issuer in the chain is no authority")
    if constraints.value.path_length is not None and depth > constraints.value.path_length:
        raise _bad("the chain is longer than one of its authorities allows")
    usage = _extension(certificate, x509.KeyUsage)
    if usage is None or not usage.value.key_cert_sign:
        raise _bad("an issuer in the chain may not sign certificates")
    # X509-SVID §3.2; that it resides in the leaf's domain is a SHOULD there: where two domains share a root, it is
    # all that keeps one's intermediates from naming the other's workloads.
    names = _extension(certificate, x509.SubjectAlternativeName)
    if names is not None and names.value.get_values_for_type(x509.UniformResourceIdentifier):
        _, own, path = _spiffe_id(names.value)
        if path or own != domain:
            raise _bad("an issuer in the chain belongs to a workload or to another trust domain")
    key = certificate.public_key()
    match key:
        case ec.EllipticCurvePublicKey() if isinstance(key.curve, _CURVES):
            return
        case rsa.RSAPublicKey() if key.key_size >= _RSA_BITS:
            return
        case ed25519.Ed25519PublicKey():
            return
        case _:
            raise _bad("an issuer's key is of a kind or size that is not accepted")


def _issued(subject: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether `issuer` signed `subject`, by name and by key, with a hash that still holds (RFC 5280 §6.1.3 (a)(1))."""
    algorithm = subject.signature_hash_algorithm
    if algorithm is not None and not isinstance(algorithm, _HASHES):
        return False
    try:
        subject.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def _extension(certificate: x509.Certificate, kind: type[_Kind]) -> x509.Extension[_Kind] | None:
    try:
        return certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


def _validity(certificate: x509.Certificate) -> tuple[int, int]:
    """First and last moment, in milliseconds since 1970; certificates know whole seconds, the last one included."""
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return int(start.timestamp()) * 1000, int(end.timestamp()) * 1000 + 999


def _bad(message: str) -> Poison:
    return Poison(Reason.BAD_CERTIFICATE, message)
