"""What a report's bytes hold, before anybody asks of which format it is; `opening.py` makes it."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from mmap import mmap
from typing import overload

Data = bytes | mmap
"""A report's bytes; a long one is better mapped than read."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """A result that cannot be used: where it stands, and why, without anything of its text."""

    pointer: str
    why: str


@dataclass(frozen=True, slots=True)
class Broken:
    """What stands for an element of a long array that is no strict JSON; it is no object, and no format's result."""

    why: str


class Walked(Sequence[object]):
    """Values that are read from the report's bytes when they are asked for, each time anew."""

    @abstractmethod
    def at(self, number: int) -> object:
        """The value with this number, from 0."""

    @overload
    def __getitem__(self, index: int) -> object: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[object]: ...
    def __getitem__(self, index: int | slice) -> object:
        """See `at`."""
        if isinstance(index, slice):
            return [self.at(n) for n in range(len(self))[index]]
        return self.at(range(len(self))[index])

    def __iter__(self) -> Iterator[object]:
        """All of them, in order."""
        return map(self.at, range(len(self)))


class Elements(Walked):
    """A long array of a report; one of its elements may be `Broken`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a report's bytes hold: JSON values, each with its pointer ("" or "line 3").

    `long` says that they are read anew each time. `noise` counts lines of text beside the JSON. `looked_at` caches what
    `first_objects` found.
    """

    values: Sequence[tuple[str, object]]
    unusable: tuple[Unusable, ...] = ()
    noise: int = 0
    long: bool = False
    looked_at: dict[tuple[str, ...], tuple[Mapping[str, object], ...]] = field(
        default_factory=dict[tuple[str, ...], tuple[Mapping[str, object], ...]], compare=False, repr=False
    )
