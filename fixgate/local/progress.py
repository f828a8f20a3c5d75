"""What a start tells about itself while it goes on."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One step's state: `done` of `total` units of work; a step is over when they are equal."""

    name: str
    done: int = 0
    total: int = 1
    note: str = ""


Report = Callable[[Step], None]
"""Told each change of each step; must not block and may be called from any thread."""


def silent(_step: Step) -> None:
    """Nobody is listening."""
