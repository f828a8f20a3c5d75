"""Which findings a record is about, by its own word: what a trace is looked for by. Pure."""

from collections.abc import Iterable
from typing import Final, cast

from fixgate.events import Record

LIMIT: Final = 16
"""Findings named by one label at most: a report may have thousands."""


def findings_of(record: Record | bytes) -> tuple[str, ...]:
    """The ids of the findings that the record names; empty when it names none."""
    own = getattr(record, "finding_id", None)
    if own is not None:
        return (str(own),)
    return tuple(cast("Iterable[str]", getattr(record, "finding_ids", ())))


def label_of(finding_ids: Iterable[str]) -> str:
    """The findings as one text, with commas between; empty without any."""
    return ",".join(list(dict.fromkeys(finding_ids))[:LIMIT])
