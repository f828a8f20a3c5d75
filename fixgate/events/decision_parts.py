"""What Decision is made of.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from fixgate.forms import digest, key, micros, moment, natural, spiffe_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Warrant:
    """Leave to make one change once: this proposal, these approvals, these policies, this executor, this window."""

    warrant_id: str
    """Derived id; it is used once."""
    proposal_digest: str
    """Exactly what is allowed."""
    approval_digests: tuple[str, ...] = ()
    """By whose word."""
    policy_bundle_digest: str
    """Under which policies."""
    executor: str
    """Who alone may use it."""
    not_before_at: datetime
    """From when."""
    not_after_at: datetime
    """Until when."""


def datum_warrant(record: Warrant) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "warrant_id": key(record.warrant_id),
        "proposal_digest": digest(record.proposal_digest),
        "approval_digests": list(map(digest, record.approval_digests)),
        "policy_bundle_digest": digest(record.policy_bundle_digest),
        "executor": spiffe_id(record.executor),
        "not_before_at": micros(record.not_before_at),
        "not_after_at": micros(record.not_after_at),
    }


def warrant_of(datum: Mapping[str, Any]) -> Warrant:
    """The record in what fastavro read."""
    return Warrant(
        warrant_id=key(datum["warrant_id"]),
        proposal_digest=digest(datum["proposal_digest"]),
        approval_digests=tuple(map(digest, datum["approval_digests"])),
        policy_bundle_digest=digest(datum["policy_bundle_digest"]),
        executor=spiffe_id(datum["executor"]),
        not_before_at=moment(datum["not_before_at"]),
        not_after_at=moment(datum["not_after_at"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Quorum:
    """Who has to approve."""

    approvals: int
    """How many different people."""
    roles: tuple[str, ...] = ()
    """Roles of which each must be among them; of a|b either."""
    excluded: tuple[str, ...] = ()
    """People who may not: the affected, the asking."""


def datum_quorum(record: Quorum) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "approvals": natural(record.approvals),
        "roles": record.roles,
        "excluded": record.excluded,
    }


def quorum_of(datum: Mapping[str, Any]) -> Quorum:
    """The record in what fastavro read."""
    return Quorum(
        approvals=natural(datum["approvals"]),
        roles=tuple(datum["roles"]),
        excluded=tuple(datum["excluded"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """Something that a policy demands."""

    id: str
    """The obligation's stable name."""
    words: str
    """What it demands, as it is shown to people."""


def datum_obligation(record: Obligation) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "id": key(record.id),
        "words": record.words,
    }


def obligation_of(datum: Mapping[str, Any]) -> Obligation:
    """The record in what fastavro read."""
    return Obligation(
        id=key(datum["id"]),
        words=datum["words"],
    )


class Verdict(StrEnum):
    """What a gate decides. Unknown is treated as refused."""

    UNKNOWN = "unknown"
    ALLOWED = "allowed"
    WAITING = "waiting"
    REFUSED = "refused"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
