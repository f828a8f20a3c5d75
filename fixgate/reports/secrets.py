"""What becomes of a secret that a report shows: a keyed hash and a masked form (law 12).

The hash is HMAC-SHA-256 with a key of the deployment: without the key nobody can try out guesses, with it the same
secret is recognised in every report. A new key means new hashes, so that each mark names its key.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

from fixgate.errors import Misconfigured
from fixgate.events import SecretMark

KEY_LEAST: Final = 32
"""Bytes of a hash key at least: as many as the hash has (RFC 2104, 3)."""
STARS: Final = "********"
AWS_KEY: Final = "aws_access_key"
_SHOWN_FROM: Final = 20
"""Characters of a secret of which a few may be shown; of a shorter one none are."""
_SHOWN: Final = 4
_SHORT: Final = 300
"""Characters of a rule's name that is remembered."""
_OTHERS: Final = 0o077
_HIDDEN: Final = re.compile(r"REDACTED|\[?redacted\]?|<redacted>|[*xX•.…\s]*|.*\.\.\.", re.DOTALL)
_HIDDEN_BEGIN: Final = frozenset("R[r<*xX•.…")
_ABOUT: Final = re.compile(
    r"(?i)secret|credential|passw|hard-?_?coded|api[-_]?key|private[-_]?key|CWE-(?:798|259|321)\b"
)
_KINDS: Final = (
    (re.compile(r"AKIA[A-Z0-9]{16}"), AWS_KEY),
    (re.compile(r"-----BEGIN .*", re.DOTALL), "private_key"),
    (re.compile(r"(?:gh[pousr]|github_pat)_\w+"), "github_token"),
    (re.compile(r"eyJ[\w-]+\.[\w.-]+"), "jwt"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HashKey:
    """The deployment's key; `key_id` names it and tells nothing of it."""

    key: bytes = field(repr=False)
    key_id: str

    @classmethod
    def of(cls, key: bytes) -> "HashKey":
        """From its bytes; raises Misconfigured when they are too few."""
        if len(key) < KEY_LEAST:
            raise Misconfigured(
                f"the hash key has {len(key)} bytes; at least {KEY_LEAST} are needed",
                remedy="Make one: head -c 32 /dev/urandom > FILE; chmod 600 FILE.",
            )
        return cls(key=key, key_id=hashlib.sha256(b"fixgate hash key\n" + key).hexdigest()[:16])

    def mark(self, secret: str, kind: str) -> SecretMark | None:
        """What is kept of the secret; None when the report does not show it."""
        if not secret:
            return None
        hashed = hmac.digest(self.key, secret.encode(errors="surrogatepass"), "sha256").hex()
        return SecretMark(kind=kind, hash=hashed, key_id=self.key_id, masked=masked(secret))


def load_hash_key(path: Path) -> HashKey:
    """The key in a file, all of its bytes; raises Misconfigured, also when other users could read it."""
    try:
        mode, key = path.stat().st_mode, path.read_bytes()
    except OSError as error:
        raise Misconfigured(f"the hash key {path} cannot be read: {error.strerror}") from None
    if mode & _OTHERS:
        raise Misconfigured(f"the hash key {path} is open to other users", remedy=f"chmod 600 {path}")
    return HashKey.of(key)


def masked(secret: str) -> str:
    """The secret with all but a few characters replaced; how long it is does not show."""
    if len(secret) < _SHOWN_FROM or not secret.isascii() or not secret.isprintable():
        return STARS
    return secret[:_SHOWN] + STARS + secret[-_SHOWN:]


def shown(text: str | None) -> str:
    """The secret that a report shows; "" when the scanner has masked it itself, in whole or in part."""
    found = (text or "").strip()
    if found and (found[0] in _HIDDEN_BEGIN or found.endswith("...")):
        return "" if _HIDDEN.fullmatch(found) else found
    return found


def about_secrets(*texts: str) -> bool:
    """Whether a rule with these names and tags is about secrets: then code that it shows may be one."""
    return any(map(_is_about_secrets, texts))


def _is_about_secrets(text: str) -> bool:
    # Of a million results each has one of few rules.
    asked = _about if len(text) <= _SHORT else _about.__wrapped__
    return asked(text)


@lru_cache(maxsize=1024)
def _about(text: str) -> bool:
    return _ABOUT.search(text) is not None


def secret_kind(rule: str, value: str) -> str:
    """What sort of secret: by its shape, else by the scanner's rule."""
    for shape, kind in _KINDS:
        if shape.fullmatch(value.strip()):
            return kind
    return re.sub(r"[^a-z0-9]+", "_", rule.lower()).strip("_")[:80] or "secret"
