"""Pages of a mapped report that were read and are not needed any more."""

from hashlib import sha256
from mmap import MADV_DONTNEED, PAGESIZE, mmap
from typing import Final

from fixgate.reports.document import Data

EVERY: Final = 16 * 1024 * 1024
"""Bytes that are read before the pages are let go."""


class Passing:
    """Lets a long report pass by: of a mapped one only what was read last stays in memory."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self._kept = 0
        """Where what was not let go begins."""

    def read_to(self, at: int) -> None:
        """Say that everything before `at` was read; going back is allowed."""
        if isinstance(self._data, mmap) and not self._kept <= at < self._kept + EVERY:
            start = min(self._kept, at) // PAGESIZE * PAGESIZE
            end = min(max(self._kept, at) // PAGESIZE * PAGESIZE, len(self._data))
            if end > start:
                self._data.madvise(MADV_DONTNEED, start, end - start)
            self._kept = at


def digest_of(data: Data) -> str:
    """A report's name, as of any bytes: "sha256:" and 64 hexadecimal digits; a mapped one is not kept in memory."""
    passing, hashed = Passing(data), sha256()
    for start in range(0, len(data), EVERY):
        hashed.update(data[start : start + EVERY])
        passing.read_to(min(start + EVERY, len(data)))
    return f"sha256:{hashed.hexdigest()}"
