"""Reports of several JSON values: one a line, or one after the other, with other lines of text between them.

Scanners print so to standard output, where their log may end up too. A line that begins an object and is none is a
result that cannot be used; a line of text is noise, which is counted. A logger may have put a time and a host before
each object.
"""

import re
from array import array
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from typing import Final, cast, overload

import orjson

from fixgate.errors import Poison, Reason
from fixgate.reports.document import Data, Document, Unusable
from fixgate.reports.passing import Passing
from fixgate.reports.strict import DECODER, NESTING_LIMIT, OBJECTS, deeper, refuse, strict, unicode

LINE_LIMIT: Final = 8 * 1024 * 1024
"""Bytes of a line of a long report: it is read as a whole, and by each format that might know it."""
UNUSABLE_LIMIT: Final = 100_000
"""Lines that begin an object and are none: a report with more is no report of lines."""
LINES_LIMIT: Final = 4 * 1024 * 1024
"""Lines of a long report at most: those of the largest have 256 bytes then, and no scanner's have fewer."""
PREFIX_LIMIT: Final = 300
"""Bytes that a logger puts before an object."""
_BEGIN: Final = re.compile(rb'(?m)^(?:\{|\[\s*[\[{"\]])')
"""What begins an object or an array of what reports hold; `[INFO]` does not."""
_SPACE: Final = re.compile(r"[ \t\r\n]*")


def several(text: bytes) -> Document | None:
    """The document in a text that is no single JSON value; None when it is not several either. Raises Poison."""
    lines = [(number, bare) for number, line in enumerate(text.split(b"\n"), 1) if (bare := _bare(line))]
    first = next((line for _, line in lines if _BEGIN.match(line)), None)
    if first is None:
        return _prefixed(lines)
    if len(lines) > 1 and (_alone(first) or all(line.startswith(b"{") for _, line in lines)):
        return _of_lines(lines)
    return _after_text(text) or _one_after_the_other(text)


def _of_lines(lines: Sequence[tuple[int, bytes]]) -> Document:
    values: list[tuple[str, object]] = []
    unusable: list[Unusable] = []
    noise = 0
    for number, line in lines:
        read = _read(line, f"line {number}")
        if read is None:
            noise += 1
        elif isinstance(read, Unusable):
            _add(unusable, read)
        else:
            values.append((f"line {number}", read[0]))
    if not values:
        refuse("is not JSON: not one of its lines is")
    return Document(values=tuple(values), unusable=tuple(unusable), noise=noise)


def _read(line: bytes, pointer: str) -> tuple[object] | Unusable | None:
    """What a line holds, alone in a tuple; None when it is text."""
    if line[:1] != b"{" and not _BEGIN.match(line):
        return None
    try:
        return (strict(line),)
    except Poison as fault:
        return Unusable(pointer, fault.message.removeprefix("the report "))


def _read_long(data: Data, start: int, stop: int, pointer: str) -> tuple[object] | tuple[()] | Unusable | None:
    """The same for a line of a long report; () for an empty one."""
    if stop - start > LINE_LIMIT:
        return Unusable(pointer, f"has {stop - start} bytes; {LINE_LIMIT} are read")
    line = _bare(data[start:stop])
    if line.count(b"{") > OBJECTS:
        return Unusable(pointer, f"has more than {OBJECTS} opening braces")
    return _read(line, pointer) if line else ()


def _add(unusable: list[Unusable], read: Unusable) -> None:
    """Note what cannot be used; raises Poison when there is too much of it."""
    if len(unusable) == UNUSABLE_LIMIT:
        refuse(f"has more than {UNUSABLE_LIMIT} lines that cannot be used")
    unusable.append(read)


def _bare(line: bytes) -> bytes:
    """The line without space, and without what marks a text's beginning where reports were put one behind another.

    That is a byte order mark, or the separator of RFC 7464.
    """
    bare = line.strip()
    return bare if bare[:1] == b"{" else bare.removeprefix(BOM_UTF8).removeprefix(b"\x1e").strip()


def _alone(line: bytes) -> bool:
    """Whether a line is a JSON value by itself."""
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True


