"""One JSON value from bytes, strictly: what two readers could understand differently is refused.

Refused are duplicate keys, NaN and infinities, text that is not Unicode, NUL bytes, and nesting that only an attack
has.

orjson reads fast, but takes the last of two equal keys. Written out again, the value then has fewer colons than its
text: so they are counted in both (`_each_name_is_kept`). Whatever that cannot tell for sure is read again by
Python's own decoder, which is told of every pair; it also says precisely what is wrong. No message holds anything of
the report.
"""

from collections.abc import Iterable
from json import JSONDecodeError, JSONDecoder
from math import isinf
from typing import Final, NoReturn, cast

import orjson

from fixgate.errors import Poison, Reason

NESTING_LIMIT: Final = 254
"""Levels of arrays and objects: as many as orjson writes. Real reports have fewer than 40."""
OBJECTS: Final = 500_000
"""Opening braces in what is read into memory at once: 16 MiB of real reports have 150,000 at most."""
_SMALL: Final = b"\\u003a"
_LARGE: Final = b"\\u003A"
"""A colon, as only one of the two texts would have it."""
_HOLDERS: Final = (dict, list)


class _Repeated(ValueError):
    """An object has a key twice."""


class _NotANumber(ValueError):
    """A number that JSON does not have."""


def strict(data: bytes) -> object:
    """The value that these bytes of UTF-8 are; raises Poison."""
    try:
        value: object = orjson.loads(data)
        if _each_name_is_kept(data, value):
            return value
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        pass  # the exact decoder says what it is, or takes it: half of a surrogate pair
    return exact(data)


def exact(data: bytes) -> object:
    """The same by Python's decoder: slower, and with the precise reason in Poison."""
    text = unicode(data)
    try:
        value = DECODER.decode(text)
    except (ValueError, RecursionError) as fault:
        refuse(reason(fault, text))
    if deeper(value, NESTING_LIMIT):
        refuse(f"is nested more than {NESTING_LIMIT} levels deep")
    return cast("object", value)


def unicode(data: bytes, encoding: str = "utf-8", skipped: int = 0) -> str:
    """The text; `skipped` bytes stood before. Raises Poison."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        refuse(f"is not {encoding.upper()} text: byte {error.start + skipped} does not fit")
    if "\0" in text:
        refuse("holds NUL bytes: it is no text, or UTF-16 without its byte order mark")
    return text


def refuse(why: str) -> NoReturn:
    """Raise Poison: the report …."""
    raise Poison(Reason.INVALID, f"the report {why}")


def reason(fault: Exception, text: str) -> str:
    """Why the decoder did not take the text."""
    match fault:
        case RecursionError():
            return f"is nested more than {NESTING_LIMIT} levels deep"
        case JSONDecodeError():
            cut = fault.pos >= len(text.rstrip()) or fault.msg.startswith("Unterminated string")
            place = f"line {fault.lineno}, column {fault.colno}"
            return f"is cut off: it ends at {place}, within a value" if cut else f"is not JSON: {fault.msg} at {place}"
        case _Repeated():
            return "has an object with the same key twice: readers would understand it differently"
        case _NotANumber():
            return "has a NaN or an infinity, which JSON does not have"
        case _:
            return "has a number that is too long"


def check_objects(data: bytes) -> None:
    """Raise Poison when there are so many objects that to read them takes minutes, or a hundred times their bytes."""
    if data.count(b"{") > OBJECTS:
        raise Poison(Reason.OVERSIZED, f"the report has more than {OBJECTS} opening braces in one piece")


def deeper(value: object, limit: int) -> bool:
    """Whether there are more than `limit` levels; level by level, so that the stack does not matter."""
    level = [value]
    for _ in range(limit):
        level = [below for item in level for below in _below(item)]
        if not level:
            return False
    return True


def _each_name_is_kept(data: bytes, value: object) -> bool:
    """Whether for sure no name of the text was lost, and it is no deeper than the limit (else JSONEncodeError).

    Each name has a colon behind it, and colons within strings stand in both texts; what was lost has more in the first.
    """
    if _SMALL in data or _LARGE in data:
        return False
    return data.count(b":") == orjson.dumps(value).count(b":")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _Repeated
    return made


def _constant(_name: str) -> NoReturn:
    raise _NotANumber


def _integer(text: str) -> int | float:
    """As orjson reads it: what has more than 64 bits is rounded; what no float holds stays as it is."""
    made = int(text)
    if -(1 << 63) <= made < 1 << 64:
        return made
    rounded = float(text)
    return made if isinf(rounded) else rounded


def _below(item: object) -> Iterable[object]:
    """The arrays and objects that stand directly in an array or object."""
    if isinstance(item, dict):
        inside: Iterable[object] = cast("dict[str, object]", item).values()
    else:
        inside = cast("list[object]", item) if isinstance(item, list) else ()
    # By exact type: JSON gives no other, and this is asked of every value.
    return (value for value in inside if type(value) in _HOLDERS)


DECODER: Final = JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer)
