"""What verification refuses, and with which reason; then what it lets pass."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from fixgate.errors import Poison, Reason
from fixgate.signing import CERTIFICATE_LIMIT, Signature, digest
from fixgate.trust import TrustBundle
from fixgate.verification import LEEWAY_MS, Verified, Verifier, check_parents
from tests.fixgate.certificates import (
    GATE,
    HOUR,
    NOW,
    NOW_MS,
    Issued,
    Shape,
    authority_shape,
    issue,
    leaf,
    milliseconds,
    self_signed,
    trust,
)

VALUE = b"\x00\x00\x00\x00\x07some record"
ROOT = self_signed()
TRUST = trust(ROOT)
LEAF = leaf(ROOT)
SIGNED = LEAF.signer().sign(VALUE)
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True, slots=True)
class Carried:
    """A record embedded in another one."""

    value: bytes
    signature: bytes
    certificate: bytes


def verify(
    signed: Signature | None = SIGNED,
    value: bytes = VALUE,
    *,
    signers: tuple[str, ...] = (GATE,),
    at_ms: int | None = NOW_MS,
    bundle: TrustBundle = TRUST,
) -> Verified:
    """Verify with everything right but what the test says."""
    signature, certificate = (signed.signature, signed.certificate) if signed else (None, None)
    return Verifier().verify(value, signature, certificate, signers=signers, at_ms=at_ms, trust=bundle)


def refused(reason: Reason, signed: Signature | None = SIGNED, value: bytes = VALUE, **rest: object) -> str:
    """Assert that verification refuses with this reason; returns the message."""
    with pytest.raises(Poison) as error:
        verify(signed, value, **rest)  # type: ignore[arg-type]  # forwarded as given
    assert error.value.reason is reason, error.value.message
    return error.value.message


def test_a_record_without_signature_is_refused() -> None:
    """No signature, an empty one, or one without a certificate: unsigned."""
    refused(Reason.UNSIGNED, None)
    refused(Reason.UNSIGNED, Signature(b"", SIGNED.certificate))
    refused(Reason.UNSIGNED, Signature(SIGNED.signature, b""))


def test_an_altered_value_is_refused() -> None:
    """A value that is not the signed one, be it longer, shorter or empty, does not verify."""
    for value in (VALUE + b"\x00", VALUE[:-1], b"", VALUE.replace(b"some", b"same")):
        refused(Reason.BAD_SIGNATURE, value=value)


def test_anothers_signature_is_refused() -> None:
    """A signature by a key other than the certificate's does not verify."""
    other = leaf(ROOT).signer().sign(VALUE)
    refused(Reason.BAD_SIGNATURE, Signature(other.signature, SIGNED.certificate))


def test_signatures_of_the_wrong_size_or_form_are_refused() -> None:
    """Garbage, trailing bytes and oversized signatures are bad signatures."""
    for signature in (b"\x00", b"\x30\x06\x02\x01\x00\x02\x01\x00", SIGNED.signature + b"\x00", bytes(100_000)):
        refused(Reason.BAD_SIGNATURE, replace(SIGNED, signature=signature))


def test_the_right_signer_on_the_wrong_topic_is_refused() -> None:
    """A good signature by a party that does not write this topic is the wrong signer's."""
    message = refused(Reason.WRONG_SIGNER, signers=("spiffe://fixgate.internal/fixgate/issuer",))
    assert GATE in message
    assert "issuer" in message


def test_nobody_may_sign_when_no_signer_is_named() -> None:
    """An empty list of signers lets nobody pass, not everybody."""
    refused(Reason.WRONG_SIGNER, signers=())


def test_a_record_without_time_is_refused() -> None:
    """Without an asserted time, or with one that no calendar has, no certificate can be judged."""
    for at_ms in (None, -1, 2**62):
        refused(Reason.UNTIMED, at_ms=at_ms)


def test_a_certificate_that_had_ended_is_refused() -> None:
    """A record appended after its certificate's end and the clocks' leeway is refused."""
    end = milliseconds(LEAF.certificate.not_valid_after_utc) + 999
    message = refused(Reason.EXPIRED_CERTIFICATE, at_ms=end + LEEWAY_MS + 1)
    assert "2026-03-01T13:00:00+00:00" in message
    assert verify(at_ms=end + LEEWAY_MS).signer == GATE


