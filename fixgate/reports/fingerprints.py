"""What identifies a result over re-scans, and what becomes of results that their identity does not tell apart.

Exact repeats (every field equal, also those that are not read) are dropped. Other twins are numbered by where they
stand in the file that they are about: so the lines may move and the report may be in another order.
"""

import json
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import pairwise
from typing import Final

import orjson

from fixgate.reports.adapter import Draft, Item
from fixgate.reports.document import Document
from fixgate.reports.fields import mapping, sequence
from fixgate.reports.masking import LEAST, Masker

VERSION: Final = "v1"
"""Of fingerprints: another one when the same result would get another fingerprint."""
_KEPT: Final = 8
_HEAP_BITS: Final = 10


@dataclass(frozen=True, slots=True)
class Told:
    """A draft with its fingerprint."""

    draft: Draft
    fingerprint: str


def drafts(said: Iterable[Item]) -> Iterator[Draft]:
    """What an adapter said that is a finding."""
    return (item for item in said if isinstance(item, Draft))


def hashed(name: str, draft: Draft, number: int = 0) -> bytes:
    """SHA-256 of a draft's identity, the format's name and its number among twins.

    Each part is hashed with its length, so that no two lists of parts run together.
    """
    parts = (name, draft.tool.lower(), *_identity(draft), *((str(number),) if number else ()))
    encoded = [part.encode(errors="surrogatepass") for part in parts]
    return sha256(b"".join(b"%d:%b" % (len(part), part) for part in encoded)).digest()


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
    """Whether no form in which the secret is looked for can be in a part: they all begin like it, if it is simple."""
    start = secret[:LEAST]
    simple = start.isascii() and start.isalnum() and len(secret.splitlines()) == 1
    return simple and not any(start in part for part in parts)


class Seen:
    """Hashes of which some may come again; eight bytes of each are kept, for a long report has a million.

    What is no twin may be taken for one once in many reports: then more is looked at than need be.
    """

    def __init__(self) -> None:
        self._heaps = [array("Q") for _ in range(1 << _HEAP_BITS)]

    def add(self, digest: bytes) -> None:
        """One more."""
        start = int.from_bytes(digest[:_KEPT])
        self._heaps[start >> (8 * _KEPT - _HEAP_BITS)].append(start)

    def twice(self) -> frozenset[bytes]:
        """What hashes begin with that were added more than once."""
        return frozenset(
            first.to_bytes(_KEPT) for heap in self._heaps for first, second in pairwise(sorted(heap)) if first == second
        )


def twice(digests: Sequence[bytes]) -> frozenset[bytes]:
    """The same of hashes that are all kept."""
    if len(set(digests)) == len(digests):
        return frozenset()
    return frozenset(digest[:_KEPT] for digest, times in Counter(digests).items() if times > 1)


@dataclass(frozen=True, slots=True)
class Twins:
    """Of the drafts of a report, by their number in it: which are exact repeats, and the numbers of other twins."""

    repeated: frozenset[int] = frozenset()
    numbers: Mapping[int, int] = field(default_factory=dict[int, int])

    @classmethod
    def among(
        cls, name: str, said: Callable[[], Iterable[Item]], twins: frozenset[bytes], read_as: Document
    ) -> "Twins":
        """Of those drafts of a report whose hash begins as more than one does (`Seen.twice`)."""
        if not twins:
            return cls()
        roots = dict(read_as.values) if not read_as.long else _Roots(read_as)
        groups: dict[bytes, dict[tuple[str, bytes], _Twin]] = {}
        repeated: set[int] = set()
        for at, draft in enumerate(drafts(said())):
            digest = hashed(name, draft)
            if digest[:_KEPT] in twins:
                group = groups.setdefault(digest, {})
                content = (_content(draft), sha256(_whole(roots, draft.pointer)).digest())
                if content in group:
                    repeated.add(at)
                else:
                    group[content] = _Twin(at, _position(draft), unique=draft.unique)
        return cls(frozenset(repeated), dict(_numbers(groups.values())))


@dataclass(frozen=True, slots=True)
class _Twin:
    at: int
    place: tuple[int, int]
    unique: bool


def _numbers(groups: Iterable[Mapping[tuple[str, bytes], _Twin]]) -> Iterator[tuple[int, int]]:
    for group in groups:
        ordered = sorted(group.items(), key=lambda item: (item[1].place, item[0]))
        yield from ((twin.at, number) for number, (_, twin) in enumerate(ordered) if number and not twin.unique)


def _position(draft: Draft) -> tuple[int, int]:
    first = draft.locations[0] if draft.locations else None
    return (first.start_line or 0, first.start_column or 0) if first else (0, 0)


def _content(draft: Draft) -> str:
    secret = draft.secret.value if draft.secret else ""
    return sha256(f"{replace(draft, pointer='')!r} {secret}".encode(errors="surrogatepass")).hexdigest()


class _Roots(dict[str, object]):
    """The values of a long document by their pointers, each looked up when it is asked for."""

    def __init__(self, read_as: Document) -> None:
        super().__init__()
        self._values = read_as.values
        self._places = {pointer: at for at, (pointer, _) in enumerate(read_as.values)}

    def get(self, key: str, default: object = None) -> object:
        """The value with this pointer."""
        at = self._places.get(key)
        return default if at is None else self._values[at][1]


def _whole(roots: Mapping[str, object], pointer: str) -> bytes:
    """All of a result, by the pointer that an adapter gave, with the names in one order."""
    root, *parts = pointer.split("/")
    found = roots.get(root)
    for part in parts:
        items, fields = sequence(found), mapping(found)
        name = part.replace("~1", "/").replace("~0", "~")
        if items is not None:
            found = items[int(part)] if part.isdecimal() and int(part) < len(items) else None
        else:
            found = (fields or {}).get(part, (fields or {}).get(name))
    try:
        return orjson.dumps(found, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        return json.dumps(found, sort_keys=True).encode()  # half of a surrogate pair
