"""What a change can hit beyond its target.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fixgate.events.blast_level import BlastLevel
from fixgate.forms import natural


@dataclass(frozen=True, slots=True, kw_only=True)
class BlastRadius:
    """What a change can hit beyond its target."""

    level: BlastLevel = BlastLevel.UNKNOWN
    """The sum of it, for policies."""
    dependants: int | None = None
    """How many things depend on the target; null when that is not known."""
    sample: tuple[str, ...] = ()
    """Some of the dependants by name, for a person to look at."""
    reasons: tuple[str, ...] = ()
    """Why the level is what it is, in words."""


def datum_blast_radius(record: BlastRadius) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "level": record.level,
        "dependants": None if record.dependants is None else ("long", natural(record.dependants)),
        "sample": record.sample,
        "reasons": record.reasons,
    }


def blast_radius_of(datum: Mapping[str, Any]) -> BlastRadius:
    """The record in what fastavro read."""
    return BlastRadius(
        level=BlastLevel(datum["level"]),
        dependants=None if (value := datum["dependants"]) is None else natural(value),
        sample=tuple(datum["sample"]),
        reasons=tuple(datum["reasons"]),
    )