def test_a_certificate_that_had_not_begun_is_refused() -> None:
    """A record appended before its certificate's begin and the clocks' leeway is refused."""
    start = milliseconds(LEAF.certificate.not_valid_before_utc)
    refused(Reason.EXPIRED_CERTIFICATE, at_ms=start - LEEWAY_MS - 1)
    assert verify(at_ms=start - LEEWAY_MS).signer == GATE


def test_time_is_judged_on_each_record() -> None:
    """A chain found good once is not good for ever: the same verifier refuses a later record."""
    verifier = Verifier()
    verifier.verify(VALUE, SIGNED.signature, SIGNED.certificate, signers=(GATE,), at_ms=NOW_MS, trust=TRUST)
    later = milliseconds(NOW + 2 * HOUR)
    with pytest.raises(Poison) as error:
        verifier.verify(VALUE, SIGNED.signature, SIGNED.certificate, signers=(GATE,), at_ms=later, trust=TRUST)
    assert error.value.reason is Reason.EXPIRED_CERTIFICATE


def test_an_ended_intermediate_or_authority_is_refused() -> None:
    """Every certificate of the path must have been valid, not only the leaf."""
    short = issue(ROOT, authority_shape(subject="short", end=NOW - timedelta(minutes=5)), root=True)
    refused(Reason.EXPIRED_CERTIFICATE, issue(short).signer().sign(VALUE))
    ended = self_signed(authority_shape(end=NOW - timedelta(minutes=5)))
    refused(Reason.EXPIRED_CERTIFICATE, leaf(ended).signer().sign(VALUE), bundle=trust(ended))


def test_a_withdrawn_authority_is_refused_from_then_on() -> None:
    """After an authority left the bundle nothing new counts under it; what was appended before still does."""
    bundle = TRUST.observe("fixgate.internal", [self_signed().der], NOW_MS)
    refused(Reason.EXPIRED_CERTIFICATE, at_ms=NOW_MS + LEEWAY_MS + 1, bundle=bundle)
    assert verify(at_ms=NOW_MS - 1, bundle=bundle).signer == GATE


def test_a_new_bundle_ends_what_was_remembered() -> None:
    """A chain remembered under one bundle is judged anew under another."""
    verifier = Verifier()
    verifier.verify(VALUE, SIGNED.signature, SIGNED.certificate, signers=(GATE,), at_ms=NOW_MS, trust=TRUST)
    with pytest.raises(Poison) as error:
        verifier.verify(
            VALUE, SIGNED.signature, SIGNED.certificate, signers=(GATE,), at_ms=NOW_MS, trust=trust(self_signed())
        )
    assert error.value.reason is Reason.BAD_CERTIFICATE


def test_a_huge_certificate_header_is_refused() -> None:
    """A certificate header over the limit is refused before anything reads it."""
    refused(Reason.BAD_CERTIFICATE, replace(SIGNED, certificate=bytes(CERTIFICATE_LIMIT + 1)))


def test_an_embedded_record_is_judged_like_any_other() -> None:
    """A carried record must be signed, timed and by whom it must be."""
    carried = Carried(VALUE, SIGNED.signature, SIGNED.certificate)
    verifier = Verifier()
    for wrong, at_ms, reason in (
        (replace(carried, value=b"other"), NOW_MS, Reason.BAD_SIGNATURE),
        (replace(carried, signature=b""), NOW_MS, Reason.UNSIGNED),
        (carried, None, Reason.UNTIMED),
    ):
        with pytest.raises(Poison) as error:
            verifier.verify_embedded(wrong, signers=(GATE,), at_ms=at_ms, trust=TRUST)
        assert error.value.reason is reason
    assert verifier.verify_embedded(carried, signers=(GATE,), at_ms=NOW_MS, trust=TRUST).digest == digest(VALUE)


PARENT = digest(b"parent")


