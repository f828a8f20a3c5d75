"""Amazon Inspector: packages, code and networks of what runs in an account."""

from typing import Any, Final

import pytest

from fixgate.events import FindingStatus, Resource, Severity
from tests.reports.making import ACCOUNT, event, one, report

Fields = dict[str, Any]
ARN: Final = f"arn:aws:inspector2:eu-west-1:{ACCOUNT}:finding/"
IMAGE: Final = f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/shop/sha256:00"


def vulnerable(**changes: Any) -> Fields:
    """A package of a system."""
    made: Fields = {
        "name": "openssl",
        "version": "3.0.2",
        "release": "0",
        "epoch": 1,
        "packageManager": "OS",
        "fixedInVersion": "1:3.0.2-1",
    }
    return {**made, **changes}


def image(**changes: Any) -> Fields:
    """An image in a registry."""
    details = {"awsEcrContainerImage": {"platform": "DEBIAN_12", "repositoryName": "shop"}}
    return {"type": "AWS_ECR_CONTAINER_IMAGE", "id": IMAGE, "region": "eu-west-1", "details": details, **changes}


def finding(number: int = 1, **changes: Any) -> Fields:
    """A finding about a package."""
    made: Fields = {
        "findingArn": f"{ARN}{number}",
        "awsAccountId": ACCOUNT,
        "type": "PACKAGE_VULNERABILITY",
        "status": "ACTIVE",
        "severity": "HIGH",
        "inspectorScore": 7.5,
        "title": "CVE-2026-0001 - openssl",
        "description": "Something is wrong.",
        "fixAvailable": "YES",
        "firstObservedAt": "2026-01-02T03:04:05.045000+01:00",
        "lastObservedAt": 1767323045.045,
        "resources": [image()],
        "packageVulnerabilityDetails": {
            "vulnerabilityId": "CVE-2026-0001",
            "relatedVulnerabilities": [],
            "sourceUrl": "https://tracker.test/CVE-2026-0001",
            "vulnerablePackages": [vulnerable()],
        },
    }
    return {**made, **changes}


def code(number: int = 2, **changes: Any) -> Fields:
    """A finding about code."""
    file = {"fileName": "main.py", "filePath": "app/main.py", "startLine": 3, "endLine": 4}
    details = {"ruleId": "python-sqli", "detectorId": "python/sqli@v1.0", "cwes": ["CWE-89"], "filePath": file}
    about = [
        {
            "type": "AWS_LAMBDA_FUNCTION",
            "id": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:shop",
            "region": "eu-west-1",
        }
    ]
    changed = {"type": "CODE_VULNERABILITY", "packageVulnerabilityDetails": None, "codeVulnerabilityDetails": details}
    return finding(number, **{**changed, "resources": about, **changes})


def network(number: int = 3, **changes: Any) -> Fields:
    """A finding about a network."""
    details = {"openPortRange": {"begin": 22, "end": 22}, "protocol": "TCP"}
    about = [{"type": "AWS_EC2_INSTANCE", "id": "i-0f0f0f0f", "region": "eu-west-1", "partition": "aws"}]
    changed = {
        "type": "NETWORK_REACHABILITY",
        "packageVulnerabilityDetails": None,
        "networkReachabilityDetails": details,
    }
    return finding(number, **{**changed, "resources": about, **changes})


SAMPLE: Final[Fields] = {"findings": [finding(), code(), network()]}


@pytest.mark.parametrize("bad", [finding(findingArn=""), finding(severity=7), finding(resources={}), {}, None, 7])
def test_a_finding_that_is_none_is_rejected_alone(bad: object) -> None:
    """With its pointer; its neighbours are findings."""
    read = report({"findings": [finding(), bad]})
    assert (len(read.findings), [r.pointer for r in read.rejected]) == (1, ["/findings/1"])


