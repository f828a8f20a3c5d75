"""What Intent is made of.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fixgate.forms import key


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """One step of a change."""

    name: str
    """The step's name in the template."""
    action: str
    """What is called."""
    resource: str
    """On what."""


def datum_planned_step(record: PlannedStep) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "name": key(record.name),
        "action": key(record.action),
        "resource": key(record.resource),
    }


def planned_step_of(datum: Mapping[str, Any]) -> PlannedStep:
    """The record in what fastavro read."""
    return PlannedStep(
        name=key(datum["name"]),
        action=key(datum["action"]),
        resource=key(datum["resource"]),
    )


class IntentPurpose(StrEnum):
    """What an attempt is for. Unknown: nothing is done."""

    UNKNOWN = "unknown"
    APPLY = "apply"
    FINISH = "finish"
    UNDO = "undo"
