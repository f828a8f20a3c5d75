"""GuardDuty: both spellings, whose key, what is no key."""

from typing import Any, Final

import pytest

from fixgate.events import Finding, Severity
from tests.reports.making import ACCOUNT, BUCKET, KEY_ID, guardduty, one, pascal, report

_BUCKET: Final = {
    "resourceType": "S3Bucket",
    "s3BucketDetails": [{"name": "acme-assets", "arn": "arn:aws:s3:::acme-assets"}],
}
_HOST: Final = {"resourceType": "Instance", "instanceDetails": {"instanceId": "i-0abc1234def567890"}}
_ARN: Final = "arn:aws:guardduty:eu-west-1:111122223333:detector/d1/finding/"
SAMPLE: Final = [
    guardduty(),
    guardduty(id="f2", arn=_ARN + "f2", type="Policy:S3/BucketPublicAccessGranted", resource=_BUCKET, severity=5.0),
    pascal(guardduty(id="f3", arn=_ARN + "f3", type="Backdoor:EC2/C&CActivity.B", resource=_HOST, severity=9.1)),
]


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


@pytest.mark.parametrize(
    "changes",
    [
        {"id": 7},
        {"type": None},
        {"severity": "8"},
        {"service": {"serviceName": "guardduty", "archived": "false"}},
        {"resource": {"s3BucketDetails": {"name": "b"}}},
        {"resource": {"accessKeyDetails": {"accessKeyId": 7}}},
    ],
)
def test_what_decides_must_have_its_type(changes: dict[str, Any]) -> None:
    """The finding is rejected, and no other."""
    read = report([guardduty(**changes), guardduty()])
    assert ([r.pointer for r in read.rejected], len(read.findings)) == (["/0"], 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"title": 7, "description": []},
        {"confidence": "sure"},
        {"service": {"serviceName": "guardduty", "count": 10**400, "resourceRole": 7, "eventFirstSeen": 7}},
        {"service": {"serviceName": "guardduty", "additionalInfo": "x", "detection": 7, "runtimeDetails": []}},
        {"resource": {"kubernetesDetails": 7, "containerDetails": "x"}},
        {"partition": "aws:evil"},
    ],
)
def test_what_only_adorns_a_finding_is_dropped(changes: dict[str, Any]) -> None:
    """It costs no finding."""
    assert report([guardduty(**changes)]).rejected == ()


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("IAMUser", "arn:aws-cn:iam::111122223333:user/deploy"),
        ("AssumedRole", "arn:aws-cn:iam::111122223333:role/deploy"),
        ("Root", None),
        ("FederatedUser", None),
        ("AWSService", None),
    ],
)
def test_a_key_of_a_session_names_whose_it_is(kind: str, name: str | None) -> None:
    """A user or a role of the account; root, strangers and services are no identity of it."""
    key = {"accessKeyId": "ASIA" + "Z7" * 8, "userName": "deploy", "userType": kind}
    finding = one(guardduty(partition="aws-cn", resource={"resourceType": "AccessKey", "accessKeyDetails": key}))
    assert (finding.identity.id if finding.identity else None) == name


@pytest.mark.parametrize("spelled", ["camel", "pascal"])
def test_an_attack_sequence_is_about_what_it_went_through(spelled: str) -> None:
    """A key before a bucket before the rest; nothing of it stands in `resource`."""
    other = {"uid": "arn:aws:ec2:eu-west-1:111122223333:instance/i-1", "resourceType": "EC2_INSTANCE"}
    bucket = {"uid": "arn:aws:s3:::acme-assets", "name": "acme-assets", "resourceType": "S3_BUCKET"}
    key = {"uid": KEY_ID, "resourceType": "ACCESS_KEY", "accountId": ACCOUNT}

    def about(*resources: object) -> Finding:
        detection = {"sequence": {"uid": "s1", "resources": list(resources)}}
        service = {"serviceName": "guardduty", "detectorId": "d1", "detection": detection}
        kind = "AttackSequence:S3/CompromisedData"
        made = guardduty(type=kind, resource={"resourceType": "AttackSequence"}, service=service)
        return one(pascal(made) if spelled == "pascal" else made)

    assert about(7, {"uid": 7}).resource is None
    assert about(other, bucket).resource == BUCKET
    found = about(other, bucket, key)
    assert found.identity is not None
    assert (found.identity.id, found.severity.normalised) == (KEY_ID, Severity.HIGH)


def test_a_cluster_is_the_resource_and_what_ran_in_it_is_named() -> None:
    """Of EKS and of its runtime."""
    cluster = "arn:aws:eks:eu-west-1:111122223333:cluster/shop"
    about = {
        "resourceType": "EKSCluster",
        "eksClusterDetails": {"arn": cluster, "name": "shop"},
        "kubernetesDetails": {
            "kubernetesUserDetails": {"username": "system:anonymous"},
            "kubernetesWorkloadDetails": {"name": "pay", "namespace": "prod"},
        },
        "containerDetails": {"image": "registry.test/pay:1"},
    }
    service = {"serviceName": "guardduty", "runtimeDetails": {"process": {"name": "nc"}}}
    finding = one(guardduty(resource=about, service=service, type="Execution:Runtime/NewBinaryExecuted"))
    assert finding.resource is not None
    assert finding.resource.id == cluster
    said = {name: finding.labels[name] for name in ("kubernetes_user", "namespace", "workload", "image", "process")}
    assert list(said.values()) == ["system:anonymous", "prod", "pay", "registry.test/pay:1", "nc"]


def test_times_are_those_of_the_events_else_of_the_finding() -> None:
    """An export may have only the latter."""
    times = {"createdAt": "2026-01-02T03:04:05Z", "updatedAt": "2026-01-03T03:04:05Z"}
    finding = one(guardduty(**times))
    assert finding.first_seen_at is not None
    assert finding.last_seen_at is not None
    assert (finding.first_seen_at.day, finding.last_seen_at.day) == (2, 3)
