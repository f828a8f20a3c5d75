"""SARIF 2.1.0 of any tool: rule defaults, suppressions, baselines, several runs, several places, failed scans."""

from collections.abc import Iterator
from typing import Final

from fixgate.errors import Poison, Reason
from fixgate.reports.adapter import Failed, Hints, Item, Passed, Remark, Suppressed
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import inside, mapping, sequence, shaped
from fixgate.reports.formats.sarif_results import draft
from fixgate.reports.formats.sarif_runs import Context, context_of
from fixgate.reports.formats.sarif_shapes import Result

NOT_FINDINGS = frozenset({"pass", "notApplicable", "informational"})
ACCEPTED = frozenset({None, "accepted"})
_ABSENT: Final = object()


class Sarif:
    """See the module."""

    name = "sarif"

    def recognises(self, document: Document) -> bool:
        """By runs and a version, or runs and a schema that says SARIF."""
        fields = _log(document)
        if fields is None or "runs" not in fields:
            return False
        return "version" in fields or "sarif" in str(fields.get("$schema", "")).lower()

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        fields = _log(document) or {}
        version, runs = fields.get("version", "2.1.0"), sequence(fields.get("runs"))
        if not isinstance(version, str) or not version.startswith("2.1."):
            raise Poison(Reason.INVALID, "the report is SARIF of another version: 2.1.0 is read")
        if runs is None:
            raise Poison(Reason.INVALID, "the report is SARIF whose runs are no array")
        if any(inside(part, "results") for part in sequence(fields.get("inlineExternalProperties")) or ()):
            yield Failed("results stand outside of the runs (3.13.4): they are not read")
        if not runs:
            yield Remark("the log has no run: nothing was scanned")
        for number, value in enumerate(runs):
            yield from _of_run(value, f"/runs/{number}", hints)


def _log(document: Document) -> dict[str, object] | None:
    if len(document.values) != 1:
        return None
    fields = mapping(document.values[0][1])
    return None if fields is None else dict(fields)


def _of_run(value: object, pointer: str, hints: Hints) -> Iterator[Item]:
    fields = mapping(value)
    if fields is None:
        raise Poison(Reason.INVALID, f"{pointer} is no run of SARIF: it is no object")
    given = fields.get("results", _ABSENT)
    listed = sequence(given)
    if listed is None and given not in (None, _ABSENT):
        # They cannot be counted, so the report as a whole is what cannot be used.
        raise Poison(Reason.INVALID, f"{pointer} is no run of SARIF: its results are no array")
    context = context_of(fields, pointer, hints)
    yield from context.told
    if inside(fields.get("externalPropertyFileReferences"), "results"):
        yield Failed(f"{pointer}: results stand in other files, which the report does not hold (3.14.2)")
    elif given is None:
        yield Failed(f"{pointer}: results are null: the scan began and could not determine any (3.14.23)")
    elif given is _ABSENT:
        yield Remark(f"{pointer}: there are no results, not even none: nothing was scanned (3.14.23)")
    for number, item in enumerate(listed or ()):
        yield _of_result(item, f"{pointer}/results/{number}", context)


def _of_result(value: object, pointer: str, context: Context) -> Item:
    read = shaped(Result, value, pointer)
    if isinstance(read, Unusable):
        return read
    if read.kind in NOT_FINDINGS:
        return Passed(pointer)
    # 3.27.23: suppressed only if no suppression is under review or rejected; nor of a status that nobody knows.
    if read.suppressions and all({s.status, s.state} <= ACCEPTED for s in read.suppressions):
        return Suppressed(pointer)
    return draft(read, pointer, context)
