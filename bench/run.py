"""A whole run: which cases, how often, on a stack of its own that is gone afterwards."""

import shutil
import tempfile
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench import cases, figures, machine, neighbour
from bench.intake import cases as intake
from bench.lab import Lab, laboratory
from bench.report import Figure, Report
from bench.whole import cases as whole
from fixgate.errors import Unavailable
from fixgate.local.progress import Report as Progress
from fixgate.settings import Settings

RAILS: Final = ("relay", "dedupe", "steps", "life", "rebuild")
"""The cases that share one stack with the bench's own topology."""
INTAKE: Final = ("formats", "long-report", "ingest")
"""The cases about reports."""
NAMES: Final = (*RAILS, *INTAKE, "rehearsals", "pipeline")
"""The cases; `--only` takes some of them."""
RELAYS: Final = ("baseline", "baseline-bare", "relay", "relay-bare")
DEDUPES: Final = ("quixstreams", "quixstreams-500", "dedupe-bare", "dedupe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured."""

    records: int
    rounds: int
    keys: int


FULL: Final = Size(records=20_000, rounds=3, keys=1_000_000)
QUICK: Final = Size(records=4_000, rounds=1, keys=20_000)


def run(only: Collection[str], *, quick: bool, progress: Progress) -> Report:
    """Measure; blocks for minutes. Whatever happens, nothing is left running and no folder is left behind."""
    begun, clock = datetime.now(UTC), time.monotonic()
    remarks: list[str] = []
    python: Path | None = None
    if "dedupe" in only:
        try:
            python = neighbour.environment(Settings().cache_dir, progress)
        except Unavailable as error:
            remarks.append(f"without quixstreams: {error.message}")
    described = machine.describe(quixstreams=neighbour.installed_version() if python else None)
    # A short path, for unix sockets.
    folder = Path(tempfile.mkdtemp(prefix="fg-bench-"))
    try:
        found: list[Figure] = []
        if set(only) & set(RAILS):
            with laboratory(folder / "stack", progress) as lab:
                found += _measure(lab, only, QUICK if quick else FULL, python)
        if set(only) & set(INTAKE):
            found += _reports(folder, only, quick=quick, progress=progress)
        size = whole.QUICK if quick else whole.FULL
        if "rehearsals" in only:
            found += whole.rehearsals(size, progress)
        if "pipeline" in only:
            figures_of_it, said = whole.pipeline(folder, size, progress)
            found += figures_of_it
            remarks += said
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Report(
        begun_at=begun,
        seconds=round(time.monotonic() - clock, 1),
        quick=quick,
        machine=described,
        figures=tuple(found),
        remarks=tuple(remarks),
    )


def _reports(folder: Path, only: Collection[str], *, quick: bool, progress: Progress) -> list[Figure]:
    size = intake.QUICK if quick else intake.FULL
    found = intake.formats(size, progress) if "formats" in only else []
    if "long-report" in only:
        found += intake.long_report(folder, size, progress)
    if "ingest" in only:
        found += intake.ingest(folder, size, progress)
    return found


def _measure(lab: Lab, only: Collection[str], size: Size, python: Path | None) -> list[Figure]:
    rounds = cases.Rounds(lab, size.records, python)
    wanted = (*(RELAYS if "relay" in only else ()), *(DEDUPES if "dedupe" in only else ()))
    if python is not None:
        neighbour.admit(lab)
    for _ in range(size.rounds if wanted else 0):
        rounds.fill(("signed", "plain"))
        rounds.measure(wanted)
    found = figures.rates(rounds.passes)
    if "steps" in only:
        # What no other round has read is read first: one service catches up with all of it.
        rounds.fill(("signed",))
        found += rounds.profile("relay")
    if "life" in only:
        found += cases.start_and_memory(lab, lab.started)
    if "rebuild" in only:
        found += cases.rebuild(lab, size.keys)
    return found
