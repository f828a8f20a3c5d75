"""The port to what makes credentials: AWS, a git host."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from fixgate.errors import Transient
from services.issuer.ledger import Entry


class NotMade(Transient):
    """No credential was made, for certain, and another try may help."""


class Seen(StrEnum):
    """What a probe shows of a credential. Unclear: nothing."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNCLEAR = "unclear"


class Killed(StrEnum):
    """What came of asking the target to kill a credential."""

    KILLED = "killed"
    GONE = "gone"
    """The target did not know it (any more)."""
    UNABLE = "unable"
    """The target has no such thing: the credential ends by its window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One read with a credential: what was asked, what was answered, and what that means."""

    asked: str
    answer: str
    seen: Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A credential as it was made. `hard_end` is when the system itself ends it; `scope_digest` is of what was sent."""

    credential: Mapping[str, str] = field(repr=False)
    public_id: str
    scope_digest: str
    hard_end: datetime


class CredentialSystem(Protocol):
    """Makes, kills and looks at credentials of one kind. Thread-safe; every call blocks for seconds at most."""

    def issue(self, entry: Entry) -> Issued:
        """Make the credential of an admitted entry.

        Raises Refused when the system certainly made none and will not, NotMade when it made none this time, any other
        Transient when nobody knows.
        """
        ...

    def kill(self, entry: Entry) -> Killed:
        """End it now, if the system can; raises Transient or Refused when that is not known to have worked."""
        ...

    def probe(self, entry: Entry, credential: Mapping[str, str]) -> Probe:
        """Try to read with it. Never raises for what the system answers."""
        ...
