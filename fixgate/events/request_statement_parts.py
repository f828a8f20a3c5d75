"""What RequestStatement is made of.

Generated from schemas/ by `make generate`; do not edit.
"""

from enum import StrEnum


class RequestKind(StrEnum):
    """What is asked. Unknown leads to nothing."""

    UNKNOWN = "unknown"
    PROPOSE = "propose"
    RETRY = "retry"
    UNDO = "undo"
    WITHDRAW = "withdraw"
