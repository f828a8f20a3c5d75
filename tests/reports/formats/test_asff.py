"""Security Hub: keys in details, severities, packages."""

from typing import Any, Final

import pytest

from fixgate.events import FindingStatus, Resource, Severity
from tests.reports.making import ACCOUNT, BUCKET, KEY_ID, asff, one, report

_KEY: Final = {
    "Type": "AwsIamAccessKey",
    "Id": f"AWS::IAM::AccessKey:{KEY_ID}",
    "Details": {"AwsIamAccessKey": {"AccessKeyId": KEY_ID, "PrincipalName": "deploy"}},
}
_CVE: Final = {
    "Id": "CVE-2026-0001",
    "VulnerablePackages": [{"Name": "shop", "Version": "1.0", "PackageManager": "PIP", "FixedInVersion": "1.1"}],
}
SAMPLE: Final = {
    "Findings": [
        asff(),
        asff(Id="arn:aws:securityhub:eu-west-1:111122223333:finding/2", Resources=[_KEY], GeneratorId="guardduty"),
        asff(Id="inspector/3", Vulnerabilities=[_CVE], Compliance=None, Severity={"Normalized": 95}),
    ]
}


def test_a_key_in_asff_is_found_in_its_details() -> None:
    """The actor of a finding is not what the finding is about."""
    details = {"AwsIamAccessKey": {"AccessKeyId": KEY_ID, "PrincipalName": "deploy"}}
    about = {"Type": "AwsIamAccessKey", "Id": f"AWS::IAM::AccessKey:{KEY_ID}", "Details": details}
    finding = one(asff(Resources=[about]))
    assert finding.identity is not None
    assert (finding.identity.id, finding.account) == (KEY_ID, ACCOUNT)
    acting = one(asff(Resources=[{**about, "ResourceRole": "Actor"}, *asff()["Resources"]]))
    assert (acting.identity, acting.resource) == (None, BUCKET)


def test_one_page_of_several_is_a_warning() -> None:
    """What is on the others is not in the report."""
    assert report({"Findings": [asff()], "NextToken": "x"}).warnings == ("this is one page of several",)
    assert report({"Findings": [asff()], "NextToken": None}).warnings == ()


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


def test_an_affected_package_has_its_url() -> None:
    """Made from name, version and manager where there is none."""
    package = {"Name": "org.acme:shop", "Version": "1.0", "PackageManager": "JAR", "FixedInVersion": "1.1"}
    finding = one(asff(Vulnerabilities=[{"Id": "CVE-2026-0001", "VulnerablePackages": [package]}]))
    assert finding.package is not None
    assert (finding.package.purl, finding.package.fixed_versions) == ("pkg:maven/org.acme/shop@1.0", ("1.1",))
    assert finding.aliases == ("CVE-2026-0001",)


@pytest.mark.parametrize(
    "changes",
    [
        {"Id": 7},
        {"Severity": "HIGH"},
        {"Compliance": "FAILED"},
        {"Workflow": {"Status": 7}},
        {"WorkflowState": 7},
        {"RecordState": True},
        {"Resources": {"Id": "a"}},
        {"Vulnerabilities": [7]},
    ],
)
def test_what_decides_must_have_its_type(changes: dict[str, Any]) -> None:
    """The finding is rejected, and no other."""
    read = report([asff(**changes), asff(Id="2")])
    assert ([r.pointer for r in read.rejected], len(read.findings)) == (["/0"], 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"Types": "TTPs"},
        {"Title": 7},
        {"Confidence": "high"},
        {"Confidence": 10**400},
        {"Remediation": 7},
        {"Remediation": {"Recommendation": ["a"]}},
        {"FirstObservedAt": 7, "CreatedAt": "2024-05-24 00:26:57.000000000", "UpdatedAt": "noon"},
        {"ProductFields": 7},
        {"Resources": [{"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::acme-assets", "Details": "none"}]},
        {"Sample": "yes"},
    ],
)
def test_what_only_adorns_a_finding_is_dropped(changes: dict[str, Any]) -> None:
    """It costs no finding."""
    assert report([asff(**changes)]).rejected == ()


