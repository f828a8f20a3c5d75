"""How a fact was found. An unknown symbol reads as unreadable, which raises caution.

Generated from schemas/ by `make generate`; do not edit.
"""

from enum import StrEnum


class FactState(StrEnum):
    """How a fact was found. An unknown symbol reads as unreadable, which raises caution."""

    VALUE = "value"
    ABSENT = "absent"
    UNREADABLE = "unreadable"
