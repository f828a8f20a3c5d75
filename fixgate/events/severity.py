"""A normalised severity. Unknown is not low.

Generated from schemas/ by `make generate`; do not edit.
"""

from enum import StrEnum


class Severity(StrEnum):
    """A normalised severity. Unknown is not low."""

    UNKNOWN = "unknown"
    INFORMATIONAL = "informational"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"
