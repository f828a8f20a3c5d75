"""What each format says becomes what a finding says; what is unclear never becomes less than it was."""

from typing import Any

import pytest

from fixgate.errors import Poison
from fixgate.events import Finding, FindingStatus, Resource, Severity
from fixgate.reports.report import Scan
from fixgate.reports.report import read as read_bytes
from tests.reports.making import (
    ACCOUNT,
    KEY_ID,
    asff,
    data,
    event,
    found,
    guardduty,
    leak,
    ocsf,
    old_leak,
    pascal,
    report,
    result,
    sarif,
)

BUCKET = Resource(kind="aws.s3.bucket", id="arn:aws:s3:::acme-assets", account=ACCOUNT, region="eu-west-1")
LEAKED = "hunter" + "2" * 20


def one(value: object, **hints: Any) -> Finding:
    """The only finding of a report."""
    (finding,) = found(value, **hints)
    return finding


# -- which format ------------------------------------------------------------------------------------------------


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


# -- counts ------------------------------------------------------------------------------------------------------


def test_a_result_of_wrong_types_is_rejected_alone() -> None:
    """With its pointer and the fields, and without what is in them."""
    read = report([asff(), asff(Severity="HI" + "GH", Resources={"a": LEAKED}), asff(Id="3")])
    assert (len(read.findings), read.results) == (2, 3)
    (rejected,) = read.rejected
    assert (rejected.pointer, "/Severity" in rejected.why, "/Resources" in rejected.why) == ("/1", True, True)
    assert LEAKED not in rejected.why


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


# -- gitleaks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [leak, old_leak])
def test_a_leaked_key_of_aws_is_named_by_its_id(make: Any) -> None:
    """The id is an identity and a resource whose user is still to be found."""
    finding = one([make(KEY_ID)])
    assert finding.resource == Resource(kind="aws.iam.access_key", id=KEY_ID)
    assert finding.identity is not None
    assert (finding.identity.kind, finding.identity.id) == ("aws.iam.access_key", KEY_ID)
    assert finding.secret is not None
    assert (finding.secret.kind, finding.problem_key) == ("aws_access_key", f"secret:{finding.secret.hash}")


def test_a_severity_that_is_not_there_is_unknown() -> None:
    """It is not low."""
    assert one([leak(LEAKED)]).severity.normalised is Severity.UNKNOWN


def test_both_versions_of_gitleaks_mark_the_same_secret_alike() -> None:
    """The value of an assignment is the secret, not the assignment."""
    new, old = one([leak(LEAKED)]), one([old_leak(LEAKED)])
    assert new.secret is not None
    assert old.secret is not None
    assert new.secret.hash == old.secret.hash
    assert new.problem_key == old.problem_key


@pytest.mark.parametrize("hidden", ["REDACTED", "", "AKIA...", "*****"])
def test_a_secret_that_the_scanner_hid_has_no_mark(hidden: str) -> None:
    """The hash of a mask would make strangers the same problem."""
    finding = one([leak(hidden, Match="REDACTED")])
    assert finding.secret is None
    assert not finding.problem_key.startswith("secret:")


def test_the_repository_is_the_senders_word_else_the_links() -> None:
    """A link to a line says where the repository is."""
    linked = leak(LEAKED, Link="https://git.test/acme/shop/blob/8c1f0d2/deploy.sh#L2")
    assert one([linked]).repository == "https://git.test/acme/shop"
    assert one([linked], repository="https://git.test/fork").repository == "https://git.test/fork"


# -- the clouds --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [asff(), ocsf(), ocsf(resources=None, resource=ocsf()["resources"][0])])
def test_a_bucket_is_the_same_in_every_format(value: object) -> None:
    """By its ARN, with account and region."""
    finding = one(value)
    assert (finding.resource, finding.account, finding.region) == (BUCKET, ACCOUNT, "eu-west-1")
    assert finding.severity.normalised is Severity.HIGH
    assert finding.problem_key.startswith("resource:aws.s3.bucket:arn:aws:s3:::acme-assets:")


@pytest.mark.parametrize("value", [guardduty(), pascal(guardduty())])
def test_guardduty_names_the_key_in_both_spellings(value: object) -> None:
    """The same finding, word for word."""
    finding = one(value)
    assert finding.problem_key == f"identity:aws.iam.access_key:{KEY_ID}"
    assert (finding.severity.normalised, finding.severity.score) == (Severity.HIGH, 8.0)
    assert (finding.labels["user"], finding.labels["count"]) == ("deploy", "3")
    assert finding.fingerprint == one(guardduty()).fingerprint


def test_a_session_key_is_no_access_key() -> None:
    """Nothing about it can be changed."""
    assert one(guardduty(resource={"accessKeyDetails": {"accessKeyId": "ASIA" + "Z7" * 8}})).resource is None


def test_a_key_in_asff_is_found_in_its_details() -> None:
    """The actor of a finding is not what the finding is about."""
    details = {"AwsIamAccessKey": {"AccessKeyId": KEY_ID, "PrincipalName": "deploy"}}
    about = {"Type": "AwsIamAccessKey", "Id": f"AWS::IAM::AccessKey:{KEY_ID}", "Details": details}
    finding = one(asff(Resources=[about]))
    assert finding.identity is not None
    assert (finding.identity.id, finding.account) == (KEY_ID, ACCOUNT)
    acting = one(asff(Resources=[{**about, "ResourceRole": "Actor"}, *asff()["Resources"]]))
    assert (acting.identity, acting.resource) == (None, BUCKET)


@pytest.mark.parametrize(
    ("severity", "expected"),
    [
        ({"Label": "CRITICAL"}, Severity.CRITICAL),
        ({"Label": "Informational"}, Severity.INFORMATIONAL),
        ({"Label": "SOSO"}, Severity.UNKNOWN),
        ({"Normalized": 40}, Severity.MEDIUM),
        ({"Normalized": 0}, Severity.INFORMATIONAL),
        ({"Normalized": 101}, Severity.UNKNOWN),
        ({}, Severity.UNKNOWN),
        (None, Severity.UNKNOWN),
    ],
)
def test_asff_severity(severity: object, expected: Severity) -> None:
    """The label, else the number; off the scale is unknown."""
    assert one(asff(Severity=severity)).severity.normalised is expected


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


def test_an_affected_package_has_its_url() -> None:
    """Made from name, version and manager where there is none."""
    package = {"Name": "org.acme:shop", "Version": "1.0", "PackageManager": "JAR", "FixedInVersion": "1.1"}
    finding = one(asff(Vulnerabilities=[{"Id": "CVE-2026-0001", "VulnerablePackages": [package]}]))
    assert finding.package is not None
    assert (finding.package.purl, finding.package.fixed_versions) == ("pkg:maven/org.acme/shop@1.0", ("1.1",))
    assert finding.aliases == ("CVE-2026-0001",)
