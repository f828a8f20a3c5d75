"""Checkov: its JSON (`checkov/common/output/report.py`): of one framework or several, or a summary."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from fixgate.reports.adapter import Failed, Hints, Item, Passed, Remark, Suppressed
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import first_objects, inside, mapping, results, said, sequence, shaped
from fixgate.reports.formats.checkov_checks import Check, draft, framework
from fixgate.reports.unread import total

_LISTS: Final = ("failed_checks", "passed_checks", "skipped_checks")
_SUMMARY: Final = frozenset({"passed", "failed", "skipped", "checkov_version"})
"""What Checkov prints alone when no framework had anything to check."""


@dataclass(slots=True)
class _Tally:
    """What all frameworks together say of the scan."""

    listed: int = 0
    checked: int = 0
    unparsed: int = 0
    missing: int = 0


class Checkov:
    """See the module."""

    name = "checkov"

    def recognises(self, document: Document) -> bool:
        """By the lists of checks of a framework, or by the summary."""
        return any(_is_report(r) or _is_summary(r) for r in first_objects(document))

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        tally = _Tally()
        for pointer, value in results(document):
            page = mapping(value) or {}
            if _is_report(page):
                yield from _framework(page, pointer, tally, hints)
            elif _is_summary(page):
                _count(page, 0, tally)
            else:
                yield Unusable(pointer, "it is no framework's report")
        yield from _scan(tally)


def _framework(page: Mapping[str, object], pointer: str, tally: _Tally, hints: Hints) -> Iterator[Item]:
    here = framework(said(page.get("check_type")) or "", said(inside(page, "summary", "checkov_version")), hints)
    held = mapping(page.get("results")) or {}
    for name in _LISTS:
        for number, item in enumerate(sequence(held.get(name)) or ()):
            place = f"{pointer}/results/{name}/{number}"
            tally.listed += 1
            if name == "failed_checks":
                read = shaped(Check, item, place)
                yield read if isinstance(read, Unusable) else draft(read, place, here)
            else:
                yield Passed(place) if name == "passed_checks" else Suppressed(place)
    _count(mapping(page.get("summary")) or {}, len(sequence(held.get("failed_checks")) or ()), tally)
    listed = len(sequence(held.get("parsing_errors")) or ())
    tally.unparsed += max(0, listed - total(page.get("summary"), "parsing_errors"))


def _count(summary: Mapping[str, object], failures: int, tally: _Tally) -> None:
    """Add what the summary counts: `--quiet` leaves lists of what did not fail out."""
    tally.checked += total(summary, "passed", "failed", "skipped")
    tally.unparsed += total(summary, "parsing_errors" if "parsing_errors" in summary else "parsingerrors")
    tally.missing += max(0, total(summary, "failed") - failures)


def _scan(tally: _Tally) -> Iterator[Item]:
    if tally.missing and tally.listed:
        yield Remark("checkov counts failed checks that are not in the report")
    elif tally.missing:
        yield Failed("checkov counts failed checks, and none is in the report")
    checked = tally.checked or tally.listed
    if tally.unparsed and not checked:
        yield Failed("checkov could parse no file")
    elif tally.unparsed:
        yield Remark("checkov could not parse all files")
    elif not checked:
        yield Remark("checkov checked nothing")


def _is_report(page: Mapping[str, object]) -> bool:
    held = mapping(page.get("results"))
    return held is not None and "check_type" in page and bool(held.keys() & set(_LISTS))


def _is_summary(page: Mapping[str, object]) -> bool:
    return page.keys() >= _SUMMARY
