"""The breath between two transactions of a busy service.

A transaction costs the broker, and everybody who reads what it wrote, nearly the same for one event as for fifty.
While events come in one by one, faster than that is worth, a batch begins a moment after the one before it, and takes
what came meanwhile. An event that comes after a silence waits for nothing, and where there is much to do nothing waits
either: the batch before took longer than a breath. Events are records, and what work outside tells; time is not.
"""

import time
from collections.abc import Callable


class Breath:
    """Batches begin `seconds` apart, 0 for no breath at all; used by the loop's thread alone."""

    def __init__(
        self,
        seconds: float = 0.0,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._seconds = seconds
        self._monotonic = monotonic
        self._sleep = sleep
        self._began: float | None = None

    def take(self) -> bool:
        """Block until the next batch may begin; returns whether that was a while, so that more may have come."""
        if self._began is None:
            return False
        owed = self._began + self._seconds - self._monotonic()
        if owed <= 0:
            return False
        self._sleep(owed)
        return True

    def begin(self) -> None:
        """A batch begins."""
        self._began = self._monotonic() if self._seconds > 0 else None
