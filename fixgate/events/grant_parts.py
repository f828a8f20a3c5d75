"""What Grant is made of.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from fixgate.events.determining_policy import DeterminingPolicy, datum_determining_policy, determining_policy_of
from fixgate.forms import digest, key, micros, moment, natural


class DeathMethod(StrEnum):
    """What ended a credential. Gone: the target no longer knew it."""

    UNKNOWN = "unknown"
    KILLED = "killed"
    EXPIRED = "expired"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """How a credential ended."""

    method: DeathMethod
    """What ended it."""
    asked_at: datetime | None = None
    """When the target was told to kill it."""
    proved_at: datetime | None = None
    """When it was seen dead; null until then."""
    attempts: int = 0
    """How often proof was tried."""
    probe: str = ""
    """The read that worked before and is now denied."""
    answer_before: str = ""
    """What the target answered while the credential lived."""
    answer_after: str = ""
    """What it answers now."""


def datum_death(record: Death) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "method": record.method,
        "asked_at": None if record.asked_at is None else ("long", micros(record.asked_at)),
        "proved_at": None if record.proved_at is None else ("long", micros(record.proved_at)),
        "attempts": natural(record.attempts),
        "probe": record.probe,
        "answer_before": record.answer_before,
        "answer_after": record.answer_after,
    }


def death_of(datum: Mapping[str, Any]) -> Death:
    """The record in what fastavro read."""
    return Death(
        method=DeathMethod(datum["method"]),
        asked_at=None if (value := datum["asked_at"]) is None else moment(value),
        proved_at=None if (value := datum["proved_at"]) is None else moment(value),
        attempts=natural(datum["attempts"]),
        probe=datum["probe"],
        answer_before=datum["answer_before"],
        answer_after=datum["answer_after"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What a credential was good for; never the credential."""

    kind: str
    """What it is: aws.sts.session, git.push."""
    session_name: str
    """Its name at the target, which carries the proposal digest."""
    public_id: str | None = None
    """Its id where that is no secret."""
    scope_digest: str
    """Digest of the session policy or scope exactly as it was sent."""
    calls: tuple[str, ...]
    """What it allows."""
    resources: tuple[str, ...]
    """On exactly what."""
    not_before_at: datetime
    """From when."""
    not_after_at: datetime
    """Until when."""


def datum_credential(record: Credential) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "kind": key(record.kind),
        "session_name": key(record.session_name),
        "public_id": None if record.public_id is None else ("string", record.public_id),
        "scope_digest": digest(record.scope_digest),
        "calls": record.calls,
        "resources": record.resources,
        "not_before_at": micros(record.not_before_at),
        "not_after_at": micros(record.not_after_at),
    }


def credential_of(datum: Mapping[str, Any]) -> Credential:
    """The record in what fastavro read."""
    return Credential(
        kind=key(datum["kind"]),
        session_name=key(datum["session_name"]),
        public_id=datum["public_id"],
        scope_digest=digest(datum["scope_digest"]),
        calls=tuple(datum["calls"]),
        resources=tuple(datum["resources"]),
        not_before_at=moment(datum["not_before_at"]),
        not_after_at=moment(datum["not_after_at"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """The issuer's own evaluation at the moment of issue."""

    policy_bundle_digest: str
    """The policies that it evaluated."""
    ceiling_digest: str
    """The signed ceiling of what may ever be automatic."""
    policies: tuple[DeterminingPolicy, ...] = ()
    """Which determined it."""
    reasons: tuple[str, ...] = ()
    """Why it was refused, when it was."""


def datum_admission(record: Admission) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "policy_bundle_digest": digest(record.policy_bundle_digest),
        "ceiling_digest": digest(record.ceiling_digest),
        "policies": list(map(datum_determining_policy, record.policies)),
        "reasons": record.reasons,
    }


def admission_of(datum: Mapping[str, Any]) -> Admission:
    """The record in what fastavro read."""
    return Admission(
        policy_bundle_digest=digest(datum["policy_bundle_digest"]),
        ceiling_digest=digest(datum["ceiling_digest"]),
        policies=tuple(map(determining_policy_of, datum["policies"])),
        reasons=tuple(datum["reasons"]),
    )


class GrantState(StrEnum):
    """Where a credential stands. Unproved: its death could not be proved yet, and an alarm stands. Unknown is
    treated as alive.
    """

    UNKNOWN = "unknown"
    REFUSED = "refused"
    ISSUED = "issued"
    DYING = "dying"
    DEAD = "dead"
    UNPROVED = "unproved"
