"""A long JSON value without all of it in memory: its long arrays are found by their brackets, and walked later.

One pass looks at brackets and strings alone and remembers, for each array of over a mebibyte near the top, where its
elements begin and end. What remains when those arrays are taken out is read as any other value, with `Elements` in
their places. So what stands behind a long array is known before it is walked: the rules of a SARIF log often stand
behind the results.
"""

import re
from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Final, cast

from fixgate.errors import Poison, Reason
from fixgate.reports.document import Broken, Data, Document, Elements
from fixgate.reports.passing import Passing
from fixgate.reports.strict import check_objects, refuse, strict

LONG: Final = 1024 * 1024
"""Bytes of an array that is walked instead of read."""
PIECE: Final = 16 * 1024 * 1024
"""Bytes of an element up to which all of it is read; what is long in a longer one is walked too."""
LEVELS: Final = 5
"""How deep a long array may stand; deeper ones are read with what they stand in."""
REST_LIMIT: Final = 32 * 1024 * 1024
"""Bytes of a report outside of its long arrays, and of one of their elements."""
ELEMENTS: Final = 4 * 1024 * 1024
"""Elements of a report's long arrays at most, and of each other one: those of the largest report have 256 bytes then,
and no scanner's have fewer."""
_NEXT: Final = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+[\[\]{}]?', re.DOTALL)
"""The next bracket outside of a string, else all that there is. No text makes it go back (it is possessive), or try
again further on (it always fits)."""
_BETWEEN: Final = re.compile(rb"[ \t\r\n]*,[ \t\r\n]*")
_SPACE: Final = re.compile(rb"[ \t\r\n]*")
_BRACKETS: Final = b"[{]}"
_ARRAY, _OBJECT, _ARRAY_END, _OBJECT_END = _BRACKETS


@dataclass(slots=True)
class _Open:
    """A container that was begun; of an array, where its elements that are containers begin and end."""

    at: int
    kind: int
    starts: "array[int]" = field(default_factory=lambda: array("Q"))
    ends: "array[int]" = field(default_factory=lambda: array("Q"))
    inner: list["Span"] = field(default_factory=list["Span"])
    walked: int = 0
    """Of the outermost: elements of all long arrays."""
    walkable: bool = True
    """Whether nothing but arrays and objects was seen among its elements, with one comma between two."""


@dataclass(frozen=True, slots=True)
class Span:
    """A long array: where it and its elements stand, and the long arrays inside them, in order."""

    start: int
    end: int
    starts: "array[int]"
    ends: "array[int]"
    inner: tuple["Span", ...]


def long_value(data: Data, begin: int) -> Document:
    """The document of one long value; raises Poison."""
    spans = _indexed(data, begin)
    value = _without(data, begin, len(data), spans)
    return Document(values=(("", value),), long=True)


def _indexed(data: Data, begin: int) -> tuple[Span, ...]:
    """The long arrays that stand in no other one."""
    root = _Open(begin, _OBJECT)
    stack, depth, last = [root], 0, begin
    passing = Passing(data)
    for found in _NEXT.finditer(data, begin):
        kind = data[found.end() - 1] if found.end() > last else 0
        if kind not in _BRACKETS:
            break  # the end, or a string without an end
        last = found.end()
        if kind in (_ARRAY, _OBJECT):
            if depth < LEVELS:
                _begin(data, stack, last - 1, kind)
                passing.read_to(last)
            depth += 1
            continue
        depth -= 1
        if depth < 0:
            refuse("is not JSON: it closes more than it opens")
        if depth < LEVELS:
            _close(data, stack, last, kind)
    if depth:
        refuse("is cut off: it ends within a value")
    return tuple(root.inner)


def _begin(data: Data, stack: list[_Open], at: int, kind: int) -> None:
    """Begin a container in the innermost one, whose elements are looked at while their pages are in memory."""
    parent = stack[-1]
    if parent.kind == _ARRAY and parent.walkable:
        expected, begin = (_BETWEEN, parent.ends[-1]) if parent.ends else (_SPACE, parent.at + 1)
        parent.walkable = expected.fullmatch(data, begin, at) is not None
    _check_count(len(parent.starts) + 1)
    parent.starts.append(at)
    stack.append(_Open(at, kind))


def _close(data: Data, stack: list[_Open], end: int, kind: int) -> None:
    """Close the innermost container, whose closing bracket stands before `end`."""
    ended, parent = stack.pop(), stack[-1]
    if (ended.kind == _ARRAY) != (kind == _ARRAY_END):
        refuse(f"is not JSON: byte {end - 1} closes what was not opened")
    parent.ends.append(end)
    if ended.kind == _ARRAY and end - ended.at >= LONG and _of_containers(data, ended, end):
        stack[0].walked += len(ended.starts)
        _check_count(stack[0].walked)
        parent.inner.append(Span(ended.at, end, ended.starts, ended.ends, tuple(ended.inner)))
    else:
        parent.inner += ended.inner


def _check_count(elements: int) -> None:
    """Raise Poison when there are more than can be walked in minutes, or remembered."""
    if elements > ELEMENTS:
        raise Poison(Reason.OVERSIZED, f"the report has arrays of more than {ELEMENTS} elements")


def _of_containers(data: Data, ended: _Open, end: int) -> bool:
    """Whether each element of an array is an array or an object: then they can be walked."""
    return ended.walkable and bool(ended.ends) and _SPACE.fullmatch(data[ended.ends[-1] : end - 1]) is not None


def _without(data: Data, begin: int, end: int, spans: tuple[Span, ...]) -> object:
    """The value between two places, with the long arrays in it as `Elements`."""
    rest = end - begin - sum(span.end - span.start for span in spans)
    if rest > REST_LIMIT:
        raise Poison(Reason.OVERSIZED, f"the report has {rest} bytes in one piece; {REST_LIMIT} are read")
    if not spans:
        piece = data[begin:end]
        check_objects(piece)
        return strict(piece)
    nonce = token_hex(16)  # a text of the report could be any other mark
    pieces: list[bytes] = []
    for number, span in enumerate(spans):
        pieces += [data[begin : span.start], b'"%s/%d"' % (nonce.encode(), number)]
        begin = span.end
    value = strict(b"".join([*pieces, data[begin:end]]))
    walked = {f"{nonce}/{number}": _Elements(data, span) for number, span in enumerate(spans)}
    return _put(value, walked, LEVELS)


def _put(value: object, walked: dict[str, "_Elements"], levels: int) -> object:
    """The value with each mark replaced by what it stands for."""
    if isinstance(value, str):
        return walked.get(value, value)
    if levels and isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        return {name: _put(inner, walked, levels - 1) for name, inner in fields.items()}
    if levels and isinstance(value, list):
        return [_put(inner, walked, levels - 1) for inner in cast("list[object]", value)]
    return value


class _Elements(Elements):
    """The elements of one long array."""

    def __init__(self, data: Data, span: Span) -> None:
        self._data = data
        self._span = span
        self._inner = [inner.start for inner in span.inner]
        self._passing = Passing(data)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._span.starts)

    def at(self, number: int) -> object:
        """See `Walked.at`; `Broken` where it is no strict JSON."""
        start, end = self._span.starts[number], self._span.ends[number]
        self._passing.read_to(start)
        inner = self._span.inner[bisect_left(self._inner, start) : bisect_right(self._inner, end)]
        if end - start <= PIECE:
            inner = ()
        try:
            return _without(self._data, start, end, inner)
        except Poison as fault:
            return Broken(fault.message.removeprefix("the report "))
