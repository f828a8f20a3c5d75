"""The account that is reported on, the people who vouch for it, and what scanners say of it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Final

from fixgate.demo import reports
from fixgate.demo.cast import BOB
from fixgate.demo.reports import ACCOUNT, REGION, SCANNED, Report
from fixgate.events import AssetStatement, Environment, ManagedBy, Ownership, Severity
from fixgate.local.account import acme
from fixgate.local.account.roles import pipeline_roles
from fixgate.local.account.scenario import Bucket, Document, Key, Scenario, User

OWNER: Final = "team-bench"
PRODUCTION: Final = "bench-production-"
"""What the names of buckets begin with about which people are asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """So many buckets that are public, and so many users with a leaked key that nobody uses."""

    buckets: tuple[str, ...]
    users: tuple[str, ...]
    production: tuple[str, ...] = ()
    """Buckets that are public as well; before one is closed people are asked."""

    @property
    def lock_keys(self) -> tuple[str, ...]:
        """Under which changes of them are made."""
        users = tuple(f"arn:aws:iam::{ACCOUNT}:user/{name}" for name in self.users)
        return (*users, *(f"arn:aws:s3:::{name}" for name in (*self.buckets, *self.production)))

    def vouched(self, account: str, repository: str, now: datetime) -> Sequence[AssetStatement]:
        """What people say of it; see `Cast.vouches`."""
        del account, repository
        kinds = {"arn:aws:iam": "aws.iam.user", "arn:aws:s3:": "aws.s3.bucket"}
        return [_asset(key, kinds[key[:11]], now) for key in self.lock_keys]

    def scenario(self, trust_domain: str) -> Scenario:
        """The account at its start."""
        return Scenario(
            users=(_administrator(trust_domain), *map(_user, self.users)),
            roles=tuple(pipeline_roles(trust_domain)),
            buckets=tuple(map(_bucket, (*self.buckets, *self.production))),
        )


def company(buckets: int, users: int, production: int = 0) -> Company:
    """One of that size."""
    return Company(
        buckets=tuple(f"bench-bucket-{n:04d}" for n in range(buckets)),
        users=tuple(f"bench-user-{n:04d}" for n in range(users)),
        production=tuple(f"{PRODUCTION}{n:04d}" for n in range(production)),
    )


def harmless() -> Iterator[Report]:
    """Findings, each another problem, for which no template is on offer."""
    for number in count():
        instance = f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/i-{number:017x}"
        finding = {
            "SchemaVersion": "2018-10-08",
            "Id": f"arn:aws:securityhub:{REGION}:{ACCOUNT}:security-control/EC2.8/finding/{number}",
            "ProductArn": f"arn:aws:securityhub:{REGION}::product/aws/securityhub",
            "ProductName": "Security Hub",
            "CompanyName": "AWS",
            "Region": REGION,
            "GeneratorId": "security-control/EC2.8",
            "AwsAccountId": ACCOUNT,
            "Types": ["Software and Configuration Checks/Industry and Regulatory Standards"],
            "CreatedAt": SCANNED,
            "UpdatedAt": SCANNED,
            "Severity": {"Label": "HIGH", "Original": "HIGH"},
            "Title": "EC2 instances should use Instance Metadata Service Version 2",
            "Description": "This control checks whether your instance metadata version requires tokens.",
            "Resources": [{"Type": "AwsEc2Instance", "Id": instance, "Partition": "aws", "Region": REGION}],
            "Compliance": {"Status": "FAILED", "SecurityControlId": "EC2.8"},
            "Workflow": {"Status": "NEW"},
            "RecordState": "ACTIVE",
        }
        yield Report("security-hub", json.dumps({"Findings": [finding]}).encode())


def public_bucket(name: str) -> Report:
    """One bucket is public."""
    return reports.security_hub(name)


def leaked_key(user: str, key_id: str) -> Report:
    """One key has leaked."""
    return reports.gitleaks({f"deploy/{user}.ini": key_id})


def _administrator(trust_domain: str) -> User:
    return next(user for user in acme.acme(trust_domain).users if user.name == acme.ADMINISTRATOR)


def _user(name: str) -> User:
    return User(name=name, tags=_tags(name), keys=(Key(name=name, created_days=612, last_used_days=217),))


def _bucket(name: str) -> Bucket:
    statement: Document = {
        "Sid": "PublicRead",
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
    }
    policy: Document = {"Version": "2012-10-17", "Statement": [statement]}
    return Bucket(name=name, tags=_tags(name), policy=policy, objects={"a.txt": "a"})


def _environment(name: str) -> Environment:
    return Environment.PRODUCTION if PRODUCTION in name else Environment.STAGING


def _tags(name: str) -> dict[str, str]:
    return {"environment": _environment(name).value, "owner": OWNER}


def _asset(name: str, kind: str, now: datetime) -> AssetStatement:
    return AssetStatement(
        asset_id=name,
        kind=kind,
        environment=_environment(name),
        criticality=Severity.LOW,
        ownership=Ownership(owner=OWNER, team=OWNER, managed_by=ManagedBy.HAND, shared=False),
        dependants=(),
        reviewed_at=now,
        version=1,
        issued_at=now,
        person=BOB,
        roster_version=1,
    )
