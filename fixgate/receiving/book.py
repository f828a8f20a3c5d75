"""The sources as they are now: the file is read again when it has changed, so that a source that is removed is gone.

A file that cannot be used lets nobody in: the sources of before may be the very ones that somebody took out.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from fixgate.errors import Misconfigured
from fixgate.receiving.secrets import load_secret
from fixgate.receiving.sources import MESSAGE, GithubSource, Source, Sources, load

_Stamp = tuple[int, int, int, int]
_NOTHING: Final[_Stamp] = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Book:
    """The sources by name, and the secrets of those who sign."""

    sources: Mapping[str, Source]
    secrets: Mapping[str, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Most:
    """How many bytes of one report the receiver can take, and what a person does who wants it to take more."""

    size: int = MESSAGE
    remedy: str = ""


class SourceBook:
    """The book in a file, in which no source may send more than `most`. Safe to share between threads."""

    def __init__(self, path: Path, most: Most = Most()) -> None:
        self.path = path
        self._most = most
        self._lock = threading.Lock()
        self._stamps: dict[Path, _Stamp] = {}
        self._book = Book({}, {})
        self._known = False

    def current(self) -> Book:
        """The book as it stands in the file now; raises Misconfigured when that cannot be used."""
        with self._lock:
            if not self._known or any(_stamp(path) != stamp for path, stamp in self._stamps.items()):
                self._known = False
                self._book = self._read()
                self._known = True
            return self._book

    def _read(self) -> Book:
        # Stamped first: what is written meanwhile is seen at the next question.
        stamps = {self.path: _stamp(self.path)}
        found = load(self.path)
        self._check(found)
        files = {name: self._secret(s) for name, s in found.sources.items() if isinstance(s, GithubSource)}
        stamps |= {path: _stamp(path) for path in files.values()}
        book = Book(found.sources, {name: load_secret(path) for name, path in files.items()})
        self._stamps = stamps
        return book

    def _check(self, found: Sources) -> None:
        for name, source in found.sources.items():
            if source.max_bytes > self._most.size:
                raise Misconfigured(
                    f"max_bytes of the source {name} is {source.max_bytes}, and the receiver takes {self._most.size}",
                    remedy=self._most.remedy,
                )

    def _secret(self, source: GithubSource) -> Path:
        return self.path.with_name(source.secret)


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except FileNotFoundError:
        return _NOTHING
    except OSError as error:
        raise Misconfigured(f"the sources {path} cannot be read: {error.strerror}") from None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
