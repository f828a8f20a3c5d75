"""Which statements do not count, and why; then which do."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from fixgate.errors import Refused
from fixgate.events import (
    AssetStatement,
    ControlKind,
    Environment,
    Ownership,
    PersonSigned,
    RequestKind,
    RequestStatement,
)
from fixgate.people import statements
from fixgate.people.roster import Role, Roster
from fixgate.signing import digest
from tests.people.persons import CODEC, NOW, Key, approval, control, person, roster, signed

ANN_2 = Key.of("ann-2")
ROSTER = roster(person("ann", Role.ADMINISTRATOR, keys=[Key.of("ann"), ANN_2]), person("bob", Role.APPROVER), version=3)
LATER = NOW + timedelta(hours=1)


def asset(**changes: Any) -> AssetStatement:
    """What ann says about a bucket."""
    fields: dict[str, Any] = {
        "asset_id": "arn:aws:s3:::logs",
        "kind": "aws.s3.bucket",
        "environment": Environment.TEST,
        "ownership": Ownership(owner="ann"),
        "version": 1,
        "issued_at": NOW,
        "person": "ann",
        "roster_version": 3,
    }
    return AssetStatement(**{**fields, **changes})


def request(**changes: Any) -> RequestStatement:
    """What ann asks for."""
    fields: dict[str, Any] = {
        "kind": RequestKind.RETRY,
        "lock_key": "aws.iam.user:x",
        "nonce": "n",
        "issued_at": NOW,
        "person": "ann",
        "roster_version": 3,
    }
    return RequestStatement(**{**fields, **changes})


def refused(check: Callable[..., Any], said: PersonSigned, *, under: Roster = ROSTER) -> str:
    """Assert that it is refused; the words."""
    with pytest.raises(Refused) as error:
        check(CODEC, said, under, LATER)
    return error.value.message


def test_who_is_unknown_or_removed_does_not_count() -> None:
    """A name that is not in the roster, or is no more."""
    assert "eve is not in roster 3" in refused(statements.approval, signed(approval(person="eve"), "eve"))
    without = roster(person("bob", Role.ADMINISTRATOR), version=4)
    assert "ann is not in roster 4" in refused(statements.approval, signed(approval(), "ann"), under=without)


def test_a_key_must_be_the_persons() -> None:
    """Another's key, also another person's of the roster, does not count."""
    assert "not one of ann's" in refused(statements.approval, signed(approval(), ("ann", Key.of("eve"))))
    assert "not one of ann's" in refused(statements.approval, signed(approval(), ("ann", Key.of("bob"))))


def test_the_bytes_must_be_those_that_were_signed() -> None:
    """Another answer under the same signature is refused; so is none, and one too many that does not fit."""
    said = signed(approval(), "ann")
    other = CODEC.encode(approval(reason="another"))
    assert "does not fit" in refused(statements.approval, PersonSigned(value=other, signatures=said.signatures))
    assert "0 signatures" in refused(statements.approval, PersonSigned(value=said.value, signatures=()))
    more = (*said.signatures, *signed(approval(person="bob"), "bob").signatures)
    assert "does not fit" in refused(statements.approval, PersonSigned(value=said.value, signatures=more))


def test_nobody_speaks_for_another() -> None:
    """The person named in the statement must have signed it."""
    assert "ann's, but bob signed it" in refused(statements.approval, signed(approval(), "bob"))


def test_another_statement_is_not_taken_for_it() -> None:
    """A control is no approval, bytes are none."""
    assert "cannot be read" in refused(statements.approval, signed(control(), "ann"))
    assert "cannot be read" in refused(statements.control, signed(approval(), "ann"))


def test_what_is_still_to_come_is_refused() -> None:
    """A time ahead of ours by more than clocks differ, an answer before its showing, a roster nobody knows."""
    ahead = LATER + timedelta(minutes=3)
    assert "still to come" in refused(statements.approval, signed(approval(answered_at=ahead), "ann"))
    assert "still to come" in refused(statements.control, signed(control(issued_at=ahead), "ann"))
    assert "still to come" in refused(statements.request, signed(request(issued_at=ahead), "ann"))
    assert "still to come" in refused(statements.asset, signed(asset(reviewed_at=ahead), "ann"))
    before = approval(answered_at=NOW - timedelta(seconds=1))
    assert "before anything was shown" in refused(statements.approval, signed(before, "ann"))
    assert "names roster 4" in refused(statements.approval, signed(approval(roster_version=4), "ann"))


def test_a_control_that_never_is_in_force_is_refused() -> None:
    """It ends before it begins, or before it was signed."""
    never = control(ControlKind.FREEZE, not_before_at=LATER, not_after_at=LATER)
    assert "before it begins" in refused(statements.control, signed(never, "ann"))
    past = control(ControlKind.EXCEPTION, not_after_at=NOW)
    assert "before it begins" in refused(statements.control, signed(past, "ann"))


def test_one_person_with_two_keys_is_one() -> None:
    """Signed twice by ann and once by bob: two people."""
    said = signed(approval(), "ann", ("ann", ANN_2), "bob")
    assert statements.approval(CODEC, said, ROSTER, LATER).people == ("ann", "bob")


def test_what_counts_says_who_and_under_which_roster() -> None:
    """Each kind of statement comes back as it was signed, with its digest."""
    said = signed(control(), "ann")
    found = statements.control(CODEC, said, ROSTER, LATER)
    assert found.statement == control()
    assert (found.people, found.roster_version, found.digest) == (("ann",), 3, digest(said.value))
    assert statements.asset(CODEC, signed(asset(), "ann"), ROSTER, LATER).statement == asset()
    assert statements.request(CODEC, signed(request(), "ann"), ROSTER, LATER).statement == request()
