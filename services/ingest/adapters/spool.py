"""A file that has no name: a large report in the clear, for as long as ingest works on it.

A secret must not be left on a disk (law 12). The file is out of its folder before the first byte is written, so that
its blocks are free as soon as the process ends, however it ends. Until then, and until the file system uses those
blocks for something else, the bytes are on the disk under the folder: it belongs on an encrypted one.
"""

import errno
import mmap
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from fixgate.errors import Poison, Reason, Transient


def check_fits(size: int, folder: Path) -> None:
    """Raise Poison for a report that the whole disk could not hold: no waiting helps, and others wait behind it."""
    try:
        whole = shutil.disk_usage(folder).total
    except OSError as error:
        raise _failure(folder, error) from None
    if size > whole:
        why = f"the report has {size} bytes; the disk on which it would be read has {whole}"
        raise Poison(Reason.OVERSIZED, why)


def spooled(pieces: Iterable[bytes], folder: Path) -> BinaryIO:
    """A file with these bytes, mode 0600, that no folder holds; raises Transient when there is no room.

    Linux makes it without a name (O_TMPFILE). Elsewhere it has one for a moment, in which it is empty.
    """
    try:
        made = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - whoever asked for it closes it
    except OSError as error:
        raise _failure(folder, error) from None
    try:
        for piece in pieces:
            made.write(piece)
        made.flush()
    except OSError as error:
        made.close()
        raise _failure(folder, error) from None
    except BaseException:
        made.close()
        raise
    return made


def mapped(spool: BinaryIO) -> mmap.mmap:
    """The file's bytes without reading them; they are there until the map is let go, also when the file is closed."""
    return mmap.mmap(spool.fileno(), 0, access=mmap.ACCESS_READ)


def _failure(folder: Path, error: OSError) -> Transient:
    why = os.strerror(error.errno or errno.EIO)
    return Transient(f"a large report could not be put into {folder}: {why}", remedy=f"Free space at {folder}.")
