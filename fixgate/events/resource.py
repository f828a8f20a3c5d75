"""One thing in somebody's system.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fixgate.forms import key


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One thing in somebody's system."""

    kind: str
    """What it is, dotted: aws.iam.access_key, aws.s3.bucket, git.repository."""
    id: str
    """Its full name there: an ARN, a clone address."""
    account: str | None = None
    """The account, project or organisation that holds it."""
    region: str | None = None
    """Its region, where it has one."""


def datum_resource(record: Resource) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "kind": key(record.kind),
        "id": key(record.id),
        "account": None if record.account is None else ("string", record.account),
        "region": None if record.region is None else ("string", record.region),
    }


def resource_of(datum: Mapping[str, Any]) -> Resource:
    """The record in what fastavro read."""
    return Resource(
        kind=key(datum["kind"]),
        id=key(datum["id"]),
        account=datum["account"],
        region=datum["region"],
    )
