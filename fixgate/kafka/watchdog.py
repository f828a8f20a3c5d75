"""Ends a process whose client hangs: a hung call holds its partitions for ever, a restart does not."""

import faulthandler
import os
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

EXIT_HUNG: Final = 70
"""sysexits.h EX_SOFTWARE; the supervisor starts the process again."""


class Watchdog:
    """Guards one call at a time; when one lasts longer than `limit` seconds, prints all stacks and exits."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._since: float | None = None
        self._closed = threading.Event()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    @contextmanager
    def guard(self) -> Generator[None, None, None]:
        """The block must end within the limit."""
        self._since = time.monotonic()
        try:
            yield
        finally:
            self._since = None

    def close(self) -> None:
        """Stop watching."""
        self._closed.set()

    def _watch(self) -> None:
        while not self._closed.wait(self._limit / 10):
            since = self._since
            if since is not None and time.monotonic() - since > self._limit:
                print(f"fixgate: a call to Kafka hung for {self._limit:.0f} s; exiting", file=sys.stderr, flush=True)  # noqa: T201 - the logger may hang too
                faulthandler.dump_traceback(all_threads=True)
                os._exit(EXIT_HUNG)
