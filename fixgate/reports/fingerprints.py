"""What identifies a result over re-scans, and what becomes of results that their identity does not tell apart.

Exact repeats (every field equal, also those that are not read) are dropped. Other twins are numbered by where they
stand in the file that they are about: so the lines may move and the report may be in another order.
"""

import json
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from typing import Final

import orjson
from msgspec import Struct, msgpack, structs

from fixgate.reports.adapter import Draft, Item
from fixgate.reports.document import Broken, Document
from fixgate.reports.fields import mapping, sequence
from fixgate.reports.masking import LEAST, Masker

VERSION: Final = "v1"
"""Of fingerprints: another one when the same result would get another fingerprint."""
_SIMPLE: Final = re.compile(r"[A-Za-z0-9_.~-]+")
"""What JSON and addresses write as it is."""
_LINE_END: Final = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_KEPT: Final = 8
_HEAP_BITS: Final = 10
DigestOf = Callable[[int, Draft], bytes]
"""From the number of a draft in its report, and the draft, to its hash."""


class Told(Struct, frozen=True, gc=False):
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
    parts = [name, draft.tool.lower(), *_identity(draft)]
    if number:
        parts.append(str(number))
    text = "".join([f"{len(part)}:{part}" for part in parts])
    if text.isascii():
        return sha256(text.encode()).digest()
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
    """Whether no form in which the secret is looked for can be in a part, for not even its beginning is."""
    start = secret[:LEAST]
    if not _SIMPLE.fullmatch(start):
        return False
    lines = secret.splitlines() if _LINE_END.search(secret) else ()
    return not any(
        begin in part for begin in {start, *(line.strip()[:LEAST] for line in lines if line.strip())} for part in parts
    )


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
        cls, said: Callable[[], Iterable[Item]], digest_of: DigestOf, twins: frozenset[bytes], read_as: Document
    ) -> "Twins":
        """Of those drafts of a report whose hash begins as more than one does (`Seen.twice`)."""
        if not twins:
            return cls()
        wholes = _Wholes(read_as)
        groups: dict[bytes, dict[bytes, _Twin]] = {}
        repeated: set[int] = set()
        for at, draft in enumerate(drafts(said())):
            digest = digest_of(at, draft)
            if digest[:_KEPT] in twins:
                group = groups.setdefault(digest, {})
                content = _content(draft, wholes.written(draft.pointer))
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


def _numbers(groups: Iterable[Mapping[bytes, _Twin]]) -> Iterator[tuple[int, int]]:
    for group in groups:
        ordered = sorted(group.items(), key=lambda item: (item[1].place, item[0]))
        yield from ((twin.at, number) for number, (_, twin) in enumerate(ordered) if number and not twin.unique)


def _position(draft: Draft) -> tuple[int, int]:
    first = draft.locations[0] if draft.locations else None
    return (first.start_line or 0, first.start_column or 0) if first else (0, 0)


def _content(draft: Draft, whole: bytes) -> bytes:
    """What is the same for exact repeats alone: all that was made of the result, and all that it was made from."""
    made = structs.replace(draft, pointer="")
    try:
        written = msgpack.encode(made)
    except (UnicodeEncodeError, OverflowError):
        written = repr((made, made.secret.value if made.secret else "")).encode(errors="surrogatepass")
    # First by what is read: so a time that is not read changes no number.
    return sha256(written).digest() + sha256(whole).digest()


class _Wholes:
    """All of a result, by the pointer that an adapter gave."""

    def __init__(self, read_as: Document) -> None:
        self._values = read_as.values
        self._roots = {pointer: at for at, (pointer, _) in enumerate(read_as.values)}
        self._parent: str | None = None
        self._holder: object = None
        """What stands at the parent's pointer: results follow each other in it."""

    def written(self, pointer: str) -> bytes:
        """The result as JSON, with the names in one order."""
        return _json(self._at(pointer))

    def _at(self, pointer: str) -> object:
        parent, slash, name = pointer.rpartition("/")
        if not slash:
            at = self._roots.get(pointer)
            return None if at is None else self._values[at][1]
        if parent != self._parent:
            holder = self._at(parent)
            self._parent, self._holder = parent, holder
        return _below(self._holder, name)


def _below(holder: object, name: str) -> object:
    """What stands there under a step of a pointer (RFC 6901, 4)."""
    items = sequence(holder)
    if items is not None:
        return items[int(name)] if name.isdecimal() and int(name) < len(items) else None
    return (mapping(holder) or {}).get(name.replace("~1", "/").replace("~0", "~"))


def _json(value: object) -> bytes:
    try:
        return orjson.dumps(value, default=_unread, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # half of a surrogate pair, or a huge number
        return json.dumps(value, default=_unread, sort_keys=True).encode()


def _unread(value: object) -> str:
    """What stands for an array that is walked: the hash of its elements, for they may be longer than memory."""
    if isinstance(value, Broken):
        return value.why
    made = sha256()
    for item in sequence(value) or ():
        written = _json(item)
        made.update(b"%d:%b" % (len(written), written))
    return made.hexdigest()
