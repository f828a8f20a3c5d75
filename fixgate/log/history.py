"""The checkpoints that witnesses cosigned, kept beside the log: they bound from above when a leaf was written.

`cosigned/<size>` holds up to 256 of them, each behind its length in two bytes, in the order of their sizes; the file is
named by the first one's size in 20 digits. This is no part of the tlog-tiles format, which keeps the newest alone.
"""

import hashlib
from collections.abc import Iterator
from typing import Final

from fixgate.errors import Refused
from fixgate.log import note
from fixgate.log.checkpoint import SignedCheckpoint, parse_text
from fixgate.log.storage import Store
from fixgate.log.tiles import Read, join_entries, split_entries

FOLDER: Final = "cosigned/"
_EACH: Final = 256


class History:
    """Reads the kept checkpoints. Their signatures are not checked here: who reads them does."""

    def __init__(self, read: Read) -> None:
        self._read = read

    @staticmethod
    def names(store: Store) -> list[str]:
        """The files, in the order of the tree."""
        return store.names(FOLDER)

    def add(self, store: Store, signed: SignedCheckpoint) -> None:
        """Keep one more; its size must not be below the last one's."""
        names = self.names(store)
        present = self._read(names[-1]) if names else None
        if present is None or len(split_entries(present)) >= _EACH:
            path, expected, before = f"{FOLDER}{signed.head.size:020d}", None, b""
            # The same size cosigned again by another witness, just as a file was full: it goes on in that file.
            if names and names[-1] == path and present is not None:
                expected, before = hashlib.sha256(present).digest(), present
        else:
            path, expected, before = names[-1], hashlib.sha256(present).digest(), present
        store.swap(path, expected, before + join_entries([signed.note.dump()]))

    def notes(self, path: str) -> Iterator[tuple[int, bytes]]:
        """The checkpoints of one file as they stand, each with the size that it claims; raises Refused."""
        data = self._read(path)
        if data is None:
            raise Refused(f"{path} is missing")
        for entry in split_entries(data):
            yield parse_text(note.parse(entry).text).size, entry

    def covering(self, store: Store, index: int) -> Iterator[bytes]:
        """The kept checkpoints whose tree has the leaf `index`, smallest tree first."""
        names = self.names(store)
        first = max((i for i, name in enumerate(names) if first_size(name) <= index + 1), default=0)
        for name in names[first:]:
            for size, data in self.notes(name):
                if size > index:
                    yield data


def first_size(name: str) -> int:
    """The size of the first checkpoint in a file of this name; raises Refused when it is no such name."""
    digits = name.removeprefix(FOLDER)
    if not (digits.isascii() and digits.isdecimal()):
        raise Refused(f"{name} is no file of cosigned checkpoints")
    return int(digits)
