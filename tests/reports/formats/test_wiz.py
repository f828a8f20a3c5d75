"""Wiz: its API's three kinds of results, its webhooks, and rows of its report."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from fixgate.errors import Poison
from fixgate.events import FindingStatus, Severity
from fixgate.reports.report import Scan
from fixgate.reports.report import read as read_bytes
from tests.reports.making import ACCOUNT, KEY_ID, data, one, report

BUCKET: Final = "arn:aws:s3:::acme-assets"


def issue(number: int = 1, /, **changes: Any) -> dict[str, Any]:
    """An issue of the API."""
    made: dict[str, Any] = {
        "id": f"fff9cffd-64a7-412c-9535-00000000000{number}",
        "type": "TOXIC_COMBINATION",
        "createdAt": "2026-01-02T03:04:05.903743Z",
        "updatedAt": "2026-01-03T03:04:05Z",
        "status": "OPEN",
        "severity": "HIGH",
        "entitySnapshot": {
            "id": "e507d472",
            "type": "BUCKET",
            "nativeType": "bucket",
            "name": "acme-assets",
            "cloudPlatform": "AWS",
            "providerId": BUCKET,
            "externalId": "acme-assets",
            "region": "eu-west-1",
            "subscriptionExternalId": ACCOUNT,
        },
        "sourceRule": {"id": "wc-id-1335", "name": "Bucket is public", "controlDescription": "Everybody can read it."},
    }
    return {**made, **changes}


def configuration(**changes: Any) -> dict[str, Any]:
    """A check of a cloud's configuration."""
    made: dict[str, Any] = {
        "id": "bdeba988",
        "name": "Pod runs as root",
        "severity": "LOW",
        "result": "FAIL",
        "status": "OPEN",
        "resource": {
            "id": "0e814bb7",
            "providerId": "k8s/pod/c/shop/web-0",
            "name": "web-0",
            "type": "POD",
            "region": None,
            "subscription": {"externalId": "cfd132be", "cloudProvider": "Azure"},
        },
        "rule": {"id": "73553de7", "shortId": "Pod-32", "name": "Pod should not run as root"},
    }
    return {**made, **changes}


def vulnerability(**changes: Any) -> dict[str, Any]:
    """A vulnerability of a package on a machine."""
    made: dict[str, Any] = {
        "id": "5e95ff50",
        "name": "CVE-2020-3333",
        "CVSSSeverity": "MEDIUM",
        "vendorSeverity": "CRITICAL",
        "score": 5.5,
        "status": "OPEN",
        "detailedName": "libtiff",
        "version": "4.0.3",
        "fixedVersion": "4.0.4",
        "portalUrl": "https://app.wiz.test/x",
        "vulnerableAsset": {
            "type": "VIRTUAL_MACHINE",
            "name": "web",
            "providerUniqueId": f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/i-0a0f",
            "subscriptionExternalId": ACCOUNT,
        },
    }
    return {**made, **changes}


def webhook(**changes: Any) -> dict[str, Any]:
    """What an automation rule posts, by Wiz's own template."""
    made: dict[str, Any] = {
        "trigger": {"source": "ISSUE", "type": "Created", "ruleId": "r1"},
        "issue": {"id": issue()["id"], "status": "OPEN", "severity": "HIGH", "created": "2026-01-02T03:04:05Z"},
        "resource": {"id": BUCKET, "name": "acme-assets", "type": "bucket", "subscriptionId": ACCOUNT},
        "control": {"id": "wc-id-1335", "name": "Bucket is public", "description": "Read it.", "severity": "LOW"},
    }
    return {**made, **changes}


def row(**changes: Any) -> dict[str, Any]:
    """A row of the report of issues, as a table's reader gives it."""
    made = {
        "Issue ID": issue()["id"],
        "Title": "Bucket is public",
        "Severity": "HIGH",
        "Status": "OPEN",
        "Resource Type": "Bucket",
        "Resource external ID": "acme-assets",
        "Resource Name": "acme-assets",
        "Resource Platform": "AWS",
        "Resource Region": "eu-west-1",
        "Subscription ID": ACCOUNT,
        "Control ID": "wc-id-1335",
    }
    return {**made, **changes}


def answer(*nodes: object, name: str = "issuesV2", **more: object) -> dict[str, Any]:
    """What the API answers."""
    return {"data": {name: {"nodes": list(nodes), **more}}}


SAMPLE: Final = [
    issue(),
    issue(2, entitySnapshot={"type": "ACCESS_KEY", "cloudPlatform": "AWS", "externalId": KEY_ID}),
    configuration(),
    configuration(id="ok", result="PASS"),
    vulnerability(),
    issue(3, status="REJECTED"),
    {"data": {"issuesV2": {"nodes": [issue(4)]}}},
]


