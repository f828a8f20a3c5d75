"""Makes authorities and X.509-SVIDs for tests, the wrong ones included: each rule can be broken on its own."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from fixgate.signing import Signer
from fixgate.trust import TrustBundle

DOMAIN: Final = "fixgate.internal"
GATE: Final = "spiffe://fixgate.internal/fixgate/gate"
NOW: Final = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)

Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970, as records are timed."""
    return int(moment.timestamp() * 1000)


NOW_MS: Final = milliseconds(NOW)


def p256() -> ec.EllipticCurvePrivateKey:
    """A fresh P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def usage(*, signs: bool = True, certifies: bool = False, revokes: bool = False) -> x509.KeyUsage:
    """A key usage with these of its bits set."""
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certifies,
        crl_sign=revokes,
        encipher_only=False,
        decipher_only=False,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What stands in a certificate; the defaults make a good leaf."""

    uris: tuple[str, ...] = (GATE,)
    subject: str = "workload"
    country: str = ""
    names_critical: bool = False
    constraints: x509.BasicConstraints | None = field(default_factory=lambda: x509.BasicConstraints(False, None))
    key_usage: x509.KeyUsage | None = field(default_factory=usage)
    usage_critical: bool = True
    purposes: tuple[x509.ObjectIdentifier, ...] = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
    extra: tuple[tuple[x509.ExtensionType, bool], ...] = ()
    start: datetime = NOW - HOUR
    end: datetime = NOW + HOUR


def authority_shape(
    *,
    uris: tuple[str, ...] = (f"spiffe://{DOMAIN}",),
    subject: str = "authority",
    path_length: int | None = None,
    extra: tuple[tuple[x509.ExtensionType, bool], ...] = (),
    start: datetime = NOW - 24 * HOUR,
    end: datetime = NOW + 24 * HOUR,
) -> Shape:
    """The shape of a good authority."""
    return Shape(
        uris=uris,
        subject=subject,
        constraints=x509.BasicConstraints(ca=True, path_length=path_length),
        key_usage=usage(signs=False, certifies=True, revokes=True),
        purposes=(),
        extra=extra,
        start=start,
        end=end,
    )


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate with its private key, and what it needs to be verified up to the authority's own."""

    certificate: x509.Certificate
    key: Key
    intermediates: tuple[x509.Certificate, ...] = ()

    @property
    def der(self) -> bytes:
        """This certificate alone."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def header(self) -> bytes:
        """This certificate and its intermediates, as a record carries them."""
        chain = (self.certificate, *self.intermediates)
        return b"".join(c.public_bytes(serialization.Encoding.DER) for c in chain)

    def signer(self) -> Signer:
        """Signs as the holder of this certificate."""
        return Signer(self.key, (self.certificate, *self.intermediates))


def self_signed(shape: Shape | None = None, key: Key | None = None) -> Issued:
    """A certificate that its own key signed: an authority unless `shape` says otherwise."""
    key = key or p256()
    shape = shape or authority_shape()
    return Issued(_certificate(shape, key, _name(shape.subject), key), key)


def issue(issuer: Issued, shape: Shape | None = None, key: Key | None = None, *, root: bool = False) -> Issued:
    """A certificate issued by `issuer`; `root` leaves the issuer out of the chain, as issuers do with roots."""
    key = key or p256()
    certificate = _certificate(shape or Shape(), key, issuer.certificate.subject, issuer.key)
    return Issued(certificate, key, () if root else (issuer.certificate, *issuer.intermediates))


def leaf(root: Issued, shape: Shape | None = None, key: Key | None = None) -> Issued:
    """A leaf directly under `root`."""
    return issue(root, shape, key, root=True)


def trust(*roots: Issued, domain: str = DOMAIN) -> TrustBundle:
    """The bundle of a domain whose authorities these are."""
    return TrustBundle().observe(domain, [root.der for root in roots], NOW_MS - 3_600_000)


def _name(text: str, country: str = "") -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, text)] if text else []
    with warnings.catch_warnings():
        # An odd country is the point of having one.
        warnings.simplefilter("ignore")
        attributes += [x509.NameAttribute(NameOID.COUNTRY_NAME, country, _validate=False)] if country else []
    return x509.Name(attributes)


def _certificate(shape: Shape, key: Key, issuer: x509.Name, issuer_key: Key) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(shape.subject, shape.country))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(shape.start)
        .not_valid_after(shape.end)
    )
    for extension, critical in _extensions(shape):
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, None if isinstance(issuer_key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


def _extensions(shape: Shape) -> Sequence[tuple[x509.ExtensionType, bool]]:
    extensions: list[tuple[x509.ExtensionType, bool]] = []
    if shape.constraints is not None:
        extensions.append((shape.constraints, True))
    if shape.key_usage is not None:
        extensions.append((shape.key_usage, shape.usage_critical))
    if shape.purposes:
        extensions.append((x509.ExtendedKeyUsage(shape.purposes), False))
    if shape.uris:
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri) for uri in shape.uris])
        extensions.append((names, shape.names_critical))
    return (*extensions, *shape.extra)
