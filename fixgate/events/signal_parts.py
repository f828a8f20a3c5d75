"""What Signal is made of.

Generated from schemas/ by `make generate`; do not edit.
"""

from enum import StrEnum


class SignalKind(StrEnum):
    """What a window showed. Unknown adds caution like any other."""

    UNKNOWN = "unknown"
    BURST = "burst"
    SECRET_IN_MANY_PLACES = "secret_in_many_places"
    MANY_CHANGES = "many_changes"
