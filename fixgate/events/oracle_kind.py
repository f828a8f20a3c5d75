"""What an oracle looks at. The detector that raised the finding is never the only judge.

Generated from schemas/ by `make generate`; do not edit.
"""

from enum import StrEnum


class OracleKind(StrEnum):
    """What an oracle looks at. The detector that raised the finding is never the only judge."""

    UNKNOWN = "unknown"
    DETECTOR = "detector"
    STATE = "state"
    EFFECT = "effect"
    HEALTH = "health"
