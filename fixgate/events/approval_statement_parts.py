"""What ApprovalStatement is made of.

Generated from schemas/ by `make generate`; do not edit.
"""

from enum import StrEnum


class Answer(StrEnum):
    """What a person says. Unknown counts as a rejection."""

    UNKNOWN = "unknown"
    APPROVE = "approve"
    REJECT = "reject"
    REQUEST_CHANGES = "request_changes"