@pytest.mark.parametrize(
    "other",
    [
        {"data": {"issues": {"nodes": []}}},
        {"data": {"repository": {"issues": {"nodes": [{"id": "1", "title": "x"}]}}}},
        [{"id": "1", "severity": "HIGH", "name": "x"}],
        {"issue": {"id": 1}, "action": "opened", "repository": {}},
    ],
)
def test_other_things_with_issues_are_not_wizs(other: object) -> None:
    """GitHub's and others' answers look alike."""
    with pytest.raises(Poison, match=r"no format that is known|which is not read"):
        report(other)


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        (issue(id=7), "/id"),
        (issue(status=["OPEN"]), "/status"),
        (issue(entitySnapshot="x"), "/entity"),
        (configuration(rule="x"), "/rule"),
        (vulnerability(score="high"), "/score"),
        (row(Severity=7), "/Severity"),
    ],
)
def test_a_field_of_another_type_rejects_that_result_alone(broken: Mapping[str, Any], named: str) -> None:
    """The others become findings."""
    read = report([broken, issue(2)])
    assert len(read.findings) == 1
    assert named in read.rejected[0].why


@pytest.mark.parametrize(
    ("value", "findings"),
    [
        (issue(), 1),
        ([issue(), issue(2)], 2),
        (answer(issue(), issue(2)), 2),
        (answer(issue(), name="issues"), 1),
        ([answer(issue()), answer(issue(2))], 2),
        (answer(configuration(), name="configurationFindings"), 1),
        ({"data": {"vulnerabilityFindings": {"edges": [{"node": vulnerability()}]}}}, 1),
        ({"nodes": [vulnerability()]}, 1),
        (webhook(), 1),
        ([row()], 1),
        (answer(), 0),
    ],
)
def test_results_come_in_answers_webhooks_and_rows(value: object, findings: int) -> None:
    """Each is counted once."""
    read = report(value)
    assert (read.format, len(read.findings), read.results) == ("wiz", findings, findings)


def test_results_come_one_a_line() -> None:
    """Of any kind."""
    read = read_bytes(data(issue()) + b"\n" + data(webhook()) + b"\n" + data(vulnerability()))
    assert (read.format, len(read.findings)) == ("wiz", 3)


def test_a_name_of_another_kind_of_result_is_none() -> None:
    """The id of the thing in a row is not an issue's, nor is the severity of a vulnerability."""
    read = report([issue(), {"Resource vertex ID": "0e814bb7", "Title": "Bucket is public", "Severity": "HIGH"}])
    assert (len(read.findings), [bad.pointer for bad in read.rejected]) == (1, ["/1"])
    assert one([issue(severity=None, vendorSeverity="LOW", CVSSSeverity="LOW")]).severity.reported is None
    told = {name: value for name, value in issue(vendorSeverity="LOW").items() if name != "severity"}
    assert one([told]).severity.normalised is Severity.UNKNOWN
    assert "type" not in one([{**told, "type": None, "nativeType": "bucket"}]).labels


def test_an_issue_has_one_name_however_it_comes() -> None:
    """And what it says has no part in it."""
    names = {report(value).findings[0].fingerprint for value in (issue(), webhook(), [row()], issue(severity="LOW"))}
    assert len(names) == 1
    assert report(issue(2)).findings[0].fingerprint not in names


@pytest.mark.parametrize("value", [issue(), webhook(), row()])
def test_a_bucket_has_its_one_name(value: object) -> None:
    """In the API, a webhook and a row."""
    finding = one([value])
    assert finding.resource is not None
    assert (finding.resource.kind, finding.resource.id) == ("aws.s3.bucket", BUCKET)
    assert (finding.account, finding.rule_id) == (ACCOUNT, "wc-id-1335")


def test_other_things_are_named_by_their_cloud() -> None:
    """By the id that it gives them; an access key as everywhere."""
    pod = one(configuration()).resource
    assert pod is not None
    assert (pod.kind, pod.id) == ("azure.pod", "k8s/pod/c/shop/web-0")
    key = one(issue(entitySnapshot={"type": "ACCESS_KEY", "externalId": KEY_ID})).resource
    assert key is not None
    assert key.kind == "aws.iam.access_key"
    assert one(issue(entitySnapshot=None)).resource is None


@pytest.mark.parametrize(
    ("value", "severity", "reported"),
    [
        (issue(severity="INFORMATIONAL"), Severity.INFORMATIONAL, "INFORMATIONAL"),
        (issue(severity=None), Severity.UNKNOWN, None),
        (issue(severity="URGENT"), Severity.UNKNOWN, "URGENT"),
        (vulnerability(), Severity.CRITICAL, "CRITICAL"),
        (vulnerability(vendorSeverity="NONE", severity="NONE"), Severity.UNKNOWN, None),
    ],
)
def test_the_severity_is_wizs_word(value: object, severity: Severity, reported: str | None) -> None:
    """The vendor's before that of CVSS; none is unknown."""
    rating = one(value).severity
    assert (rating.normalised, rating.reported) == (severity, reported)


