"""GuardDuty: both spellings, whose key, what is no key."""

from typing import Final

import pytest

from fixgate.events import Severity
from tests.reports.making import KEY_ID, guardduty, one, pascal

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
