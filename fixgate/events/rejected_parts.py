"""What Rejected is made of.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """One header of a record."""

    name: str
    """Its name."""
    value: bytes | None = None
    """Its value; null when it has none."""


def datum_header(record: Header) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "name": record.name,
        "value": None if record.value is None else ("bytes", record.value),
    }


def header_of(datum: Mapping[str, Any]) -> Header:
    """The record in what fastavro read."""
    return Header(
        name=datum["name"],
        value=datum["value"],
    )
