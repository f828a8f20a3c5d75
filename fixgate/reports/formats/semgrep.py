"""Semgrep: what the command line prints (`semgrep_output_v1`), and pages of its Platform."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from fixgate.reports.adapter import Draft, Failed, Hints, Item, Remark, Suppressed
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import first_objects, inside, mapping, said, sequence, shaped
from fixgate.reports.formats.semgrep_platform import Finding, Vulnerability, finding, is_over, vulnerability
from fixgate.reports.formats.semgrep_results import Result, result

_WRITTEN: Final = frozenset(
    {
        *("results", "errors", "paths", "version", "time", "skipped_rules", "interfile_languages_used"),
        *("engine_requested", "rules_by_engine", "explanations", "profiling_results", "subprojects"),
    }
)
"""Everything that stands beside the results, by which a scan without any is known."""


class Semgrep:
    """See the module."""

    name = "semgrep"

    def recognises(self, document: Document) -> bool:
        """By the first result, or by everything else where there is none."""
        return any(_is_scan(r) or _of_platform(r) for r in first_objects(document))

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        for pointer, value in document.values:
            pages = sequence(value)
            listed = [(pointer, value)] if pages is None else ((f"{pointer}/{n}", page) for n, page in enumerate(pages))
            for place, page in listed:
                yield from _page(place, mapping(page), hints)


def _page(pointer: str, page: Mapping[str, object] | None, hints: Hints) -> Iterator[Item]:
    if page is None:
        yield Unusable(pointer, "it is no object")
    elif "findings" in page:
        yield from _listed(pointer, "findings", page["findings"], lambda place, item: _finding(place, item, hints))
    elif "vulns" in page:
        yield from _listed(pointer, "vulns", page["vulns"], lambda place, item: _vulnerability(place, item, hints))
    else:
        version = said(page.get("version"))
        yield from _listed(
            pointer, "results", page.get("results"), lambda place, item: _result(place, item, version, hints)
        )
        yield from _scan(page)


def _listed(pointer: str, name: str, value: object, read: Callable[[str, object], Item]) -> Iterator[Item]:
    items = sequence(value)
    if items is None:
        yield Failed(f"there is no array of {name}: nobody knows what was found")
        return
    for number, item in enumerate(items):
        yield read(f"{pointer}/{name}/{number}", item)


def _result(place: str, item: object, version: str | None, hints: Hints) -> Item:
    read = shaped(Result, item, place)
    if isinstance(read, Unusable):
        return read
    return Suppressed(place) if read.extra.is_ignored else result(read, place, version, hints)


def _finding(place: str, item: object, hints: Hints) -> Item:
    read = shaped(Finding, item, place)
    return (
        read
        if isinstance(read, Unusable)
        else _unless_ignored(place, finding(read, place, hints), read.triage_state, read.state, read.status)
    )


def _vulnerability(place: str, item: object, hints: Hints) -> Item:
    read = shaped(Vulnerability, item, place)
    if isinstance(read, Unusable):
        return read
    return _unless_ignored(place, vulnerability(read, place, hints), read.triage.status if read.triage else None)


def _unless_ignored(place: str, made: Draft, *states: str | None) -> Item:
    return Suppressed(place) if is_over(*states) else made


def _scan(page: Mapping[str, object]) -> Iterator[Item]:
    """What the scan says of itself: an error of a file or a rule is partial, one before any file is the end."""
    errors = [said(inside(e, "level")) or "error" for e in sequence(page.get("errors")) or ()]
    faults = sum(level.lower() == "error" for level in errors)
    scanned = sequence(inside(page, "paths", "scanned"))
    nothing = not sequence(page.get("results")) and scanned is not None and not scanned
    if faults and nothing:
        yield Failed("semgrep scanned no file, and tells of errors")
    elif errors:
        yield Remark(f"semgrep tells of {len(errors)} errors: something was not scanned")
    elif nothing:
        yield Remark("semgrep scanned no file")
    if sequence(page.get("skipped_rules")):
        yield Remark("semgrep left rules out")


def _is_scan(page: Mapping[str, object]) -> bool:
    if "results" not in page:
        return False
    results = sequence(page["results"])
    first = mapping(results[0]) if results else None
    if first is not None:
        return {"check_id", "path", "start"} <= first.keys()
    return not results and "errors" in page and ("paths" in page or page.keys() <= _WRITTEN)


def _of_platform(page: Mapping[str, object]) -> bool:
    findings, vulnerabilities = sequence(page.get("findings")), sequence(page.get("vulns"))
    if findings:
        first = mapping(findings[0]) or {}
        return "rule_name" in first and bool({"triage_state", "match_based_id", "syntactic_id"} & first.keys())
    if vulnerabilities:
        return {"advisory", "matchedDependency"} <= (mapping(vulnerabilities[0]) or {}).keys()
    return False
