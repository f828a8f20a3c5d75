"""One thing known, known to be absent, or unreadable, with where it came from and when it was read.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fixgate.events.fact_state import FactState
from fixgate.forms import Scalar, key, micros, moment, scalar_datum, scalar_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing known, known to be absent, or unreadable, with where it came from and when it was read."""

    name: str
    """What the fact is about, dotted: access_key.last_used_at."""
    state: FactState
    """Whether there is a value, certainly none, or no way to tell."""
    value: Scalar = None
    """The value when the state is value, else null. Times are RFC 3339 in UTC."""
    why: str | None = None
    """Why it could not be read, when it could not."""
    source: str
    """Who said so: finding, assets, aws:iam:GetAccessKeyLastUsed."""
    observed_at: datetime
    """When the source was read; the fact's age counts from here."""


def datum_fact(record: Fact) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "name": key(record.name),
        "state": record.state,
        "value": scalar_datum(record.value),
        "why": None if record.why is None else ("string", record.why),
        "source": key(record.source),
        "observed_at": micros(record.observed_at),
    }


def fact_of(datum: Mapping[str, Any]) -> Fact:
    """The record in what fastavro read."""
    return Fact(
        name=key(datum["name"]),
        state=FactState(datum["state"]),
        value=scalar_of(datum["value"]),
        why=datum["why"],
        source=key(datum["source"]),
        observed_at=moment(datum["observed_at"]),
    )
