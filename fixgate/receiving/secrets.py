"""Tokens that we issue, and secrets that a sender signs with: how they are made, kept and compared."""

import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path
from typing import Final

from fixgate.errors import Misconfigured

TOKEN_START: Final = "fgs_"  # noqa: S105 - how a token begins, so that scanners for leaks know one
_RANDOM_BYTES: Final = 32
_OTHERS: Final = 0o077
SECRET_LEAST: Final = 16
"""Bytes of a secret to sign with at least."""
SECRET_LIMIT: Final = 4_096


def issue() -> str:
    """A new token: 256 random bits. It is shown once and kept by nobody here."""
    return TOKEN_START + secrets.token_urlsafe(_RANDOM_BYTES)


def hashed(token: str) -> str:
    """What is kept of a token. A token of 256 random bits needs no salt and no slow hash: it cannot be guessed."""
    return "sha256:" + hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two texts are equal, in a time that does not tell how much of them is."""
    return hmac.compare_digest(one.encode(errors="surrogatepass"), other.encode(errors="surrogatepass"))


def load_secret(path: Path) -> bytes:
    """The secret in a file, without the line's end behind it.

    Raises Misconfigured when it is not there, too short, too long, or open to other users.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            secret = file.read(SECRET_LIMIT + 1).rstrip(b"\r\n")
    except OSError as error:
        raise Misconfigured(f"the secret {path} cannot be read: {error.strerror}") from None
    if mode & _OTHERS:
        raise Misconfigured(f"the secret {path} is open to other users", remedy=f"chmod 600 {path}")
    if not SECRET_LEAST <= len(secret) <= SECRET_LIMIT:
        raise Misconfigured(f"the secret {path} has {len(secret)} bytes; {SECRET_LEAST} to {SECRET_LIMIT} are taken")
    return secret


def signed_by(secret: bytes, body: bytes, signature: str) -> bool:
    """Whether this is the HMAC-SHA-256 of these exact bytes, 64 lower-case hexadecimal digits; in constant time."""
    return same(hmac.digest(secret, body, "sha256").hex(), signature)
