"""The secret in a result of trufflehog 3: early versions write `Raw` in Base64, later ones as it is."""

import binascii
from base64 import b64decode
from typing import Final

from fixgate.reports.aws import key_id

_SPACE: Final = str.maketrans("", "", "\r\n\t")
"""What a text has besides what can be printed."""
_PLAIN: Final = bytes(range(0x20, 0x7F)) + b"\r\n\t"
"""What most secrets are of; a private key has thousands of them."""


def plain(raw: str | None, *, decoder: str | None, redacted: str | None) -> str:
    """The secret itself; "" when there is none.

    What is redacted shows which form is the plain one. Else the versions that name no decoder are those that encode.
    """
    decoded = _decoded(raw or "")
    if raw is None or decoded is None or key_id(raw) is not None:
        return raw or ""
    if redacted and (redacted in raw) != (redacted in decoded):
        return decoded if redacted in decoded else raw
    return decoded if decoder is None else raw


def _decoded(raw: str) -> str | None:
    """The text that this is in Base64, if it is one."""
    try:
        made = b64decode(raw, validate=True)
        text = made.decode()
    except (binascii.Error, ValueError):
        return None
    printed = not made.translate(None, _PLAIN) or text.translate(_SPACE).isprintable()
    return text if printed else None
