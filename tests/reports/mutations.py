"""Reports of every format, broken in ways that attackers, tools and disks break them; each made again from its number.

First a sample's values are changed, then the text that they make, then the bytes.
"""

import codecs
import copy
import gzip
import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, cast

from fixgate.reports.registry import ADAPTERS
from tests.reports.samples import Lines, Path_, at, sample, walked, written

STRANGE: Final[tuple[Any, ...]] = (
    # characters
    "\x00", "\ud800", "\udfff\ud800", "\u202e\u2066", "\ufeff", "", " ", "\r\n", "\x1b[31m", "\x7f\x9f",
    "\N{GRINNING FACE}", "\N{FULLWIDTH DIGIT NINE}",
    # paths and addresses
    "../../../../etc/passwd", "..\\..\\windows\\win.ini", "file:///etc/shadow", "file://[x", "https://[", "C:\\",
    "https://a:b@c/", "http://a.test:99999/", "%00%2e%2e", "/" * 300, "\\\\host\\share\\a", "a/" * 2_000,
    # what stands for nothing, and what has a meaning somewhere
    "<finding_uid>", "None", "null", "AKIA", "AKIA" + "Z" * 16, "arn:aws:s3:::x", "pkg:npm/%ff@", "CVE-2026-" + "9" * 9,
    "arn:aws:iam::111122223333:user/" + "a/" * 200, "CVSS:3.1/AV:N", "CVSS:9/" + "A:B/" * 99, "1e999", "NaN", "-0",
    "9999-99-99T99:99:99Z", "0001-01-01T00:00:00+23:59", "-----BEGIN X-----\n" + "A" * 500, "x@y/z" * 300,
    # what does harm elsewhere
    "${jndi:ldap://x}", "{{7*7}}", "'; DROP TABLE x; --", "<script>", "=cmd|' /C calc'!A0", "{0}" * 40, "{" * 50,
    "(" * 200, "a" * 70_000, "0" * 4_000, "ab\n" * 3_000,
    # numbers, and everything else
    0, -1, 1, 1 << 31, 1 << 63, 1 << 70, -(1 << 200), 10**400, 1.5, -1e308, 1e-320, 2e9, 4e12, 1e18, True, False, None,
    [], {}, [[]], [None], {"": ""}, {"\x00": 1}, ["\udfff"], {"text": 7}, [{"id": []}], {"$ref": "#"}, {"a": {"a": {}}},
)  # fmt: skip
DEEP: Final = (60, 199, 250, 5_000, 20_000)
LAUGHS: Final = (
    '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True))
    + "]><l>&j;</l>"
)
ODD: Final = (
    "NaN", "-Infinity", "1e999", "-1e-999", "01", "1.", "9" * 5_000, "1" + "0" * 400 + ".5", "undefined", "/* x */ 1",
    '"\\ud800"', '"\\u0000"', '"\\x"', "'x'", '"a\nb"', '{"a":1,"a":2}', '{"\\u0061":1,"a":2}', "[1,]", "tru", '"',
)  # fmt: skip
"""Texts that are no value of JSON, or not for everybody the same."""
HOLE: Final = "\N{PILE OF POO} here \N{PILE OF POO}"
"""What stands in a value where text is put that no value has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One report: of which format it was, whether it is read by that name, its bytes."""

    number: int
    format: str
    named: bool
    data: bytes


@cache
def samples() -> Sequence[tuple[str, Any]]:
    """All formats with their samples; not to be changed."""
    return tuple((name, sample(name)) for name in sorted(ADAPTERS))


def made(seed: int, number: int) -> Input:
    """The input with this number; the same seed and number make the same one."""
    draw = random.Random(f"{seed} {number}")  # noqa: S311 - inputs of a test, made again from the seed
    name, given = draw.choice(samples())
    value = copy.deepcopy(given)
    for _ in range(draw.choice((0, 1, 1, 1, 2, 3, 6))):
        value = draw.choice(VALUES)(value, draw)
    data = spoiled_text(value, draw)
    if draw.random() < 0.3:
        data = draw.choice(BYTES)(data, draw)
    return Input(number=number, format=name, named=draw.random() < 0.3, data=data)


# -- values --------------------------------------------------------------------------------------------------------

Change = Callable[[Any, random.Random], Any]


def place(value: Any, draw: random.Random) -> Path_:
    """A path to anything in the value but the value itself; empty when there is nothing."""
    return draw.choice([path for path, _ in walked(value)][1:] or [()])


def strange(value: Any, draw: random.Random) -> Any:
    """Something strange in a place."""
    return put(value, place(value, draw), copy.deepcopy(draw.choice(STRANGE)))


def put(value: Any, path: Path_, item: Any) -> Any:
    """The item at the path; the item alone where there is none."""
    if not path:
        return item
    at(value, path[:-1])[path[-1]] = item
    return value


def moved(value: Any, draw: random.Random) -> Any:
    """What stands in one place, also in another; which may be within it."""
    return put(value, place(value, draw), copy.deepcopy(at(value, place(value, draw))))


def borrowed(value: Any, draw: random.Random) -> Any:
    """A part of another format's sample."""
    _, other = draw.choice(samples())
    return put(value, place(value, draw), copy.deepcopy(at(other, place(other, draw))))


