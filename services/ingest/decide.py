"""The verb `normalize`: one report in, its findings out. Pure; the hash key and the kept original are given to it.

A report that cannot be used as a whole is `Poison`. A result that cannot be used does not take the others down: they
are written, and the whole report goes into the dead letters as well, naming each such result. Putting it back after the
scanner was mended is safe: a finding that was seen before has the same id and the same key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fixgate.errors import Poison, Reason
from fixgate.events import Stored
from fixgate.reports.adapter import Hints
from fixgate.reports.document import Unusable
from fixgate.reports.findings import Origin, findings
from fixgate.reports.report import Report, Scan, read
from fixgate.reports.secrets import HashKey
from fixgate.verbs import Event, Facts, Output, Received, Result

FORMAT_LABEL: Final = "fixgate-format"
"""The header in which a sender names the format; without it the content tells."""
REPOSITORY_LABEL: Final = "fixgate-repository"
"""The header in which a sender names the repository that was scanned, by its clone address."""
NAMED: Final = 20
"""Results that a dead letter names; it holds them all."""
ADDRESS_LIMIT: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalize:
    """The verb, with the key that secrets are hashed with."""

    key: HashKey

    def __call__(self, event: Event, facts: Facts[Stored | None]) -> Result:
        """The findings of the report; raises Poison when it cannot be used as a whole."""
        if not isinstance(event, Received) or not isinstance(event.record, bytes):
            raise Poison(Reason.DEFECT, "ingest is told of reports alone")
        report = read(event.record, _hints(event))
        if report.scan is Scan.EMPTY:
            raise Poison(Reason.INVALID, "the report is empty: a scanner that found nothing says so")
        origin = Origin(source=event.source, digest=event.digest, stored=facts.gathered, reported_at=event.appended_at)
        found = findings(report, self.key, origin)
        if report.rejected and not found:
            raise Poison(Reason.INVALID, _named(report.rejected, report))
        return Result(
            outputs=tuple(Output(topic="findings", key=f.problem_key.encode(), record=f) for f in found),
            partly=Poison(Reason.INVALID, _named(report.rejected, report)) if report.rejected else None,
        )


def _hints(event: Received) -> Hints:
    repository = event.labels.get(REPOSITORY_LABEL, "").strip()
    usable = bool(repository) and len(repository) <= ADDRESS_LIMIT and repository.isprintable()
    return Hints(format=event.labels.get(FORMAT_LABEL, "").strip(), repository=repository if usable else None)


def _named(rejected: Sequence[Unusable], report: Report) -> str:
    first = "; ".join(f"{r.pointer or 'the whole'}: {r.why}" for r in rejected[:NAMED])
    more = f"; and {len(rejected) - NAMED} more" if len(rejected) > NAMED else ""
    return f"{len(rejected)} of {report.results} results cannot be used: {first}{more}"
