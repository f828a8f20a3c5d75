"""The verb `normalize`: one report in, its findings out. Pure; the hash key and the kept original are given to it.

A report that cannot be used as a whole is `Poison`. A result that cannot be used does not take the others down: they
are written, and the whole report goes into the dead letters as well, naming each such result. Putting it back after the
scanner was mended is safe: a finding that was seen before has the same id and the same key.

A report with many findings takes several transactions: each writes so many of them, and how many there are so far.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from fixgate.errors import Poison, Reason
from fixgate.events import Finding
from fixgate.reports.findings import Origin, findings
from fixgate.reports.report import Report, Scan
from fixgate.reports.secrets import HashKey
from fixgate.segments import REFERENCE
from fixgate.verbs import Event, Facts, Output, Received, Result
from fixgate.vouching import Voucher
from services.ingest.gathered import Gathered
from services.ingest.hints import hints_of
from services.ingest.progress import Progress, Reader, entry, progress_of

PART: Final = 500
"""Findings in one transaction at most."""
_STEP: Final = re.compile(r"[0-9]+|[A-Za-z_]{1,40}")
NAMED: Final = 20
"""Results that a dead letter names; it holds them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalize:
    """The verb, with the key that secrets are hashed with; `part` findings are written at once.

    With `vouched`, a report for whose sender nobody vouches is refused.
    """

    key: HashKey
    part: int = PART
    vouched: bool = False
    reader: Reader = field(default_factory=Reader, repr=False, compare=False)

    def __call__(self, event: Event, facts: Facts[Gathered]) -> Result:
        """The next findings of the report; raises Poison when it cannot be used as a whole."""
        if not isinstance(event, Received) or not isinstance(event.record, bytes):
            raise Poison(Reason.DEFECT, "ingest is told of reports alone")
        if self.vouched and event.voucher is None:
            raise Poison(Reason.UNSIGNED, "nobody vouches for the report's sender")
        digest, report = self._report(event, event.record, facts.gathered)
        _check(report)
        total = len(report.findings)
        before = progress_of(event, facts.state, total) or Progress(done=0, total=total, stored=facts.gathered.stored)
        after = Progress(done=min(before.done + self.part, total), total=total, stored=before.stored)
        origin = Origin(source=event.source, digest=digest, stored=before.stored, reported_at=event.appended_at)
        found = _sent_by(event.voucher, findings(report, self.key, origin, start=before.done, stop=after.done))
        outputs = tuple(Output(topic="findings", key=f.problem_key.encode(), record=f) for f in found)
        if after.done < total:
            if facts.gathered.whole is None:
                self.reader.keep(digest, hints_of(event), report)
            return Result(outputs=outputs, state={entry(event): after.encode(event)}, unfinished=True)
        self.reader.done(digest)
        counted = {outcome: count for outcome, count in report.counts.items() if count}
        return Result(outputs=outputs, state=_cleared(event, facts), partly=_unusable(report), counted=counted)

    def _report(self, event: Received, record: bytes, gathered: Gathered) -> tuple[str, Report]:
        """The report and the digest of its bytes: the record's own, or those that it refers to."""
        if (REFERENCE in event.labels) != (gathered.whole is not None):
            raise Poison(Reason.DEFECT, "a reference comes with the report that it refers to, and nothing else does")
        if gathered.whole is not None:
            return gathered.whole.digest, gathered.whole.report
        return event.digest, self.reader.read(event.digest, record, hints_of(event))


def _sent_by(voucher: Voucher | None, found: Sequence[Finding]) -> Sequence[Finding]:
    """The findings with their sender, as it was authenticated; without one where nobody vouches for it."""
    if voucher is None:
        return found
    return tuple(replace(f, source=replace(f.source, principal=voucher.principal)) for f in found)


def _check(report: Report) -> None:
    """Raise Poison when no finding comes of the report although there should be one."""
    if report.scan is Scan.EMPTY:
        raise Poison(Reason.INVALID, "the report is empty: a scanner that found nothing says so")
    if report.unusable and not report.findings:
        raise Poison(Reason.INVALID, _named(report))


def _cleared(event: Received, facts: Facts[Gathered]) -> Mapping[bytes, bytes | None]:
    """The progress is over, this report's or what another left."""
    return {} if facts.state.get(entry(event)) is None else {entry(event): None}


def _unusable(report: Report) -> Poison | None:
    """Why the report is a dead letter besides. A failed scan is one: what it did not look at shows nowhere else."""
    if report.scan is Scan.FAILED and not report.unusable:
        return Poison(Reason.INVALID, f"the scan failed: {'; '.join(report.warnings)}")
    return Poison(Reason.INVALID, _named(report)) if report.unusable else None


def _place(pointer: str) -> str:
    """Where a result stands, without what may be a text of the report: formats have files and packages for names."""
    root, *parts = pointer.split("/")
    told = "/".join((root, *(part if _STEP.fullmatch(part) else "…" for part in parts)))
    return told or "the whole"


def _named(report: Report) -> str:
    first = "; ".join(f"{_place(r.pointer)}: {r.why}" for r in report.rejected[:NAMED])
    more = f"; and {report.unusable - NAMED} more" if report.unusable > NAMED else ""
    return f"{report.unusable} of {report.results} results cannot be used: {first}{more}"
