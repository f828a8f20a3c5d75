"""An analyzer or a proposer in somebody else's hands: its signature is good, its word is not taken (laws 2, 3)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fixgate import targets
from fixgate.events import BlastLevel, BlastRadius, ControlKind, Environment, ManagedBy, Ownership, Scope, Verdict
from tests.chains import assessed
from tests.gate.court import HOUR, Court, refused_because
from tests.samples import ACCESS_KEY, ACCOUNT, KEY_ID, assessment, finding, public_bucket
from tests.services_people import asset, user

DAY = timedelta(days=1)


def inventory(court: Court, **changed: Any) -> None:
    """People's newest word on the user of the key."""
    user(court.world, **{"version": 2, **changed})


# -- an analyzer -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "found",
    [
        public_bucket(),
        finding(resource=targets.access_key(ACCOUNT, "ci/other", "AKIA" + "OTHER000" + "00000002"), identity=None),
        finding(resource=None, identity=None),
        finding(resource=replace(ACCESS_KEY, account="999999999999")),
        finding(resource=targets.bare_access_key(KEY_ID, None), account="999999999999"),
    ],
)
def test_a_target_that_no_finding_names_is_refused(lenient: Court, found: Any) -> None:
    """The analyzer says what a finding means, not what it is about."""
    lenient.world.publish("proposals", lenient.proposal_of(assessed(lenient.world, found)))
    lenient.work()
    refused_because(lenient.decisions()[-1], "no finding names the target")


@pytest.mark.parametrize(
    "found",
    [
        finding(resource=targets.bare_access_key(KEY_ID, None), account=None),
        finding(resource=targets.bare_access_key(KEY_ID, ACCOUNT), identity=None),
        finding(resource=None),
    ],
)
def test_a_key_may_be_named_by_its_id_alone(lenient: Court, found: Any) -> None:
    """Most scanners do not know its user."""
    lenient.world.publish("proposals", lenient.proposal_of(assessed(lenient.world, found)))
    lenient.work()
    assert lenient.decisions()[-1].verdict is Verdict.ALLOWED


def test_another_lock_key_than_the_targets_is_refused(lenient: Court) -> None:
    """Under another one, exceptions would not be found, and two changes would be made at once."""
    refused_because(lenient.propose({"lock_key": "arn:aws:iam::1:user/nobody"}), "the lock key is not the target's")


def test_another_account_than_the_arns_is_refused(lenient: Court) -> None:
    """The account is where the credential is made."""
    target = replace(ACCESS_KEY, account="999999999999")
    found = finding(resource=target)
    lenient.world.publish("proposals", lenient.proposal_of(assessed(lenient.world, found, target=target)))
    lenient.work()
    refused_because(lenient.decisions()[-1], "the account is not the one of the target's name")


def test_the_environment_that_people_do_not_name_is_not_theirs(lenient: Court) -> None:
    """The gate reads the inventory itself, whatever the analyzer repeats of it."""
    inventory(lenient, environment=Environment.UNKNOWN)
    made = lenient.propose()
    assert made.verdict is Verdict.WAITING
    assert "caution-environment" in [p.id for p in made.policies]


def test_without_an_entry_nothing_is_automatic(bare: Court) -> None:
    """Nobody but the analyzer vouches for where it serves and who uses it."""
    made = bare.propose()
    assert made.verdict is Verdict.WAITING
    assert "caution-shared" in [p.id for p in made.policies]


def test_a_key_that_people_say_is_used_is_in_use(lenient: Court) -> None:
    """Though the analyzer leaves it out."""
    inventory(lenient, tags={"unused": "false"})
    assert "caution-in-use" in [p.id for p in lenient.propose().policies]


def test_what_people_know_to_depend_on_it_raises_the_blast_radius(lenient: Court) -> None:
    """Though the analyzer says that nothing does."""
    inventory(lenient, dependants=tuple(f"service-{n}" for n in range(12)))
    made = lenient.propose({"blast_radius": BlastRadius(level=BlastLevel.LOW, dependants=0)})
    assert "caution-blast" in [p.id for p in made.policies]


