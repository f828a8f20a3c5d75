"""Security Hub: keys in details, severities, packages."""

from typing import Final

import pytest

from fixgate.events import Severity
from tests.reports.making import ACCOUNT, BUCKET, KEY_ID, asff, one

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
