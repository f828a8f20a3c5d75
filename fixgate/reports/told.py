"""The findings of a report as a sequence that holds none of them: they are told anew each time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import overload

from fixgate.reports.adapter import Item
from fixgate.reports.fingerprints import Told, drafts, fingerprint, hashed
from fixgate.reports.twins import Twins


class AllTold(Sequence[Told]):
    """What an adapter says, without exact repeats and with fingerprints.

    Slices that follow each other are one walk. Not thread-safe.
    """

    def __init__(
        self,
        name: str,
        said: Callable[[], Iterable[Item]],
        twins: Twins,
        count: int,
        digests: Sequence[bytes] | None = None,
    ) -> None:
        self._name, self._said, self._twins, self._count = name, said, twins, count
        self._digests = digests
        self._walk: Iterator[Told] = iter(())
        self._next = count
        """Where the walk goes on."""

    def __len__(self) -> int:
        """How many."""
        return self._count

    def __iter__(self) -> Iterator[Told]:
        """All, in the report's order."""
        numbers, repeated = self._twins.numbers, self._twins.repeated
        for at, draft in enumerate(drafts(self._said())):
            if at not in repeated:
                number = numbers.get(at, 0)
                known = self._digests[at] if self._digests and not number else hashed(self._name, draft, number)
                yield Told(draft, fingerprint(self._name, known))

    @overload
    def __getitem__(self, index: int) -> Told: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Told]: ...
    def __getitem__(self, index: int | slice) -> Told | Sequence[Told]:
        """One, or several in a row."""
        if isinstance(index, int):
            return self[index : index + 1 or None][0]
        start, stop, step = index.indices(self._count)
        if step != 1:
            return tuple(self)[index]
        if start != self._next:
            self._walk = islice(iter(self), start, None)
        self._next = max(start, stop)
        return tuple(islice(self._walk, max(0, stop - start)))
