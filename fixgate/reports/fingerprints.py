"""What identifies a result over re-scans; `twins.py` says what becomes of those that it does not tell apart."""

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import pairwise
from typing import Final

from msgspec import Struct, msgpack

from fixgate.reports.adapter import Draft, Item
from fixgate.reports.masking import LEAST, Masker

VERSION: Final = "v1"
"""Of fingerprints: another one when the same result would get another fingerprint."""
_SIMPLE: Final = re.compile(r"[A-Za-z0-9_.~-]+")
"""What JSON and addresses write as it is."""
_LINE_END: Final = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_ENCODER: Final = msgpack.Encoder()
KEPT: Final = 8
"""Bytes that a hash is known by where many are kept."""
_HEAP_BITS: Final = 10


class Told(Struct, frozen=True, gc=False):
    """A draft with its fingerprint."""

    draft: Draft
    fingerprint: str


def drafts(said: Iterable[Item]) -> Iterator[Draft]:
    """What an adapter said that is a finding."""
    return (item for item in said if isinstance(item, Draft))


def hashed(name: str, draft: Draft, number: int = 0) -> bytes:
    """SHA-256 of a draft's identity, the format's name and its number among twins.

    What is hashed is one array of MessagePack: each part stands in it with its length, so that no two lists of parts
    run together. In place of half a surrogate pair stands what `backslashreplace` makes of it.
    """
    parts = [name, draft.tool.lower(), *_identity(draft)]
    if number:
        parts.append(str(number))
    try:
        return sha256(_ENCODER.encode(parts)).digest()
    except UnicodeEncodeError:
        plain = [part.encode(errors="backslashreplace").decode() for part in parts]
        return sha256(_ENCODER.encode(plain)).digest()


def fingerprint(name: str, digest: bytes) -> str:
    """The fingerprint of a result with that hash."""
    return f"{VERSION}:{name}:{digest.hex()}"


def _identity(draft: Draft) -> tuple[str, ...]:
    # A hash without a key must not be of anything secret.
    secret = draft.secret.value if draft.secret else ""
    if not secret or _surely_not_in(secret, draft.identity):
        return draft.identity
    masker = Masker([secret])
    return tuple(masker.identity(part) for part in draft.identity)


def _surely_not_in(secret: str, parts: tuple[str, ...]) -> bool:
    """Whether no form in which the secret is looked for can be in a part, for not even its beginning is."""
    start = secret[:LEAST]
    if not _SIMPLE.fullmatch(start):
        return False
    text = "\n".join(parts)
    if start in text:
        return False
    lines = secret.splitlines() if _LINE_END.search(secret) else ()
    return not any((bare := line.strip()) and bare[:LEAST] in text for line in lines)


class Seen:
    """Hashes of which some may come again; eight bytes of each are kept, for a long report has a million.

    What is no twin may be taken for one once in many reports: then more is looked at than need be.
    """

    def __init__(self) -> None:
        self._heaps = [array("Q") for _ in range(1 << _HEAP_BITS)]

    def add(self, digest: bytes) -> None:
        """One more."""
        start = int.from_bytes(digest[:KEPT])
        self._heaps[start >> (8 * KEPT - _HEAP_BITS)].append(start)

    def twice(self) -> frozenset[bytes]:
        """What hashes begin with that were added more than once."""
        return frozenset(
            first.to_bytes(KEPT) for heap in self._heaps for first, second in pairwise(sorted(heap)) if first == second
        )


def twice(digests: Sequence[bytes]) -> frozenset[bytes]:
    """The same of hashes that are all kept."""
    if len(set(digests)) == len(digests):
        return frozenset()
    return frozenset(digest[:KEPT] for digest, times in Counter(digests).items() if times > 1)
