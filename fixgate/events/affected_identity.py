"""The identity that a finding is about.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fixgate.forms import key


@dataclass(frozen=True, slots=True, kw_only=True)
class AffectedIdentity:
    """The identity that a finding is about."""

    kind: str
    """What it is: aws.iam.user, aws.iam.role, service_account, person."""
    id: str
    """Its full name: an ARN, an account name."""
    credential: str | None = None
    """Which of its credentials, by an id that is no secret."""


def datum_affected_identity(record: AffectedIdentity) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "kind": key(record.kind),
        "id": key(record.id),
        "credential": None if record.credential is None else ("string", record.credential),
    }


def affected_identity_of(datum: Mapping[str, Any]) -> AffectedIdentity:
    """The record in what fastavro read."""
    return AffectedIdentity(
        kind=key(datum["kind"]),
        id=key(datum["id"]),
        credential=datum["credential"],
    )
