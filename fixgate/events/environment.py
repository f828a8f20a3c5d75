"""Where a resource serves. Unknown is treated as production.

Generated from schemas/ by `make generate`; do not edit.
"""

from enum import StrEnum


class Environment(StrEnum):
    """Where a resource serves. Unknown is treated as production."""

    UNKNOWN = "unknown"
    DEVELOPMENT = "development"
    TEST = "test"
    STAGING = "staging"
    PRODUCTION = "production"
