"""From measured rounds to figures with ratios and goals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench.report import Figure, Goal, Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What a measured rate is, and what it is compared with and held to, within one round."""

    name: str
    section: str
    meaning: str
    compared: str | None = None
    goal: float | None = None


HAND_ON: Final = "Handing records on"
DEDUPE: Final = "Stateful dedupe"

RATES: Final = (
    Spec(name="baseline", section=HAND_ON, meaning="untouched copy of signed records, 500 in a transaction"),
    Spec(name="baseline-bare", section=HAND_ON, meaning="the same of unsigned records"),
    Spec(
        name="relay",
        section=HAND_ON,
        meaning="the runtime, verifying and signing each record",
        compared="baseline",
        goal=0.20,
    ),
    Spec(
        name="relay-bare",
        section=HAND_ON,
        meaning="the runtime on topics declared unsigned",
        compared="baseline-bare",
        goal=0.50,
    ),
    Spec(name="quixstreams", section=DEDUPE, meaning="exactly-once, as it comes: a transaction every 5 s"),
    Spec(
        name="quixstreams-500",
        section=DEDUPE,
        meaning="exactly-once, 500 records in a transaction",
        compared="quixstreams",
    ),
    Spec(
        name="dedupe-bare",
        section=DEDUPE,
        meaning="the runtime on topics declared unsigned, 500 in a transaction",
        compared="quixstreams",
        goal=1.0,
    ),
    Spec(
        name="dedupe",
        section=DEDUPE,
        meaning="the runtime, verifying and signing, 500 in a transaction",
        compared="quixstreams",
        goal=1.0,
    ),
)


@dataclass(frozen=True, slots=True)
class Pass:
    """One measured pass: records per second, and processor seconds per record."""

    rate: float
    cpu: float


def rates(passes: Mapping[str, Sequence[Pass]]) -> list[Figure]:
    """A figure for each series; the nth pass of each belongs to the nth round."""
    return [_rate(spec, passes) for spec in RATES if passes.get(spec.name)]


def _rate(spec: Spec, passes: Mapping[str, Sequence[Pass]]) -> Figure:
    mine = passes[spec.name]
    theirs = passes.get(spec.compared or "", ())
    ratio = median(m.rate / t.rate for m, t in zip(mine, theirs, strict=True)) if theirs else None
    goal = Goal(of=spec.compared, ratio=spec.goal) if spec.compared and spec.goal and theirs else None
    return Figure(
        section=spec.section,
        name=spec.name,
        meaning=spec.meaning,
        unit=Unit.RATE,
        value=median(p.rate for p in mine),
        rounds=tuple(round(p.rate, 1) for p in mine),
        cpu_us=median(p.cpu for p in mine) * 1e6,
        baseline=spec.compared if theirs else None,
        ratio=ratio,
        goal=goal,
    )


STEPS: Final = "Where the time goes"
_MEANINGS: Final = {
    "poll": "step 1: records from the client into Python",
    "verify": "step 2: signature, chain (remembered), signer, digest, parents",
    "decode": "step 2: Avro",
    "trace": "step 3",
    "gather": "step 4: this verb asks nothing",
    "decide": "step 5: sequence check, the verb, and the bookkeeping around it",
    "encode": "step 5: Avro",
    "sign": "step 6: ECDSA P-256, and the state's records",
    "commit": "step 7: produce, flush, positions, commit; mostly waiting",
    "cache": "step 8: the local copy of the state",
}


def steps(spent: Mapping[str, float], count: int) -> list[Figure]:
    """Seconds by step of a profiled pass, as microseconds per record."""
    encode, decode = spent.get("encode", 0.0), spent.get("decode", 0.0)
    split = {
        "poll": spent.get("poll", 0.0),
        "verify": spent.get("verify", 0.0) - decode,
        "decode": decode,
        "trace": spent.get("trace", 0.0),
        "gather": spent.get("gather", 0.0),
        "decide": spent.get("decide", 0.0) - encode,
        "encode": encode,
        "sign": spent.get("sign", 0.0),
        "commit": spent.get("commit", 0.0),
        "cache": spent.get("cache", 0.0),
    }
    total = sum(split.values())
    return [
        Figure(
            section=STEPS,
            name=name,
            meaning=_MEANINGS[name],
            unit=Unit.MICROSECONDS,
            value=max(0.0, seconds / count * 1e6),
            baseline="all steps",
            ratio=max(0.0, seconds / total),
        )
        for name, seconds in split.items()
    ]
