"""Bytes kept in the object store.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fixgate.forms import digest, key, natural


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Bytes kept in the object store."""

    digest: str
    """Digest of the bytes as they are stored."""
    location: str
    """Where they are, relative to the store."""
    size: int
    """Their length in bytes."""
    sealing_key: str | None = None
    """Id of the key that sealed them; null when they are not sealed."""


def datum_stored(record: Stored) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "digest": digest(record.digest),
        "location": key(record.location),
        "size": natural(record.size),
        "sealing_key": None if record.sealing_key is None else ("string", record.sealing_key),
    }


def stored_of(datum: Mapping[str, Any]) -> Stored:
    """The record in what fastavro read."""
    return Stored(
        digest=digest(datum["digest"]),
        location=key(datum["location"]),
        size=natural(datum["size"]),
        sealing_key=datum["sealing_key"],
    )
