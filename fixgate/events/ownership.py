"""Whose a resource is, and who else changes it.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fixgate.events.managed_by import ManagedBy
from fixgate.forms import truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """Whose a resource is, and who else changes it."""

    owner: str | None = None
    """The owner; null when nobody is known, which raises caution."""
    team: str | None = None
    """The owning team."""
    contacts: tuple[str, ...] = ()
    """How to reach them."""
    managed_by: ManagedBy = ManagedBy.UNKNOWN
    """Who changes the resource in the normal course."""
    source_of_truth: str | None = None
    """Where its source of truth is kept, a repository and path; null when it has none or none is known."""
    shared: bool | None = None
    """True when several parties use it; null when that is not known, which raises caution."""


def datum_ownership(record: Ownership) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "owner": None if record.owner is None else ("string", record.owner),
        "team": None if record.team is None else ("string", record.team),
        "contacts": record.contacts,
        "managed_by": record.managed_by,
        "source_of_truth": None if record.source_of_truth is None else ("string", record.source_of_truth),
        "shared": None if record.shared is None else ("boolean", truth(record.shared)),
    }


def ownership_of(datum: Mapping[str, Any]) -> Ownership:
    """The record in what fastavro read."""
    return Ownership(
        owner=datum["owner"],
        team=datum["team"],
        contacts=tuple(datum["contacts"]),
        managed_by=ManagedBy(datum["managed_by"]),
        source_of_truth=datum["source_of_truth"],
        shared=datum["shared"],
    )
