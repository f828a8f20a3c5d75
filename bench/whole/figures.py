"""From what was measured of the whole stack to figures with their goals. Pure."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final

from bench.report import Figure, Unit
from bench.whole.chains import ASSESSMENT, DECISION, FINDING, OUTCOME, PROPOSAL, percentile
from bench.whole.works import Measured

REHEARSALS: Final = "Rehearsals"
PIPELINE: Final = "The whole pipeline"
HOPS: Final = "Where the pipeline's time goes"
PROGRAMS: Final = "What each program uses"
FUNCTIONS: Final = "Where the services' processor time goes"
REHEARSAL_MS, DECISION_MS, LEAK_S, MEMORY_MIB = 40.0, 400.0, 2.0, 2048.0
GOAL_RATE: Final = 100.0
SHOWN: Final = 6
_HOPS: Final = {
    FINDING: ("ingest", "from the report to its finding"),
    ASSESSMENT: ("analyzer", "from the finding to its assessment: the target is read"),
    PROPOSAL: ("proposer", "from the assessment to its proposal: the change is rehearsed"),
    DECISION: ("gate", "from the proposal to its decision"),
    OUTCOME: ("issuer and executor", "from the decision to its outcome: the change is rehearsed, made and judged"),
}


def rehearsals(measured: Mapping[str, Mapping[str, Sequence[float]]]) -> list[Figure]:
    """p50 with its goal, and p99, of each template."""
    found: list[Figure] = []
    for name, spent in measured.items():
        wall, cpu = spent["wall"], median(spent["cpu"]) * 1000
        meaning = f"apply, validate, undo and compare on a copy; {cpu:.1f} ms of processor time"
        found += [
            _ms(REHEARSALS, f"{name}, p50", meaning, percentile(wall, 0.5), limit=REHEARSAL_MS),
            _ms(REHEARSALS, f"{name}, p99", "the same", percentile(wall, 0.99)),
        ]
    return found


def load(measured: Measured) -> list[Figure]:
    """How long reports took at one rate; the goal is set for one rate only."""
    at = f"at {measured.rate:.0f}/s" + (", people asked" if measured.asked else "")
    limit = DECISION_MS if measured.rate == GOAL_RATE and measured.asked else None
    decided, assessed = measured.chains.until(DECISION), measured.chains.ended_with(ASSESSMENT)
    some = f"{len(decided)} of {measured.findings} findings"
    found = [
        _ms(
            PIPELINE, f"{at}: report to decision, p50", f"{some}, those that a template fits", percentile(decided, 0.5)
        ),
        _ms(PIPELINE, f"{at}: report to decision, p99", "the same", percentile(decided, 0.99), limit=limit),
    ]
    if assessed:
        found += [
            _ms(PIPELINE, f"{at}: report to assessment, p50", "nothing is on offer", percentile(assessed, 0.5)),
            _ms(PIPELINE, f"{at}: report to assessment, p99", "the same", percentile(assessed, 0.99)),
        ]
    if changed := measured.chains.until(OUTCOME):
        meaning = f"{len(changed)} changes made and judged"
        found.append(_ms(PIPELINE, f"{at}: report to outcome, p50", meaning, percentile(changed, 0.5)))
    return found


def leaks(seconds: Sequence[float]) -> list[Figure]:
    """How long keys stayed active after their reports."""
    figures = (("median", median(seconds)), ("worst", max(seconds)))
    return [
        Figure(
            section=PIPELINE,
            name=f"leaked key disabled, {name}",
            meaning=f"{len(seconds)} unused keys, one by one, from the report until the account says Inactive",
            unit=Unit.SECONDS,
            value=value,
            limit=LEAK_S,
        )
        for name, value in figures
    ]


def memory(measured: Sequence[Measured]) -> Figure:
    """The most that all programs together held."""
    return Figure(
        section=PIPELINE,
        name="memory of the whole stack",
        meaning="resident, all programs together, at the most, looked at twice a second under load",
        unit=Unit.MEBIBYTES,
        value=max(one.memory for one in measured),
        limit=MEMORY_MIB,
    )


def hops(measured: Measured) -> list[Figure]:
    """Each service's share of the time to a decision, and then to the outcome."""
    found: list[Figure] = []
    for step, spent in measured.chains.hops().items():
        name, meaning = _HOPS[step]
        found += [
            _ms(HOPS, f"{name}, p50", meaning, percentile(spent, 0.5)),
            _ms(HOPS, f"{name}, p99", "the same", percentile(spent, 0.99)),
        ]
    return found


def programs(measured: Measured) -> list[Figure]:
    """Processor time of each program for each finding, and memory; most first."""
    total = sum(used.cpu for used in measured.usage.values())
    return [
        Figure(
            section=PROGRAMS,
            name=name,
            meaning=f"of processor time, with what ran on idly; {used.memory:.0f} MiB at the most",
            unit=Unit.PROCESSOR,
            value=used.cpu / measured.findings * 1000,
            baseline="all programs",
            ratio=used.cpu / total if total else 0.0,
        )
        for name, used in sorted(measured.usage.items(), key=lambda item: -item[1].cpu)
    ]


def functions(name: str, samples: Mapping[str, Mapping[str, float]]) -> list[Figure]:
    """The project's own functions in which a service spent most, from its start to its end, with what they called."""
    total = sum(samples["own"].values())
    ours = {function: seconds for function, seconds in samples["within"].items() if _tells(function)}
    most = sorted(ours.items(), key=lambda item: -item[1])[:SHOWN]
    return [
        Figure(
            section=FUNCTIONS,
            name=name,
            meaning=f"{function}, with what it calls",
            unit=Unit.SECONDS,
            value=seconds,
            baseline="the process",
            ratio=seconds / total,
        )
        for function, seconds in most
    ]


_OURS: Final = ("services/", "fixgate/")
_AROUND: Final = ("__main__.py:", "process.py:", ":<module>", ":Runtime.run", ":Runtime.step", ":follow", ":_follow")
"""What stands around everything that a service does, and its start."""


def _tells(function: str) -> bool:
    return function.startswith(_OURS) and not any(part in function for part in _AROUND)


def _ms(section: str, name: str, meaning: str, seconds: float, *, limit: float | None = None) -> Figure:
    value = max(0.0, seconds * 1000)
    return Figure(section=section, name=name, meaning=meaning, unit=Unit.MILLISECONDS, value=value, limit=limit)
