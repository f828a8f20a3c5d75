"""The second line of defence against secrets in logs and spans: what looks like one is masked.

The first is that secrets travel no further than ingest (law 12). This knows shapes, not meanings; it must never be
relied on. Masking too much is the right side to err on.
"""

import math
import re
from collections.abc import Iterable, Mapping
from typing import cast

Clean = str | int | float | bool | list["Clean"] | dict[str, "Clean"] | None

MASK = "[redacted]"
MAX_DEPTH = 8
MAX_TEXT = 16_384
"""Characters of one text; the rest is cut off, for a log line is no place for a report."""

SHAPES = re.compile(
    r"""
      # A private key block, also one that was cut off.
      -----BEGIN[ ][A-Z0-9 ]*PRIVATE[ ]KEY-----.*?(?:-----END[ ][A-Z0-9 ]*PRIVATE[ ]KEY-----|\Z)
      # A JWT, with or without its signature (RFC 7519).
    | \beyJ[A-Za-z0-9_=-]{8,}+\.[A-Za-z0-9_=-]{4,}+(?:\.[A-Za-z0-9_=-]*+)?
      # AWS access key ids (IAM user guide, unique identifiers).
    | \b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}+
      # GitHub, GitLab, Slack, Stripe, Google, npm, PyPI.
    | \bgh[pousr]_[A-Za-z0-9]{20,}+
    | \bgithub_pat_[A-Za-z0-9_]{20,}+
    | \bglpat-[A-Za-z0-9_-]{16,}+
    | \bxox[abeprs]-[A-Za-z0-9-]{8,}+
    | \b[rs]k_(?:live|test)_[A-Za-z0-9]{8,}+
    | \bAIza[A-Za-z0-9_-]{30,}+
    | \bnpm_[A-Za-z0-9]{30,}+
    | \bpypi-[A-Za-z0-9_-]{30,}+
      # User and password in an address.
    | (?<=://)[^\s/:@]{1,256}:[^\s/@]{1,256}(?=@)
      # HTTP's Authorization.
    | (?P<scheme>(?i:\b(?:bearer|basic)\s{1,4}))[A-Za-z0-9._~+/=-]{8,}+
      # A name that says secret, an equals sign or a colon, and a value.
    | (?P<name>(?i:(?:password|passwd|secret|api_?key|access_?key|auth_?token|private_?key)[\w.-]{0,40}
      ["']?\s{0,4}[=:]\s{0,4}["']?))[^\s"',;&]{4,}+
    """,
    re.DOTALL | re.VERBOSE,
)
_HINTS = (
    *("-----begin", "eyj", "akia", "asia", "abia", "acca", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    *("glpat-", "xox", "k_live_", "k_test_", "aiza", "npm_", "pypi-", "://", "bearer", "basic", "password", "passwd"),
    *("secret", "apikey", "api_key", "accesskey", "access_key", "authtoken", "auth_token", "privatekey", "private_key"),
)
"""In small letters, of each shape something that it cannot be without: to look for these is many times faster."""
_NAMES = re.compile(r"(?i)password|passwd|secret|private_?key|api_?key|token|authorization|credential|cookie")


def redact(text: str) -> str:
    """The text with everything masked that looks like a secret, cut to `MAX_TEXT`."""
    if len(text) > MAX_TEXT:
        text = f"{text[:MAX_TEXT]}… ({len(text)} characters)"
    return SHAPES.sub(rf"\g<scheme>\g<name>{MASK}", text) if _may_hold_one(text) else text


def looks_secret(text: str) -> bool:
    """Whether `redact` would mask something in the text, however long it is."""
    return _may_hold_one(text) and SHAPES.search(text) is not None


def _may_hold_one(text: str) -> bool:
    """Whether any shape can be in the text; other alphabets have letters that count as ours in another case."""
    if not text.isascii():
        return True
    small = text.lower()
    return any(hint in small for hint in _HINTS)


def clean(value: object, depth: int = 0) -> Clean:
    """The value as JSON can hold it, with every text in it redacted; never raises."""
    match value:
        case None | bool() | int():
            made: Clean = value
        case str():
            made = redact(value)
        case float():
            made = value if math.isfinite(value) else str(value)
        case bytes() | bytearray():
            made = f"({len(value)} bytes)"
        case Mapping() | list() | tuple() | set() | frozenset() if depth >= MAX_DEPTH:
            made = f"({type(cast('object', value)).__name__}, too deep)"
        case Mapping():
            mapping = cast("Mapping[object, object]", value)
            made = {redact(str(k)): clean_named(str(k), v, depth + 1) for k, v in mapping.items()}
        case list() | tuple() | set() | frozenset():
            made = [clean(item, depth + 1) for item in cast("Iterable[object]", value)]
        case _:
            made = redact(_text(value))
    return made


def clean_named(name: str, value: object, depth: int = 0) -> Clean:
    """Like `clean`; but a text under a name that says secret is masked whatever it looks like."""
    if isinstance(value, (str, bytes)) and _NAMES.search(name):
        return MASK
    return clean(value, depth)


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001  # any object may be logged, and a log line must never stop the work
        return f"({type(value).__name__} that cannot be shown: {type(error).__name__})"
