"""What is known of a report besides its record, as the verb is given it."""

from dataclasses import dataclass

from fixgate.events import Stored
from fixgate.reports.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A report that its record only refers to: the digest of its bytes, which were verified, and what is in them."""

    digest: str
    report: Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Where the sealed original is, None when none is kept; `whole` is None when the record is the report."""

    stored: Stored | None = None
    whole: Whole | None = None
