"""A long report is read without all of it in memory, and comes to exactly what a short one would."""

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from mmap import PROT_READ, mmap
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixgate.errors import Poison, Reason
from fixgate.reports import lines, spans, strict
from fixgate.reports.document import Broken, Elements
from fixgate.reports.findings import findings
from fixgate.reports.opening import document
from fixgate.reports.passing import digest_of
from fixgate.reports.registry import ADAPTERS
from fixgate.reports.report import Report, read
from fixgate.signing import digest
from tests.reports.making import KEY, ORIGIN, data, leak, result, sarif
from tests.reports.samples import sample, written


@pytest.fixture(autouse=True)
def short_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts as long: the results of a sample, not what one of them holds."""
    monkeypatch.setattr(spans, "LONG", 1_000)
    monkeypatch.setattr(spans, "PIECE", 1_500)


def long(value: bytes) -> Report:
    """The report, read as a long one."""
    return read(value, eager=0)


def held(value: object) -> object:
    """A value with everything in it that is walked."""
    if isinstance(value, Elements | list):
        return [held(item) for item in cast("Sequence[object]", value)]
    if isinstance(value, dict):
        return {name: held(inner) for name, inner in cast("dict[str, object]", value).items()}
    return value


def same(one: Report, other: Report) -> bool:
    """Whether two reports say the same, finding by finding."""
    counts = ("format", "scan", "suppressed", "passed", "repeated", "rejected", "warnings", "results", "secrets")
    return all(getattr(one, n) == getattr(other, n) for n in counts) and list(one.findings) == list(other.findings)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers(-(1 << 63), (1 << 64) - 1) | st.text(alphabet='a"\\[]{},: \n\u00e9', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(alphabet='a"[]{', max_size=3), inner, max_size=3)
    ),
    max_leaves=25,
)


@settings(max_examples=300)
@given(JSON, st.sampled_from([None, 1]), st.sampled_from([b"", b" \n"]))
def test_what_is_walked_is_what_stands_there(value: Any, indent: int | None, around: bytes) -> None:
    """Brackets in strings, space, arrays in arrays, values that are no containers."""
    text = around + json.dumps(value, indent=indent).encode() + around
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(spans, "LONG", 1)
        patched.setattr(spans, "PIECE", 1)
        assert held(spans.long_value(text, 0).values[0][1]) == json.loads(text)


@pytest.mark.parametrize("name", sorted(ADAPTERS))
def test_every_format_reads_a_long_report_as_a_short_one(name: str) -> None:
    """All counts, and all findings in order."""
    text = written(sample(name))
    assert same(long(text), read(text))


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (b'[{"a": 1}, {"a"', "cut off"),
        (b'{"a": [{"b": "c}]}', "cut off"),
        (b"[{]}", "closes what was not opened"),
        (b"[]]", "closes more than it opens"),
        (b'[{"a": 1}] x', "is not JSON"),
        (b'[{"a": 1} {"a": 2}]', "is not JSON"),
        (b'[{"a": 1},, {"a": 2}]', "is not JSON"),
        (b'[{"a": 1},]', "is not JSON"),
        (b'{"x": [{"a": 1}], "x": 1}', "same key twice"),
        (b"not json", "is not JSON"),
    ],
)
def test_what_is_no_json_is_refused(bad: bytes, says: str) -> None:
    """As a whole, where it is wrong outside of the elements."""
    with pytest.raises(Poison, match=says):
        document(bad, eager=0)


def test_an_element_that_is_no_strict_json_costs_the_others_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named by its number, like any result that cannot be used."""
    monkeypatch.setattr(spans, "LONG", 1)
    good = data(leak("x" * 20))
    text = (
        b"[" + b", ".join([good, b'{"RuleID": "a", "RuleID": "b"}', b'{"RuleID": nope}', data(leak("y" * 20))]) + b"]"
    )
    report = long(text)
    assert [r.pointer for r in report.rejected] == ["/1", "/2"]
    assert (len(report.findings), report.results) == (2, 4)
    assert "same key twice" in report.rejected[0].why


def test_what_stands_behind_the_results_is_known_before_them() -> None:
    """Many tools write the rules of a SARIF log behind its results."""
    log: Any = sarif([result("r1"), result("r2", "b.py")], rules=[{"id": "r1", "shortDescription": {"text": "One"}}])
    log["runs"][0] = dict(reversed(log["runs"][0].items()))
    assert next(iter(long(data(log)).findings)).draft.title == "One"


def test_a_piece_that_is_too_large_to_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no array of results cannot be walked."""
    monkeypatch.setattr(spans, "REST_LIMIT", 1_000)
    with pytest.raises(Poison, match="1000 are read"):
        document(b'{"a": "' + b"x" * 2_000 + b'"}', eager=0)


@pytest.mark.parametrize("text", [b'{"a": [{}, {}, {}, {}]}', b'{"a": [{}, {}], "b": [{}, {}]}', b"{}\n{}\nx\n\n"])
def test_more_than_can_be_walked_is_refused(text: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gigabyte of empty objects would take hours and all memory: in one array, in several, or as lines."""
    monkeypatch.setattr(spans, "LONG", 1)
    monkeypatch.setattr(spans, "ELEMENTS", 3)
    monkeypatch.setattr(lines, "LINES_LIMIT", 3)
    with pytest.raises(Poison, match="more than 3 ") as refused:
        document(text, eager=0)
    assert refused.value.reason is Reason.OVERSIZED


