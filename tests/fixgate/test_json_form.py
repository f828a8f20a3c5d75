"""Records as JSON: what is refused, then what comes back."""

from datetime import UTC, datetime
from typing import Any

import pytest

from fixgate.events import Fact, FactState, Header, Ownership, SeverityRating, StateEntry
from fixgate.forms import Unfit
from fixgate.json_form import from_json, to_json

FACT: dict[str, Any] = {
    "name": "access_key.active",
    "state": "value",
    "value": True,
    "source": "aws:iam:ListAccessKeys",
    "observed_at": "2026-03-14T09:26:53.589793Z",
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": "red"}, "Fact has no colour"),
        ({"state": "maybe"}, "Fact.state"),
        ({"state": 1}, "Fact.state must be str, not int"),
        ({"value": 1.5}, "Fact.value must be null, a boolean"),
        ({"value": ["a", 1]}, "Fact.value must be str, not int"),
        ({"value": {}}, "Fact.value must be null, a boolean"),
        ({"why": 3}, "Fact.why must be str, not int"),
        ({"source": None}, "Fact.source must be str, not NoneType"),
        ({"observed_at": "yesterday"}, "Fact.observed_at"),
        ({"observed_at": "2026-03-14T09:26:53"}, "a time without zone"),
        ({"observed_at": 0}, "Fact.observed_at must be str, not int"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_path(change: dict[str, Any], message: str) -> None:
    """An example that has gone stale shows."""
    with pytest.raises(Unfit, match=message):
        from_json(Fact, FACT | change)


def test_a_missing_field_is_refused() -> None:
    """Unless it has a default."""
    with pytest.raises(Unfit, match="source"):
        from_json(Fact, {name: value for name, value in FACT.items() if name != "source"})


@pytest.mark.parametrize("value", [None, [], "text", 7])
def test_what_is_no_object_is_refused(value: Any) -> None:
    """A record is an object."""
    with pytest.raises(Unfit, match="must be dict"):
        from_json(Fact, value)


@pytest.mark.parametrize("value", ["not base64!", "YQ", "YQ==\n", 7])
def test_bytes_that_are_not_base64_are_refused(value: Any) -> None:
    """With padding, and without anything else."""
    with pytest.raises(Unfit, match=r"StateEntry\.value"):
        from_json(StateEntry, {"value": value, "input": "tick"})


def test_a_number_is_not_text_and_truth_is_not_a_number() -> None:
    """JSON's types are kept apart."""
    with pytest.raises(Unfit, match="must be float, not bool"):
        from_json(SeverityRating, {"normalised": "low", "score": True, "derivation": "d"})
    with pytest.raises(Unfit, match=r"Ownership.contacts\[1\] must be str"):
        from_json(Ownership, {"contacts": ["a", 1]})


def test_a_record_comes_back() -> None:
    """Times in UTC, bytes as base64, symbols as words."""
    fact = from_json(Fact, FACT)
    assert fact == Fact(
        name="access_key.active",
        state=FactState.VALUE,
        value=True,
        source="aws:iam:ListAccessKeys",
        observed_at=datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC),
    )
    assert to_json(fact) == FACT | {"why": None}
    assert to_json(Header(name="n", value=b"\xff")) == {"name": "n", "value": "/w=="}
    assert from_json(SeverityRating, {"normalised": "low", "score": 7, "derivation": "d"}).score == 7.0
