"""The fast decoder takes nothing that the exact one refuses: no name of an object is lost."""

import json
from typing import Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fixgate.errors import Poison
from fixgate.reports.strict import exact, strict

NAMES: Final = st.sampled_from(["a", "b", ":", '":', '\\":', "\\", "a\\", '"', "\u0022:", " :", "é", ""])
EDGES: Final = [sign * (1 << bits) + more for sign in (1, -1) for bits in (53, 63, 64, 70) for more in (-1, 0, 1)]
SPACE: Final = st.sampled_from(["", " ", "\t", "\n", "  ", "\r\n"])


def escaped(text: str, draw: st.DrawFn) -> str:
    r"""A JSON string of the text, some of its characters as `\uXXXX`."""
    plain = json.dumps(text, ensure_ascii=False)
    return "".join(f"\\u{ord(c):04x}" if c == ":" and draw(st.booleans()) else c for c in plain)


@st.composite
def texts(draw: st.DrawFn, depth: int = 2) -> str:
    """JSON whose objects may have a name twice, with space and escapes wherever they may stand."""
    kind = draw(st.sampled_from(["object", "array", "text", "number"] if depth else ["text", "number"]))
    if kind == "text":
        return escaped(draw(NAMES), draw)
    if kind == "number":
        return str(draw(st.integers() | st.sampled_from(EDGES)))
    space = draw(SPACE)
    if kind == "array":
        return "[" + f"{space},".join(draw(st.lists(texts(depth=depth - 1), max_size=3))) + "]"
    pairs = draw(st.lists(st.tuples(NAMES, SPACE, texts(depth=depth - 1)), max_size=3))
    return "{" + ",".join(f"{escaped(name, draw)}{before}:{space}{value}" for name, before, value in pairs) + "}"


def outcome(read: Any, data: bytes) -> tuple[object, str]:
    """What is read, or why nothing is."""
    try:
        return read(data), ""
    except Poison as fault:
        return None, fault.message


@settings(max_examples=600)
@example('{"a":1,"a":2}')
@example('{"a":1,"a" :2,":":3}')
@example('{"a":"\\u0022:","a":"b"}')
@example('{"a":1,"\\u0061":2}')
@example('{"a":"\\":","b":"\\\\","\\\\":1}')
@example('{"a"  :1,"b":2,"b":3}')
@given(texts())
def test_both_decoders_come_to_the_same(text: str) -> None:
    """The value, or the very same refusal."""
    assert outcome(strict, text.encode()) == outcome(exact, text.encode())


@pytest.mark.parametrize("levels", [253, 254, 255, 256, 2_000, 100_000])
def test_both_know_one_limit_of_nesting(levels: int) -> None:
    """What one refuses the other does not let through."""
    for begin, end in ((b"[", b"]"), (b'{"a":', b"}")):
        data = begin * levels + (b"1" if begin != b"[" else b"") + end * levels
        assert (outcome(strict, data)[1] != "") == (levels > 254)


def test_half_a_surrogate_pair_is_read() -> None:
    """Tools that cut texts by UTF-16 write such; it costs nothing but speed."""
    assert strict(b'["\\ud83d"]') == ["\ud83d"]
