"""kube-bench: what failed, what a person has to look at, and what somebody skips."""

from typing import Any, Final

import pytest

from fixgate.errors import Poison
from fixgate.events import FindingStatus, Severity
from fixgate.reports.report import Scan
from tests.reports.making import one, report


def check(number: str = "4.1.1", status: str = "FAIL", /, **changes: Any) -> dict[str, Any]:
    """A check of a benchmark."""
    made = {"test_number": number, "test_desc": "Ensure permissions", "status": status, "scored": True}
    return {**made, "remediation": "chmod 600 the file", "type": "", **changes}


def controls(*checks: object, **changes: Any) -> dict[str, Any]:
    """The checks of a kind of node."""
    group = {"section": "4.1", "desc": "Files", "results": list(checks)}
    made = {"id": "4", "version": "cis-1.9", "text": "Worker", "node_type": "node", "tests": [group]}
    return {**made, **changes}


SAMPLE: Final = {
    "Controls": [
        controls(check(), check("4.1.2", "PASS"), check("4.1.3", "WARN", type="manual"), check("4.1.4", "INFO")),
        controls(check("1.1.1"), node_type="master"),
    ],
    "Totals": {"total_pass": 1},
}


@pytest.mark.parametrize("other", [{"tests": []}, {"node_type": "node", "text": "x", "tests": {}}, {"Totals": {}}])
def test_without_checks_of_nodes_it_is_another_report(other: object) -> None:
    """Names alone are not enough."""
    with pytest.raises(Poison, match=r"no format that is known|which is not read"):
        report(other)


@pytest.mark.parametrize("broken", [check(status=7), {"status": "FAIL"}, 7, check(test_number=4.1)])
def test_a_check_that_cannot_be_used_is_rejected_alone(broken: object) -> None:
    """The others become findings."""
    read = report([controls(broken, check())])
    assert (len(read.findings), len(read.rejected)) == (1, 1)
    assert read.rejected[0].pointer == "/0/tests/0/results/0"


@pytest.mark.parametrize("value", [SAMPLE, [controls(check())], controls(check())])
def test_controls_come_in_an_object_in_a_list_or_alone(value: object) -> None:
    """As its versions have written them."""
    assert report(value).format == "kube-bench"


@pytest.mark.parametrize(("status", "counted"), [("PASS", (1, 0, 0)), ("INFO", (0, 1, 0)), ("FAIL", (0, 0, 1))])
def test_a_status_counts_a_check_apart(status: str, counted: tuple[int, int, int]) -> None:
    """`INFO` is what the configuration skips."""
    read = report([controls(check("4.1.1", status))])
    assert (read.passed, read.suppressed, len(read.findings)) == counted


@pytest.mark.parametrize(
    "value",
    [
        [controls(check(), total_pass=1, total_fail=1)],
        {"Controls": [controls(check())], "Totals": {"total_fail": 2, "total_warn": 0}},
    ],
)
def test_more_checks_than_are_listed_are_told(value: object) -> None:
    """Of a kind of node, or of all of them."""
    assert report(value, format="kube-bench").warnings == ("the report says that kube-bench found more than it lists",)
    assert report([controls(check(), total_fail=1)]).warnings == ()


def test_what_a_person_has_to_check_is_unknown() -> None:
    """As is a word that is not known; neither has passed."""
    for status in ("WARN", "ODD"):
        assert one([controls(check("4.1.1", status))]).status is FindingStatus.UNKNOWN
    assert one([controls(check())]).severity.normalised is Severity.UNKNOWN


def test_the_identity_is_the_check_of_a_kind_of_node() -> None:
    """Not the benchmark's version, nor what the check found."""
    same = controls(check(scored=False, actual_value="644"), version="cis-1.10")
    assert report([same]).findings[0].fingerprint == report([controls(check())]).findings[0].fingerprint
    other = report([controls(check(), node_type="master")])
    assert other.findings[0].fingerprint != report([controls(check())]).findings[0].fingerprint


def test_no_check_at_all_is_clean_with_a_word_of_warning() -> None:
    """One in which all passed is clean without."""
    assert any("no check" in warning for warning in report([controls()]).warnings)
    passed = report([controls(check("4.1.1", "PASS"))])
    assert (passed.scan, passed.warnings) == (Scan.CLEAN, ())
