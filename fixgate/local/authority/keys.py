"""The authority's keys, in files that survive it: after a kill -9 it goes on with the same ones.

    keys/<generation>/{authority.pem, authority-key.pem, jwt.pem, jwt-key.pem}

Only the present generation keeps its private keys: an earlier one is there to verify, never to sign again.
"""

import datetime as dt
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from cryptography.x509.oid import NameOID

from fixgate.errors import Misconfigured, Unavailable
from fixgate.local.home import write_atomically

BACKDATED = dt.timedelta(seconds=30)
"""How long before its making a certificate is valid: clocks differ."""
_AUTHORITY_LIFE = dt.timedelta(days=3650)
_CERTIFICATE, _CERTIFICATE_KEY = "authority.pem", "authority-key.pem"
_JWT, _JWT_KEY = "jwt.pem", "jwt-key.pem"


@dataclass(frozen=True, slots=True)
class Published:
    """The public half of a generation: what others verify with."""

    certificate: x509.Certificate
    jwt_key: ec.EllipticCurvePublicKey


@dataclass(frozen=True, slots=True)
class Keys:
    """The generation that signs, and all that are published, oldest first."""

    certificate: x509.Certificate
    certificate_key: ec.EllipticCurvePrivateKey
    jwt_key: ec.EllipticCurvePrivateKey
    published: Mapping[int, Published]


def load(folder: Path, trust_domain: str, generation: int, retire: Iterable[int]) -> Keys:
    """The keys for a generation, made where they are missing; retired generations are deleted.

    Raises Misconfigured when the folder holds a later generation, or keys of another trust domain.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    for old in retire:
        _delete(folder / str(old))
    present = _generations(folder)
    if present and present[-1] > generation:
        raise Misconfigured(
            f"{folder} holds generation {present[-1]}, the configuration names the earlier {generation}",
            remedy="Keys never go back: name a generation that is not earlier.",
        )
    if generation not in present:
        _make(folder / str(generation), trust_domain)
    published = {g: _read_published(folder / str(g), trust_domain) for g in _generations(folder)}
    for old in published:
        if old != generation:
            for name in (_CERTIFICATE_KEY, _JWT_KEY):
                (folder / str(old) / name).unlink(missing_ok=True)
    own = folder / str(generation)
    return Keys(
        certificate=published[generation].certificate,
        certificate_key=_read_private(own / _CERTIFICATE_KEY),
        jwt_key=_read_private(own / _JWT_KEY),
        published=published,
    )


def _generations(folder: Path) -> list[int]:
    return sorted(int(path.name) for path in folder.iterdir() if path.name.isdigit())


def _make(folder: Path, trust_domain: str) -> None:
    # A folder is complete or not there: it gets its name last.
    aside = folder.with_name(f".new-{os.getpid()}")
    aside.mkdir(mode=0o700, exist_ok=True)
    certificate_key, jwt_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    certificate = _self_signed(certificate_key, trust_domain)
    write_atomically(aside / _CERTIFICATE, certificate.public_bytes(Encoding.PEM))
    write_atomically(aside / _JWT, jwt_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    for name, key in ((_CERTIFICATE_KEY, certificate_key), (_JWT_KEY, jwt_key)):
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_atomically(aside / name, pem, mode=0o600)
    aside.rename(folder)


def _self_signed(key: ec.EllipticCurvePrivateKey, trust_domain: str) -> x509.Certificate:
    """An authority as X509-SVID §4 wants it: a CA that may sign certificates, named by its trust domain."""
    now = dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fixgate development authority")])
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + _AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(f"spiffe://{trust_domain}")]), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _read_published(folder: Path, trust_domain: str) -> Published:
    certificate = x509.load_pem_x509_certificate(_read(folder / _CERTIFICATE))
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    if names.get_values_for_type(x509.UniformResourceIdentifier) != [f"spiffe://{trust_domain}"]:
        raise Misconfigured(
            f"the keys in {folder} belong to another trust domain than {trust_domain}",
            remedy="Set FIXGATE_TRUST_DOMAIN back, or choose another FIXGATE_HOME.",
        )
    jwt_key = load_pem_public_key(_read(folder / _JWT))
    if not isinstance(jwt_key, ec.EllipticCurvePublicKey):
        raise Misconfigured(f"{folder / _JWT} is no EC key")
    return Published(certificate, jwt_key)


def _read_private(path: Path) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(_read(path), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Misconfigured(f"{path} is no EC key")
    return key


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise Unavailable(
            f"{path} is missing", remedy=f"Raise the generation, or delete {path.parents[1]} to begin anew."
        ) from None


def _delete(folder: Path) -> None:
    for name in (_CERTIFICATE_KEY, _JWT_KEY, _CERTIFICATE, _JWT):
        (folder / name).unlink(missing_ok=True)
    if folder.exists():
        folder.rmdir()
