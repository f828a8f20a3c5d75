"""What scanners say about the demo's account, each in the scanner's own format; pure.

The keys' ids are those that the account was given at its start. No secret is in them: gitleaks' own `--redact` leaves
the word REDACTED where one was.
"""

import json
from dataclasses import dataclass

from fixgate.local.account import acme

ACCOUNT = "123456789012"
REGION = "us-east-1"
SCANNED = "2026-01-05T08:30:00Z"


@dataclass(frozen=True, slots=True)
class Report:
    """One report as a scanner would publish it: its source, and the exact bytes."""

    source: str
    value: bytes


def gitleaks(key_ids: dict[str, str]) -> Report:
    """Leaked keys, as `gitleaks detect --redact --report-format json` (v8) prints them; `key_ids` by file."""
    found = [
        {
            "Description": "Identified a pattern that may indicate AWS credentials",
            "StartLine": 3,
            "EndLine": 3,
            "StartColumn": 20,
            "EndColumn": 39,
            "Match": f"aws_access_key_id = {key_id}",
            "Secret": key_id,
            "File": file,
            "SymlinkFile": "",
            "Commit": "9c1a5f0e6d2b48c7a3e1f4d5b6c7d8e9f0a1b2c3",
            "Entropy": 3.68,
            "Author": "A Developer",
            "Email": "developer@acme.example",
            "Date": "2025-11-03T10:12:44Z",
            "Message": "Configure the deployment",
            "Tags": ["key"],
            "RuleID": "aws-access-token",
            "Fingerprint": f"9c1a5f0e6d2b48c7a3e1f4d5b6c7d8e9f0a1b2c3:{file}:aws-access-token:3",
        }
        for file, key_id in key_ids.items()
    ]
    return Report("gitleaks", json.dumps(found, indent=1).encode())


def security_hub(*buckets: str) -> Report:
    """Public buckets, as Security Hub exports its control S3.2 (ASFF)."""
    findings = [
        {
            "SchemaVersion": "2018-10-08",
            "Id": f"arn:aws:securityhub:{REGION}:{ACCOUNT}:security-control/S3.2/finding/{bucket}",
            "ProductArn": f"arn:aws:securityhub:{REGION}::product/aws/securityhub",
            "ProductName": "Security Hub",
            "CompanyName": "AWS",
            "Region": REGION,
            "GeneratorId": "security-control/S3.2",
            "AwsAccountId": ACCOUNT,
            "Types": ["Software and Configuration Checks/Industry and Regulatory Standards"],
            "FirstObservedAt": SCANNED,
            "LastObservedAt": SCANNED,
            "CreatedAt": SCANNED,
            "UpdatedAt": SCANNED,
            "Severity": {"Label": "CRITICAL", "Original": "CRITICAL"},
            "Title": "S3 general purpose buckets should block public read access",
            "Description": "This control checks whether your S3 buckets allow public read access.",
            "Resources": [
                {"Type": "AwsS3Bucket", "Id": f"arn:aws:s3:::{bucket}", "Partition": "aws", "Region": REGION}
            ],
            "Compliance": {"Status": "FAILED", "SecurityControlId": "S3.2"},
            "Workflow": {"Status": "NEW"},
            "RecordState": "ACTIVE",
        }
        for bucket in buckets
    ]
    return Report("security-hub", json.dumps({"Findings": findings}, indent=1).encode())


def zizmor(repository: str) -> Report:
    """An action that is not pinned, as `zizmor --format sarif` prints it, with where the repository comes from."""
    location = {
        "physicalLocation": {
            "artifactLocation": {"uri": acme.WORKFLOW},
            "region": {"startLine": 11, "startColumn": 9, "endLine": 11, "endColumn": 34},
        }
    }
    document = {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "zizmor",
                        "version": "1.16.0",
                        "rules": [
                            {"id": "zizmor/unpinned-uses", "shortDescription": {"text": "unpinned action reference"}}
                        ],
                    }
                },
                "versionControlProvenance": [{"repositoryUri": repository}],
                "invocations": [{"executionSuccessful": True}],
                "results": [
                    {
                        "ruleId": "zizmor/unpinned-uses",
                        "level": "error",
                        "kind": "fail",
                        "message": {"text": "action is not pinned to a hash"},
                        "locations": [location],
                    }
                ],
            }
        ],
    }
    return Report("zizmor", json.dumps(document, indent=1).encode())
