"""A policy that determined a decision.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fixgate.events.policy_effect import PolicyEffect
from fixgate.forms import key


@dataclass(frozen=True, slots=True, kw_only=True)
class DeterminingPolicy:
    """A policy that determined a decision."""

    id: str
    """The policy's @id."""
    effect: PolicyEffect
    """What it did."""
    words: str
    """What it means, for people."""


def datum_determining_policy(record: DeterminingPolicy) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "id": key(record.id),
        "effect": record.effect,
        "words": record.words,
    }


def determining_policy_of(datum: Mapping[str, Any]) -> DeterminingPolicy:
    """The record in what fastavro read."""
    return DeterminingPolicy(
        id=key(datum["id"]),
        effect=PolicyEffect(datum["effect"]),
        words=datum["words"],
    )
