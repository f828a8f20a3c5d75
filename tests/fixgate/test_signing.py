"""What a signer refuses to be, and what its signatures are."""

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope

from fixgate.broker import Headers
from fixgate.errors import Misconfigured, Poison, Reason
from fixgate.signing import (
    CERTIFICATE_HEADER,
    CERTIFICATE_LIMIT,
    PAYLOAD_TYPE,
    SIGNATURE_HEADER,
    Signature,
    Signer,
    digest,
    pae,
    signature_in,
)
from tests.fixgate.certificates import Key, leaf, p256, self_signed

ROOT = self_signed()
UNFIT_KEYS: dict[str, Key] = {
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "RSA": rsa.generate_private_key(65537, 2048),
}


@pytest.mark.parametrize("kind", UNFIT_KEYS)
def test_other_kinds_of_keys_are_refused(kind: str) -> None:
    """A signer cannot be made with a key that verifiers will not accept, and the error says what to change."""
    issued = leaf(ROOT, key=UNFIT_KEYS[kind])
    with pytest.raises(Misconfigured, match="P-256 or Ed25519") as refused:
        issued.signer()
    assert "ec-p256" in refused.value.remedy


def test_a_key_that_is_not_the_certificates_is_refused() -> None:
    """A signer cannot be made with another key than its certificate's."""
    with pytest.raises(Misconfigured, match="does not belong"):
        Signer(p256(), [leaf(ROOT).certificate])


def test_a_chain_that_verifiers_would_refuse_is_refused() -> None:
    """A signer needs a certificate, and not more of them than a record's header may hold."""
    issued = leaf(ROOT)
    with pytest.raises(Misconfigured, match="0 bytes"):
        Signer(issued.key, [])
    with pytest.raises(Misconfigured, match=str(CERTIFICATE_LIMIT)):
        Signer(issued.key, [issued.certificate] * 50)


HEADER_FAULTS: list[tuple[Headers, Reason]] = [
    (((SIGNATURE_HEADER, b"s"),), Reason.UNSIGNED),
    (((CERTIFICATE_HEADER, b"c"),), Reason.UNSIGNED),
    (((SIGNATURE_HEADER, b"s"), (SIGNATURE_HEADER, b"t"), (CERTIFICATE_HEADER, b"c")), Reason.BAD_SIGNATURE),
    (((SIGNATURE_HEADER, b"s"), (CERTIFICATE_HEADER, b"c"), (CERTIFICATE_HEADER, b"d")), Reason.BAD_CERTIFICATE),
]


@pytest.mark.parametrize(("headers", "reason"), HEADER_FAULTS)
def test_half_a_signature_or_two_are_refused(headers: Headers, reason: Reason) -> None:
    """A missing half is no signature, and with a header given twice two readers might judge different ones."""
    with pytest.raises(Poison) as refused:
        signature_in(headers)
    assert refused.value.reason is reason


def test_headers_carry_a_signature_there_and_back() -> None:
    """What is written into headers is read from them, other headers notwithstanding; none is None."""
    signature = Signature(b"s", b"c")
    assert signature_in((("traceparent", b"00"), *signature.headers())) == signature
    assert signature_in((("traceparent", b"00"),)) is None


@given(st.binary(max_size=2000))
def test_the_encoding_that_is_signed_is_that_of_dsse(value: bytes) -> None:
    """Our pre-authentication encoding is byte for byte that of an independent implementation of DSSE v1."""
    assert pae(value) == Envelope(value, PAYLOAD_TYPE, {}).pae()


def test_a_signature_verifies_with_plain_cryptography() -> None:
    """An ECDSA signature is DER over SHA-256 of the encoding, as any DSSE implementation would check it."""
    issued = leaf(ROOT)
    made = issued.signer().sign(b"value")
    key = issued.certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(made.signature, pae(b"value"), ec.ECDSA(hashes.SHA256()))
    assert made.certificate == issued.header


def test_ed25519_keys_sign_too() -> None:
    """An Ed25519 identity signs the same encoding."""
    issued = leaf(ROOT, key=ed25519.Ed25519PrivateKey.generate())
    made = issued.signer().sign(b"value")
    key = issued.certificate.public_key()
    assert isinstance(key, ed25519.Ed25519PublicKey)
    key.verify(made.signature, pae(b"value"))


def test_signing_again_gives_the_same_bytes() -> None:
    """A retry of the same record signs it with the same bytes: nonces are derived, not drawn."""
    signer = leaf(ROOT).signer()
    assert signer.sign(b"value") == signer.sign(b"value")
    assert signer.sign(b"value") != signer.sign(b"other")


def test_a_digest_names_the_exact_bytes() -> None:
    """A record's digest is the SHA-256 of its value bytes in hexadecimal, with the algorithm's name."""
    assert digest(b"value") == "sha256:" + hashlib.sha256(b"value").hexdigest()


def test_a_signer_knows_when_its_certificate_ends() -> None:
    """Whoever signs can tell that the certificate has run out, without parsing it."""
    issued = leaf(ROOT)
    assert issued.signer().not_after_ms == int(issued.certificate.not_valid_after_utc.timestamp() * 1000)
