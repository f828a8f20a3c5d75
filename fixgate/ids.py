"""Derived ids: the same parts give the same id, on every machine and at every try (law 13)."""

import hashlib


def derived_id(kind: str, *parts: str) -> str:
    """An id such as `decision-4f1c…`: the kind, a dash and 32 hexadecimal digits (128 bits) of a SHA-256.

    Parts are length-prefixed, so that no two lists of parts run together.
    """
    hashed = hashlib.sha256()
    for part in (kind, *parts):
        encoded = part.encode()
        hashed.update(b"%d:" % len(encoded) + encoded)
    return f"{kind}-{hashed.hexdigest()[:32]}"
