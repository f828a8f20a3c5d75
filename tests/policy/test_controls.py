"""Halts, freezes and exceptions: the one predicate of gate, issuer and executor."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgate.events import Control, ControlKind, Environment, Fact, PersonSigned, Scope
from fixgate.people.roster import Role, RosterHistory
from fixgate.policy.controls import PreventionKind, Reach, Standing, history_of, reach_of
from fixgate.verbs import Broadcast, Received
from tests.people.persons import CODEC, DIGEST, NOW, Key, control, introducing, person, roster, signed
from tests.samples import BUCKET, assessment, unreadable

HOUR = timedelta(hours=1)
ROSTER = roster(
    person("ann", Role.ADMINISTRATOR),
    person("sam", Role.SECURITY),
    person("oda", Role.OPERATOR),
    person("bob", Role.OWNER),
    person("cid", Role.APPROVER),
)
FIRST = introducing(ROSTER, ROSTER, "ann")
REACH = reach_of(assessment(), "aws-iam-deactivate-access-key")


def carried(statement: PersonSigned, number: int, at: datetime = NOW, control_id: str = "control-1") -> Received:
    """A control as the runtime hands it over."""
    record = Control(control_id=control_id, kind=ControlKind.HALT, statement=statement)
    return Received(
        topic="controls",
        partition=0,
        offset=number,
        key=None,
        record=record,
        digest=f"sha256:{number:064x}",
        appended_at=at,
        signer="desk",
        signed=None,
        source="",
        trace_id="",
    )


def standing(
    *statements: PersonSigned | Received, now: datetime = NOW, unreadable: int = 0, pin: str = ROSTER.digest
) -> Standing:
    """What stands after the roster and these statements."""
    every: Sequence[PersonSigned | Received] = (FIRST, *statements)
    records = [s if isinstance(s, Received) else carried(s, n) for n, s in enumerate(every)]
    broadcast = Broadcast(records=records, unreadable=unreadable)
    return Standing.of(CODEC, broadcast, history_of(CODEC, pin, broadcast), now)


def by(name: str, kind: ControlKind = ControlKind.HALT, **changes: Any) -> PersonSigned:
    """A control by somebody, signed by them."""
    return signed(control(kind, **{"person": name, "nonce": f"{name}-{kind}", **changes}), name)


def test_nothing_prevents_where_nothing_was_said() -> None:
    """The roster alone is no control."""
    assert standing().prevents(REACH) is None


@pytest.mark.parametrize("name", ["ann", "sam", "oda"])
def test_one_person_with_a_role_halts(name: str) -> None:
    """Operators, security and administrators."""
    found = standing(by(name)).prevents(REACH)
    assert found is not None
    assert (found.kind, found.control_id) == (PreventionKind.HALT, "control-1")
    assert found.words == f"changes are halted by {name}: because"


@pytest.mark.parametrize("name", ["bob", "cid"])
def test_who_has_no_role_does_not_halt(name: str) -> None:
    """An owner or approver is known, and may not."""
    assert standing(by(name)).prevents(REACH) is None


def test_a_halt_that_cannot_be_believed_stops_everything() -> None:
    """Somebody unknown, a wrong key, no statement at all: it may be a halt, whatever its scope says."""
    small = Scope(lock_keys=("elsewhere",))
    stranger = signed(control(person="mallory", scope=small), "mallory")
    forged = signed(control(scope=small), ("ann", Key.of("mallory")))
    for bad in (stranger, forged, PersonSigned(value=b"\x00\x01", signatures=())):
        found = standing(bad).prevents(REACH)
        assert found is not None
        assert found.kind is PreventionKind.UNREADABLE


def test_what_cannot_be_believed_is_ended_by_a_person() -> None:
    """By the id that carried it."""
    forged = signed(control(), ("ann", Key.of("mallory")))
    resume = by("oda", ControlKind.RESUME, ends="control-1", control_id="control-2")
    assert standing(forged, resume).prevents(REACH) is None


def test_unreadable_records_stop_everything_until_they_are_acknowledged() -> None:
    """As many as were there then; one more stops again."""
    assert standing(unreadable=2).prevents(REACH) is not None
    seen = by("ann", ControlKind.RESUME, ends="unreadable-2", control_id="control-2")
    assert standing(seen, unreadable=2).prevents(REACH) is None
    found = standing(seen, unreadable=3).prevents(REACH)
    assert found is not None
    assert found.control_id == "unreadable-3"
    owner = by("bob", ControlKind.RESUME, ends="unreadable-2", control_id="control-2")
    assert standing(owner, unreadable=2).prevents(REACH) is not None


def test_without_a_roster_a_halt_cannot_be_believed() -> None:
    """Nobody counts, and still the change stops."""
    found = standing(by("ann"), pin="").prevents(REACH)
    assert found is not None
    assert found.kind is PreventionKind.UNREADABLE


def test_a_resume_needs_a_role_and_the_right_id() -> None:
    """An approver cannot lift a halt, nor can a resume of another one."""
    cid = by("cid", ControlKind.RESUME, ends="control-1", control_id="control-2")
    other = by("oda", ControlKind.RESUME, ends="control-9", control_id="control-3")
    oda = by("oda", ControlKind.RESUME, ends="control-1", control_id="control-4", nonce="fresh")
    forged = signed(control(ControlKind.RESUME, ends="control-1"), ("ann", Key.of("mallory")))
    assert standing(by("ann"), cid, other, forged).prevents(REACH) is not None
    assert standing(by("ann"), cid, other, forged, oda).prevents(REACH) is None


def test_a_replayed_resume_lifts_no_later_halt() -> None:
    """It counts once, at its place; so does a replayed halt that was ended."""
    halt, again = by("ann"), by("ann", nonce="n2", reason="again")
    resume = by("oda", ControlKind.RESUME, ends="control-1", control_id="control-2")
    assert standing(halt, resume, again, resume).prevents(REACH) is not None
    rewritten = by("oda", ControlKind.RESUME, ends="control-1", control_id="control-2", reason="same nonce")
    assert standing(halt, resume, again, rewritten).prevents(REACH) is not None
    assert standing(halt, resume, halt).prevents(REACH) is None


def test_who_was_removed_adds_nothing_and_what_they_did_stays() -> None:
    """Each statement is judged by the roster at its place in the topic."""
    without = roster(*(p for p in ROSTER.people if p.name != "oda"), version=2)
    removal = introducing(without, ROSTER, "ann")
    resume = by("oda", ControlKind.RESUME, ends="control-1", control_id="control-2")
    assert standing(by("oda"), removal).prevents(REACH) is not None
    assert standing(by("ann"), resume, removal).prevents(REACH) is None
    assert standing(by("ann"), removal, resume).prevents(REACH) is not None


def test_an_exception_is_an_owners_and_ends_by_itself() -> None:
    """It covers its scope until its end; then people should look again."""
    scope = Scope(resources=(BUCKET.id,))
    made = by("bob", ControlKind.EXCEPTION, scope=scope, not_after_at=NOW + HOUR)
    bucket = reach_of(assessment(target=BUCKET), "aws-s3-block-public-access")
    assert standing(by("cid", ControlKind.EXCEPTION, scope=scope)).prevents(bucket) is None
    found = standing(made).prevents(bucket)
    assert found is not None
    assert found.kind is PreventionKind.EXCEPTION
    assert standing(made).prevents(REACH) is None
    later = standing(made, now=NOW + HOUR)
    assert later.prevents(bucket) is None
    assert later.lapsed(bucket) == ("control-1",)
    assert later.lapsed(REACH) == ()
    ended = by("bob", ControlKind.END, ends="control-1", control_id="control-2")
    assert standing(made, ended, now=NOW + HOUR).lapsed(bucket) == ()


@pytest.mark.parametrize(
    ("meant", "covers"),
    [
        (BUCKET.id, True),
        (BUCKET.id.upper(), True),
        (f" {BUCKET.id} ", True),
        ("example-staging-assets", True),
        ("arn:aws:s3:::example-*", True),
        ("example-staging-asset?", True),
        ("*", True),
        ("[e]xample-staging-assets", False),
        ("example-staging", False),
        ("arn:aws:s3:::other-*", False),
    ],
)
def test_an_exception_covers_what_its_owner_meant(meant: str, *, covers: bool) -> None:
    """By its name, in any case, with wildcards: one that looks in force must not cover nothing."""
    made = standing(by("bob", ControlKind.EXCEPTION, scope=Scope(resources=(meant,))))
    found = made.prevents(reach_of(assessment(target=BUCKET), "aws-s3-block-public-access"))
    assert (found is not None) is covers


def test_an_owner_cannot_end_a_freeze() -> None:
    """Each kind is ended by who may begin it."""
    ended = by("bob", ControlKind.END, ends="control-1", control_id="control-2")
    assert standing(by("sam", ControlKind.FREEZE), ended).prevents(REACH) is not None


def test_a_freeze_begins_when_it_says() -> None:
    """Not before."""
    made = by("sam", ControlKind.FREEZE, not_before_at=NOW + HOUR, not_after_at=NOW + 2 * HOUR)
    assert standing(made).prevents(REACH) is None
    assert standing(made, now=NOW + HOUR).prevents(REACH) is not None
    assert standing(made, now=NOW + 2 * HOUR).prevents(REACH) is None


def test_an_unknown_kind_stops_what_is_in_its_scope() -> None:
    """A newer desk may know more than this."""
    made = by("bob", ControlKind.UNKNOWN, scope=Scope(lock_keys=(REACH.lock_key,)))
    assert standing(made).prevents(REACH) is not None
    assert standing(made).prevents(replace(REACH, lock_key="other")) is None


def test_an_environment_that_is_not_known_is_in_every_scope() -> None:
    """A freeze of production stops what may serve it."""
    made = standing(by("sam", ControlKind.FREEZE, scope=Scope(environments=(Environment.PRODUCTION,))))
    assert made.prevents(REACH) is None
    doubt: tuple[Fact, ...] = (*assessment().evidence, unreadable("environment.git", source="git"))
    assert made.prevents(reach_of(assessment(evidence=doubt), "t")) is not None
    assert made.prevents(reach_of(assessment(environment=Environment.UNKNOWN), "t")) is not None


NAMES = st.sampled_from(("", "a", "b"))
SETS = st.frozensets(st.sampled_from(("a", "b")))


@given(
    scope=st.builds(
        Scope,
        lock_keys=st.lists(st.sampled_from(("a", "b")), max_size=1).map(tuple),
        accounts=st.lists(st.sampled_from(("a", "b")), max_size=1).map(tuple),
        kinds=st.lists(st.sampled_from(("a", "b")), max_size=1).map(tuple),
        environments=st.lists(st.sampled_from(Environment), max_size=1).map(tuple),
    ),
    account=NAMES,
    kinds=SETS,
    environments=st.frozensets(st.sampled_from((Environment.TEST, Environment.PRODUCTION))),
)
def test_knowing_less_never_escapes(
    scope: Scope, account: str, kinds: frozenset[str], environments: frozenset[Environment]
) -> None:
    """Whatever prevents a change also prevents it when less is known of it."""
    made = standing(by("ann", scope=scope))
    reach = Reach(
        lock_key="a",
        resources=frozenset({"a"}),
        account=account or None,
        environments=environments,
        kinds=kinds,
        templates=frozenset({"t"}),
    )
    if made.prevents(reach) is None:
        return
    for less in (
        replace(reach, account=None),
        replace(reach, kinds=frozenset()),
        replace(reach, environments=frozenset()),
    ):
        assert made.prevents(less) is not None


def test_the_history_is_that_of_the_pin() -> None:
    """Another pin, another history: nobody."""
    broadcast = Broadcast(records=[carried(FIRST, 0)])
    assert history_of(CODEC, ROSTER.digest, broadcast).newest == ROSTER
    assert history_of(CODEC, DIGEST, broadcast) == RosterHistory.of(CODEC, DIGEST, [FIRST])
