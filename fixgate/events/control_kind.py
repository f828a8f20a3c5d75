"""What a control does. Unknown stops whatever is in its scope.

Generated from schemas/ by `make generate`; do not edit.
"""

from enum import StrEnum


class ControlKind(StrEnum):
    """What a control does. Unknown stops whatever is in its scope."""

    UNKNOWN = "unknown"
    EXCEPTION = "exception"
    FREEZE = "freeze"
    HALT = "halt"
    RESUME = "resume"
    ROSTER = "roster"
    END = "end"
