"""Where downloads land before they are checked: aside, one downloader at a time, and nothing left of a killed one."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

_ASIDE = ".download-"


@contextmanager
def downloading(cache: Path) -> Generator[Path]:
    """An empty folder inside the cache, gone when the context ends; blocks while another process downloads.

    Whoever enters looks again at what is missing: the other may have fetched it. Raises OSError.
    """
    cache.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(cache / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        for left in cache.glob(f"{_ASIDE}*"):
            # Whoever made it is dead: it would hold the lock.
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=_ASIDE, dir=cache, ignore_cleanup_errors=True) as aside:
            yield Path(aside)
    finally:
        os.close(descriptor)
