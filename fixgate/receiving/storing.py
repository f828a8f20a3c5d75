"""A report that no message holds: sealed for ingest and kept in the object store, before a reference to it is written.

The receiver has the public half of the intake key alone: what it has stored it cannot open again.
"""

import asyncio
import io
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from fixgate.errors import Unavailable
from fixgate.objects import ObjectStore, open_objects
from fixgate.receiving.book import Most
from fixgate.receiving.sources import MESSAGE
from fixgate.rejections import Sealer
from fixgate.sealing import load_seal
from fixgate.segments import Manifest, Purpose, store
from fixgate.settings import Settings

AT_ONCE: Final = 2
"""Reports that are being stored at once: each takes three segments' memory besides its own. The others wait."""
_NEEDS: Final = {
    "intake_key": "FIXGATE_INTAKE_KEY to the public half of the deployment's intake key",
    "objects": "FIXGATE_OBJECTS to the store that ingest reads, a folder or s3://bucket/prefix",
}


class Storing:
    """Stores reports beside the event loop, in threads of its own: a slow store holds nothing else up."""

    def __init__(self, objects: ObjectStore, seal: Sealer) -> None:
        self._objects = objects
        self._seal = seal
        self._pool = ThreadPoolExecutor(AT_ONCE, "storing")
        self.ending = threading.Event()
        """Set by `close`."""

    async def stored(self, body: bytes) -> Manifest:
        """The report's manifest, once all of it is durable.

        Raises Transient when the store cannot take it now, Unavailable when the receiver is ending.
        """
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._store, body)

    def close(self) -> None:
        """Begin nothing more; waits for the segments that are being written, and for no whole report."""
        self.ending.set()
        self._pool.shutdown(cancel_futures=True)

    def _store(self, body: bytes) -> Manifest:
        return store(io.BytesIO(body), self._objects, self._seal, Purpose.INTAKE, self._told)

    def _told(self, _more: int) -> None:
        if self.ending.is_set():
            raise Unavailable("the receiver ends")


def storing_of(settings: Settings) -> Storing | None:
    """What stores reports in this deployment; None where it is not known where, or for which key.

    Raises Misconfigured when the key cannot be read.
    """
    if _lacking(settings):
        return None
    return Storing(open_objects(settings.objects, settings.home), load_seal(Path(settings.intake_key)))


def most_of(settings: Settings) -> Most:
    """How large a report may be that a source of this deployment sends."""
    lacking = _lacking(settings)
    if lacking:
        return Most(MESSAGE, f"Set {' and '.join(lacking)}, or lower it to {MESSAGE} (`fixgate sources limit`).")
    return Most(
        max(MESSAGE, settings.report_limit),
        "Raise FIXGATE_REPORT_LIMIT here and at ingest, or lower it (`fixgate sources limit`).",
    )


def _lacking(settings: Settings) -> list[str]:
    return [words for name, words in _NEEDS.items() if not getattr(settings, name)]