def dropped(value: Any, draw: random.Random) -> Any:
    """Something less."""
    path = place(value, draw)
    if path:
        del at(value, path[:-1])[path[-1]]
    return value


def renamed(value: Any, draw: random.Random) -> Any:
    """A field by another name: strange, or another one's, or in another case."""
    path = place(value, draw)
    if path and isinstance(path[-1], str):
        held = at(value, path[:-1])
        item = held.pop(path[-1])
        names = ["", "\x00", "\ud800", "../a", "a" * 9_000, path[-1].upper(), path[-1] + " ", *held]
        held[draw.choice(names)] = item
    return value


def multiplied(value: Any, draw: random.Random) -> Any:
    """An element many times, the same or nearly so."""
    path = place(value, draw)
    if path and isinstance(path[-1], int):
        held, item = at(value, path[:-1]), at(value, path)
        for _ in range(draw.choice((1, 2, 30))):
            twin = copy.deepcopy(item)
            held.append(strange(twin, draw) if isinstance(twin, (dict, list)) and draw.random() < 0.3 else twin)
    return value


def wrapped(value: Any, draw: random.Random) -> Any:
    """A part within an array or object more; or the whole, within an envelope."""
    path = draw.choice((place(value, draw), ()))
    item = at(value, path)
    around = draw.choice((
        [item],
        {"findings": item},
        {"detail-type": "x", "detail": item},
        {"results": item},
        [[[[item]]]],
        {str(n): item for n in range(3)},
    ))  # fmt: skip
    return around if not path else put(value, path, around)


def holed(value: Any, draw: random.Random) -> Any:
    """A place for text that no value has."""
    return put(value, place(value, draw), HOLE)


VALUES: Final[tuple[Change, ...]] = (
    strange, strange, strange, strange, moved, borrowed, dropped, renamed, multiplied, wrapped, holed,
)  # fmt: skip


# -- text ----------------------------------------------------------------------------------------------------------


def spoiled_text(value: Any, draw: random.Random) -> bytes:
    """The report's bytes; where a value has a hole, with something in it that only text can be."""
    if isinstance(value, list) and not isinstance(value, Lines) and draw.random() < 0.1:
        value = Lines(cast("Sequence[Any]", value))
    text = written(value).decode()
    hole = json.dumps(HOLE)
    if hole in text:
        levels = draw.choice(DEEP)
        text = text.replace(
            hole,
            draw.choice((*ODD, "[" * levels + "]" * levels, '{"a":' * levels + "1" + "}" * levels, "[" * levels)),
        )
    if draw.random() < 0.05:
        names = re.findall(r'"[A-Za-z_]{1,30}":', text)
        if names:
            twice = draw.choice(names)
            text = text.replace(twice, f"{twice} null, {twice}", draw.choice((1, 99)))
    return text.encode(errors="surrogatepass")


# -- bytes ---------------------------------------------------------------------------------------------------------

Spoil = Callable[[bytes, random.Random], bytes]


def cut(data: bytes, draw: random.Random) -> bytes:
    """Cut off."""
    return data[: draw.randrange(len(data) + 1)]


def flipped(data: bytes, draw: random.Random) -> bytes:
    """Other bytes here and there."""
    spoiled = bytearray(data)
    for _ in range(draw.choice((1, 1, 3, 20)) if data else 0):
        spoiled[draw.randrange(len(spoiled))] = draw.choice((draw.randrange(256), 0, 0xFF, 0x22, 0x5C, 0x0A))
    return bytes(spoiled)


def inserted(data: bytes, draw: random.Random) -> bytes:
    """Something in the middle, or in front, or behind."""
    spot = draw.choice((0, len(data), draw.randrange(len(data) + 1)))
    more = (
        b"\x00",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"\xc0\xaf",
        b"\n\n",
        b"\r",
        b"time=12 level=info msg=x\n",
        b"{",
        b"]",
        b"/",
    )
    return data[:spot] + draw.choice(more) + data[spot:]


def encoded_as(data: bytes, draw: random.Random) -> bytes:
    """In another encoding, with and without its mark."""
    text = data.decode(errors="replace")
    encoding = draw.choice(("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-7", "latin-1"))
    mark = draw.choice((b"", b"", codecs.BOM_UTF16_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF8))
    return mark + text.encode(encoding, errors="replace")


def repeated(data: bytes, draw: random.Random) -> bytes:
    """Several documents, one after the other."""
    return draw.choice((b"", b"\n", b" ", b",", b"\r\n")).join([data] * draw.choice((2, 3, 20)))


def other(data: bytes, draw: random.Random) -> bytes:
    """No JSON at all, before it or instead of it."""
    kinds = (
        LAUGHS.encode(),
        gzip.compress(data, 1, mtime=0),
        b"PK\x03\x04" + data[:50],
        b"",
        b"\xef\xbb\xbf",
        b"a,b\n1,2\n",
        b"- a: &x [*x]",
    )
    return draw.choice(kinds) + draw.choice((b"", b"\n" + data))


BYTES: Final[tuple[Spoil, ...]] = (cut, cut, flipped, flipped, flipped, inserted, inserted, encoded_as, repeated, other)
