"""Prowler's own JSON of versions 2 and 3: what failed, what passed, and what it is about in the cloud."""

from typing import Any, Final

import pytest

from fixgate.errors import Poison
from fixgate.events import FindingStatus, Resource, Severity
from fixgate.reports.report import Scan
from fixgate.reports.report import read as read_bytes
from tests.reports.making import ACCOUNT, KEY_ID, data, found, ocsf, one, report

BUCKET: Final = Resource(kind="aws.s3.bucket", id="arn:aws:s3:::acme-assets", account=ACCOUNT, region="eu-west-1")


def new(check: str = "s3_bucket_public_access", bucket: str = "acme-assets", /, **changes: Any) -> dict[str, Any]:
    """A result of version 3."""
    made: dict[str, Any] = {
        "AssessmentStartTime": "2026-01-02T03:04:05.678901",
        "FindingUniqueId": "<finding_uid>",
        "Provider": "aws",
        "CheckID": check,
        "CheckTitle": "Ensure there are no S3 buckets open to everybody",
        "CheckType": ["Data Protection"],
        "ServiceName": "s3",
        "Status": "FAIL",
        "StatusExtended": f"S3 bucket {bucket} is open to everybody.",
        "Severity": "high",
        "ResourceType": "AwsS3Bucket",
        "Risk": "Everybody can read it.",
        "RelatedUrl": "",
        "Remediation": {"Recommendation": {"Text": "Close it.", "Url": "https://docs.test/s3"}},
        "Compliance": {"SOC2": ["cc_6_7"]},
        "AccountId": ACCOUNT,
        "Region": "eu-west-1",
        "ResourceId": bucket,
        "ResourceArn": f"arn:aws:s3:::{bucket}",
        "ResourceTags": {},
    }
    return {**made, **changes}


def old(control: str = "[extra73] Ensure there are no public buckets", /, **changes: Any) -> dict[str, Any]:
    """A result of version 2, whose names have blanks in them."""
    made: dict[str, Any] = {
        "Profile": "default",
        "Account Number": ACCOUNT,
        "Control": control,
        "Message": "eu-west-1: acme-assets bucket is open to 2 groups",
        "Severity": "Critical",
        "Status": "FAIL",
        "Scored": "",
        "Level": "",
        "Control ID": "7.3",
        "Region": "eu-west-1",
        "Timestamp": "2026-01-02T03:04:05Z",
        "Compliance": "",
        "Service": "s3",
        "CAF Epic": "Data Protection",
        "Risk": "Everybody can read it.",
        "Remediation": "Close it.",
        "Doc link": "https://docs.test/s3",
        "Resource ID": "acme-assets",
    }
    return {**made, **changes}


SAMPLE: Final = [
    new(),
    new("s3_bucket_no_mfa_delete", Severity="medium"),
    new("s3_bucket_public_access", "acme-logs"),
    new("iam_root_mfa_enabled", Status="PASS"),
]


@pytest.mark.parametrize(
    "changes", [{"CheckID": 7}, {"CheckID": ""}, {"Status": None}, {"Severity": 3}, {"AccountId": 1}]
)
def test_a_result_of_wrong_types_is_rejected_alone(changes: Any) -> None:
    """Its neighbours are findings."""
    read = report([new(), new(**changes), new("another")])
    assert (len(read.findings), [r.pointer for r in read.rejected]) == (2, ["/1"])


def test_its_ocsf_is_another_format() -> None:
    """And what only has a status is none."""
    assert report([ocsf()]).format == "ocsf"
    for other in ([ocsf()], [{"Status": "FAIL", "CheckID": "x"}]):
        with pytest.raises(Poison, match="it is not"):
            report(other, format="prowler")


@pytest.mark.parametrize("make", [new, old])
def test_each_version_comes_as_an_array_or_as_lines(make: Any) -> None:
    """With the same findings."""
    pair = [make(), make(Region="us-east-1")]
    lines = read_bytes(b"\n".join(data(value) for value in pair))
    assert (lines.format, lines.findings[0].fingerprint) == ("prowler", report(pair).findings[0].fingerprint)
    assert (len(lines.findings), len(report(pair).findings)) == (2, 2)