@pytest.mark.parametrize(
    ("value", "counted"),
    [
        (issue(status="REJECTED"), (0, 1)),
        (configuration(result="PASS"), (1, 0)),
        (configuration(status="REJECTED"), (0, 1)),
        (vulnerability(status="REJECTED"), (0, 1)),
    ],
)
def test_what_passed_or_was_rejected_is_counted_apart(value: object, counted: tuple[int, int]) -> None:
    """It is no finding."""
    read = report(value)
    assert ((read.passed, read.suppressed), len(read.findings)) == (counted, 0)


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (issue(status="IN_PROGRESS"), FindingStatus.OPEN),
        (issue(status="RESOLVED"), FindingStatus.RESOLVED),
        (issue(status="ODD"), FindingStatus.UNKNOWN),
        (configuration(result="ERROR"), FindingStatus.UNKNOWN),
        (configuration(result=None), FindingStatus.UNKNOWN),
    ],
)
def test_what_became_of_a_result(value: object, status: FindingStatus) -> None:
    """A check that could not look is unknown, which is treated as open."""
    assert one(value).status is status


def test_a_vulnerability_has_its_package() -> None:
    """With what mends it, and the machine."""
    finding = one(vulnerability())
    assert finding.package is not None
    assert (finding.package.purl, finding.package.fixed_versions) == ("pkg:generic/libtiff@4.0.3", ("4.0.4",))
    assert (finding.aliases, finding.severity.score) == (("CVE-2020-3333",), 5.5)
    assert finding.resource is not None
    assert finding.resource.kind == "aws.ec2.instance"


def test_an_answer_with_errors_is_failed_and_a_page_is_not_all() -> None:
    """No findings in it means nothing."""
    assert report(answer() | {"errors": [{"message": "x"}]}).scan is Scan.FAILED
    assert report([answer(), answer() | {"errors": [{"message": "x"}]}]).scan is Scan.FAILED
    read = report([answer(), {"data": None, "errors": [{"message": "x"}]}])
    assert (read.scan, read.results) == (Scan.FAILED, 0)
    for page in (answer(issue(), pageInfo={"hasNextPage": True}, totalCount=9), {"nodes": [issue()], "totalCount": 2}):
        assert ["further pages" in w or "than it lists" in w for w in report(page).warnings] == [True]
    assert report(answer(issue(), pageInfo={"hasNextPage": False}, totalCount=1)).warnings == ()


@pytest.mark.parametrize("name", ["data", "nodes", "edges", "node", "issues", "issuesV2", "vulnerabilityFindings"])
@pytest.mark.parametrize("held", [[], {}, [issue(3)], {"nodes": [issue(3)]}, None, 7])
def test_a_result_with_a_name_of_an_answer_is_a_result(name: str, held: object) -> None:
    """With what makes it one it is a finding; without, it is rejected, and not lost."""
    read = report([issue(), issue(2, **{name: held}), {"id": 7, "severity": "HIGH", name: held}])
    assert (len(read.findings), [bad.pointer for bad in read.rejected]) == (2, ["/2"])


@pytest.mark.parametrize("held", [None, 7, "x", {}, {"0": issue(2)}])
@pytest.mark.parametrize("name", ["nodes", "edges", "node", "data"])
def test_what_should_hold_results_and_does_not_is_rejected(name: str, held: object) -> None:
    """It does not look like an answer without any."""
    read = report([issue(), {name: held}])
    assert (len(read.findings), [bad.pointer for bad in read.rejected]) == (1, [f"/1/{name}"])


@pytest.mark.parametrize("levels", range(9))
def test_results_within_others_answers_are_found_or_rejected(levels: int) -> None:
    """What stands too deep is not walked, and not lost."""
    value: Any = {"nodes": [issue(2)]}
    for _ in range(levels):
        value = {"node": value}
    read = report([issue(), value])
    assert (read.results, len(read.findings) + len(read.rejected)) == (2, 2)
    assert bool(read.rejected) == (levels > 3)


@pytest.mark.parametrize("other", [[issue(2)], {"nodes": [issue(2)]}, {"edges": [{"node": issue(2)}]}])
def test_a_list_that_is_not_read_is_told(other: object) -> None:
    """Beside those that are, wherever they stand; not what says how they go on."""
    for value in (
        {"data": {"issuesV2": {"nodes": [issue()]}, "cloudResources": other}},
        {"data": {"issuesV2": {"nodes": [issue()], "others": other}}},
        {"data": {"issuesV2": {"nodes": [issue()]}}, "others": other},
    ):
        read = report(value)
        assert (len(read.findings), ["not read" in warning for warning in read.warnings]) == (1, [True])
