"""Differences, the write-set, and what a credential may do."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgate.changes.compare import difference, outside, pointer
from fixgate.changes.session_policy import LIMIT, push_target, session_policy
from fixgate.events import Call, Change, WriteSetEntry
from tests.changes.drafts import BUCKET, KEY, PIN, plan

UNTIL = datetime(2026, 1, 1, 12, 0, 30, 500, tzinfo=timezone(timedelta(hours=2)))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(max_size=4), JSON, max_size=4)


def paths(before: Any, after: Any) -> list[str]:
    """Where they differ."""
    return [change.path for change in difference(before, after, "r")]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"a": True}, ["/a"]),
        ({"a": 0}, {"a": False}, ["/a"]),
        ({"a": None}, {}, ["/a"]),
        ({"a": None}, {"a": {"b": 1}}, ["/a"]),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 2, "c": 2}}, ["/a/b"]),
        ({"a": [1, 2]}, {"a": [2, 1]}, ["/a"]),
        ({"a/b": 1, "~": 1}, {"a/b": 2, "~": 2}, ["/a~1b", "/~0"]),
        ({"a": 1}, None, [""]),
        (None, None, []),
    ],
)
def test_differences_are_named_by_their_field(before: Any, after: Any, expected: list[str]) -> None:
    """To Python some of these are equal; to a reader of the record they are not."""
    assert paths(before, after) == expected


@given(OBJECTS, OBJECTS)
def test_no_difference_means_the_same_text(before: dict[str, Any], after: dict[str, Any]) -> None:
    """And the same in both directions."""
    same = json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)
    assert (paths(before, after) == []) is same
    assert paths(before, after) == paths(after, before)


def test_values_are_masked() -> None:
    """Records travel; secrets do not."""
    secret = "gh" + "p_" + "y" * 36
    (change,) = difference({"note": secret}, {"note": "x"}, "r")
    assert change.before is not None
    assert secret not in change.before


def test_only_the_declared_field_of_the_declared_resource_is_inside() -> None:
    """Not one that begins with the same letters, not one of another resource."""
    allowed = (WriteSetEntry(resource="r", path="/a"),)
    inside = (Change(resource="r", path="/a"), Change(resource="r", path="/a/b"))
    beyond = (Change(resource="r", path="/ab"), Change(resource="r", path=""), Change(resource="s", path="/a"))
    assert outside((*inside, *beyond), allowed) == beyond
    assert outside(inside, ()) == inside
    assert pointer("a/b", "c~d") == "/a~1b/c~0d"


@pytest.mark.parametrize(
    "call",
    [
        Call(action="iam:*", resource="arn:aws:iam::1:user/a"),
        Call(action="iam:GetUser", resource="*"),
        Call(action="iam:GetUser", resource="arn:aws:iam::1:user/a*"),
        Call(action="iam:GetUser", resource="arn:aws:iam::1:user/a?"),
        Call(action="iam:GetUser", resource="arn:aws:iam::1:user/${aws:username}"),
        Call(action="git:Push", resource="https://git.example/a#refs/heads/b"),
    ],
)
def test_a_policy_is_for_exact_calls_alone(call: Call) -> None:
    """A name may hold what a policy would read as a wildcard."""
    with pytest.raises(ValueError, match="exactly one"):
        session_policy((call,), UNTIL)


def test_a_policy_for_nothing_or_for_too_much_is_refused() -> None:
    """AWS reads no session policy at all as everything."""
    with pytest.raises(ValueError, match="without a call"):
        session_policy((), UNTIL)
    with pytest.raises(ValueError, match="characters"):
        session_policy(tuple(Call(action=f"iam:Get{n}", resource=f"arn:aws:iam::1:user/{n}") for n in range(40)), UNTIL)


@pytest.mark.parametrize("template_id", [KEY, BUCKET])
def test_a_policy_allows_exactly_the_calls_until_the_moment(template_id: str) -> None:
    """Read back, it is the calls; and it is short enough with the longest names."""
    calls = plan(template_id).calls
    text = session_policy(calls, UNTIL)
    assert len(text) <= LIMIT
    statements = json.loads(text)["Statement"]
    allowed = {(action, name) for s in statements for action in s["Action"] for name in s["Resource"]}
    assert allowed == {(call.action, call.resource) for call in calls}
    assert [s["Condition"] for s in statements] == [{"DateLessThan": {"aws:CurrentTime": "2026-01-01T10:00:30Z"}}]
    assert session_policy(tuple(reversed(calls)), UNTIL) == text
    assert UNTIL.astimezone(UTC) > datetime(2026, 1, 1, 10, 0, 30, tzinfo=UTC)


def test_a_change_of_git_pushes_to_one_branch() -> None:
    """And to nothing that is none."""
    repository, ref = push_target(plan(PIN).calls)
    assert repository == "https://git.example/team/service.git"
    assert ref.startswith("refs/heads/fixgate/pin-example-checkout-")
    with pytest.raises(ValueError, match="exactly one"):
        push_target(plan(KEY).calls)
    with pytest.raises(ValueError, match="no branch"):
        push_target((Call(action="git:Push", resource="https://git.example/a#refs/tags/v1"),))
