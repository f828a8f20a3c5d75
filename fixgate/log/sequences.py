"""Whether the log holds every record of every partition, once, in order, and whether each writer told one story.

Two orders are checked. A partition's offsets rise strictly, in each incarnation of its topic. A stream's sequences are
1, 2, 3, … in each partition; of a sequence there is one record. Records that did not verify are listed and otherwise
have no say: whoever wrote them is not whom the stream belongs to.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from fixgate.log.leaf import BundleLeaf, Leaf, LostLeaf, RecordLeaf
from fixgate.log.positions import Place

Stream = tuple[str, str, int, str]
"""Topic, incarnation, partition, stream."""
_OPEN_LIMIT: Final = 10_000
"""Holes remembered per stream; beyond, what fills one is taken for a repetition or a fork."""


class Fault(StrEnum):
    """What can be wrong with a log."""

    CHECKPOINT = "checkpoint"
    """A checkpoint or cosignature does not verify, or is of another tree."""
    FILE = "file"
    """A tile or an entry bundle is missing, cut short or altered."""
    LEAF = "leaf"
    """An entry is no leaf."""
    GAP = "gap"
    """Sequences that the writer never wrote here: between the neighbours' offsets there is no room for them."""
    OMISSION = "omission"
    """Sequences that no leaf has, though offsets between the neighbours' have no leaf either."""
    FORK = "fork"
    """One sequence, or one offset, with two different records."""
    REORDERED = "reordered"
    """A record that stands behind one that came later."""
    REPEATED = "repeated"
    """The same record a second time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One fault and where it is: the leaves' indices, and for records topic, partition, stream, sequences, offsets.

    `first` and `last` are the sequences concerned, both included; 0 where none are.
    """

    fault: Fault
    message: str
    indices: tuple[int, ...] = ()
    topic: str = ""
    partition: int = 0
    stream: str = ""
    first: int = 0
    last: int = 0
    offsets: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Spot:
    index: int
    offset: int
    count: int
    """How many leaves of its partition there were up to it."""


@dataclass(slots=True)
class _Hole:
    first: int
    last: int
    before: _Spot | None
    after: _Spot


@dataclass(slots=True)
class _Course:
    """What was seen of one stream in one partition."""

    next: int = 1
    newest: _Spot | None = None
    holes: list[_Hole] = field(default_factory=list[_Hole])


@dataclass(frozen=True, slots=True)
class _Again:
    """A sequence or an offset that was seen before: the first one's digest must be looked up."""

    index: int
    leaf: RecordLeaf


class Orders:
    """Takes leaves in order and remembers little: nothing per record of a log that is in order."""

    def __init__(self) -> None:
        self._offsets: dict[Place, int] = {}
        self._counts: dict[Place, int] = {}
        self._courses: dict[Stream, _Course] = {}
        self._again: list[_Again] = []
        self._found: list[Problem] = []
        self.records = 0
        self.bundles = 0
        self.unverified: list[tuple[int, RecordLeaf]] = []
        self.lost: list[tuple[int, LostLeaf]] = []

    def take(self, index: int, leaf: Leaf) -> None:
        """The leaf at `index`."""
        if isinstance(leaf, BundleLeaf):
            self.bundles += 1
            return
        place = (leaf.topic, leaf.incarnation, leaf.partition)
        if isinstance(leaf, LostLeaf):
            self.lost.append((index, leaf))
            self._offsets[place] = max(self._offsets.get(place, -1), leaf.end - 1)
            # Offsets that were gone are accounted for.
            self._counts[place] = self._counts.get(place, 0) + leaf.end - leaf.first
            return
        self.records += 1
        self._counts[place] = self._counts.get(place, 0) + 1
        if not leaf.verified:
            self.unverified.append((index, leaf))
        last = self._offsets.get(place, -1)
        if leaf.offset <= last:
            # The same offset twice, or an older one: what it is, the earlier leaf says.
            self._again.append(_Again(index, leaf))
            return
        self._offsets[place] = leaf.offset
        if leaf.verified and leaf.sequence:
            self._follow(leaf, _Spot(index, leaf.offset, self._counts[place]))

    def problems(self, leaves: Iterable[tuple[int, Leaf]]) -> list[Problem]:
        """Everything that is wrong, in the order of the log; `leaves` are read once more if something came twice."""
        found = [*self._found, *self._twice(leaves)]
        for (topic, _, partition, stream), course in self._courses.items():
            found += (_missing(hole, topic, partition, stream) for hole in course.holes)
        return sorted(found, key=lambda p: p.indices)

    def _follow(self, leaf: RecordLeaf, here: _Spot) -> None:
        key = (leaf.topic, leaf.incarnation, leaf.partition, leaf.stream)
        course = self._courses.setdefault(key, _Course())
        if leaf.sequence >= course.next:
            if leaf.sequence > course.next and len(course.holes) < _OPEN_LIMIT:
                course.holes.append(_Hole(course.next, leaf.sequence - 1, course.newest, here))
            course.next, course.newest = leaf.sequence + 1, here
        elif not self._fill(course, leaf, here):
            self._again.append(_Again(here.index, leaf))

    def _fill(self, course: _Course, leaf: RecordLeaf, here: _Spot) -> bool:
        """A record that comes after its successors: it was missing until now."""
        for at, hole in enumerate(course.holes):
            if hole.first <= leaf.sequence <= hole.last:
                parts = (
                    _Hole(hole.first, leaf.sequence - 1, hole.before, hole.after),
                    _Hole(leaf.sequence + 1, hole.last, hole.before, hole.after),
                )
                course.holes[at : at + 1] = [part for part in parts if part.first <= part.last]
                self._found.append(
                    _problem(
                        Fault.REORDERED,
                        f"sequence {leaf.sequence} stands at leaf {here.index}, behind later ones that begin at leaf "
                        f"{hole.after.index}",
                        leaf,
                        (hole.after.index, here.index),
                        (hole.after.offset, here.offset),
                    )
                )
                return True
        return False

    def _twice(self, leaves: Iterable[tuple[int, Leaf]]) -> Iterator[Problem]:
        if not self._again:
            return
        wanted = {key for a in self._again for key in (_same_sequence(a.leaf), _same_offset(a.leaf)) if key}
        first: dict[tuple[object, ...], tuple[int, RecordLeaf]] = {}
        for index, leaf in leaves:
            if isinstance(leaf, RecordLeaf):
                for key in (_same_sequence(leaf), _same_offset(leaf)):
                    if key in wanted:
                        first.setdefault(key, (index, leaf))
        for again in self._again:
            yield _judge(again, first)


