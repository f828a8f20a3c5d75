"""What an oracle says. A validation that cannot tell is not a pass, and an unknown symbol reads as inconclusive.

Generated from schemas/ by `make generate`; do not edit.
"""

from enum import StrEnum


class OracleVerdict(StrEnum):
    """What an oracle says. A validation that cannot tell is not a pass, and an unknown symbol reads as
    inconclusive.
    """

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
