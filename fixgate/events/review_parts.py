"""What Review is made of.

Generated from schemas/ by `make generate`; do not edit.
"""

from enum import StrEnum


class ReviewKind(StrEnum):
    """What a review asks. Unknown leads to no new proposal."""

    UNKNOWN = "unknown"
    CHANGES_REQUESTED = "changes_requested"
    MOVED = "moved"
    REFUSED = "refused"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