def test_a_line_that_is_too_long_is_not_read_and_costs_the_others_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a result that cannot be used, like a bad one."""
    monkeypatch.setattr(lines, "LINE_LIMIT", 1_000)
    text = b"\n".join([data(leak("x" * 20)), data(leak("y" * 2_000)), data(leak("z" * 20, File="b"))])
    report = long(text)
    assert [(r.pointer, "1000 are read" in r.why) for r in report.rejected] == [("line 2", True)]
    assert (len(report.findings), report.results) == (2, 3)


def test_an_element_of_too_many_objects_is_not_read_and_costs_the_others_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is a result that cannot be used; so is a line."""
    monkeypatch.setattr(spans, "LONG", 1)
    monkeypatch.setattr(strict, "OBJECTS", 3)
    monkeypatch.setattr(lines, "OBJECTS", 3)
    good, bad = data(leak("x" * 20)), data(leak("y" * 20, Tags=[{}, {}, {}]))
    for text in (b"[" + good + b"," + bad + b"]", good + b"\n" + bad):
        report = long(text)
        assert ["opening braces" in r.why for r in report.rejected] == [True]
        assert (len(report.findings), report.results) == (1, 2)


@pytest.mark.parametrize("eager", [0, 1_000_000])
@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\x1e"])
def test_what_marks_the_beginning_of_a_text_hides_no_line(mark: bytes, eager: int) -> None:
    """Reports that were put one behind another keep their byte order marks; RFC 7464 separates texts by a character."""
    text = b"\n".join([data(leak("x" * 20)), mark + data(leak("y" * 20, File="b"))])
    report = read(text, eager=eager)
    assert (len(report.findings), report.warnings) == (2, ())


@pytest.mark.parametrize("eager", [0, 1_000])
def test_a_report_of_bad_lines_is_refused_as_a_whole(eager: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each costs time and memory; eight megabytes of them would take a minute."""
    monkeypatch.setattr(lines, "UNUSABLE_LIMIT", 2)
    with pytest.raises(Poison, match="more than 2 lines that cannot be used"):
        document(b"{}\n" + b"{\n" * 3, eager=eager)
    assert len(document(b"{}\n" + b"{\n" * 2, eager=eager).unusable) == 2


def test_a_text_of_a_report_stands_for_no_array() -> None:
    """The mark that is put into an array's place cannot be guessed."""
    text = b'{"a": [{"b": 1}], "c": ["/0", "0"]}'
    assert held(document(text, eager=0).values[0][1]) == json.loads(text)


def test_long_lines_are_read_one_by_one() -> None:
    """Bad lines, text between them and empty lines are where they were."""
    text = b"\n".join([data(leak("x" * 20)), b"", b"starting", b'{"RuleID": 1,', data(leak("y" * 20, File="b"))])
    assert same(long(text), read(text))
    assert isinstance(document(text, eager=0).values, lines.Lines)
    assert [pointer for pointer, _ in document(text, eager=0).values] == ["line 1", "line 5"]


def test_parts_of_findings_are_one_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report of a million results is not read anew for each part."""
    walks: list[int] = []
    read_once = ADAPTERS["gitleaks"].read

    def counted(*given: Any) -> Iterator[Any]:
        walks.append(1)
        return read_once(*given)

    monkeypatch.setattr(type(ADAPTERS["gitleaks"]), "read", staticmethod(counted))
    text = data([leak("x" * 20, File=f"f{n}.py") for n in range(50)])
    report = long(text)
    walks.clear()
    edges = range(0, 61, 10)
    parts = [findings(report, KEY, ORIGIN, start=a, stop=b) for a, b in pairwise(edges)]
    assert len(walks) == 1
    assert [f for part in parts for f in part] == list(findings(read(text), KEY, ORIGIN))
    assert findings(report, KEY, ORIGIN, start=45) == findings(read(text), KEY, ORIGIN)[45:]
    assert report.findings[-1] == read(text).findings[-1]
    assert list(report.findings[10:0:-3]) == list(read(text).findings[10:0:-3])


def test_a_mapped_report_is_read_and_named_as_its_bytes(tmp_path: Path) -> None:
    """A file that is larger than memory."""
    text = written(sample("sarif"))
    (tmp_path / "report").write_bytes(text)
    with (tmp_path / "report").open("rb") as opened, mmap(opened.fileno(), 0, prot=PROT_READ) as mapped:
        assert same(read(mapped, eager=0), read(text))
        assert digest_of(mapped) == digest(text)


def test_a_broken_element_is_no_object(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no adapter takes it for a result."""
    monkeypatch.setattr(spans, "LONG", 1)
    (walked,) = (value for _, value in document(b'[{"a": 1}, {"a": 1, "a": 2}]', eager=0).values)
    assert isinstance(cast("Sequence[object]", walked)[1], Broken)
    assert not isinstance(cast("Sequence[object]", walked)[1], dict)
