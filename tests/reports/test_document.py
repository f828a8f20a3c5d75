"""What two readers could understand differently, and what only an attack has, is refused, and told without its text."""

import codecs
import json

import pytest

from fixgate.errors import Poison, Reason
from fixgate.reports import opening, strict
from fixgate.reports.opening import document
from fixgate.reports.report import Scan, read
from tests.reports.making import data, leak

SECRET = "hidden-" + "value"


def deep(levels: int) -> bytes:
    """Arrays in arrays."""
    return b"[" * levels + b"]" * levels


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (b"<report/>", "is not JSON"),
        (b"not json", "is not JSON"),
        (data([leak("x" * 20)])[:-40], "cut off"),
        (b'{"runs": [', "cut off"),
        (b'{"a": 1} trailing', "is not JSON: Extra data"),
        (b'{"a": 1, "a": 2}', "same key twice"),
        (b'[{"b": {"a": 1, "a": 1}}]', "same key twice"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "NaN"),
        (b'{"a": ' + b"9" * 5000 + b"}", "too long"),
        (deep(255), "254 levels"),
        (deep(20_000), "254 levels"),
        (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, "254 levels"),
        (b'{"a": "\xff\xfe"}', "UTF-8"),
        (b'{"a": "\x00"}', "NUL"),
        ('{"a": 1}'.encode("utf-16-le"), "NUL"),
        (codecs.BOM_UTF16_LE + b"{\x00a", "UTF-16-LE"),
        (b'{"a": 1,}', "is not JSON"),
        (b'{"a": 01}', "is not JSON"),
    ],
    ids=range(19),
)
def test_what_is_no_strict_json_is_refused_precisely(bad: bytes, says: str) -> None:
    """Each fault with its own words."""
    with pytest.raises(Poison) as refused:
        document(bad)
    assert (refused.value.reason, says in refused.value.message) == (Reason.INVALID, True), refused.value.message


def test_what_is_too_large_is_refused_unread() -> None:
    """50 MB where less is taken."""
    with pytest.raises(Poison, match="52428800 bytes; 8388608 are read") as refused:
        document(b"[" + b" " * (50 * 1024 * 1024 - 2) + b"]", limit=8 * 1024 * 1024)
    assert refused.value.reason is Reason.OVERSIZED


@pytest.mark.parametrize(
    "bad",
    [b"[{}, {}, {}, {}]", b"{}\n{}\n{}\n{}\n", b"{{{{", codecs.BOM_UTF16_LE + "[{},{},{},{}]".encode("utf-16-le")],
)
def test_more_objects_than_fit_into_memory_are_refused(bad: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight megabytes of empty results would take two gigabytes, and take the process with them each time anew."""
    monkeypatch.setattr(strict, "OBJECTS", 3)
    with pytest.raises(Poison, match="more than 3 opening braces") as refused:
        document(bad)
    assert refused.value.reason is Reason.OVERSIZED
    assert len(document(b"{}\n{}\n{}").values) == 3


def test_a_wide_text_that_is_too_large_to_convert_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot be walked where it is: a gigabyte of it would be several in memory."""
    monkeypatch.setattr(opening, "WIDE_LIMIT", 100)
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF32_BE, "utf-32-be")):
        with pytest.raises(Poison, match="write it as UTF-8") as refused:
            document(mark + ("[" + " " * 100 + "]").encode(encoding))
        assert refused.value.reason is Reason.OVERSIZED


def test_no_refusal_repeats_the_report() -> None:
    """Whatever stands at the fault stays out of the message."""
    for bad in (f'{{"a": "{SECRET}" "b"}}', f'{{"{SECRET}": 1, "{SECRET}": 2}}', f'["{SECRET}'):
        with pytest.raises(Poison) as refused:
            document(bad.encode())
        assert SECRET not in refused.value.message


@pytest.mark.parametrize("nothing", [b"", b"  \n\t ", codecs.BOM_UTF8])
def test_an_empty_file_is_empty_and_not_clean(nothing: bytes) -> None:
    """It says nothing, not that nothing was found."""
    assert read(nothing).scan is Scan.EMPTY


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_tells_the_encoding(encoding: str) -> None:
    """As Windows writes it."""
    text = json.dumps([leak("x" * 20, File="söme.py")], ensure_ascii=False)
    assert read(text.encode(encoding)).findings[0].draft.locations[0].path == "söme.py"


def test_a_bad_line_costs_the_others_nothing() -> None:
    """It is named by its number, with its reason."""
    lines = [data(leak("x" * 20)), b'{"RuleID": 1,', data(leak("y" * 20, File="b")), b'{"a":1,"a":2}']
    report = read(b"\r\n".join(lines))
    assert (len(report.findings), report.results) == (2, 4)
    assert [r.pointer for r in report.rejected] == ["line 2", "line 4"]


def test_lines_none_of_which_is_json_are_refused() -> None:
    """There is nothing to save."""
    with pytest.raises(Poison, match="not one of its lines"):
        document(b"{a\n{b\n")


def test_the_deepest_that_is_read_is_read() -> None:
    """The limit itself is no fault."""
    assert document(deep(254)).values[0][1] is not None


@pytest.mark.parametrize("start", [b'["', b'{"a": [1, "', b'["' + b"\\" * 9 + b'"'])
def test_a_long_text_without_an_end_is_looked_at_once(start: bytes) -> None:
    """Four megabytes of it take no longer for it; with a look from every byte they would take hours."""
    with pytest.raises(Poison):
        document(start + b"a" * 4_000_000, eager=0)
