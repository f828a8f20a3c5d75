"""Who changes a resource in the normal course. Unknown raises caution.

Generated from schemas/ by `make generate`; do not edit.
"""

from enum import StrEnum


class ManagedBy(StrEnum):
    """Who changes a resource in the normal course. Unknown raises caution."""

    UNKNOWN = "unknown"
    HAND = "hand"
    INFRASTRUCTURE_AS_CODE = "infrastructure_as_code"
    PLATFORM = "platform"
