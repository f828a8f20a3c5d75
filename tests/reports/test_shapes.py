"""What is declared of results: a value of another type is named by its place, and never by what is in it."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from fixgate.reports.document import Unusable
from fixgate.reports.fields import Count, Shape, Word, shaped
from fixgate.reports.registry import ADAPTERS
from tests.reports.making import asff, one, report, result, sarif

HELD: Final = "held"
TEXT: Final = f"{HELD}`$.a[0].b` - at `$.{HELD}`\n{HELD}"
"""A text of a report that looks like what messages are made of."""
BAD: Final[tuple[Any, ...]] = (
    TEXT, "", {TEXT: TEXT}, {TEXT: {TEXT: TEXT}}, {TEXT: [TEXT]}, {TEXT: 7}, [TEXT], [{TEXT: TEXT}], [[TEXT]], [7],
    7, -1, 1 << 70, -(1 << 70), 10**400, 1.5, -0.0, 3.0, 1e300, True, None, [], {}, [{}], [None], {TEXT: {}},
)  # fmt: skip
HALF: Final = "\ud800"
OTHER_HALF: Final = "\udfff"
"""Halves of surrogate pairs: they can stand in JSON, and are no text."""


def shapes(of: type[Shape] = Shape) -> Iterator[type[Shape]]:
    """Every shape that an adapter has."""
    for model in of.__subclasses__():
        yield model
        yield from shapes(model)


class _Inner(Shape):
    name: Word
    line: Count | None = None


class _Outer(Shape):
    inner: _Inner | None = None
    listed: list[_Inner] | None = None
    named: dict[str, _Inner] | None = None
    score: float | None = None


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (TEXT, "/ expected object, got str"),
        ({"inner": {}}, "/inner/name is missing"),
        ({"listed": [{"name": TEXT}, {}]}, "/listed/1/name is missing"),
        ({"named": {TEXT: {}}}, "/named/…/name is missing"),
        ({"named": {TEXT: {"name": ""}}}, "/named/…/name expected str of length >= 1"),
        ({"inner": {"name": TEXT, "line": -1}}, "/inner/line expected int >= 0"),
        ({"inner": {"name": TEXT, "line": 3.0}}, "/inner/line expected int | null, got float"),
        ({"inner": {"name": TEXT, "line": True}}, "/inner/line expected int | null, got bool"),
        ({"score": 10**400}, "/score number out of range"),
        ({"score": True}, "/score expected float | null, got bool"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(value: object, why: str) -> None:
    """A pointer to the first field that is wrong, and the type that it should have."""
    assert shaped(_Outer, value, "/3") == Unusable("/3", f"wrong types: {why}")


def test_no_message_holds_a_text_of_a_report() -> None:
    """Whatever stands in place of a result or of any field that any format reads."""
    assert ADAPTERS
    told = 0
    for model in shapes():
        values = [*BAD, *({name: bad} for name in model.__struct_encode_fields__ for bad in BAD)]
        for value in values:
            read = shaped(model, value, "")
            if isinstance(read, Unusable):
                told += 1
                assert HELD not in read.why, model
                assert read.why.startswith("wrong types: /"), model
    assert told > 1_000


def test_a_name_that_is_no_text_costs_nothing() -> None:
    """It is the name of no field that is read; neither of a result nor of what holds for all results."""
    odd = {HALF: {HALF: 1}}
    assert one([asff(**odd)]).fingerprint == one([asff()]).fingerprint
    assert one([asff(Severity={**odd, "Label": "HIGH"})]).severity == one([asff(Severity={"Label": "HIGH"})]).severity
    log = sarif([result(**odd)], rules=[{"id": "r1", **odd}], invocations=[{"executionSuccessful": True, **odd}])
    log["runs"][0]["tool"]["driver"] |= odd
    read = report(log)
    assert (len(read.findings), read.rejected, read.warnings) == (1, (), ())


def test_names_that_are_no_texts_stay_apart() -> None:
    """Two that differ in such a half alone are two."""

    class Named(Shape):
        names: dict[str, _Inner]

    names = {f"a{HALF}": {"name": "one"}, f"a{OTHER_HALF}": {"name": "two"}}
    read = shaped(Named, {HALF: 1, "names": names}, "")
    assert not isinstance(read, Unusable)
    assert [inner.name for inner in read.names.values()] == ["one", "two"]


@pytest.mark.parametrize("odd", [HALF, {HALF: HALF}, [HALF]])
def test_half_of_a_character_is_of_no_other_type(odd: object) -> None:
    """It costs its own result, or the one field of what holds for all results."""
    assert shaped(_Inner, HALF, "") == Unusable("", "wrong types: / expected object, got str")
    read = report([asff(), odd, asff(Id="2", Severity=HALF)])
    assert (len(read.findings), len(read.rejected)) == (1, 2)
    assert isinstance(shaped(_Outer, {HALF: 1, "listed": odd}, ""), Unusable)
    log = sarif([result()], rules=[{"id": "r1", "name": "The rule", "relationships": HALF, "shortDescription": odd}])
    assert [told.draft.rule_name for told in report(log).findings] == ["The rule"]
