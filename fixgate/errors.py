"""What can go wrong, as types; a caller decides by the type alone, a person reads the message and the remedy.

    FixgateError
    ├── Poison            this record can never succeed: it goes to the dead letters
    ├── Transient         it may succeed later: abort and try again
    ├── Fenced            another instance has taken over: stop at once, write nothing
    ├── RejectionLimit    too many dead letters: stop before everything is rejected
    ├── Misconfigured     refuse to start
    ├── Unavailable       something that is needed is down
    └── Refused           a check said no

Exit codes: 0 done, 1 refused, 2 wrong usage, 3 it could not be done; of services also 4, the rejection limit.
"""

from enum import StrEnum

EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_UNABLE = 3
EXIT_REJECTION_LIMIT = 4
"""A service stopped itself before too much was rejected: starting it again would only repeat that."""


class FixgateError(Exception):
    """Base of all errors raised on purpose.

    `remedy` tells a person what to do next; it is empty where nothing can be done.
    """

    exit_code = EXIT_UNABLE

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class Reason(StrEnum):
    """Why a record was rejected; stable words, used in dead letters, metrics and documents."""

    NOT_AVRO = "not_avro"
    UNKNOWN_SCHEMA = "unknown_schema"
    WRONG_RECORD = "wrong_record"
    OVERSIZED = "oversized"
    UNSIGNED = "unsigned"
    BAD_SIGNATURE = "bad_signature"
    BAD_CERTIFICATE = "bad_certificate"
    EXPIRED_CERTIFICATE = "expired_certificate"
    WRONG_SIGNER = "wrong_signer"
    MISSING_PARENT = "missing_parent"
    REPLAYED = "replayed"
    UNTIMED = "untimed"
    INVALID = "invalid"
    QUARANTINED = "quarantined"
    DEFECT = "defect"


class Poison(FixgateError):
    """A record that can never succeed; the runtime puts it, with its bytes, into the dead letters."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Transient(FixgateError):
    """Something outside failed and may recover; the runtime aborts the transaction and tries again."""


class Fenced(FixgateError):
    """Another instance holds this slot or these partitions; whatever was under way has been discarded."""


class RejectionLimit(FixgateError):
    """More records were rejected than one topic may lose; nothing of the last batch was committed."""

    exit_code = EXIT_REJECTION_LIMIT


class Misconfigured(FixgateError):
    """Settings, schemas or topology do not fit together; raised before any record is read."""

    exit_code = EXIT_USAGE


class Unavailable(FixgateError):
    """Something that is needed cannot be reached or did not answer in time."""


class Refused(FixgateError):
    """A check failed or a decision said no."""

    exit_code = EXIT_REFUSED
