"""Forms of values: what is refused, then what passes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from fixgate import forms
from fixgate.forms import Scalar, Unfit
from fixgate.generation.expressions import describe
from fixgate.generation.modules import Renderer
from fixgate.schemas import SchemaFolder

HEX = "0123456789abcdef" * 4
DIGEST = f"sha256:{HEX}"

REFUSED: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "digest",
        ("", HEX, f"sha256:{HEX.upper()}", DIGEST[:-1], DIGEST + "0", DIGEST + "\n", f"sha512:{HEX}", " " + DIGEST),
    ),
    ("trace_id", (HEX[:31], HEX[:33], HEX[:32].upper(), HEX[:31] + "g", HEX[:31] + "\n", HEX[:32] + "\n", "\n")),
    (
        "spiffe_id",
        (
            "",
            "executor",
            "spiffe://fixgate.internal",
            "spiffe://fixgate.internal/",
            "spiffe://fixgate.internal/a//b",
            "spiffe://Fixgate.internal/a",
            "spiffe://fixgate.internal/a\n",
            "spiffe://fixgate.internal/a/",
            "https://fixgate.internal/a",
            "spiffe://fixgate.internal/" + "a" * 2048,
        ),
    ),
    ("fingerprint", ("", "v1:", "v0:x", "1:x", "v1x", "v1:a b", "v1:a\n", "v1:é", "v12345:x", "v1:" + "x" * 1024)),
    ("key", ("", "a\nb", "a\0", "\x7f", "a\u202eb", "a\u200bb", "\ud800", "x" * 2049)),
)
PASSED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("digest", (DIGEST,)),
    ("trace_id", ("", HEX[:32])),
    ("spiffe_id", ("spiffe://fixgate.internal/fixgate/gate", "spiffe://a/B_c.d-1")),
    ("fingerprint", ("v1:x", "v9999:{'a':1}~!")),
    ("key", ("a", "arn:aws:s3:::bucket", "größe Ω 漢字", "x" * 2048)),
)


def check_of(form: str) -> Callable[[Any], Any]:
    """The function of a form."""
    check: Callable[[Any], Any] = getattr(forms, form)
    return check


@pytest.mark.parametrize(("form", "value"), [(form, value) for form, values in REFUSED for value in values])
def test_what_has_not_the_form_is_refused(form: str, value: str) -> None:
    """And the refusal does not repeat it: it may be anything, a secret too."""
    with pytest.raises(Unfit) as caught:
        check_of(form)(value)
    assert len(value) < 5 or value not in str(caught.value)


@pytest.mark.parametrize("form", forms.STRING_FORMS)
@pytest.mark.parametrize("value", [None, 7, ("a",)])
def test_what_is_no_text_is_a_defect(form: str, value: Any) -> None:
    """Not of the value, but of whoever made it."""
    with pytest.raises((TypeError, AttributeError)):
        check_of(form)(value)


@pytest.mark.parametrize(
    ("check", "value"),
    [
        ("natural", -1),
        ("finite", float("nan")),
        ("finite", float("inf")),
        ("finite", float("-inf")),
        ("micros", datetime(2026, 1, 1)),  # noqa: DTZ001 - what is refused
        ("micros", datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1)))),
        ("micros", datetime(9999, 12, 31, 23, 59, tzinfo=timezone(-timedelta(hours=1)))),
        ("moment", 1 << 62),
        ("moment", -(1 << 62)),
    ],
)
def test_a_value_that_no_record_may_hold_is_refused(check: str, value: Any) -> None:
    """Negative counts, numbers that are none, times without zone or beyond the calendar, in UTC too."""
    with pytest.raises(Unfit):
        check_of(check)(value)


@pytest.mark.parametrize(
    ("check", "value"),
    [
        ("natural", 3.5),
        ("natural", "3"),
        ("integer", 3.0),
        ("truth", 1),
        ("truth", "no"),
        ("truth", None),
        ("finite", "nan"),
        ("finite", None),
        ("scalar_datum", 3.5),
        ("scalar_datum", ["a"]),
    ],
)
def test_a_value_of_another_type_is_a_defect(check: str, value: Any) -> None:
    """Where fastavro alone would write 3.5 as 3, and anything as a boolean."""
    with pytest.raises(TypeError):
        check_of(check)(value)


def test_every_form_is_checked_both_ways() -> None:
    """Whoever wrote a record: reading does not trust that writing refused."""
    folder = SchemaFolder()
    homes = Renderer(folder).homes
    fields = [f for d in folder.definitions.values() for f in d.get("fields", ()) if "form" in f]
    assert fields
    for field in fields:
        made = describe(field["type"], field["form"], homes, frozenset())
        assert made.to_datum == made.of_datum == field["form"], field["name"]


@pytest.mark.parametrize(("form", "value"), [(form, value) for form, values in PASSED for value in values])
def test_what_has_the_form_passes(form: str, value: str) -> None:
    """As it is."""
    assert check_of(form)(value) == value


@pytest.mark.parametrize(
    "time",
    [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ],
)
def test_times_come_back_to_the_microsecond(time: datetime) -> None:
    """In UTC, whatever zone they were given in."""
    assert forms.moment(forms.micros(time)) == time
    assert forms.moment(forms.micros(time)).tzinfo is UTC


@pytest.mark.parametrize(
    ("value", "branch"),
    [(True, "boolean"), (False, "boolean"), (0, "long"), (-5, "long"), ("", "string"), ((), "array")],
)
def test_a_scalar_names_its_branch(value: Scalar, branch: str) -> None:
    """A boolean does not come back as an integer."""
    assert forms.scalar_datum(value) == (branch, value)
    assert forms.scalar_datum(None) is None
