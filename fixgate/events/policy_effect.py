"""What a policy does when it applies. Unknown is treated as forbid.

Generated from schemas/ by `make generate`; do not edit.
"""

from enum import StrEnum


class PolicyEffect(StrEnum):
    """What a policy does when it applies. Unknown is treated as forbid."""

    UNKNOWN = "unknown"
    PERMIT = "permit"
    FORBID = "forbid"
