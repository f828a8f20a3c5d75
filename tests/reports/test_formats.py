"""What each format says becomes what a finding says; what is unclear never becomes less than it was."""

from typing import Any

import pytest

from fixgate.errors import Poison
from fixgate.events import Severity
from fixgate.reports.report import Scan
from fixgate.reports.report import read as read_bytes
from tests.reports.making import (
    ACCOUNT,
    BUCKET,
    asff,
    data,
    event,
    guardduty,
    leak,
    ocsf,
    old_leak,
    one,
    pascal,
    report,
    result,
    sarif,
)

LEAKED = "hunter" + "2" * 20


@pytest.mark.parametrize("unknown", [{}, {"a": 1}, [1], [{"x": 1}], 7, "text", {"version": "2.1.0"}])
def test_a_report_of_no_known_format_is_refused(unknown: object) -> None:
    """It is not taken for another one."""
    with pytest.raises(Poison, match="no format that is known"):
        report(unknown)


def test_a_format_that_is_named_must_be_right() -> None:
    """Neither an unknown name nor another's report is taken."""
    with pytest.raises(Poison, match="not known"):
        report([leak(LEAKED)], format="nmap")
    with pytest.raises(Poison, match="said to be sarif, but it is not"):
        report([leak(LEAKED)], format="sarif")


@pytest.mark.parametrize(
    ("value", "name", "results"),
    [
        ([leak(LEAKED)], "gitleaks", 1),
        ([old_leak(LEAKED)], "gitleaks", 1),
        (sarif([result()]), "sarif", 1),
        (asff(), "asff", 1),
        ([asff(), asff(Id="2")], "asff", 2),
        ({"Findings": [asff()]}, "asff", 1),
        ({"findings": [asff()]}, "asff", 1),
        (event("aws.securityhub", "Security Hub Findings - Imported", {"findings": [asff(), asff(Id="2")]}), "asff", 2),
        (ocsf(), "ocsf", 1),
        ([ocsf(), ocsf(finding_info={"uid": "b"})], "ocsf", 2),
        (guardduty(), "guardduty", 1),
        (pascal(guardduty()), "guardduty", 1),
        ({"Findings": [pascal(guardduty())]}, "guardduty", 1),
        ({"findings": [guardduty()]}, "guardduty", 1),
        (event("aws.guardduty", "GuardDuty Finding", guardduty()), "guardduty", 1),
    ],
)
def test_a_format_is_known_by_its_content(value: object, name: str, results: int) -> None:
    """In each of its containers."""
    read = report(value)
    assert (read.format, read.scan, len(read.findings)) == (name, Scan.FINDINGS, results)


@pytest.mark.parametrize(
    ("line", "page"), [(guardduty(), {"findings": []}), (asff(), {"Findings": []}), (ocsf(), ocsf(status_code="PASS"))]
)
def test_json_lines_are_read_line_by_line(line: dict[str, Any], page: object) -> None:
    """Of formats that are exported so, an empty page among them."""
    lines = read_bytes(b"\n".join([data(line), data(page), b"", data({**line, "region": "r2"})]))
    assert (len(lines.findings), lines.rejected) == (2, ())


@pytest.mark.parametrize("nothing", [None, [], {"findings": []}, {"Findings": None}])
def test_nothing_found_by_nobody_in_particular_is_clean_with_a_warning(nothing: object) -> None:
    """An empty list does not say which scanner wrote it."""
    read = report(nothing)
    assert (read.scan, read.results, len(read.warnings)) == (Scan.CLEAN, 0, 1)


def test_a_result_of_wrong_types_is_rejected_alone() -> None:
    """With its pointer and the first field, and without what is in it."""
    read = report([asff(), asff(Severity="HI" + "GH"), asff(Id="3"), asff(Resources=[{"Type": {LEAKED: 1}}])])
    assert (len(read.findings), read.results) == (2, 4)
    rejected, leaking = read.rejected
    assert (rejected.pointer, rejected.why) == ("/1", "wrong types: /Severity expected object | null, got str")
    assert "/Resources/0" in leaking.why
    assert LEAKED not in leaking.why


@pytest.mark.parametrize("bad", [None, 7, "text", []])
def test_what_is_no_result_at_all_is_rejected_alone(bad: object) -> None:
    """It is counted, not skipped."""
    read = report(sarif([result(), bad, result("r2")]))
    assert (len(read.findings), [r.pointer for r in read.rejected]) == (2, ["/runs/0/results/1"])


def test_an_exact_repeat_is_counted_and_a_near_one_is_a_finding() -> None:
    """Also when they differ only in what is not read."""
    read = report([leak(LEAKED), leak(LEAKED), leak(LEAKED, Message="another")])
    assert (len(read.findings), read.repeated) == (2, 1)
    assert len({told.fingerprint for told in read.findings}) == 2


def test_everything_that_is_in_a_report_is_counted_once() -> None:
    """Findings, suppressed, passed, repeated and rejected add up."""
    read = report(
        [asff(), asff(), asff(Compliance={"Status": "PASSED"}), asff(Workflow={"Status": "SUPPRESSED"}), asff(Id=7)]
    )
    assert (len(read.findings), read.repeated, read.passed, read.suppressed, len(read.rejected)) == (1, 1, 1, 1, 1)
    assert read.results == 5


def test_all_results_rejected_is_a_failed_scan() -> None:
    """It is not a clean one."""
    assert report([asff(Id=7)]).scan is Scan.FAILED


@pytest.mark.parametrize("value", [asff(), ocsf(), ocsf(resources=None, resource=ocsf()["resources"][0])])
def test_a_bucket_is_the_same_in_every_format(value: object) -> None:
    """By its ARN, with account and region."""
    finding = one(value)
    assert (finding.resource, finding.account, finding.region) == (BUCKET, ACCOUNT, "eu-west-1")
    assert finding.severity.normalised is Severity.HIGH
    assert finding.problem_key.startswith("resource:aws.s3.bucket:arn:aws:s3:::acme-assets:")
