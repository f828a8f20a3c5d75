"""Originals are kept sealed, before the verb runs: nobody without the private key reads them, ingest neither."""

from dataclasses import dataclass
from typing import Final

from fixgate.events import Stored
from fixgate.objects import ObjectStore
from fixgate.rejections import Sealer
from fixgate.signing import digest
from fixgate.verbs import Event, Received

CONTEXT: Final = b"fixgate original "
"""What a sealed original is bound to, together with its own digest: it opens as that report and no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Originals:
    """Keeps reports; without a sealer it keeps none."""

    store: ObjectStore
    sealer: Sealer | None

    def __call__(self, event: Event, deadline: float) -> Stored | None:
        """Where the sealed report is; None when it was not kept.

        Blocks while it is written, however short the deadline; raises Transient when it cannot be written now. A report
        that turns out to be unusable is kept as well: it is in the dead letters too.
        """
        del deadline
        if self.sealer is None or not isinstance(event, Received) or not isinstance(event.record, bytes):
            return None
        sealed = self.sealer.seal(event.record, CONTEXT + event.digest.encode())
        location = self.store.put(sealed)
        return Stored(digest=digest(sealed), location=location, size=len(sealed), sealing_key=self.sealer.key_id)
