"""What a value in a record must be, beyond what fastavro asks of it, and how it looks to fastavro.

A field of a schema names its form in the attribute `form`. The generated code puts each value through these functions
on its way out and on its way in, so that reading does not trust that writing refused. They raise `Unfit` for a value
that the schema does not allow and never repeat it: it may be anything, a secret too. What is not even of the right type
raises `TypeError` or `AttributeError`, as Python does; `truth` and `integer` are there because fastavro would write any
object as a boolean, and 3.5 as 3. A form never changes for an existing field: that is part of being compatible.

All functions are pure.
"""

import math
import re
from datetime import UTC, datetime, timedelta
from operator import index as integer

Scalar = bool | int | str | tuple[str, ...] | None
"""The value of a fact or slot: null, boolean, long, string or array of strings in Avro, in that order."""

STRING_FORMS = ("digest", "trace_id", "spiffe_id", "fingerprint", "key")
LONG_FORMS = ("natural",)

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}").fullmatch
_TRACE_ID = re.compile(r"(?:[0-9a-f]{32})?").fullmatch
_SPIFFE_ID = re.compile(r"spiffe://[a-z0-9._-]{1,255}(?:/[A-Za-z0-9._-]+)+").fullmatch
_FINGERPRINT = re.compile(r"v[1-9][0-9]{0,3}:[!-~]+").fullmatch
_FINGERPRINT_MAX = 1024
_SPIFFE_ID_MAX = 2048  # SPIFFE-ID, 2.3
_KEY_MAX = 2048
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND

__all__ = [
    "LONG_FORMS",
    "STRING_FORMS",
    "Scalar",
    "Unfit",
    "digest",
    "fingerprint",
    "finite",
    "integer",
    "key",
    "micros",
    "moment",
    "natural",
    "scalar_datum",
    "scalar_of",
    "spiffe_id",
    "trace_id",
    "truth",
]


class Unfit(ValueError):
    """The encoding is right, but the value is one that the record may not hold."""


def digest(value: str) -> str:
    """The digest of a record or of stored bytes: sha256: and 64 lower-case hexadecimal digits."""
    if _DIGEST(value) is None:
        raise Unfit("a digest that is none")
    return value


def trace_id(value: str) -> str:
    """A W3C trace id of 32 lower-case hexadecimal digits, or nothing."""
    if _TRACE_ID(value) is None:
        raise Unfit("a trace id that is none")
    return value


def spiffe_id(value: str) -> str:
    """A SPIFFE ID with a path."""
    if len(value) > _SPIFFE_ID_MAX or _SPIFFE_ID(value) is None:
        raise Unfit("a SPIFFE ID that is none")
    return value


def fingerprint(value: str) -> str:
    """A versioned fingerprint: v1: and printable ASCII without spaces."""
    if len(value) > _FINGERPRINT_MAX or _FINGERPRINT(value) is None:
        raise Unfit("a fingerprint that is none")
    return value


def key(value: str) -> str:
    """A name that something is found or compared by: 1 to 2,048 characters, all of them printable.

    Printable as Unicode has it: no control characters, and nothing that turns the direction of text or has no width,
    so that two names that look the same to a person are more likely to be the same.
    """
    if not value.isprintable() or not 0 < len(value) <= _KEY_MAX:
        raise Unfit("a name that is empty, too long or not printable")
    return value


def natural(value: int) -> int:
    """A count or duration: never negative."""
    if value < 0:
        raise Unfit("a negative count")
    return integer(value)


def truth(value: bool) -> bool:  # noqa: FBT001 - the value itself
    """True or false, and nothing that merely counts as one of them."""
    if value is True or value is False:
        return value
    raise TypeError("a boolean that is none")


def finite(value: float) -> float:
    """A number that is neither NaN nor infinite: a comparison with NaN would be false whatever is asked."""
    if not math.isfinite(value):
        raise Unfit("a number that is not finite")
    return value


def micros(value: datetime) -> int:
    """A moment as whole microseconds since the epoch; `Unfit` for a time without zone, which is no moment."""
    if value.tzinfo is None:
        raise Unfit("a time without zone")
    since = (value - _EPOCH) // _MICROSECOND
    if not _FIRST <= since <= _LAST:
        raise Unfit("a time beyond the years 1 to 9999")
    return since


def moment(value: int) -> datetime:
    """Microseconds since the epoch as a moment in UTC; `Unfit` for years that Python does not have."""
    if not _FIRST <= value <= _LAST:
        raise Unfit("a time beyond the years 1 to 9999")
    return _EPOCH + timedelta(microseconds=value)


def scalar_datum(value: Scalar) -> tuple[str, object] | None:
    """The value with the name of its branch: a boolean must not be taken for a number."""
    match value:
        case None:
            return None
        case bool():  # before int: a boolean is an int to Python
            return "boolean", value
        case int():
            return "long", value
        case str():
            return "string", value
        case tuple():
            return "array", value
        case _:  # pyright: ignore[reportUnnecessaryComparison]  # whoever made the record may not use a type checker
            raise TypeError("a scalar that is none")


def scalar_of(value: bool | int | str | list[str] | None) -> Scalar:  # noqa: FBT001 - the value itself
    """The value as fastavro read it, which gives arrays as lists."""
    return tuple(value) if isinstance(value, list) else value
