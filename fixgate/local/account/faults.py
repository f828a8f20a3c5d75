"""Things that go wrong on demand, so that tests and the demo can show what happens then."""

import threading
import time
from dataclasses import dataclass, field

from fixgate.local.account.messages import Denial


class Dropped(Exception):
    """The connection ends without an answer."""


@dataclass(slots=True)
class Faults:
    """What is wrong at the moment; nothing at first. Safe between threads."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _down: bool = False
    _slow_s: float = 0.0
    _throttled: int = 0
    _failing: int = 0
    _applied: bool = False
    _ignored: set[str] = field(default_factory=set[str])

    def down(self) -> None:
        """Answer nobody."""
        with self._lock:
            self._down = True

    def slow(self, milliseconds: float) -> None:
        """Wait before each answer."""
        with self._lock:
            self._slow_s = milliseconds / 1000

    def throttle(self, requests: int) -> None:
        """Refuse the next so many requests as too many."""
        with self._lock:
            self._throttled = requests

    def fail(self, write: int, *, applied: bool = False) -> None:
        """Fail the n-th write from now (1 is the next); with `applied` it is done and only its answer lost."""
        with self._lock:
            self._failing, self._applied = write, applied

    def ignore_block(self, bucket: str) -> None:
        """Let anybody read the bucket although its public access block says otherwise."""
        with self._lock:
            self._ignored.add(bucket)

    def block_is_ignored(self, bucket: str) -> bool:
        """Whether the bucket's public access block is without effect."""
        with self._lock:
            return bucket in self._ignored

    def clear(self) -> None:
        """Everything works again."""
        with self._lock:
            self._down, self._slow_s, self._throttled, self._failing = False, 0.0, 0, 0
            self._ignored.clear()

    def arrive(self, *, throttled: bool) -> None:
        """A request has come; `throttled` says whether it can be refused as one too many.

        Raises Dropped or Denial; may wait.
        """
        with self._lock:
            down, wait = self._down, self._slow_s
            limited = throttled and not down and self._throttled > 0
            self._throttled -= limited
        if down:
            raise Dropped
        if wait:
            time.sleep(wait)
        if limited:
            raise Denial(400, "Throttling", "Rate exceeded")

    def before_write(self) -> bool:
        """A write is about to be done; True when its answer will be lost. Raises Denial when it fails."""
        with self._lock:
            if self._failing == 0:
                return False
            self._failing -= 1
            if self._failing:
                return False
            if self._applied:
                return True
        raise Denial(500, "InternalFailure", "The request processing has failed because of an unknown error.")
