"""Makes SVIDs and the bundles that verify them, for one state of the configuration and keys.

Standards: SPIFFE X509-SVID (leaf certificates), JWT-SVID, SPIFFE Trust Domain and Bundle (`use` of keys), RFC 7517.
"""

import base64
import datetime as dt
import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from fixgate.local.authority.config import AuthorityConfig, Entry
from fixgate.local.authority.keys import BACKDATED, Keys

ALGORITHM = "ES256"
BROKER_USE = "sig"
"""Kafka takes no key marked `jwt-svid`."""
SPIFFE_USE = "jwt-svid"


@dataclass(frozen=True, slots=True)
class X509Svid:
    """A certificate with its private key and the authorities to verify others with; all DER."""

    spiffe_id: str
    certificate: bytes
    key: bytes
    bundle: bytes


@dataclass(frozen=True, slots=True)
class Issuer:
    """One state of the authority; a change makes another."""

    config: AuthorityConfig
    keys: Keys

    def x509_svid(self, entry: Entry) -> X509Svid:
        """A new key and its certificate, valid from now for the configured time."""
        key = ec.generate_private_key(ec.SECP256R1())
        spiffe_id = self.config.spiffe_id(entry)
        return X509Svid(
            spiffe_id=spiffe_id,
            certificate=self._leaf(key, spiffe_id, entry.dns_names).public_bytes(Encoding.DER),
            key=key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
            bundle=self.x509_bundle(),
        )

    def jwt_svid(self, entry: Entry, audience: Sequence[str]) -> str:
        """A token of the entry for the audience, valid from now for the configured time."""
        now = int(dt.datetime.now(dt.UTC).timestamp())
        claims = {
            "iss": self.config.issuer,
            "sub": self.config.spiffe_id(entry),
            "aud": list(audience),
            "iat": now,
            "exp": now + min(self.config.jwt_ttl_s, entry.jwt_ttl_s or self.config.jwt_ttl_s),
            "jti": secrets.token_hex(16),
        }
        return jwt.encode(claims, self.keys.jwt_key, ALGORITHM, {"kid": key_id(self.keys.jwt_key.public_key())})

    def validate(self, token: str, audience: str) -> Mapping[str, Any]:
        """The claims of a token that one of the published keys signed; raises `jwt.PyJWTError`."""
        named = jwt.get_unverified_header(token).get("kid")
        for published in self.keys.published.values():
            if key_id(published.jwt_key) == named:
                return jwt.decode(
                    token,
                    published.jwt_key,
                    algorithms=[ALGORITHM],
                    audience=audience,
                    issuer=self.config.issuer,
                    options={"require": ["exp", "aud", "sub"]},
                )
        raise jwt.InvalidKeyError("no published key has the token's key id")

    def x509_bundle(self) -> bytes:
        """The published authorities' certificates, DER, one after the other."""
        return b"".join(p.certificate.public_bytes(Encoding.DER) for p in self.keys.published.values())

    def x509_bundle_pem(self) -> bytes:
        """The same as PEM."""
        return b"".join(p.certificate.public_bytes(Encoding.PEM) for p in self.keys.published.values())

    def jwks(self, use: str) -> bytes:
        """The published JWT keys as a JWK set (RFC 7517)."""
        return json.dumps({"keys": [_jwk(p.jwt_key, use) for p in self.keys.published.values()]}).encode()

    def _leaf(self, key: ec.EllipticCurvePrivateKey, spiffe_id: str, dns_names: Sequence[str]) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        names = [x509.UniformResourceIdentifier(spiffe_id), *map(x509.DNSName, dns_names)]
        authority = self.keys.certificate
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=True,
            key_cert_sign=False,
            crl_sign=False,
            encipher_only=False,
            decipher_only=False,
        )
        purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        return (
            x509.CertificateBuilder()
            # X509-SVID §2: with an empty subject the name would have to be critical.
            .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "fixgate development")]))
            .issuer_name(authority.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - BACKDATED)
            .not_valid_after(now + dt.timedelta(seconds=self.config.x509_ttl_s))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(purposes, critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.keys.certificate_key.public_key()),
                critical=False,
            )
            .sign(self.keys.certificate_key, hashes.SHA256())
        )


def key_id(key: ec.EllipticCurvePublicKey) -> str:
    """The key's JWK thumbprint (RFC 7638): the same after a restart, and another for each key."""
    canonical = json.dumps(_coordinates(key), separators=(",", ":"), sort_keys=True).encode()
    return _base64url(hashlib.sha256(canonical).digest())


def _jwk(key: ec.EllipticCurvePublicKey, use: str) -> dict[str, str]:
    return {**_coordinates(key), "kid": key_id(key), "use": use, "alg": ALGORITHM}


def _coordinates(key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    numbers, size = key.public_numbers(), (key.key_size + 7) // 8
    x, y = (_base64url(n.to_bytes(size, "big")) for n in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
