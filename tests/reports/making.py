"""Reports as scanners write them, made up; whatever looks like a credential is composed here, at run time."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, cast

from fixgate.codec import Codec
from fixgate.events import Envelope, Finding, Resource
from fixgate.reports.adapter import Hints
from fixgate.reports.findings import Origin, findings
from fixgate.reports.report import Report, read
from fixgate.reports.secrets import HashKey

KEY: Final = HashKey.of(b"a key of tests, long enough to be one")
KEY_ID: Final = "AKIA" + "Z7" * 8
ACCOUNT: Final = "111122223333"
NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
CODEC: Final = Codec()
ORIGIN: Final = Origin(source="tests", digest="sha256:" + "0" * 64, stored=None, reported_at=NOW)
BUCKET: Final = Resource(kind="aws.s3.bucket", id="arn:aws:s3:::acme-assets", account=ACCOUNT, region="eu-west-1")
"""What `asff()` and `ocsf()` are about."""
Json = Mapping[str, Any]


def data(value: object) -> bytes:
    """A value as a report's bytes."""
    return json.dumps(value).encode()


def report(value: object, **hints: Any) -> Report:
    """A report with this value."""
    return read(data(value), Hints(**hints))


def found(value: object, **hints: Any) -> tuple[Finding, ...]:
    """Its findings."""
    return findings(report(value, **hints), KEY, ORIGIN)


def one(value: object, **hints: Any) -> Finding:
    """The only finding of a report."""
    (finding,) = found(value, **hints)
    return finding


def encoded(finding: Finding) -> bytes:
    """The finding as it goes onto the topic."""
    return CODEC.encode(finding, Envelope(trace_id="a" * 32, parents=("sha256:" + "0" * 64,)))


def leak(secret: str, **changes: Any) -> dict[str, Any]:
    """A result of gitleaks 8."""
    made: dict[str, Any] = {
        "RuleID": "generic-api-key",
        "Description": "Generic API Key",
        "StartLine": 3,
        "EndLine": 3,
        "StartColumn": 5,
        "EndColumn": 40,
        "Match": f"key = {secret}",
        "Secret": secret,
        "File": "deploy/settings.py",
        "Commit": "8c1f0d2" * 5 + "abcde",
        "Author": "Ada",
        "Email": "ada@example.test",
        "Date": "2026-01-02T03:04:05Z",
        "Message": "settings",
        "Tags": [],
    }
    return {**made, **changes}


def old_leak(secret: str, **changes: Any) -> dict[str, Any]:
    """A result of gitleaks 7."""
    made: dict[str, Any] = {
        "line": f'token = "{secret}"',
        "lineNumber": 3,
        "offender": f'token = "{secret}"',
        "commit": "8c1f0d2",
        "repo": ".",
        "rule": "Generic token",
        "file": "deploy/settings.py",
        "date": "2026-01-02T03:04:05Z",
        "tags": "key",
    }
    return {**made, **changes}


def result(rule: str = "r1", uri: str = "src/a.py", line: int = 3, /, **changes: Any) -> dict[str, Any]:
    """A result of SARIF."""
    region = {"startLine": line, "snippet": {"text": f"code of {rule}"}}
    place = {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}
    return {"ruleId": rule, "message": {"text": "Something is wrong."}, "locations": [place], **changes}


def sarif(results: Sequence[object] | None, *, tool: str = "Scanner", rules: Sequence[Json] = (), **run: Any) -> Json:
    """A log with one run."""
    driver = {"name": tool, "version": "1.2", "rules": list(rules)}
    return {"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results, **run}]}


def asff(**changes: Any) -> dict[str, Any]:
    """A finding of Security Hub about a public bucket."""
    made: dict[str, Any] = {
        "SchemaVersion": "2018-10-08",
        "Id": "arn:aws:securityhub:eu-west-1:111122223333:finding/1",
        "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
        "ProductName": "Security Hub",
        "GeneratorId": "security-control/S3.8",
        "AwsAccountId": ACCOUNT,
        "Region": "eu-west-1",
        "Title": "S3 buckets should block public access",
        "Description": "This bucket does not.",
        "Severity": {"Label": "HIGH", "Normalized": 70},
        "Resources": [{"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::acme-assets", "Region": "eu-west-1"}],
        "Compliance": {"Status": "FAILED", "SecurityControlId": "S3.8"},
        "Workflow": {"Status": "NEW"},
        "RecordState": "ACTIVE",
        "FirstObservedAt": "2026-01-02T03:04:05.678Z",
    }
    return {**made, **changes}


def ocsf(**changes: Any) -> dict[str, Any]:
    """A detection about a public bucket, as Prowler writes it."""
    made: dict[str, Any] = {
        "class_uid": 2004,
        "metadata": {"event_code": "s3_bucket_public_access", "product": {"name": "Prowler", "version": "5.0"}},
        "severity_id": 4,
        "severity": "High",
        "status": "New",
        "status_id": 1,
        "status_code": "FAIL",
        "finding_info": {"uid": "prowler-1", "title": "Bucket is public", "desc": "It can be read by everybody."},
        "resources": [{"uid": "arn:aws:s3:::acme-assets", "type": "AwsS3Bucket", "region": "eu-west-1"}],
        "cloud": {"account": {"uid": ACCOUNT}, "region": "eu-west-1", "provider": "aws"},
    }
    return {**made, **changes}


def guardduty(**changes: Any) -> dict[str, Any]:
    """A finding of GuardDuty about an access key."""
    made: dict[str, Any] = {
        "schemaVersion": "2.0",
        "accountId": ACCOUNT,
        "region": "eu-west-1",
        "id": "f1",
        "arn": "arn:aws:guardduty:eu-west-1:111122223333:detector/d1/finding/f1",
        "type": "UnauthorizedAccess:IAMUser/MaliciousIPCaller",
        "resource": {
            "resourceType": "AccessKey",
            "accessKeyDetails": {"accessKeyId": KEY_ID, "userName": "deploy", "userType": "IAMUser"},
        },
        "service": {"serviceName": "guardduty", "detectorId": "d1", "archived": False, "count": 3},
        "severity": 8,
        "title": "A key was used from a malicious address.",
        "description": "Somebody used it.",
    }
    return {**made, **changes}


def pascal(value: object) -> object:
    """GuardDuty's findings as its API spells them."""
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        return {name[0].upper() + name[1:]: pascal(inner) for name, inner in fields.items()}
    if isinstance(value, list):
        return [pascal(inner) for inner in cast("Sequence[object]", value)]
    return value


def event(source: str, kind: str, detail: object) -> Json:
    """EventBridge's envelope."""
    return {"version": "0", "id": "e1", "detail-type": kind, "source": source, "account": ACCOUNT, "detail": detail}