def test_missing_parents_are_refused() -> None:
    """No parent where there must be one, one that is no digest, and a carried record that is not named."""
    for parents, carried, rooted in (
        ((), (), False),
        (("sha256:zz",), (), True),
        ((PARENT.upper(),), (), False),
        ((PARENT,), (digest(b"stranger"),), False),
        ((), (PARENT,), True),
    ):
        with pytest.raises(Poison) as error:
            check_parents(parents, carried, rooted=rooted)
        assert error.value.reason is Reason.MISSING_PARENT


def test_parents_that_are_there_are_accepted() -> None:
    """A root needs none; others name at least what they carry, and may name more."""
    check_parents((), (), rooted=True)
    check_parents((PARENT, digest(b"another")), (PARENT,), rooted=False)


@settings(deadline=None)
@given(st.data())
def test_no_flipped_bit_ever_verifies(data: st.DataObject) -> None:
    """Whichever bit of value, signature or certificate chain is flipped, the record is refused."""
    parts = [bytearray(VALUE), bytearray(SIGNED.signature), bytearray(SIGNED.certificate)]
    part = data.draw(st.integers(0, 2))
    bit = data.draw(st.integers(0, len(parts[part]) * 8 - 1))
    parts[part][bit // 8] ^= 1 << bit % 8
    with pytest.raises(Poison):
        verify(Signature(bytes(parts[1]), bytes(parts[2])), bytes(parts[0]))


def test_no_bit_of_a_chain_can_be_flipped() -> None:
    """Each single bit of a two-certificate chain, one after the other: every one is refused."""
    middle = issue(ROOT, authority_shape(subject="middle"), root=True)
    signed = issue(middle).signer().sign(VALUE)
    assert verify(signed).signer == GATE
    for bit in range(len(signed.certificate) * 8):
        flipped = bytearray(signed.certificate)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Poison):
            verify(replace(signed, certificate=bytes(flipped)))


@settings(deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=2000), st.binary(max_size=64))
def test_arbitrary_bytes_are_refused_and_nothing_else_happens(signature: bytes, certificate: bytes, v: bytes) -> None:
    """Whatever stands in the headers, the answer is a reason, never another error."""
    with pytest.raises(Poison):
        verify(Signature(signature, certificate), v)


def test_a_good_record_is_accepted() -> None:
    """A record signed by a writer of the topic gives the signer, the digest and the certificate's dates."""
    assert verify() == Verified(
        GATE,
        digest(VALUE),
        milliseconds(LEAF.certificate.not_valid_before_utc),
        milliseconds(LEAF.certificate.not_valid_after_utc) + 999,
    )


def test_ed25519_identities_are_accepted() -> None:
    """A record signed with an Ed25519 identity verifies."""
    issued: Issued = leaf(ROOT, Shape(), ed25519.Ed25519PrivateKey.generate())
    assert verify(issued.signer().sign(VALUE)).signer == GATE


def test_the_twin_of_an_ecdsa_signature_changes_nothing() -> None:
    """(r, n - s) verifies as (r, s) does, and names the same record by the same digest: nothing is gained by it."""
    r, s = decode_dss_signature(SIGNED.signature)
    twin = replace(SIGNED, signature=encode_dss_signature(r, P256_ORDER - s))
    assert verify(twin) == verify()


def test_the_memory_of_chains_is_bounded_and_only_for_good_ones() -> None:
    """The oldest chain is forgotten over the limit, bad ones are never kept, and forgetting changes no answer."""
    verifier = Verifier(capacity=2)
    stranger = leaf(self_signed()).signer().sign(VALUE)
    for signed in [leaf(ROOT).signer().sign(VALUE) for _ in range(3)] * 2:
        verifier.verify(VALUE, signed.signature, signed.certificate, signers=(GATE,), at_ms=NOW_MS, trust=TRUST)
        remembered = verifier.remembered()
        with pytest.raises(Poison):
            verifier.verify(VALUE, stranger.signature, stranger.certificate, signers=(GATE,), at_ms=1, trust=TRUST)
        assert 0 < verifier.remembered() == remembered <= 2