@pytest.mark.parametrize("make", [new, old])
@pytest.mark.parametrize(
    ("status", "passed", "suppressed", "decided"),
    [
        ("PASS", 1, 0, []),
        ("Pass", 1, 0, []),
        ("WARNING", 0, 1, []),
        ("MUTED", 0, 1, []),
        ("FAIL", 0, 0, [FindingStatus.OPEN]),
        ("Info", 0, 0, [FindingStatus.UNKNOWN]),
        ("MANUAL", 0, 0, [FindingStatus.UNKNOWN]),
        ("something new", 0, 0, [FindingStatus.UNKNOWN]),
    ],
)
def test_each_status_is_counted_as_what_it_is(
    make: Any, status: str, passed: int, suppressed: int, decided: list[FindingStatus]
) -> None:
    """What is not decided is for a person to look at."""
    read = report([make(Status=status)])
    assert (read.passed, read.suppressed) == (passed, suppressed)
    assert [told.draft.status for told in read.findings] == decided
    assert read.scan is (Scan.FINDINGS if decided else Scan.CLEAN)


@pytest.mark.parametrize("make", [new, old])
@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("critical", Severity.CRITICAL),
        ("High", Severity.HIGH),
        ("medium", Severity.MEDIUM),
        ("LOW", Severity.LOW),
        ("informational", Severity.INFORMATIONAL),
        ("", Severity.UNKNOWN),
        (None, Severity.UNKNOWN),
    ],
)
def test_the_severity_is_its_word(make: Any, word: str | None, severity: Severity) -> None:
    """In any case."""
    assert one([make(Severity=word)]).severity.normalised is severity


@pytest.mark.parametrize(
    "finding",
    [new(), new(ResourceArn=""), new(ResourceArn=None), old(), old(**{"Resource ID": "arn:aws:s3:::acme-assets"})],
)
def test_a_bucket_has_the_name_that_it_has_in_every_format(finding: Any) -> None:
    """By its ARN, or by its own name."""
    made = one([finding])
    assert (made.resource, made.account, made.region) == (BUCKET, ACCOUNT, "eu-west-1")


def test_a_user_is_an_identity_and_so_is_a_key() -> None:
    """By the ARN; of a key the id suffices."""
    arn = f"arn:aws:iam::{ACCOUNT}:user/deploy"
    user = one([new("iam_user_accesskey_unused", ResourceArn=arn, ResourceId="deploy", ResourceType="AwsIamUser")])
    assert user.identity is not None
    assert (user.identity.kind, user.identity.id) == ("aws.iam.user", arn)
    key = one([new("iam_rotate_access_key_90_days", ResourceArn=arn, ResourceId=KEY_ID)])
    assert key.resource == Resource(kind="aws.iam.access_key", id=KEY_ID, account=ACCOUNT)
    assert one([old(Service="iam", **{"Resource ID": KEY_ID})]).resource == key.resource


@pytest.mark.parametrize(
    ("changes", "account", "region"),
    [
        ({"Subscription": "acme-azure"}, "acme-azure", "eu-west-1"),
        ({"ProjectId": "acme-gcp", "Region": None, "Location": "europe-west1"}, "acme-gcp", "europe-west1"),
    ],
)
def test_other_clouds_have_accounts_and_regions_too(changes: Any, account: str, region: str) -> None:
    """Under names of their own."""
    finding = one([new(**{"AccountId": None, "ResourceArn": None, "ResourceType": "disk", **changes})])
    assert (finding.account, finding.region, finding.resource) == (account, region, None)


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("/subscriptions/s1/providers/Microsoft.Web/sites/shop", "azure.microsoft.web.sites"),
        ("/subscriptions/s1", "azure.resource"),
        ("AppInsights", None),
        ("", None),
    ],
)
def test_what_is_in_azure_is_named_by_its_id_there(identifier: str, expected: str | None) -> None:
    """A name alone is in many subscriptions."""
    resource = one([new(ResourceArn="", ResourceId=identifier, ResourceType="Other")]).resource
    assert (resource.kind if resource else None) == expected


def test_version_2_names_the_check_in_its_control() -> None:
    """One without brackets is named by all of it."""
    finding = one([old()])
    assert (finding.rule_id, finding.title, finding.labels["control"]) == (
        "extra73",
        "Ensure there are no public buckets",
        "7.3",
    )
    assert one([old("A control")]).rule_id == "A control"


def test_a_placeholder_and_a_count_are_no_identity() -> None:
    """Check, account, region and resource are; where version 2 names none, its message without numbers is."""
    assert len({f.fingerprint for f in found([*SAMPLE[:3], new(Region="us-east-1")])}) == 4
    nameless = [old(Message=f"eu-west-1: {n} users have no MFA", **{"Resource ID": ""}) for n in (2, 30)]
    assert len({one([n]).fingerprint for n in nameless}) == 1
    assert (
        one([new()]).fingerprint
        == one([new(FindingUniqueId="another", StatusExtended="x", Severity="low")]).fingerprint
    )
