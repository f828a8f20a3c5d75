"""`python -m bench.intake.memory FILE`: a long report to findings, and the most memory that it took."""

import json
import sys
import time
from mmap import PROT_READ, mmap
from pathlib import Path
from typing import Final

from bench.intake.speed import KEY, ORIGIN
from fixgate.reports.findings import findings
from fixgate.reports.report import read

PART: Final = 500
"""Findings that are in memory at once, as many as ingest writes in a transaction."""


def main(path: Path) -> None:
    """Measure, and say it in one line of JSON; memory in mebibytes, with all that is mapped of the file."""
    began, count = time.perf_counter(), 0
    with path.open("rb") as opened, mmap(opened.fileno(), 0, prot=PROT_READ) as data:
        report = read(data)
        for start in range(0, len(report.findings), PART):
            count += len(findings(report, KEY, ORIGIN, start=start, stop=start + PART))
        peak = _peak()
    said = {"results": report.results, "findings": count, "seconds": time.perf_counter() - began, "mebibytes": peak}
    sys.stdout.write(json.dumps(said) + "\n")


def _peak() -> float:
    """Mebibytes at the most. What `getrusage` says may be its parent's, from before this program was started."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main(Path(sys.argv[1]))
