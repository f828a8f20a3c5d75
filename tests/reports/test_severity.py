"""Severities from numbers: on the scale, off it, and those that are none."""

import pytest

from fixgate.events import Severity
from fixgate.reports.severity import CVSS, by_number, worded


@pytest.mark.parametrize("number", [-0.1, 10.1, 10**400, -(10**400), float("nan"), float("inf"), float("-inf")])
def test_a_number_off_the_scale_is_unknown(number: float) -> None:
    """Also one that is larger than any float."""
    found = by_number("test", number, CVSS, top=10.0)
    assert (found.normalised, found.score) == (Severity.UNKNOWN, None)


@pytest.mark.parametrize(
    ("number", "severity"),
    [(0, Severity.INFORMATIONAL), (0.1, Severity.LOW), (7, Severity.HIGH), (10, Severity.CRITICAL)],
)
def test_a_number_on_the_scale_is_where_it_stands(number: float, severity: Severity) -> None:
    """From the first step on; it is kept as it was."""
    found = by_number("test", number, CVSS, top=10.0)
    assert (found.normalised, found.score, found.reported) == (severity, number, f"{number:g}")


@pytest.mark.parametrize(
    ("number", "word"), [(7, "7"), (7.5, "7.5"), (10**400, "too large"), (float("inf"), "not finite")]
)
def test_a_number_is_worded(number: float, word: str) -> None:
    """Whatever it is."""
    assert worded(number) == word
