"""Whose JWT-SVID is taken: signed under our keys, for the receiver, not ended, and no other."""

import asyncio
import base64
import hmac
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from spiffe import TrustDomain
from spiffe.bundle.jwt_bundle.jwt_bundle import JwtBundle

from fixgate.errors import Refused, Unavailable
from fixgate.receiving.svids import AUDIENCE, Svids

CI = "spiffe://fixgate.internal/ci"
KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())
PEM = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def bundle(**keys: ec.EllipticCurvePrivateKey) -> JwtBundle:
    """The keys of our trust domain."""
    return JwtBundle(TrustDomain("fixgate.internal"), {name: key.public_key() for name, key in keys.items()})


def token(key: Any = KEY, algorithm: str = "ES256", kid: str = "k", **changed: Any) -> str:
    """A token that holds, but for what is changed; None leaves a claim out."""
    claims = {"sub": CI, "aud": [AUDIENCE], "exp": int(time.time()) + 300, **changed}
    said = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(said, key, algorithm, headers={"kid": kid, "typ": "JWT"})


class Authority:
    """Gives keys, and counts how often it was asked."""

    def __init__(self, **keys: ec.EllipticCurvePrivateKey) -> None:
        self.keys = keys
        self.asked = 0
        self.down = False

    def __call__(self) -> JwtBundle:
        """The keys of now."""
        self.asked += 1
        if self.down:
            raise Unavailable("silent")
        return bundle(**self.keys)


def judged(text: str, authority: Authority | None = None) -> str:
    """Whose the token is."""
    return asyncio.run(Svids(authority or Authority(k=KEY)).spiffe_id(text))


@pytest.mark.parametrize(
    "text",
    [
        token(OTHER),
        token(aud=["kafka"]),
        token(aud=[]),
        token(aud=None),
        token(exp=int(time.time()) - 1),
        token(exp=None),
        token(sub=None),
        token(sub=""),
        token(sub="fixgate.internal/ci"),
        token(sub="spiffe://other.domain/ci"),
        token(nbf=int(time.time()) + 300),
        token(kid="unknown"),
        token(key="x" * 64, algorithm="HS256"),
        token(key="", algorithm="none"),
        token() + "x",
        token()[:-2],
        "a.b.c",
        "x" * 9_000,
    ],
)
def test_what_does_not_hold_is_refused(text: str) -> None:
    """Another key, audience, end, subject, trust domain, algorithm, or no token at all; its words quote nothing."""
    with pytest.raises(Refused) as refused:
        judged(text)
    assert text[:16] not in refused.value.message


def test_a_token_signed_with_the_public_key_as_a_password_is_refused() -> None:
    """The old trick with HMAC (RFC 8725 §2.1)."""
    header = token(key="x" * 64, algorithm="HS256").split(".")[:2]
    mac = hmac.digest(PEM, ".".join(header).encode(), "sha256")
    with pytest.raises(Refused):
        judged(".".join([*header, base64.urlsafe_b64encode(mac).decode().rstrip("=")]))


@given(st.from_regex(r"[\w-]{0,60}\.[\w-]{0,60}\.[\w-]{0,60}", fullmatch=True))
def test_any_token_is_judged(text: str) -> None:
    """Without another error than the one that says no."""
    with pytest.raises(Refused):
        judged(text)


def test_a_silent_authority_is_no_refusal() -> None:
    """Nothing can be said then."""
    authority = Authority(k=KEY)
    authority.down = True
    with pytest.raises(Unavailable):
        judged(token(), authority)


def test_a_token_for_us_names_its_identity() -> None:
    """For several audiences too, of which we are one."""
    assert judged(token()) == CI
    assert judged(token(aud=["other", AUDIENCE])) == CI


def test_keys_are_kept_and_asked_for_again() -> None:
    """After a while in any case, and sooner when a key is not known, but not as often as anybody likes."""
    authority, now = Authority(k=KEY), [0.0]
    svids = Svids(authority, lambda: now[0])

    async def ask(text: str) -> str:
        try:
            return await svids.spiffe_id(text)
        except Refused:
            return ""

    async def story() -> None:
        assert [await ask(token()) for _ in range(3)] == [CI] * 3
        assert authority.asked == 1
        authority.keys = {"new": OTHER}
        assert [await ask(token(OTHER, kid="new")) for _ in range(3)] == [""] * 3
        assert authority.asked == 1
        now[0] = 2.5
        assert await ask(token(OTHER, kid="new")) == CI
        assert await ask(token()) == ""
        assert authority.asked == 2
        now[0] = 40.0
        assert await ask(token(OTHER, kid="new")) == CI
        assert authority.asked == 3

    asyncio.run(story())
