"""The measurements of the whole stack, each on a stack of its own."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.lab import output
from bench.report import Figure
from bench.whole import figures
from bench.whole.company import company
from bench.whole.works import WARM, Measured, working
from fixgate.local.process import module
from fixgate.local.progress import Report as Progress
from fixgate.local.progress import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured; rates are per second."""

    rehearsals: int
    warm_s: float
    goal_s: float
    high_s: float
    changes: float
    leaks: int


FULL: Final = Size(rehearsals=100, warm_s=30, goal_s=20, high_s=10, changes=5, leaks=7)
QUICK: Final = Size(rehearsals=5, warm_s=1, goal_s=2, high_s=1, changes=2, leaks=1)
HIGH_RATE: Final = 500.0


def rehearsals(size: Size, progress: Progress) -> list[Figure]:
    """Rehearsals in a process of their own, which is warm when the clock starts."""
    progress(Step("rehearsals"))
    told = output(module("bench.whole.rehearsals", str(size.rehearsals)), {})
    measured: dict[str, dict[str, list[float]]] = json.loads(told)
    progress(Step("rehearsals", 1, 1))
    return figures.rehearsals(measured)


def pipeline(folder: Path, size: Size, progress: Progress) -> tuple[list[Figure], list[str]]:
    """The goals' loads and the leaked keys on one stack, then the profile on another; with remarks."""
    wanted = int(size.changes * (size.goal_s + size.high_s)) + WARM
    of = company(buckets=wanted, users=wanted + size.leaks, production=int(size.changes * size.goal_s))
    with working(folder / "whole", of, progress) as works:
        works.warm(figures.GOAL_RATE, size.warm_s)
        leaked = works.leaks(size.leaks)
        asked = works.load(figures.GOAL_RATE, size.goal_s, size.changes, asked=True)
        goal = works.load(figures.GOAL_RATE, size.goal_s, size.changes)
        high = works.load(HIGH_RATE, size.high_s, size.changes)
    samples = folder / "samples"
    samples.mkdir()
    with working(folder / "profile", of, progress, samples=samples) as works:
        works.warm(figures.GOAL_RATE, size.warm_s)
        works.load(figures.GOAL_RATE, size.goal_s, size.changes)
    found = [
        *figures.load(asked),
        *figures.load(goal),
        *figures.load(high),
        *figures.leaks(leaked),
        figures.memory((asked, goal, high)),
        *figures.hops(goal),
        *figures.programs(goal),
        *_functions(samples),
    ]
    return found, remarks((asked, goal, high))


def remarks(measured: Sequence[Measured]) -> list[str]:
    """Under which circumstances."""
    return [
        f"{one.findings} findings at {one.rate:.0f}/s, {one.changes} of them "
        f"{'to ask people about' if one.asked else 'changes'}: done after {one.seconds:.1f} s, "
        f"the last report sent {one.late * 1000:.0f} ms late, one-minute load before {one.load:.2f}"
        for one in measured
    ]


def _functions(samples: Path) -> list[Figure]:
    found: list[Figure] = []
    for file in sorted(samples.glob("*.json")):
        said: dict[str, Any] = json.loads(file.read_text())
        found += figures.functions(file.stem, said)
    return found
