"""How much a change can hit. Unknown is treated as high.

Generated from schemas/ by `make generate`; do not edit.
"""

from enum import StrEnum


class BlastLevel(StrEnum):
    """How much a change can hit. Unknown is treated as high."""

    UNKNOWN = "unknown"
    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