def test_whom_people_name_as_its_owner_may_not_approve(court: Court) -> None:
    """Though the analyzer names somebody else."""
    inventory(court, ownership=Ownership(owner="bob", managed_by=ManagedBy.HAND, shared=False))
    made = court.propose()
    assert made.quorum is not None
    assert {"alice", "bob"} <= set(made.quorum.excluded)


def test_a_freeze_of_production_covers_what_people_say_serves_it(lenient: Court) -> None:
    """Though the analyzer says that it serves staging."""
    inventory(lenient, environment=Environment.PRODUCTION)
    lenient.control(ControlKind.FREEZE, scope=Scope(environments=(Environment.PRODUCTION,)))
    refused_because(lenient.propose(), "changes are frozen")


def test_a_freeze_of_production_covers_what_people_may_have_said_serves_it(lenient: Court) -> None:
    """An entry that cannot be believed may have been a true one."""
    asset(lenient.world, "mallory", asset_id=targets.parts(ACCESS_KEY)[0], kind="aws.iam.user", person="mallory")
    lenient.control(ControlKind.FREEZE, scope=Scope(environments=(Environment.PRODUCTION,)))
    refused_because(lenient.propose(), "changes are frozen")


# -- a proposer ------------------------------------------------------------------------------------------------------


def test_old_facts_are_looked_at_by_people(lenient: Court) -> None:
    """A good assessment of long ago says nothing about now."""
    lenient.world.advance(timedelta(minutes=30))
    old = lenient.world.now - 25 * HOUR
    made = lenient.propose({"evidence": tuple(replace(f, observed_at=old) for f in assessment().evidence)})
    assert made.verdict is Verdict.WAITING
    assert "caution-old-facts" in [p.id for p in made.policies]


@pytest.mark.parametrize("age", [8 * DAY, -HOUR])
def test_very_old_facts_and_those_to_come_are_refused(lenient: Court, age: timedelta) -> None:
    """Whoever approves could not know better."""
    at = lenient.world.now - age
    made = lenient.propose({"evidence": tuple(replace(f, observed_at=at) for f in assessment().evidence)})
    refused_because(made, "The facts are too old")


def test_a_turn_is_not_kept_for_ever(lenient: Court) -> None:
    """A proposal says itself when it expires, and may say anything."""
    lenient.propose()
    lenient.propose(proposal_id="later", expires_at=lenient.world.now + 10_000 * DAY)
    lenient.pass_time(4 * DAY)
    assert lenient.verdicts()[-1] is Verdict.EXPIRED


# -- and what lies in between ----------------------------------------------------------------------------------------


def test_an_outcome_of_what_waits_frees_nothing(court: Court) -> None:
    """No change can be over that nobody allowed, whatever an executor says."""
    waiting = court.propose()
    court.end(waiting)
    court.propose(proposal_id="proposal-2")
    assert court.verdicts() == [Verdict.WAITING]


def test_what_comes_to_be_demanded_has_to_be_shown(court: Court) -> None:
    """An exception ran out between the asking and the answer: people are asked again, with one obligation more."""
    waiting = court.propose()
    until = court.world.now + timedelta(minutes=1)
    court.control(ControlKind.EXCEPTION, scope=Scope(lock_keys=(waiting.lock_key,)), not_after_at=until)
    court.world.advance(timedelta(minutes=2))
    again = court.answers("bob", waiting)
    assert again.verdict is Verdict.WAITING
    assert "lapsed-exception" in {o.id for o in again.obligations} - {o.id for o in waiting.obligations}
    assert court.answers("bob", again).verdict is Verdict.ALLOWED


def test_an_answer_of_after_the_end_does_not_count(court: Court) -> None:
    """Its time may be ahead of ours by a little: not over the end."""
    waiting = court.propose(expires_at=court.world.now + timedelta(minutes=5))
    court.world.advance(timedelta(minutes=4))
    late = court.world.now + timedelta(seconds=90)
    assert court.answers("bob", waiting, answered_at=late).verdict is Verdict.WAITING
    assert court.answers("bob", waiting).verdict is Verdict.ALLOWED
