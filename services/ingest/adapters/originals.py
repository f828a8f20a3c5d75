"""Originals are kept sealed, before the verb runs: nobody without the private key reads them, ingest neither."""

from dataclasses import dataclass
from typing import BinaryIO

from fixgate.events import Stored
from fixgate.objects import ObjectStore
from fixgate.originals import keep, keep_large
from fixgate.rejections import Sealer


@dataclass(frozen=True, slots=True, kw_only=True)
class Originals:
    """Keeps reports; without a sealer it keeps none.

    Both methods block while it is written, return where it is, and raise Transient when it cannot be written now. A
    report that turns out to be unusable is kept as well: it is in the dead letters too.
    """

    store: ObjectStore
    sealer: Sealer | None

    def keep(self, report: bytes, digest: str) -> Stored | None:
        """Keep a report that came in its record."""
        return None if self.sealer is None else keep(report, digest, self.store, self.sealer)

    def keep_large(self, report: BinaryIO) -> Stored | None:
        """Keep one that its record refers to."""
        return None if self.sealer is None else keep_large(report, self.store, self.sealer)
