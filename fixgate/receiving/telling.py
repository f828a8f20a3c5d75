"""What the receiver says of its work: a line and a count for each report, and never anything of what was shown to it.

Anybody can have a request refused, as often as they like. So refusals are counted, but only some of them are lines.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

from fixgate.telemetry import Attribute, Telemetry
from fixgate.telemetry.metrics import REPORTS_REFUSED, REPORTS_TAKEN
from fixgate.vouching import Way

LINES_PER_MINUTE: Final = 60
_MINUTE_S: Final = 60.0


class Teller:
    """Counts and logs; safe to share between threads. `clock` gives seconds and never goes back."""

    def __init__(self, telemetry: Telemetry, clock: Callable[[], float] = time.monotonic) -> None:
        self._telemetry = telemetry
        self._clock = clock
        self._lock = threading.Lock()
        self._since = clock()
        self._lines = self._unsaid = 0

    def taken(self, way: Way, source: str, size: int, place: str) -> None:
        """The broker has a report."""
        self._telemetry.metrics.add(REPORTS_TAKEN, 1, {Attribute.WAY: way.value})
        self._telemetry.log.info("a report was taken", way=way.value, source=source, bytes=size, place=place)

    def refused(self, way: Way, reason: str, why: str, source: str = "") -> None:
        """A report was not taken; `reason` is a stable word, `why` ours and for people."""
        self._telemetry.metrics.add(REPORTS_REFUSED, 1, {Attribute.WAY: way.value, Attribute.REASON: reason})
        unsaid = self._may_say()
        if unsaid is not None:
            log = self._telemetry.log
            log.warning("a report was refused", way=way.value, source=source, why=why, unsaid_before=unsaid)

    def warned(self, what: str, source: str) -> None:
        """Something about a source that a person should see to."""
        self._telemetry.log.warning(what, source=source)

    def failed(self, doing: str, error: BaseException) -> None:
        """Something of ours went wrong; the error's kind alone, for its text could quote a report."""
        self._telemetry.log.error("the receiver failed", doing=doing, kind=type(error).__name__)

    def _may_say(self) -> int | None:
        """How many refusals went without a line before this one; None when it has to go without one too."""
        with self._lock:
            now = self._clock()
            if now - self._since >= _MINUTE_S:
                self._since, self._lines = now, 0
            if self._lines >= LINES_PER_MINUTE:
                self._unsaid += 1
                return None
            self._lines += 1
            unsaid, self._unsaid = self._unsaid, 0
            return unsaid
