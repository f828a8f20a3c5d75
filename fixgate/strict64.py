"""Base64 in its one form: whoever compares texts must not be shown two of the same bytes."""

import base64


def strictly(text: str) -> bytes:
    """The bytes in base64 (RFC 4648 §4), padded and without unused bits; raises ValueError or TypeError otherwise."""
    found = base64.b64decode(text, validate=True)
    if base64.b64encode(found).decode() != text:
        raise ValueError("the base64 is not in its one form")
    return found
