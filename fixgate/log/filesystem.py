"""A log in a folder: whole files only, on the disk before anything refers to them, one writer at a time."""

import errno
import fcntl
import hashlib
import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from fixgate.errors import Fenced, Unavailable
from fixgate.files import sync_folder, write_private


class FolderStore:
    """See `storage.Store`. The folder is made by the first write; files are readable by their owner alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def location(self) -> str:
        """See `storage.Store.location`."""
        return str(self._folder)

    def read(self, path: str) -> bytes | None:
        """See `storage.Store.read`."""
        try:
            return (self._folder / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._unavailable(error) from None

    def write(self, files: Mapping[str, bytes]) -> None:
        """See `storage.Store.write`."""
        try:
            for path, data in files.items():
                target = self._folder / path
                _make_folder(target.parent)
                write_private(target, data)
        except OSError as error:
            raise self._unavailable(error) from None

    def swap(self, path: str, expected: bytes | None, data: bytes) -> None:
        """See `storage.Store.swap`; one step only among those who `hold` the folder."""
        present = self.read(path)
        if (None if present is None else hashlib.sha256(present).digest()) != expected:
            raise Fenced(f"{self._folder / path} was changed by somebody else")
        self.write({path: data})

    def remove(self, paths: Sequence[str]) -> None:
        """See `storage.Store.remove`."""
        try:
            for path in paths:
                (self._folder / path).unlink(missing_ok=True)
        except OSError as error:
            raise self._unavailable(error) from None

    def names(self, prefix: str) -> list[str]:
        """See `storage.Store.names`."""
        found: list[str] = []
        for parent, _, files in os.walk(self._folder / prefix):
            base = Path(parent).relative_to(self._folder)
            found += [str(base / name) for name in files if not name.startswith(".")]
        return sorted(found)

    @contextmanager
    def hold(self) -> Generator[None]:
        """See `storage.Store.hold`: a lock on the file `lock`, which ends with the process."""
        try:
            _make_folder(self._folder)
            descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._unavailable(error) from None
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Fenced(
                    f"another process writes to {self._folder}", remedy="One log has one writer: stop the other one."
                ) from None
            yield
        finally:
            os.close(descriptor)

    def _unavailable(self, error: OSError) -> Unavailable:
        remedy = "Make room on the disk." if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        return Unavailable(f"{self._folder} cannot be used: {error.strerror}", remedy=remedy)


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, durably: a new folder is on the disk when its parent is."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)
