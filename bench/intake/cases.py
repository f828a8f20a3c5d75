"""The measurements of reports: formats, a long report, ingest."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.intake import figures
from bench.intake.multiplied import long_sarif
from bench.intake.through import through
from bench.lab import output
from bench.report import Figure
from fixgate.local.process import module
from fixgate.local.progress import Report as Progress
from fixgate.local.progress import Step
from fixgate.reports.registry import ADAPTERS

MB: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured; sizes are in bytes."""

    report: int
    rounds: int
    long: int
    reports: int
    sent: int


FULL: Final = Size(report=4 * MB, rounds=3, long=500 * MB, reports=8, sent=2 * MB)
QUICK: Final = Size(report=MB // 10, rounds=1, long=20 * MB, reports=1, sent=MB // 4)


def formats(size: Size, progress: Progress) -> list[Figure]:
    """Each format in a process of its own, so that none suffers from what another left in memory."""
    found: list[Figure] = []
    for number, name in enumerate(sorted(ADAPTERS)):
        progress(Step("formats", number, len(ADAPTERS)))
        said = output(module("bench.intake.speed", str(size.report), str(size.rounds), name), {})
        found += figures.formats(json.loads(said))
    progress(Step("formats", len(ADAPTERS), len(ADAPTERS)))
    return found


def long_report(folder: Path, size: Size, progress: Progress) -> list[Figure]:
    """A report that is larger than the memory that it may take."""
    progress(Step("a long report", 0, 1))
    path = folder / "long.sarif"
    with path.open("wb") as written:
        for piece in long_sarif(size.long):
            written.write(piece)
    said = json.loads(output(module("bench.intake.memory", str(path)), {}))
    path.unlink()
    progress(Step("a long report", 1, 1))
    return figures.memory(size.long, said)


def ingest(folder: Path, size: Size, progress: Progress) -> list[Figure]:
    """Ingest alone, on a stack of its own."""
    return figures.through(through(folder / "ingest", size.reports, size.sent, progress))
