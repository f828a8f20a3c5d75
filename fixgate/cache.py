"""The local copy of a shard's state: RocksDB, with the position in the topic that it reflects in the same batch.

RocksDB's errors arrive as plain exceptions; here they become what the caller decides by. A damaged copy is removed
where it is found, so that the next start rebuilds it instead of finding the damage again.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import rocksdict

from fixgate.errors import Misconfigured, Unavailable

T = TypeVar("T")

_META: Final = b"\x00\x00meta"


class CacheDamaged(Unavailable):
    """The copy could not be read and has been removed."""


@dataclass(frozen=True, slots=True)
class Reflects:
    """What a copy is a copy of: the topic's incarnation, up to which position, as of when (seconds since the epoch)."""

    incarnation: str
    position: int
    written: float


class Cache:
    """A copy in `folder`; opening one that another process holds raises Misconfigured. Not thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._db: Any = None
        self._guarded(self._open)

    def get(self, key: bytes) -> bytes | None:
        """The value, or None; raises CacheDamaged."""
        try:
            value: bytes | None = self._db.get(key)
        except Exception as error:  # rocksdict raises nothing narrower
            raise self._told(error) from error
        return value

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Keys that begin with `prefix`, in order, with their values; raises CacheDamaged."""
        entries = self._guarded(lambda: self._db.items(from_key=prefix))
        while True:
            entry: tuple[bytes, bytes] | None = self._guarded(lambda: next(entries, None))
            if entry is None or not entry[0].startswith(prefix):
                return
            yield entry

    def write(self, entries: Mapping[bytes, bytes | None], reflects: Reflects) -> None:
        """Write the entries (None deletes) and what the copy then reflects, all or nothing."""
        batch = rocksdict.WriteBatch(raw_mode=True)
        for key, value in entries.items():
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        batch.put(_META, json.dumps(asdict(reflects)).encode())
        self._guarded(lambda: self._db.write(batch))

    def reflects(self) -> Reflects | None:
        """What the copy reflects; None when it is new; raises CacheDamaged when it does not say."""
        raw = self.get(_META)
        if raw is None:
            return None
        try:
            return Reflects(**json.loads(raw))
        except (ValueError, TypeError) as error:
            raise self._told(error) from error

    def entries(self) -> int:
        """About how many keys the copy holds."""
        return self._property("rocksdb.estimate-num-keys")

    def size(self) -> int:
        """About how many bytes the copy takes, in memory and on disk."""
        return self._property("rocksdb.cur-size-all-mem-tables") + self._property("rocksdb.total-sst-files-size")

    def _property(self, name: str) -> int:
        return int(self._guarded(lambda: self._db.property_int_value(name)) or 0)

    def clear(self) -> None:
        """Begin anew with an empty copy."""
        self._remove()
        self._guarded(self._open)

    def close(self) -> None:
        """Let go of the copy; it stays on disk."""
        if self._db is not None:
            self._guarded(self._db.close)
            self._db = None

    def _open(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        options = rocksdict.Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_keep_log_file_num(1)
        self._db = rocksdict.Rdict(str(self._folder), options)

    def _remove(self) -> None:
        if self._db is not None:
            with suppress(Exception):  # closing what is damaged may fail; its files go next
                self._db.close()
            self._db = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def _guarded(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except Exception as error:  # rocksdict raises nothing narrower
            raise self._told(error) from error

    def _told(self, error: Exception) -> Exception:
        text = str(error)
        if "lock" in text.lower() and "LOCK" in text:
            return Misconfigured(
                f"{self._folder} is in use by another process",
                remedy="Two instances have the same slot: stop one, or give it its own FIXGATE_SLOT.",
            )
        if "No space left" in text or (isinstance(error, OSError) and error.errno is not None):
            return Unavailable(f"{self._folder} cannot be written: {text}", remedy="Make room there, then start again.")
        self._remove()
        return CacheDamaged(f"{self._folder} was damaged and has been removed: {text}", remedy="Start again.")


def opened(folder: Path) -> tuple[Cache, str]:
    """A cache in `folder`, anew when the old one is damaged; and why it is anew, or an empty string."""
    try:
        cache = Cache(folder)
        cache.reflects()
    except CacheDamaged as error:
        return Cache(folder), f"damaged: {error.message}"
    return cache, ""
