"""OCSF: severities and states by their ids, what is no finding, what tells results apart."""

from typing import Any, Final

import pytest

from fixgate.events import FindingStatus
from tests.reports.making import found, ocsf, one, report

_OTHER: Final = [{"uid": "arn:aws:s3:::other-bucket", "type": "AwsS3Bucket"}]
_CVE: Final = {"cve": {"uid": "CVE-2026-0001"}, "affected_packages": [{"name": "shop", "version": "1.0"}]}
SAMPLE: Final = [
    ocsf(),
    ocsf(
        finding_info={"uid": "prowler-2", "title": "No logs"},
        resources=_OTHER,
        severity_id=2,
        severity="Low",
    ),
    ocsf(class_uid=2002, finding_info={"uid": "scan-3", "title": "Old"}, vulnerabilities=[_CVE], status_code=None),
]


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6, 0, 99, 77, None])
def test_ocsf_severity_is_the_ids(number: int | None) -> None:
    """The text counts only where there is no id."""
    names = {1: "informational", 2: "low", 3: "medium", 4: "high", 5: "critical", 6: "critical", None: "high"}
    assert one(ocsf(severity_id=number)).severity.normalised == names.get(number, "unknown")


def test_ocsf_counts_what_is_no_finding_apart() -> None:
    """Passed checks, suppressed ones, other classes."""
    others = [
        ocsf(status_code="PASS"),
        ocsf(class_uid=2003, compliance={"status_id": 1}, status_code=None),
        ocsf(status_id=3, status="Suppressed"),
        ocsf(class_uid=6003),
    ]
    read = report(others)
    assert (read.passed, read.suppressed, len(read.rejected), len(read.findings)) == (2, 1, 1, 0)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"status_id": 3, "status": "New"}, FindingStatus.OPEN),
        ({"status_id": 4}, FindingStatus.RESOLVED),
        ({"activity_id": 3}, FindingStatus.RESOLVED),
        ({"status_code": "MANUAL"}, FindingStatus.UNKNOWN),
        ({"class_uid": 2005, "status_id": 3, "status": "On Hold"}, FindingStatus.OPEN),
    ],
)
def test_ocsf_status(changes: dict[str, Any], status: FindingStatus) -> None:
    """An id and a word that contradict each other are open."""
    assert one(ocsf(**changes)).status is status


@pytest.mark.parametrize("uid", ["<finding_uid>", "", None])
def test_a_placeholder_tells_no_results_apart(uid: str | None) -> None:
    """Prowler's literal `<finding_uid>` stands in every record."""
    other = [{"uid": "arn:aws:s3:::other-bucket", "type": "AwsS3Bucket"}]
    first, second = found([ocsf(finding_info={"uid": uid}), ocsf(finding_info={"uid": uid}, resources=other)])
    assert first.fingerprint != second.fingerprint