def _prefixed(lines: Sequence[tuple[int, bytes]]) -> Document | None:
    """Objects of which each stands behind what a logger wrote before it."""
    cut = [(number, line, line.find(b"{")) for number, line in lines]
    found = [(n, line[at:]) for n, line, at in cut if 0 < at <= PREFIX_LIMIT and line.endswith(b"}")]
    if not found or not _alone(found[0][1]):
        return None
    made = _of_lines(found)
    return Document(values=made.values, unusable=made.unusable, noise=len(lines) - len(found))


def _after_text(text: bytes) -> Document | None:
    """One value behind lines of text; nothing that looks like a value may stand before it, for it would be lost."""
    begin = _BEGIN.search(text)
    if begin is None or begin.start() == 0:
        return None
    try:
        value = strict(text[begin.start() :])
    except Poison:
        return None
    return Document(values=(("", value),), noise=text.count(b"\n", 0, begin.start()))


def _one_after_the_other(data: bytes) -> Document | None:
    """Values of several lines each."""
    text = unicode(data)
    values: list[tuple[str, object]] = []
    at = _SPACE.match(text).end()  # type: ignore[union-attr]  # it matches nothing as well
    while at < len(text):
        try:
            value, end = cast("tuple[object, int]", DECODER.raw_decode(text, at))
        except (ValueError, RecursionError):
            return None
        if deeper(value, NESTING_LIMIT):
            return None
        values.append((f"value {len(values) + 1}", value))
        at = _SPACE.match(text, end).end()  # type: ignore[union-attr]  # likewise
    return Document(values=tuple(values)) if len(values) > 1 else None


class Lines(Sequence[tuple[str, object]]):
    """The values of a long report of lines, each with its pointer; read anew each time that they are asked for."""

    def __init__(self, data: Data, numbers: "array[int]", starts: "array[int]", ends: "array[int]") -> None:
        self._data = data
        self._numbers, self._starts, self._ends = numbers, starts, ends
        self._passing = Passing(data)

    def __len__(self) -> int:
        """How many."""
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> tuple[str, object]: ...
    @overload
    def __getitem__(self, index: slice) -> list[tuple[str, object]]: ...
    def __getitem__(self, index: int | slice) -> tuple[str, object] | list[tuple[str, object]]:
        """One of them, or several."""
        if isinstance(index, slice):
            return [self[n] for n in range(len(self))[index]]
        self._passing.read_to(self._starts[index])
        value = strict(_bare(self._data[self._starts[index] : self._ends[index]]))
        return f"line {self._numbers[index]}", value

    def __iter__(self) -> Iterator[tuple[str, object]]:
        """All, in order."""
        return (self[n] for n in range(len(self)))


def long_lines(data: Data, begin: int) -> Document | None:
    """A long report if it is one of lines: if its first line is a JSON object by itself and not all of it."""
    end = data.find(b"\n", begin, begin + LINE_LIMIT)
    if end < 0 or not data[begin:end].lstrip().startswith(b"{"):
        return None
    if not _alone(data[begin:end]):
        return None
    numbers, starts, ends = array("Q"), array("Q"), array("Q")
    unusable: list[Unusable] = []
    noise = 0
    for number, (start, stop) in enumerate(_places(data, begin), 1):
        if number > LINES_LIMIT:
            raise Poison(Reason.OVERSIZED, f"the report has more than {LINES_LIMIT} lines")
        read = _read_long(data, start, stop, f"line {number}")
        if isinstance(read, Unusable):
            _add(unusable, read)
        elif read is None:
            noise += 1
        elif read:
            numbers.append(number)
            starts.append(start)
            ends.append(stop)
    values = Lines(data, numbers, starts, ends)
    return Document(values=values, unusable=tuple(unusable), noise=noise, long=True)


def _places(data: Data, begin: int) -> Iterator[tuple[int, int]]:
    """Begin and end of each line."""
    passing = Passing(data)
    while begin < len(data):
        end = data.find(b"\n", begin)
        end = len(data) if end < 0 else end
        yield begin, end
        passing.read_to(end)
        begin = end + 1
