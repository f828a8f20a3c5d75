"""Tokens that must be refused, made from a genuine one: each differs from it in the one thing that it tests."""

import base64
import json
from collections.abc import Mapping
from typing import Any, cast

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from fixgate.errors import Misconfigured

_CURVES: Mapping[str, type[ec.EllipticCurve]] = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}


def claims(token: str) -> dict[str, Any]:
    """What the token says, unverified; raises `Misconfigured` when it is no JWT."""
    return _part(token, 1)


def header(token: str) -> dict[str, Any]:
    """The token's header, unverified; raises `Misconfigured` when it is no JWT."""
    return _part(token, 0)


def foreign_key(genuine: str, changes: Mapping[str, Any] | None = None) -> str:
    """The same header and claims (but for `changes`), signed under the genuine key's name by a key of nobody."""
    head = header(genuine)
    algorithm = str(head.get("alg", ""))
    if algorithm in _CURVES:
        key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = ec.generate_private_key(_CURVES[algorithm]())
    elif algorithm.startswith(("RS", "PS")):
        key = rsa.generate_private_key(65537, 2048)
    else:
        raise Misconfigured(f"the genuine token is signed by {algorithm or 'no algorithm'}, which JWT-SVIDs do not use")
    return jwt.encode({**claims(genuine), **(changes or {})}, key, algorithm, headers=head)


def unsigned(genuine: str) -> str:
    """The same claims with `alg: none` and no signature (RFC 7519 6)."""
    head = {**header(genuine), "alg": "none"}
    return f"{_encoded(head)}.{_encoded(claims(genuine))}."


def altered(genuine: str, subject: str) -> str:
    """The genuine signature under another subject."""
    head, _, signature = genuine.split(".")
    return f"{head}.{_encoded({**claims(genuine), 'sub': subject})}.{signature}"


def _part(token: str, index: int) -> dict[str, Any]:
    try:
        part = token.split(".")[index]
        return cast("dict[str, Any]", json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))
    except (ValueError, IndexError):
        # The text of a token is in no message, and no error that may hold it is chained.
        raise Misconfigured("what the authority gave is no JWT") from None


def _encoded(part: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
