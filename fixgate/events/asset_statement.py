"""What a person signs about one asset.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fixgate.events.environment import Environment
from fixgate.events.ownership import Ownership, datum_ownership, ownership_of
from fixgate.events.severity import Severity
from fixgate.forms import key, micros, moment, natural, truth


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetStatement:
    """What a person signs about one asset."""

    asset_id: str
    """Its full name: an ARN, a clone address, an account."""
    kind: str
    """What it is, dotted."""
    names: tuple[str, ...] = ()
    """Other names under which findings mention it."""
    environment: Environment
    """Where it serves."""
    criticality: Severity = Severity.UNKNOWN
    """How bad its loss would be."""
    ownership: Ownership
    """Whose it is."""
    dependants: tuple[str, ...] = ()
    """Ids of what depends on it."""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    """What else the inventory says."""
    retired: bool = False
    """True when it is no more: later entries may bring it back."""
    reviewed_at: datetime | None = None
    """When somebody last confirmed the entry; an old entry raises caution."""
    version: int
    """Counted up with every statement on the asset; a lower one does not count."""
    issued_at: datetime
    """When it was signed."""
    person: str
    """Who says so, by their name in the roster."""
    roster_version: int
    """The roster under which they sign."""


def datum_asset_statement(record: AssetStatement) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "asset_id": key(record.asset_id),
        "kind": key(record.kind),
        "names": record.names,
        "environment": record.environment,
        "criticality": record.criticality,
        "ownership": datum_ownership(record.ownership),
        "dependants": record.dependants,
        "tags": {name: record.tags[name] for name in sorted(record.tags)},
        "retired": truth(record.retired),
        "reviewed_at": None if record.reviewed_at is None else ("long", micros(record.reviewed_at)),
        "version": natural(record.version),
        "issued_at": micros(record.issued_at),
        "person": key(record.person),
        "roster_version": natural(record.roster_version),
    }


def asset_statement_of(datum: Mapping[str, Any]) -> AssetStatement:
    """The record in what fastavro read."""
    return AssetStatement(
        asset_id=key(datum["asset_id"]),
        kind=key(datum["kind"]),
        names=tuple(datum["names"]),
        environment=Environment(datum["environment"]),
        criticality=Severity(datum["criticality"]),
        ownership=ownership_of(datum["ownership"]),
        dependants=tuple(datum["dependants"]),
        tags=dict(datum["tags"]),
        retired=datum["retired"],
        reviewed_at=None if (value := datum["reviewed_at"]) is None else moment(value),
        version=natural(datum["version"]),
        issued_at=moment(datum["issued_at"]),
        person=key(datum["person"]),
        roster_version=natural(datum["roster_version"]),
    )
