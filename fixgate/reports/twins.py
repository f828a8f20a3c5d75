"""What becomes of results that their identity does not tell apart.

Exact repeats (every field equal, also those that are not read) are dropped. Other twins are numbered by where they
stand in the file that they are about: so the lines may move and the report may be in another order.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

import orjson
from msgspec import Struct, msgpack, structs

from fixgate.reports.adapter import Draft, Item
from fixgate.reports.document import Broken, Document
from fixgate.reports.fields import mapping, sequence
from fixgate.reports.fingerprints import KEPT, drafts

DigestOf = Callable[[int, Draft], bytes]
"""From the number of a draft in its report, and the draft, to its hash."""
_ALONE: Final = b""
"""What stands for what a result holds while no other one has its place."""
_ENCODER: Final = msgpack.Encoder(order="deterministic")


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
        groups: dict[bytes, _Group] = {}
        repeated: set[int] = set()
        for at, draft in enumerate(drafts(said())):
            digest = digest_of(at, draft)
            if digest[:KEPT] in twins:
                group = groups.get(digest)
                if group is None:
                    group = groups[digest] = _Group(wholes)
                if not group.add(at, draft):
                    repeated.add(at)
        return cls(frozenset(repeated), dict(_numbers(groups.values())))


class _Twin(Struct, gc=False):
    """One of several; `draft` is kept until another one has its place."""

    at: int
    unique: bool
    draft: Draft | None = None


class _Group:
    """Results that have one hash, by their places and there by what they hold: a report may be of nothing else."""

    def __init__(self, wholes: "_Wholes") -> None:
        self._wholes = wholes
        self._places: dict[tuple[int, int], dict[bytes, _Twin]] = {}

    def add(self, at: int, draft: Draft) -> bool:
        """One more; False when it is one that is there."""
        here = self._places.setdefault(_position(draft), {})
        if not here and not self._wholes.long:  # of a long report no draft is kept
            here[_ALONE] = _Twin(at, draft.unique, draft)
            return True
        first = here.pop(_ALONE, None)
        if first is not None and first.draft is not None:
            here[self._content(first.draft)], first.draft = first, None
        content = self._content(draft)
        if content in here:
            return False
        here[content] = _Twin(at, draft.unique)
        return True

    def ordered(self) -> Iterator[_Twin]:
        """All, in an order that is the same whatever the report's is."""
        for place in sorted(self._places):
            here = self._places[place]
            yield from (here[content] for content in sorted(here))

    def _content(self, draft: Draft) -> bytes:
        return _content(draft, self._wholes.written(draft.pointer))


def _numbers(groups: Iterable[_Group]) -> Iterator[tuple[int, int]]:
    for group in groups:
        yield from ((twin.at, number) for number, twin in enumerate(group.ordered()) if number and not twin.unique)


def _position(draft: Draft) -> tuple[int, int]:
    first = draft.locations[0] if draft.locations else None
    return (first.start_line or 0, first.start_column or 0) if first else (0, 0)


def _content(draft: Draft, whole: bytes) -> bytes:
    """What is the same for exact repeats alone: all that was made of the result, and all that it was made from."""
    made = structs.replace(draft, pointer="")
    try:
        written = _ENCODER.encode(made)
    except (UnicodeEncodeError, OverflowError):
        written = repr((made, made.secret.value if made.secret else "")).encode(errors="surrogatepass")
    # First by what is read: so a time that is not read changes no number.
    return sha256(written).digest() + sha256(whole).digest()


class _Wholes:
    """All of a result, by the pointer that an adapter gave."""

    def __init__(self, read_as: Document) -> None:
        self.long = read_as.long
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
