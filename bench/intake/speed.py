"""`python -m bench.intake.speed BYTES ROUNDS NAME…`: seconds for a report of each format, in one process.

`loads` is `orjson.loads` of the same bytes: all that a report can be read with less than. `read` is from the bytes to
counted and fingerprinted results, `findings` from there to `Finding` records with every text masked.
"""

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson

from bench.intake.multiplied import multiplied
from fixgate.reports.findings import Origin, findings
from fixgate.reports.report import read
from fixgate.reports.secrets import HashKey

KEY = HashKey.of(b"a key of benches, long enough to be one")
ORIGIN = Origin(source="bench", digest=f"sha256:{'0' * 64}", stored=None, reported_at=datetime(2026, 1, 1, tzinfo=UTC))


def measured(name: str, size: int, rounds: int) -> dict[str, Any]:
    """What is measured of one format; each round's seconds stand side by side."""
    data = multiplied(name, size)
    lines = [line for line in data.splitlines() if line] if _of_lines(data) else [data]
    report = read(data)
    spent: dict[str, list[float]] = {"loads": [], "read": [], "findings": []}
    for _ in range(rounds):
        spent["loads"].append(_seconds(lambda: [orjson.loads(line) for line in lines]))
        spent["read"].append(_seconds(lambda: read(data)))
        spent["findings"].append(_seconds(lambda: findings(report, KEY, ORIGIN)))
    return {"bytes": len(data), "results": report.results, **spent}


def _of_lines(data: bytes) -> bool:
    first, _, rest = data.partition(b"\n")
    return bool(rest.strip()) and first.startswith(b"{") and first.endswith(b"}")


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    kept = work()
    ended = time.perf_counter()
    del kept
    return ended - began


def main(size: int, rounds: int, names: list[str]) -> None:
    """Measure, and say it in one line of JSON."""
    sys.stdout.write(json.dumps({name: measured(name, size, rounds) for name in names}) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
