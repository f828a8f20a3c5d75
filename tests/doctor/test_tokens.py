"""Forged tokens: each differs from the genuine one in exactly what it tests."""

import jwt
import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from fixgate.doctor import tokens
from fixgate.errors import Misconfigured

EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)
CLAIMS = {"sub": "spiffe://x/fixgate/doctor", "aud": ["kafka"], "exp": 4102444800, "iss": "https://x"}


@pytest.mark.parametrize(("key", "algorithm"), [(EC_KEY, "ES256"), (RSA_KEY, "RS256"), (RSA_KEY, "PS256")])
def test_a_foreign_key_changes_the_signature_alone(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, algorithm: str
) -> None:
    """Header and claims stay as they were; only the genuine key does not verify it."""
    genuine = jwt.encode(CLAIMS, key, algorithm, headers={"kid": "k"})
    forged = tokens.foreign_key(genuine)
    assert tokens.claims(forged) == CLAIMS
    assert tokens.header(forged) == tokens.header(genuine)
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(forged, key.public_key(), [algorithm], audience="kafka")


def test_a_foreign_issuer_is_said() -> None:
    """The claim that is to be wrong is wrong, and no other."""
    forged = tokens.foreign_key(jwt.encode(CLAIMS, EC_KEY, "ES256"), {"iss": "https://elsewhere"})
    assert tokens.claims(forged) == {**CLAIMS, "iss": "https://elsewhere"}


def test_an_unsigned_token_has_no_signature() -> None:
    """The algorithm is `none` and the third part empty."""
    forged = tokens.unsigned(jwt.encode(CLAIMS, EC_KEY, "ES256"))
    assert tokens.header(forged)["alg"] == "none"
    assert forged.endswith(".")
    assert tokens.claims(forged) == CLAIMS


def test_an_altered_token_keeps_the_genuine_signature() -> None:
    """Another subject under the old signature."""
    genuine = jwt.encode(CLAIMS, EC_KEY, "ES256")
    forged = tokens.altered(genuine, "spiffe://x/fixgate/gate")
    assert forged.split(".")[2] == genuine.split(".")[2]
    assert tokens.claims(forged)["sub"] == "spiffe://x/fixgate/gate"


@pytest.mark.parametrize("text", ["", "abc", "a.b", "e30", "!!.!!.!!"])
def test_what_is_no_token_is_refused_without_being_shown(text: str) -> None:
    """An answer that is no JWT is an error that does not repeat it."""
    with pytest.raises(Misconfigured) as refused:
        tokens.claims(text)
    assert refused.value.__cause__ is None


def test_an_algorithm_of_no_svid_is_refused() -> None:
    """A shared secret is no way to sign an identity."""
    with pytest.raises((Misconfigured, UnsupportedAlgorithm), match="HS256"):
        tokens.foreign_key(jwt.encode(CLAIMS, "s" * 32, "HS256"))
