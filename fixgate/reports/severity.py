"""From what a source says of severity to one scale, and how it was arrived at; what it does not say is unknown."""

from collections.abc import Mapping
from functools import lru_cache
from math import isfinite
from typing import Final

from fixgate.events import Severity, SeverityRating
from fixgate.reports.cvss import base_score

WORDS: Final[Mapping[str, Severity]] = {
    "informational": Severity.INFORMATIONAL,
    "info": Severity.INFORMATIONAL,
    "none": Severity.INFORMATIONAL,
    "negligible": Severity.INFORMATIONAL,
    "low": Severity.LOW,
    "medium": Severity.MEDIUM,
    "moderate": Severity.MEDIUM,
    "high": Severity.HIGH,
    "critical": Severity.CRITICAL,
    "fatal": Severity.CRITICAL,
}
CVSS: Final = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (0.1, Severity.LOW))
"""CVSS v3.1, 5; also SARIF's `security-severity` as GitHub reads it."""
HUNDRED: Final = ((90.0, Severity.CRITICAL), (70.0, Severity.HIGH), (40.0, Severity.MEDIUM), (1.0, Severity.LOW))
"""ASFF `Severity.Normalized`."""
GUARDDUTY: Final = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (1.0, Severity.LOW))
Steps = tuple[tuple[float, Severity], ...]
_LONGEST: Final = max(map(len, WORDS))


@lru_cache(maxsize=256)
def _none(source: str) -> SeverityRating:
    return SeverityRating(normalised=Severity.UNKNOWN, derivation=f"{source}: has none")


def unknown(source: str, reported: str | None = None) -> SeverityRating:
    """No severity, or one that is not understood."""
    if reported is None:
        return _none(source)
    derivation = f"{source}: is not one that is known"
    return SeverityRating(normalised=Severity.UNKNOWN, reported=reported, derivation=derivation)


def by_word(source: str, reported: str) -> SeverityRating:
    """By the word, in any spelling."""
    # Of a million results each has one of five words.
    return _by_word(source, reported) if len(reported) <= _LONGEST else _by_word.__wrapped__(source, reported)


@lru_cache(maxsize=1024)
def _by_word(source: str, reported: str) -> SeverityRating:
    found = WORDS.get(reported.strip().lower())
    if found is None:
        return unknown(source, reported)
    return SeverityRating(normalised=found, reported=reported, derivation=f"{source}: the word")


def rated(source: str, reported: str | None) -> SeverityRating:
    """By the word if there is one."""
    return unknown(source) if reported is None or not reported.strip() else by_word(source, reported)


def worded(number: float) -> str:
    """A number as a word; JSON's integers may be larger than any float."""
    try:
        return f"{number:g}" if isfinite(number) else "not finite"
    except OverflowError:
        return "too large"


@lru_cache(maxsize=1024, typed=True)
def by_number(source: str, reported: float, steps: Steps, *, top: float) -> SeverityRating:
    """By where the number stands on a scale from 0 to `top`; off the scale is unknown."""
    text = worded(reported)
    if not 0 <= reported <= top:
        return unknown(source, text)
    found = next((s for least, s in steps if reported >= least), Severity.INFORMATIONAL)
    return SeverityRating(normalised=found, reported=text, score=float(reported), derivation=f"{source}: 0 to {top:g}")


def by_vector(source: str, vector: str) -> SeverityRating | None:
    """By the base score of a CVSS 3 vector; None when it is none."""
    score = base_score(vector)
    if score is None:
        return None
    found = by_number(source, score, CVSS, top=10.0)
    return SeverityRating(
        normalised=found.normalised, reported=vector, score=score, derivation=f"{source}: base score of the vector"
    )
