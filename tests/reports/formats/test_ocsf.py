"""OCSF: severities and states by their ids, what is no finding, what tells results apart."""

from typing import Any, Final

import pytest

from fixgate.events import FindingStatus
from tests.reports.making import KEY_ID, event, found, ocsf, one, report

ADA: Final = "arn:aws:iam::111122223333:user/ada"
NONE: Final[dict[str, Any]] = {}
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


def test_a_class_that_is_none_is_rejected_without_its_number() -> None:
    """It is a value of the report like any other."""
    (bad,) = report([ocsf(), ocsf(class_uid=6003)]).rejected
    assert (bad.pointer, bad.why) == ("/1", "its class is not one of findings (2001 to 2008)")


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


@pytest.mark.parametrize(
    "changes",
    [
        {"class_uid": "2004"},
        {"status_id": "3"},
        {"compliance": []},
        {"resources": [7]},
        {"vulnerabilities": [{"affected_packages": NONE}]},
        {"finding_info": {"uid": 7}},
        {"finding_info_list": NONE},
    ],
)
def test_what_decides_must_have_its_type(changes: dict[str, Any]) -> None:
    """The record is rejected, and no other."""
    read = report([ocsf(**changes), ocsf()])
    assert ([r.pointer for r in read.rejected], len(read.findings)) == (["/0"], 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"message": 7},
        {"confidence": 80},
        {"status_detail": ["a"]},
        {"remediation": {"references": 7}},
        {
            "finding_info": {
                "uid": "a",
                "types": 7,
                "desc": NONE,
                "src_url": 1,
                "created_time": "noon",
                "modified_time": [],
            }
        },
        {"cloud": {"provider": 7}},
        {"time": "2026-01-02T03:04:05Z"},
        {"unmapped": 7, "evidences": "x", "malware": 1, "observables": NONE},
    ],
)
def test_what_only_adorns_a_record_is_dropped(changes: dict[str, Any]) -> None:
    """It costs no finding."""
    assert report([ocsf(**changes)]).rejected == ()


def test_a_finding_of_1_0_has_its_state_and_its_packages() -> None:
    """Class 2001 said `state` and `finding`, and packages stood right below the vulnerability."""
    old = ocsf(class_uid=2001, finding_info=None, finding={"uid": "f1", "title": "Old"}, status=None, status_id=None)
    assert report([{**old, "state": "Suppressed", "state_id": 3}]).suppressed == 1
    assert one({**old, "state": "Resolved", "state_id": 4}).status is FindingStatus.RESOLVED
    found_in = {"cve": {"uid": "CVE-2026-0001"}, "packages": [{"name": "curl", "version": "8.0"}]}
    finding = one({**old, "vulnerabilities": [found_in]})
    assert finding.package is not None
    assert (finding.title, finding.package.purl) == ("Old", "pkg:generic/curl@8.0")


def test_an_incident_is_known_by_the_first_of_its_findings() -> None:
    """Others join it later."""
    infos = [{"uid": "f1", "title": "First"}, {"uid": "f2", "title": "Second"}]
    incident = ocsf(class_uid=2005, finding_info=None, status_code=None, verdict="False Positive")
    first, later = (one({**incident, "finding_info_list": listed}) for listed in (infos[:1], infos))
    assert (first.title, first.labels["verdict"]) == ("First", "False Positive")
    assert first.fingerprint == later.fingerprint


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"class_uid": 2006, "databucket": {"name": "acme-assets", "type": "S3"}}, "arn:aws:s3:::acme-assets"),
        ({"class_uid": 2008, "user": {"uid": ADA}}, ADA),
        ({"class_uid": 2008, "user": {"name": "ada", "credential_uid": KEY_ID}}, KEY_ID),
        ({"resources": [{"uid": "x", "uid_alt": "arn:aws:s3:::acme-assets"}]}, "arn:aws:s3:::acme-assets"),
        ({"resources": [{"uid": KEY_ID, "role_id": 2}, {"uid": "arn:aws:s3:::b-1", "role_id": 1}]}, "arn:aws:s3:::b-1"),
        ({"resources": [{"uid": KEY_ID, "role": "Actor"}]}, None),
        ({"resources": [{"uid": "/Subscriptions/S1/providers/P/vms/a"}]}, "/subscriptions/s1/providers/p/vms/a"),
        ({"resources": [{"uid": "projects/p1/keys/a"}]}, None),
    ],
)  # fmt: skip
def test_each_class_has_its_place_for_what_it_is_about(changes: dict[str, Any], expected: str | None) -> None:
    """Data, people, resources; who did something is not what the finding is about."""
    finding = one(ocsf(**{"resources": [], **changes}))
    assert (finding.resource.id if finding.resource else None) == expected


def test_a_vulnerability_names_code_weaknesses_and_advice() -> None:
    """Of applications (2007) and everything else."""
    code = {"file": {"path": "/home/runner/work/shop/shop/src/a.py"}, "start_line": 3, "end_line": 4}
    weak = {"cve": {"uid": "CVE-2026-0001"}, "related_cwes": [{"uid": "CWE-79"}], "advisory": {"uid": "GHSA-x"}}
    vulnerability = {**weak, "affected_code": [code, {}], "references": ["https://a.test", 7]}
    finding = one(ocsf(class_uid=2007, vulnerabilities=[vulnerability], remediation={"references": ["https://b.test"]}))
    assert [(place.path, place.start_line, place.end_line) for place in finding.locations] == [("src/a.py", 3, 4)]
    assert finding.aliases == ("CVE-2026-0001", "GHSA-x", "CWE-79")
    assert finding.links == ("https://a.test", "https://b.test")


@pytest.mark.parametrize(
    "value",
    [
        {"Findings": [ocsf()], "NextToken": "x"},
        event("aws.securityhub", "Findings Imported V2", {"findings": [ocsf()]}),
    ],
)
def test_security_hub_has_records_below_findings(value: object) -> None:
    """In answers of its API and in events."""
    assert (report(value).format, len(report(value).findings)) == ("ocsf", 1)
