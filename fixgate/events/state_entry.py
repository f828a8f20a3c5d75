"""One entry of a service's private journal.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fixgate.forms import key


@dataclass(frozen=True, slots=True, kw_only=True)
class StateEntry:
    """One entry of a service's private journal."""

    value: bytes
    """The entry's value, in the service's own format."""
    input: str
    """What led to it: <topic>/<partition>/<offset>, or tick."""


def datum_state_entry(record: StateEntry) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "value": record.value,
        "input": key(record.input),
    }


def state_entry_of(datum: Mapping[str, Any]) -> StateEntry:
    """The record in what fastavro read."""
    return StateEntry(
        value=datum["value"],
        input=key(datum["input"]),
    )
