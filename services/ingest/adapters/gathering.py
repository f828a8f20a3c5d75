"""What ingest finds out about a report before its verb is asked: what a reference refers to, and where it is kept."""

from dataclasses import dataclass

from fixgate.errors import Poison, Reason
from fixgate.segments import REFERENCE
from fixgate.verbs import Event, Received
from services.ingest.adapters.originals import Originals
from services.ingest.adapters.references import References
from services.ingest.gathered import Gathered


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """See the module; without `references` ingest takes none, for it has no key to open them with."""

    originals: Originals
    references: References | None = None

    def __call__(self, event: Event, deadline: float) -> Gathered:
        """What is known of the report; blocks while its original is written, however short the deadline (seconds).

        Raises Poison when it is a reference that does not hold, Transient when it cannot be fetched or kept now.
        """
        if not isinstance(event, Received) or not isinstance(event.record, bytes):
            return Gathered()
        if not refers(event):
            return Gathered(stored=self.originals.keep(event.record, event.digest))
        if self.references is None:
            raise Poison(Reason.INVALID, "the record refers to a stored report, and ingest has no key to open it with")
        return self.references.whole(event, event.record, deadline)


def refers(record: Received) -> bool:
    """Whether the record is a reference: its report is too large to be there beside another's."""
    return REFERENCE in record.labels
