"""From bytes to JSON, strictly: what two readers could understand differently is refused.

Refused are duplicate keys, NaN and infinities, text that is not Unicode, NUL bytes, and nesting that only an attack
has. Accepted are UTF-8 with and without byte order mark, and UTF-16 and UTF-32 with one (PowerShell's `>` writes so).
A stream of JSON values, one a line, is taken line by line: a bad line costs the others nothing.

No message holds anything of the report.
"""

import codecs
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from json import JSONDecodeError
from typing import Final, NoReturn, cast

from fixgate.errors import Poison, Reason

REPORT_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of a report at most. On `findings.raw` the topic's own limit is lower."""
NESTING_LIMIT: Final = 200
"""Levels of arrays and objects; real reports have fewer than 40."""
_HOLDERS: Final = (dict, list)
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Unusable:
    """A result that cannot be used: where it stands, and why, without anything of its text."""

    pointer: str
    why: str


class Elements(Sequence[object]):
    """A long array of a report: its elements are read from the report's bytes when they are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a report's bytes hold: one JSON value, or several, one a line; each with its pointer ("" or "line 3")."""

    values: tuple[tuple[str, object], ...]
    lines: bool = False
    unusable: tuple[Unusable, ...] = ()


class _Repeated(ValueError):
    """An object has a key twice."""


class _NotANumber(ValueError):
    """A number that JSON does not have."""


def document(data: bytes, *, limit: int = REPORT_LIMIT) -> Document:
    """The document in `data`; one without values when there is nothing in it. Raises Poison."""
    if len(data) > limit:
        raise Poison(Reason.OVERSIZED, f"the report has {len(data)} bytes; {limit} are read")
    text = _text(data)
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        return Document(values=())
    if len(lines) > 1 and all(line.lstrip().startswith("{") for _, line in lines):
        return _of_lines(lines)
    return Document(values=(("", _value(text)),))


def _of_lines(lines: list[tuple[int, str]]) -> Document:
    values: list[tuple[str, object]] = []
    unusable: list[Unusable] = []
    for number, line in lines:
        try:
            values.append((f"line {number}", _value(line)))
        except Poison as fault:
            unusable.append(Unusable(f"line {number}", fault.message.removeprefix("the report ")))
    if not values:
        _refuse("is not JSON: not one of its lines is")
    return Document(values=tuple(values), lines=True, unusable=tuple(unusable))


def _text(data: bytes) -> str:
    mark, encoding = next(((m, e) for m, e in _MARKS if data.startswith(m)), (b"", "utf-8"))
    try:
        text = data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        _refuse(f"is not {encoding.upper()} text: byte {error.start + len(mark)} does not fit")
    if "\0" in text:
        _refuse("holds NUL bytes: it is no text, or UTF-16 without its byte order mark")
    return text


def _value(text: str) -> object:
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except RecursionError:
        _refuse(f"is nested more than {NESTING_LIMIT} levels deep")
    except JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
        place = f"line {error.lineno}, column {error.colno}"
        _refuse(f"is cut off: it ends at {place}, within a value" if cut else f"is not JSON: {error.msg} at {place}")
    except _Repeated:
        _refuse("has an object with the same key twice: readers would understand it differently")
    except _NotANumber:
        _refuse("has a NaN or an infinity, which JSON does not have")
    except ValueError:
        _refuse("has a number that is too long")
    if _deeper(value, NESTING_LIMIT):
        _refuse(f"is nested more than {NESTING_LIMIT} levels deep")
    return cast("object", value)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _Repeated
    return made


def _constant(_name: str) -> NoReturn:
    raise _NotANumber


def _deeper(value: object, limit: int) -> bool:
    """Whether there are more than `limit` levels; level by level, so that the stack does not matter."""
    level = [value]
    for _ in range(limit):
        level = [below for item in level for below in _below(item)]
        if not level:
            return False
    return True


def _below(item: object) -> Iterable[object]:
    """The arrays and objects that stand directly in an array or object."""
    if isinstance(item, dict):
        inside: Iterable[object] = cast("dict[str, object]", item).values()
    else:
        inside = cast("list[object]", item) if isinstance(item, list) else ()
    # By exact type: JSON gives no other, and this is asked of every value.
    return (value for value in inside if type(value) in _HOLDERS)


def _refuse(why: str) -> NoReturn:
    raise Poison(Reason.INVALID, f"the report {why}")
