"""Results that their identity does not tell apart: an exact repeat is counted, a near one is a finding of its own."""

import random
from collections.abc import Callable
from typing import Any, Final

import pytest

from fixgate.reports import spans
from fixgate.reports.registry import ADAPTERS
from fixgate.reports.report import Report, read
from tests.reports.making import data, leak, report, result, sarif
from tests.reports.samples import at, path_of, read_as, rebuilt, sample

SECRET: Final = "s3cr" + "et-" + "a" * 20
OTHER: Final = "s3cr" + "et-" + "b" * 20
MANY: Final = 12
HALF: Final = "\ud800"


def prints(made: Report) -> list[str]:
    """What findings are known by, in any order."""
    return sorted(told.fingerprint for told in made.findings)


def counted(made: Report) -> tuple[int, int]:
    """How many findings, and how many repeats of them."""
    return len(made.findings), made.repeated


def hit(**more: Any) -> dict[str, Any]:
    """A result of detect-secrets; what it says more is not read."""
    return {"type": "Secret Keyword", "line_number": 3, "is_verified": False, "hashed_secret": "0" * 40, **more}


def baseline(**files: list[dict[str, Any]]) -> dict[str, Any]:
    """A report of detect-secrets."""
    return {"version": "1.5.0", "plugins_used": [], "filters_used": [], "results": files}


def advisory(**more: Any) -> dict[str, Any]:
    """An advisory of npm 6."""
    made: dict[str, Any] = {
        "id": 1,
        "module_name": "a",
        "severity": "high",
        "title": "Wrong",
        "findings": [],
        "url": "",
        "cves": [],
    }
    return {**made, **more}


def audit(*advisories: dict[str, Any]) -> bytes:
    """A report of npm 6, whose advisories stand under names."""
    under = {str(number): given for number, given in enumerate(advisories)}
    return data({"actions": [], "advisories": under, "muted": [], "metadata": {}})


def test_what_is_not_read_changes_no_number_of_what_is() -> None:
    """Two in one place that are read as two keep their numbers when a time beside them is another."""
    one, other = ([leak(s, Message=f"{n}") for s in (SECRET, OTHER)] for n in "ab")
    known = {told.draft.secret: told.fingerprint for told in report(one).findings}
    for number in range(MANY):
        later = [{**given, "Message": f"{number} later"} for given in other]
        assert {told.draft.secret: told.fingerprint for told in report(later).findings} == known


@pytest.mark.parametrize("names", [("a/b", "a~1b"), ("a~b", "a~0b"), ("a~1b", "a~01b"), ("", "/")])
def test_a_name_with_a_slash_is_not_one_that_looks_like_it(names: tuple[str, str]) -> None:
    """A near repeat in one file is compared with what stands there, not in the file of the other name."""
    near, same = [hit(note=1), hit(note=2)], [hit(note=3), hit(note=3)]
    for files in (dict(zip(names, (near, same), strict=True)), dict(zip(names, (same, near), strict=True))):
        assert counted(report(baseline(**files))) == (3, 1)


@pytest.mark.parametrize("eager", [0, 1 << 20])
@pytest.mark.parametrize("beside", [{}, {HALF: HALF}, {"huge": 10**400}])
def test_an_array_that_is_walked_is_compared_like_any_other(
    eager: int, beside: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that no format reads, and what else stands in the result."""
    monkeypatch.setattr(spans, "LONG", 1)
    listed: list[dict[str, Any]] = [{"x": n, "y": [{}]} for n in range(5)]
    again, near = advisory(more=listed, **beside), advisory(more=[*listed[:-1], {"x": 4, "y": [{}, {}]}], **beside)
    assert counted(read(audit(again, again), eager=eager)) == (1, 1)
    assert counted(read(audit(again, near), eager=eager)) == (2, 0)
    assert prints(read(audit(near, again, near), eager=eager)) == prints(read(audit(again, near), eager=eager))


@pytest.mark.parametrize("eager", [0, 1 << 20])
def test_lines_files_and_runs_tell_no_repeat_apart_and_no_twins_together(eager: int) -> None:
    """Whatever holds them, and in whatever order they come."""
    order = random.Random(1)  # noqa: S311 - an order of a test, made again from the seed
    leaks = [leak(SECRET), leak(SECRET), leak(SECRET, Message="x"), leak(OTHER), leak(OTHER, Tags=["a"]), leak(OTHER)]
    results = [result(), result(), result(note=1), result("r2"), result("r2", note={"a": 1, "b": 2})]
    repeated_otherwise = result("r2", note={"b": 2, "a": 1})
    ways: tuple[Callable[[], bytes], ...] = (
        lambda: b"\n".join(map(data, leaks)),
        lambda: data([leaks[:3], leaks[3:]]),
        lambda: data(sarif([*results, repeated_otherwise])),
        lambda: data({"version": "2.1.0", "runs": [sarif(part)["runs"][0] for part in (results[:2], results[2:])]}),
    )
    for way, expected in zip(ways, ((4, 2), (4, 2), (4, 2), (4, 1)), strict=True):
        first = read(way(), eager=eager)
        assert counted(first) == expected
        for _ in range(MANY):
            order.shuffle(leaks)
            order.shuffle(results)
            again = read(way(), eager=eager)
            assert (counted(again), prints(again)) == (expected, prints(first))


@pytest.mark.parametrize("name", sorted(ADAPTERS))
def test_a_repeat_whose_fields_come_in_another_order_is_exact(name: str) -> None:
    """In every format whose results stand in arrays."""
    value = sample(name)
    before = read_as(value)
    for told in before.findings:
        path = path_of(told.draft.pointer, value)
        if path and isinstance(path[-1], int):
            doubled = sample(name)
            again = rebuilt(at(value, path), fields=lambda _, held: dict(reversed(held.items())))
            at(doubled, path[:-1]).append(again)
            assert counted(read_as(doubled)) == (len(before.findings), before.repeated + 1)
