"""Files that are whole or not there, and readable by nobody else."""

import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Final

OPEN_AT_ONCE: Final = 64
"""Files of a batch that are open together: few enough for any limit, and many enough for the disk to join them."""


def write_private(path: Path, data: bytes) -> None:
    """Put `data` at `path` in one step, mode 0600, and return when it is on the disk; raises OSError.

    Whoever looks sees the old content or the new, also after a crash at any moment. What a crash leaves beside it
    begins with a dot and ends in `.part`.
    """
    write_all_private({path: data})


def write_all_private(files: Mapping[Path, bytes]) -> None:
    """As `write_private` for each of them, but faster for many; raises OSError.

    On return all are on the disk. After an error or a crash each of them is there whole or as it was before.
    """
    left = iter(files.items())
    while some := list(islice(left, OPEN_AT_ONCE)):
        _write_some(some)
    for folder in {path.parent for path in files}:
        sync_folder(folder)


def _write_some(files: Sequence[tuple[Path, bytes]]) -> None:
    """All of them are on the disk before the first gets its name; the folders are left to the caller."""
    made: list[tuple[Path, Path]] = []
    try:
        with ExitStack() as closing:
            descriptors: list[int] = []
            for path, data in files:
                aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
                descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
                made.append((aside, path))
                file = closing.enter_context(os.fdopen(descriptor, "wb"))
                file.write(data)
                file.flush()
                descriptors.append(descriptor)
            for descriptor in descriptors:
                os.fsync(descriptor)
        for aside, path in made:
            aside.replace(path)
    except BaseException:
        for aside, _ in made:
            aside.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Return when the folder's entries are on the disk: a new or renamed file is there only then; raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