@pytest.mark.parametrize("place", [{"AwsIamAccessKey": {"AccessKeyId": KEY_ID, "PrincipalName": "deploy"}}, {}])
def test_details_that_stand_a_level_too_high_are_found(place: dict[str, Any]) -> None:
    """As some products send them; the id of the resource may hold the key too."""
    about = {"Type": "AwsIamAccessKey", "Id": f"AWS::IAM::AccessKey:{KEY_ID}" if not place else "x", **place}
    finding = one(asff(Resources=[about]))
    assert finding.identity is not None
    assert (finding.identity.id, finding.labels.get("user")) == (KEY_ID, "deploy" if place else None)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Workflow": None, "WorkflowState": "RESOLVED"}, FindingStatus.RESOLVED),
        ({"Workflow": None, "WorkflowState": "DEFERRED"}, FindingStatus.OPEN),
        ({"Workflow": {"Status": "NEW"}, "WorkflowState": "RESOLVED"}, FindingStatus.OPEN),
        ({"RecordState": "ARCHIVED"}, FindingStatus.RESOLVED),
        ({"RecordState": None}, FindingStatus.UNKNOWN),
    ],
)
def test_status(changes: dict[str, Any], status: FindingStatus) -> None:
    """The old word counts where there is no new one; put off is not put away."""
    assert one(asff(**changes)).status is status


def test_several_resources_are_one_finding_about_the_most_telling() -> None:
    """All are named in a label; in another order it is the same finding."""
    others = [{"Type": "AwsEc2Instance", "Id": "arn:aws:ec2:eu-west-1:111122223333:instance/i-1"}, *asff()["Resources"]]
    finding, turned = one(asff(Resources=others)), one(asff(Resources=others[::-1]))
    assert finding.resource == BUCKET
    assert set(finding.labels["resources"].split()) == {other["Id"] for other in others}
    assert finding.fingerprint == turned.fingerprint


@pytest.mark.parametrize(
    ("identifier", "partition", "expected"),
    [
        ("shop-1", None, None),
        ("i-00ff", "a partition", None),
        ("i-00ff", None, "arn:aws:ec2:eu-west-1:111122223333:instance/i-00ff"),
        ("i-00ff", "aws-cn", "arn:aws-cn:ec2:eu-west-1:111122223333:instance/i-00ff"),
    ],
)
def test_an_instance_has_one_name(identifier: str, partition: str | None, expected: str | None) -> None:
    """Products of others give its own id in place of the ARN."""
    resource = one(asff(Resources=[{"Type": "AwsEc2Instance", "Id": identifier, "Partition": partition}])).resource
    assert (resource.id if resource else None) == expected


def test_a_container_is_about_its_image() -> None:
    """As Trivy's template writes it."""
    details = {"Container": {"ImageName": "registry.test/shop:1.2"}}
    finding = one(asff(Resources=[{"Type": "Container", "Id": "shop", "Details": details}]))
    assert finding.resource == Resource(kind="container.image", id="registry.test/shop:1.2")


def test_a_control_may_be_named_by_the_product_alone() -> None:
    """Before controls were consolidated it stood in a field of the product."""
    finding = one(asff(Compliance={"Status": "FAILED"}, ProductFields={"ControlId": "S3.8"}, Sample=True))
    assert finding.problem_key.endswith(":S3.8")
    assert finding.labels["sample"] == "true"


def test_a_file_of_a_package_is_a_place() -> None:
    """Inspector says where it found it."""
    package = {"Name": "shop", "Version": "1.0", "PackageManager": "JAR", "FilePath": "/opt/shop/lib/shop.jar"}
    finding = one(asff(Vulnerabilities=[{"Id": "CVE-2026-0001", "VulnerablePackages": [package]}]))
    assert [place.path for place in finding.locations] == ["/opt/shop/lib/shop.jar"]
