"""What a reference refers to, fetched, verified and read before the verb runs.

That may take longer than one gathering has time for, and longer than a loop may be away from its broker. So it goes on
by itself: each try waits a while, says that it is not done (Transient), and the next finds that work further on. One
at a time: the runtime gives a reference transactions of its own (`Workload.alone`), so nothing else is under way.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from fixgate.errors import Poison, Reason, Transient
from fixgate.graph import MIB
from fixgate.objects import ObjectStore
from fixgate.reports.adapter import Hints
from fixgate.reports.report import read
from fixgate.sealing import Unseal
from fixgate.segments import REFERENCE, VERSION, Manifest, Purpose, manifest_of, opened
from fixgate.verbs import Received
from services.ingest.adapters.originals import Originals
from services.ingest.adapters.spool import check_fits, mapped, spooled
from services.ingest.gathered import Gathered, Whole
from services.ingest.hints import hints_of

PATIENCE: Final = 0.8
"""Of the deadline: what is said after it is not heard."""


@dataclass(slots=True)
class _Fetching:
    """The work on one reference; `lost` ends it early."""

    digest: str
    manifest: Manifest
    hints: Hints
    outcome: "Future[Gathered]" = field(default_factory=Future[Gathered])
    lost: threading.Event = field(default_factory=threading.Event)
    fetched: int = 0


class References:
    """Fetches reports of at most `limit` bytes into `folder`, keeps their originals, reads them. Thread-safe."""

    def __init__(self, store: ObjectStore, unseal: Unseal, folder: Path, limit: int, originals: Originals) -> None:
        self._store = store
        self._unseal = unseal
        self._folder = folder
        self._limit = limit
        self._originals = originals
        self._lock = threading.Lock()
        self._under_way: _Fetching | None = None

    def whole(self, event: Received, record: bytes, deadline: float) -> Gathered:
        """The report and where its original is kept, within `deadline` seconds.

        Raises Poison when the reference, or what it refers to, is not what it should be; Transient when the report is
        not there yet, or store or disk fail.
        """
        if event.labels.get(REFERENCE) != VERSION:
            raise Poison(Reason.INVALID, f"the reference is of another version than {VERSION}")
        fetching = self._fetching(_Fetching(event.digest, manifest_of(record, self._limit), hints_of(event)))
        if not wait([fetching.outcome], deadline * PATIENCE).done:
            had, size = fetching.fetched // MIB, fetching.manifest.size // MIB
            raise Transient(f"a report is still being fetched and read: {had} of {size} MiB are here")
        with self._lock:
            if self._under_way is fetching:
                self._under_way = None
        return fetching.outcome.result()

    def _fetching(self, wanted: _Fetching) -> _Fetching:
        """The work on this reference, begun if it is not under way; what is under way on another is given up."""
        with self._lock:
            if self._under_way is not None:
                if (self._under_way.digest, self._under_way.hints) == (wanted.digest, wanted.hints):
                    return self._under_way
                self._under_way.lost.set()
            self._under_way = wanted
            # A daemon: the process need not wait for it to end.
            threading.Thread(target=self._fetch, args=(wanted,), name="reference", daemon=True).start()
            return wanted

    def _fetch(self, fetching: _Fetching) -> None:
        try:
            check_fits(fetching.manifest.size, self._folder)
            with spooled(self._pieces(fetching), self._folder) as spool:
                stored = self._originals.keep_large(spool)
                report = read(mapped(spool), fetching.hints, limit=self._limit)
                whole = Whole(digest=fetching.manifest.digest, report=report)
        except BaseException as error:  # noqa: BLE001 - whoever waits for it raises it
            fetching.outcome.set_exception(error)
        else:
            fetching.outcome.set_result(Gathered(stored=stored, whole=whole))

    def _pieces(self, fetching: _Fetching) -> Iterator[bytes]:
        for piece in opened(fetching.manifest, self._store, self._unseal, Purpose.INTAKE):
            if fetching.lost.is_set():
                raise Transient("the report is not worked on here any more")
            fetching.fetched += len(piece)
            yield piece
