"""From what was measured of reports to figures with their goals. Pure."""

from collections.abc import Mapping
from statistics import median
from typing import Any, Final

from bench.intake.through import Through
from bench.report import Figure, Goal, Unit

FORMATS: Final = "Formats of reports"
LONG: Final = "A long report"
INGEST: Final = "Ingest on a real broker"
SHARE, MEMORY_MIB, FINDINGS_RATE = 0.15, 400.0, 2_500.0


def formats(measured: Mapping[str, Mapping[str, Any]]) -> list[Figure]:
    """Of each format the rate of orjson, that of its reading, and that of reading and making findings."""
    found: list[Figure] = []
    for name, of in sorted(measured.items()):
        size, results = of["bytes"] / 1e6, of["results"]
        loads, read, made = of["loads"], of["read"], of["findings"]
        whole = [a + b for a, b in zip(read, made, strict=True)]
        baseline = Figure(
            section=FORMATS,
            name=f"{name}, loads",
            meaning=f"orjson.loads of {size:.1f} MB, {results} results",
            unit=Unit.THROUGHPUT,
            value=size / median(loads),
        )
        shares = {n: median(x / y for x, y in zip(loads, t, strict=True)) for n, t in (("r", read), ("w", whole))}
        each = f"{results / median(whole):,.0f} findings/s"
        found += [
            baseline,
            _share(f"{name}, read", "counted and fingerprinted", size / median(read), baseline, shares["r"], SHARE),
            _share(f"{name}, findings", f"read, masked, made: {each}", size / median(whole), baseline, shares["w"]),
        ]
    return found


def _share(name: str, meaning: str, value: float, of: Figure, ratio: float, goal: float | None = None) -> Figure:
    return Figure(
        section=FORMATS,
        name=name,
        meaning=meaning,
        unit=Unit.THROUGHPUT,
        value=value,
        baseline=of.name,
        ratio=ratio,
        goal=None if goal is None else Goal(of=of.name, ratio=goal),
    )


def memory(size: int, said: Mapping[str, Any]) -> list[Figure]:
    """Of the long report."""
    what = f"{size / 1e6:.0f} MB of SARIF to {said['findings']:,} findings in {said['seconds']:.0f} s"
    return [
        Figure(
            section=LONG, name="memory", meaning=what, unit=Unit.MEBIBYTES, value=said["mebibytes"], limit=MEMORY_MIB
        ),
        Figure(
            section=LONG,
            name="speed",
            meaning="read twice: once to count, once to make findings",
            unit=Unit.THROUGHPUT,
            value=size / 1e6 / said["seconds"],
        ),
    ]


def through(measured: Through) -> list[Figure]:
    """Of ingest on a broker, with what each program used for a finding."""
    rate = measured.findings / measured.seconds
    verdict = "met" if rate >= FINDINGS_RATE else "missed"
    found = [
        Figure(
            section=INGEST,
            name="findings.raw to findings",
            meaning=f"signed, originals sealed; goal {FINDINGS_RATE:,.0f}/s: {verdict}",
            unit=Unit.RATE,
            value=rate,
        )
    ]
    for name, seconds in sorted(measured.cpu.items(), key=lambda item: -item[1]):
        found.append(
            Figure(
                section=INGEST,
                name=f"processor: {name}",
                meaning="for each finding",
                unit=Unit.MICROSECONDS,
                value=seconds / measured.findings * 1e6,
            )
        )
    return found
