"""What Assessment is made of.

Generated from schemas/ by `make generate`; do not edit.
"""

from enum import StrEnum


class AssessmentStatus(StrEnum):
    """Where a problem stands. Insufficient: the facts do not suffice to act."""

    UNKNOWN = "unknown"
    OPEN = "open"
    SEEN_AGAIN = "seen_again"
    RESOLVED = "resolved"
    INSUFFICIENT = "insufficient"