def _judge(again: _Again, first: dict[tuple[object, ...], tuple[int, RecordLeaf]]) -> Problem:
    leaf, index = again.leaf, again.index
    for what, key in (
        (f"offset {leaf.offset}", _same_offset(leaf)),
        (f"sequence {leaf.sequence}", _same_sequence(leaf)),
    ):
        earlier = first.get(key) if key else None
        if earlier is not None and earlier[0] < index:
            fault = Fault.REPEATED if earlier[1].digest == leaf.digest else Fault.FORK
            words = "the same record" if fault is Fault.REPEATED else "two different records"
            message = f"{what} has {words} at leaves {earlier[0]} and {index}"
            return _problem(fault, message, leaf, (earlier[0], index), (earlier[1].offset, leaf.offset))
    message = f"offset {leaf.offset} at leaf {index} stands behind higher ones"
    return _problem(Fault.REORDERED, message, leaf, (index,), (leaf.offset,))


def _same_sequence(leaf: RecordLeaf) -> tuple[object, ...]:
    if not leaf.verified or not leaf.sequence:
        return ()
    return ("sequence", leaf.topic, leaf.incarnation, leaf.partition, leaf.stream, leaf.sequence)


def _same_offset(leaf: RecordLeaf) -> tuple[object, ...]:
    return ("offset", leaf.topic, leaf.incarnation, leaf.partition, leaf.offset)


def _problem(
    fault: Fault, message: str, leaf: RecordLeaf, indices: tuple[int, ...], offsets: tuple[int, ...]
) -> Problem:
    return Problem(
        fault=fault,
        message=f"{leaf.topic} partition {leaf.partition} stream {leaf.stream!r}: {message}",
        indices=indices,
        topic=leaf.topic,
        partition=leaf.partition,
        stream=leaf.stream,
        first=leaf.sequence,
        last=leaf.sequence,
        offsets=offsets,
    )


def _missing(hole: _Hole, topic: str, partition: int, stream: str) -> Problem:
    before = hole.before or _Spot(-1, -1, 0)
    after = hole.after
    room = (after.offset - before.offset) - (after.count - before.count)
    fault = Fault.OMISSION if room > 0 else Fault.GAP
    which = f"sequence {hole.first}" if hole.first == hole.last else f"sequences {hole.first} to {hole.last}"
    since = f"leaf {before.index} (offset {before.offset})" if hole.before else "the beginning"
    where = f"between {since} and leaf {hole.after.index} (offset {after.offset})"
    reason = f"{room} offsets there have no leaf" if room > 0 else "there is no offset for them in the topic"
    indices = (before.index, after.index) if hole.before else (after.index,)
    return Problem(
        fault=fault,
        message=f"{topic} partition {partition} stream {stream!r}: {which} missing {where}: {reason}",
        indices=indices,
        topic=topic,
        partition=partition,
        stream=stream,
        first=hole.first,
        last=hole.last,
        offsets=(before.offset, after.offset) if hole.before else (after.offset,),
    )
