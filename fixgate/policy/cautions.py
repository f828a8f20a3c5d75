"""The signals that are in force: what a window of time showed. A signal only ever adds caution."""

from dataclasses import dataclass
from datetime import datetime

from fixgate.events import Assessment, Signal
from fixgate.verbs import Broadcast


@dataclass(frozen=True, slots=True, kw_only=True)
class Cautions:
    """Signals in force; `unreadable` records may have been about anything."""

    signals: tuple[Signal, ...] = ()
    unreadable: int = 0

    @classmethod
    def of(cls, broadcast: Broadcast, now: datetime) -> "Cautions":
        """The signals of the topic that have not run out."""
        found = tuple(r.record for r in broadcast.records if isinstance(r.record, Signal))
        strange = len(broadcast.records) - len(found)
        return cls(signals=tuple(s for s in found if s.expires_at > now), unreadable=broadcast.unreadable + strange)

    @classmethod
    def unread(cls) -> "Cautions":
        """For who does not read signals: whoever decided before has looked at them."""
        return cls()

    def about(self, assessment: Assessment) -> int:
        """How many concern the assessment; what could not be read counts too."""
        subjects = {assessment.lock_key, assessment.problem_key}
        if assessment.identity is not None:
            subjects.add(assessment.identity.id)
        if assessment.secret is not None:
            subjects.add(assessment.secret.hash)
        return self.unreadable + sum(s.lock_key == assessment.lock_key or s.subject in subjects for s in self.signals)
