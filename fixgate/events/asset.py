"""One entry of the inventory, as the desk carries it.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fixgate.events.envelope import Envelope, datum_envelope, envelope_of
from fixgate.events.person_signed import PersonSigned, datum_person_signed, person_signed_of
from fixgate.forms import key


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One entry of the inventory, as the desk carries it."""

    envelope: Envelope = Envelope()
    """Trace, parents and sequence; filled in by the runtime."""
    asset_id: str
    """The asset, also the record's key; only the statement counts."""
    statement: PersonSigned
    """An AssetStatement and a person's own signature over it."""


def datum_asset(record: Asset) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "envelope": datum_envelope(record.envelope),
        "asset_id": key(record.asset_id),
        "statement": datum_person_signed(record.statement),
    }


def asset_of(datum: Mapping[str, Any]) -> Asset:
    """The record in what fastavro read."""
    return Asset(
        envelope=envelope_of(datum["envelope"]),
        asset_id=key(datum["asset_id"]),
        statement=person_signed_of(datum["statement"]),
    )
