"""How much a source may send: two buckets each, of reports and of bytes, that fill with time.

A bucket holds a minute's worth. What a report costs in bytes is known only when it has come, so the bucket of bytes may
go below zero by one report; the next one waits until it is above again.
"""

import math
import threading
from dataclasses import dataclass
from typing import Final

from fixgate.receiving.sources import Source

MINUTE_S: Final = 60.0


@dataclass(slots=True)
class _Bucket:
    level: float
    per_minute: int
    at: float

    def fill(self, now: float, per_minute: int) -> None:
        """Bring it up to `now`; a limit that has changed counts from then on."""
        grown = self.level + max(0.0, now - self.at) * per_minute / MINUTE_S
        self.level, self.per_minute, self.at = min(grown, float(per_minute)), per_minute, now

    def wait(self, needed: float) -> float:
        """Seconds until it holds so much; 0 when it does."""
        return max(0.0, (needed - self.level) * MINUTE_S / self.per_minute)


class Rates:
    """The buckets of all sources, in memory: a restart fills them. Safe to share between threads.

    Each instance of the receiver has its own, so that two let twice as much through.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[_Bucket, _Bucket]] = {}

    def admit(self, name: str, source: Source, now: float) -> int:
        """0 when the source may send a report now, which is counted; else the seconds until it may.

        `now` is in seconds of a clock that never goes back.
        """
        with self._lock:
            wait = self._wait(name, source, now)
            if wait == 0:
                self._filled(name, source, now)[0].level -= 1.0
            return wait

    def ready(self, name: str, source: Source, now: float) -> int:
        """The same for whoever only asks: nothing is counted."""
        with self._lock:
            return self._wait(name, source, now)

    def charge(self, name: str, source: Source, size: int, now: float) -> None:
        """The report that was admitted had so many bytes."""
        with self._lock:
            self._filled(name, source, now)[1].level -= size

    def _wait(self, name: str, source: Source, now: float) -> int:
        reports, volume = self._filled(name, source, now)
        return math.ceil(max(reports.wait(1.0), volume.wait(1.0)))

    def _filled(self, name: str, source: Source, now: float) -> tuple[_Bucket, _Bucket]:
        limits = source.reports_per_minute, source.bytes_per_minute
        if name not in self._buckets:
            reports, volume = (_Bucket(float(limit), limit, now) for limit in limits)
            self._buckets[name] = reports, volume
        for bucket, limit in zip(self._buckets[name], limits, strict=True):
            bucket.fill(now, limit)
        return self._buckets[name]
