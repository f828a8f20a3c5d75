"""What is known of a report besides its record, as the verb is given it."""

from dataclasses import dataclass

from fixgate.events import Stored
from fixgate.reports.document import Data


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A report that its record only refers to: its digest, and its bytes, verified."""

    digest: str
    data: Data


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Where the sealed original is, None when none is kept; `whole` is None when the record is the report."""

    stored: Stored | None = None
    whole: Whole | None = None
