"""How far a report has come that takes several transactions: what stands in the state, and what is kept in memory.

In each partition at most one report is under way, so there is one entry for each. What a report left that ended
otherwise (its dead letter is there) is of another digest or place, and gives way to the next report of the partition.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, Final

from fixgate.events import Stored
from fixgate.reports.adapter import Hints
from fixgate.reports.report import Report, read
from fixgate.verbs import Received, StateView

_PREFIX: Final = "under-way/"


def entry(event: Received) -> bytes:
    """The state key of the report that is under way in the record's partition."""
    return f"{_PREFIX}{event.topic}/{event.partition}".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The first `done` of `total` findings are written, and name `stored` as their original."""

    done: int
    total: int
    stored: Stored | None

    def encode(self, event: Received) -> bytes:
        """As it is kept, with the place and digest of its record."""
        kept = {"offset": event.offset, "digest": event.digest, "done": self.done, "total": self.total}
        stored = None if self.stored is None else asdict(self.stored)
        return json.dumps(kept | {"stored": stored}, sort_keys=True).encode()


def progress_of(event: Received, state: StateView, total: int) -> Progress | None:
    """What was written of this report before; None when it begins.

    It begins anew when another version of fixgate makes another number of findings of it: a finding twice does no
    harm, one that is left out does.
    """
    value = state.get(entry(event))
    kept: dict[str, Any] = {} if value is None else json.loads(value)
    if (kept.get("offset"), kept.get("digest"), kept.get("total")) != (event.offset, event.digest, total):
        return None
    stored = None if kept["stored"] is None else Stored(**kept["stored"])
    return Progress(done=kept["done"], total=total, stored=stored)


class Reader:
    """Reads reports, and keeps the last one of which there is more: its parts are taken one after the other.

    Between them whole reports of other partitions are read, which are not kept. A cache of a pure function: what it
    answers depends on nothing but what it is asked.
    """

    def __init__(self) -> None:
        self._kept: tuple[str, Hints, Report] | None = None

    def read(self, digest: str, data: bytes, hints: Hints) -> Report:
        """The report in `data`, whose digest is given; raises Poison when as a whole it cannot be used."""
        if self._kept is not None and self._kept[:2] == (digest, hints):
            return self._kept[2]
        return read(data, hints)

    def keep(self, digest: str, hints: Hints, report: Report) -> None:
        """It will be asked for again."""
        self._kept = digest, hints, report

    def done(self, digest: str) -> None:
        """It will not be asked for again: let go of it."""
        if self._kept is not None and self._kept[0] == digest:
            self._kept = None
