"""JWT-SVIDs, verified against the keys that the stack's identity authority publishes in a file."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt

_ALGORITHMS = ["ES256"]


class Invalid(Exception):
    """The token is none of ours."""


class Expired(Invalid):
    """The token has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Whose tokens count: `issuer` is their `iss`, `jwks` the file of its keys, read at each use."""

    issuer: str
    jwks: Path

    def subject(self, token: str, audience: str) -> str:
        """The token's SPIFFE ID; raises Invalid, never with the token's text."""
        try:
            claims = self._claims(token, audience)
        except jwt.ExpiredSignatureError:
            raise Expired("the token has expired") from None
        except (jwt.PyJWTError, OSError, ValueError, KeyError, TypeError) as error:
            raise Invalid(f"the token is not valid here: {type(error).__name__}") from None
        subject = claims["sub"]
        if not isinstance(subject, str) or not subject.startswith("spiffe://"):
            raise Invalid("the token names no SPIFFE ID")
        return subject

    def _claims(self, token: str, audience: str) -> dict[str, Any]:
        named = jwt.get_unverified_header(token)["kid"]
        keys = [k for k in json.loads(self.jwks.read_bytes())["keys"] if k["kid"] == named]
        if len(keys) != 1:
            raise jwt.InvalidKeyError("no such key")
        claims: dict[str, Any] = jwt.decode(
            token,
            jwt.PyJWK(keys[0]),
            algorithms=_ALGORITHMS,
            audience=audience,
            issuer=self.issuer,
            options={"require": ["exp", "aud", "sub", "iss"]},
        )
        if claims["aud"] not in (audience, [audience]):
            # Made for somebody else too, who could bring it here.
            raise jwt.InvalidAudienceError("the token is for several audiences")
        return claims