@pytest.mark.parametrize(
    ("value", "results"),
    [
        (SAMPLE, 3),
        ([finding(), code()], 2),
        (finding(), 1),
        (event("aws.inspector2", "Inspector2 Finding", finding()), 1),
        ([event("aws.inspector2", "Inspector2 Finding", finding(n)) for n in (1, 2)], 2),
    ],
)
def test_containers(value: object, results: int) -> None:
    """A list, an array, one, EventBridge's envelope."""
    assert (report(value).format, report(value).results) == ("inspector2", results)


def test_a_page_of_several_is_a_warning() -> None:
    """The others have more."""
    assert len(report({**SAMPLE, "nextToken": "x"}).warnings) == 1
    assert report({**SAMPLE, "nextToken": None}).warnings == ()


def test_what_is_suppressed_is_counted_apart() -> None:
    """By a rule of the account."""
    assert report({"findings": [finding(), finding(2, status="SUPPRESSED")]}).suppressed == 1


@pytest.mark.parametrize(
    ("status", "expected"),
    [("ACTIVE", FindingStatus.OPEN), ("CLOSED", FindingStatus.RESOLVED), (None, FindingStatus.UNKNOWN)],
)
def test_status(status: str | None, expected: FindingStatus) -> None:
    """What is closed is resolved; what is not said is not."""
    assert one(finding(status=status)).status is expected


def test_a_time_that_is_none_costs_no_finding() -> None:
    """It decides nothing."""
    assert one(finding(firstObservedAt={"year": 2026}, lastObservedAt="soon")).first_seen_at is None


@pytest.mark.parametrize(
    ("word", "number", "expected"),
    [
        ("CRITICAL", 5.0, Severity.CRITICAL),
        ("UNTRIAGED", 9.8, Severity.UNKNOWN),
        (None, 9.8, Severity.CRITICAL),
        (None, 98, Severity.UNKNOWN),
        (None, None, Severity.UNKNOWN),
    ],
)
def test_severity(word: str | None, number: float | None, expected: Severity) -> None:
    """The word, with the score beside it; the score where there is no word."""
    rated = one(finding(severity=word, inspectorScore=number)).severity
    assert (rated.normalised, rated.score) == (expected, number if number is None or number <= 10 else None)


def test_a_finding_that_comes_again_is_the_same() -> None:
    """By its ARN, whatever else has changed."""
    again = finding(title="Another", severity="LOW", resources=[], lastObservedAt="2026-02-02T00:00:00Z")
    assert one(again).fingerprint == one(finding()).fingerprint
    assert one(finding(2)).fingerprint != one(finding()).fingerprint


def test_a_package_of_a_system_has_distribution_epoch_and_release() -> None:
    """What has no fix has no fixed version."""
    made = one(finding()).package
    assert made is not None
    assert (made.purl, made.fixed_versions) == ("pkg:deb/debian/openssl@1:3.0.2-0", ("1:3.0.2-1",))
    own = [
        vulnerable(
            name="org.acme:shop",
            packageManager="JAR",
            version="1.0",
            release=None,
            epoch=0,
            fixedInVersion="NotAvailable",
        )
    ]
    other = one(
        finding(packageVulnerabilityDetails={"vulnerabilityId": "CVE-2026-0002", "vulnerablePackages": own})
    ).package
    assert other is not None
    assert (other.purl, other.fixed_versions) == ("pkg:maven/org.acme/shop@1.0", ())


def test_resources_are_known_by_their_arn() -> None:
    """An instance by the one that it has."""
    assert one(finding()).resource == Resource(kind="aws.ecr.repository", id=IMAGE, account=ACCOUNT, region="eu-west-1")
    instance = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-0f0f0f0f"
    assert one(network()).resource == Resource(
        kind="aws.ec2.instance", id=instance, account=ACCOUNT, region="eu-west-1"
    )
    assert one(network()).rule_id == "NETWORK_REACHABILITY TCP 22-22"


def test_code_has_a_rule_and_a_place() -> None:
    """Its weaknesses are aliases."""
    found = one(code())
    assert (found.rule_id, found.aliases, found.locations[0].path) == ("python-sqli", ("CWE-89",), "app/main.py")
    assert (found.locations[0].start_line, found.locations[0].end_line) == (3, 4)
