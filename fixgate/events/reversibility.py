"""Whether a change can be put back. Unknown is treated as impossible.

Generated from schemas/ by `make generate`; do not edit.
"""

from enum import StrEnum


class Reversibility(StrEnum):
    """Whether a change can be put back. Unknown is treated as impossible."""

    UNKNOWN = "unknown"
    LOSSLESS = "lossless"
    LOSSY = "lossy"
    IMPOSSIBLE = "impossible"
