"""What the analyzer remembers of a problem, and whether what it sees now is worth saying again. Pure."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fixgate.errors import Poison, Reason
from fixgate.events import Assessment, AssessmentStatus
from fixgate.resources import canonical
from fixgate.resources.reading import STATE

QUIET: Final = timedelta(minutes=15)
"""A problem that is seen again and looks the same is said again after so long at the earliest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A problem's sightings so far; `said_at` and `looks` are of the last assessment that was written."""

    first_at: datetime
    last_at: datetime
    occurrences: int
    said_at: datetime
    looks: str

    def encode(self) -> bytes:
        """As it is kept."""
        return json.dumps(
            {
                "first_at": self.first_at.isoformat(),
                "last_at": self.last_at.isoformat(),
                "occurrences": self.occurrences,
                "said_at": self.said_at.isoformat(),
                "looks": self.looks,
            },
            sort_keys=True,
        ).encode()

    @classmethod
    def decode(cls, value: bytes) -> "Seen":
        """Raises Poison for what is none."""
        try:
            kept = json.loads(value)
            return cls(
                first_at=datetime.fromisoformat(kept["first_at"]),
                last_at=datetime.fromisoformat(kept["last_at"]),
                occurrences=int(kept["occurrences"]),
                said_at=datetime.fromisoformat(kept["said_at"]),
                looks=str(kept["looks"]),
            )
        except (ValueError, KeyError, TypeError):
            raise Poison(Reason.DEFECT, "what was remembered of a problem cannot be read") from None


def key_of(problem_key: str) -> bytes:
    """Where a problem is remembered."""
    return f"problem/{problem_key}".encode()


def looks_of(assessment: Assessment) -> str:
    """What would make a difference to whoever reads it: when it is the same, nothing new was seen."""
    state = next((f for f in assessment.evidence if f.name == STATE), None)
    shown = {
        "kind": assessment.kind,
        "status": assessment.status.value,
        "severity": assessment.severity.value,
        "environment": assessment.environment.value,
        "target": assessment.target.id,
        "blast": assessment.blast_radius.level.value,
        "owner": assessment.ownership.owner,
        "managed_by": assessment.ownership.managed_by.value,
        "state": None if state is None else [state.state.value, state.value],
    }
    return hashlib.sha256(canonical(shown).encode()).hexdigest()


def status_of(fresh: AssessmentStatus, looks: str, seen: Seen | None, now: datetime) -> AssessmentStatus | None:
    """What to say of a sighting: its own status when it looks new, `seen_again` when not; None for nothing yet."""
    if seen is None or seen.looks != looks:
        return fresh
    if now - seen.said_at < QUIET:
        return None
    return AssessmentStatus.SEEN_AGAIN if fresh is AssessmentStatus.OPEN else fresh
