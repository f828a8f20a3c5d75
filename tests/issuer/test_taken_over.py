"""A gate in somebody else's hands: it can sign any decision, and gets no credential by it (law 4)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fixgate.errors import Transient
from fixgate.events import (
    BlastLevel,
    BlastRadius,
    ControlKind,
    Environment,
    IntentPurpose,
    Quorum,
    Saga,
    Scope,
    Signed,
)
from fixgate.signing import digest
from services.issuer.systems import NotMade
from tests.issuer.office import MINUTE, Office
from tests.samples import BUCKET, assessment
from tests.services_people import user


def refused(office: Office, decision: Signed) -> str:
    """Mint under it; why there was no credential."""
    answer = office.mint(decision)
    assert answer.credential is None
    assert office.script.made == []
    return "; ".join(answer.reasons)


@pytest.mark.parametrize("more", [timedelta(seconds=1), timedelta(days=300)])
def test_a_warrant_that_holds_for_long_is_refused(office: Office, more: timedelta) -> None:
    """Whatever the gate says."""
    end = office.world.now + 15 * MINUTE + more
    decision = office.decision(office.proposal(expires_at=end + MINUTE), warrant_with={"not_after_at": end})
    assert "holds longer" in refused(office, office.decided(decision))


def test_a_warrant_that_outlasts_its_proposal_is_refused(office: Office) -> None:
    """What has expired is not made."""
    decision = office.decision(office.proposal(expires_at=office.world.now + 9 * MINUTE))
    assert "holds longer" in refused(office, office.decided(decision))


def test_an_approval_of_long_ago_is_refused(office: Office) -> None:
    """It was kept back until it was forgotten."""
    proposal = office.proposal({"environment": Environment.PRODUCTION})
    old = office.world.now - timedelta(days=5)
    approvals = (office.approved(proposal, shown_at=old, answered_at=old),)
    decision = office.decided(office.decision(proposal, approvals=approvals))
    assert "bob approved it too long ago" in refused(office, decision)


def test_a_step_of_wider_work_is_refused(office: Office) -> None:
    """The gate refuses it; so does the issuer."""
    saga = Saga(saga_id="saga-1", step=2, steps=2, after=(digest(b"first"),))
    assert "follow other changes" in refused(office, office.decided(office.decision(office.proposal(saga=saga))))


@pytest.mark.parametrize("days", [8, -1])
def test_facts_of_another_time_are_refused(office: Office, days: int) -> None:
    """An old assessment's signature is as good as ever."""
    at = office.world.now - timedelta(days=days)
    evidence = tuple(replace(f, observed_at=at) for f in assessment().evidence)
    assert "too old" in refused(office, office.decided(office.decision(office.proposal({"evidence": evidence}))))


def test_a_freeze_covers_what_the_inventory_says(office: Office) -> None:
    """Though the chain says that it serves staging."""
    user(office.world, environment=Environment.PRODUCTION, version=2)
    office.control(ControlKind.FREEZE, scope=Scope(environments=(Environment.PRODUCTION,)))
    assert "changes are frozen" in refused(office, office.decided())


@pytest.mark.parametrize(
    "changed",
    [{"dependants": tuple(f"service-{n}" for n in range(12))}, {"tags": {"unused": "false"}}, {"retired": True}],
)
def test_what_the_inventory_knows_needs_people(office: Office, changed: dict[str, Any]) -> None:
    """Dependants, use, and that there is an entry at all: the gate did not ask, the issuer does."""
    user(office.world, version=2, **changed)
    low = BlastRadius(level=BlastLevel.LOW, dependants=0)
    decision = office.decided(office.decision(office.proposal({"blast_radius": low})))
    assert "approve" in refused(office, decision) or "Replace it first" in refused(office, decision)


def test_a_lower_quorum_in_the_decision_lowers_nothing(office: Office) -> None:
    """The issuer asks its own policies how many."""
    high = {"environment": Environment.PRODUCTION, "blast_radius": BlastRadius(level=BlastLevel.HIGH, dependants=20)}
    proposal = office.proposal(high)
    shown = ("residual-power", "dependants")
    approvals = (office.approved(proposal, obligations=shown),)
    decision = office.decision(proposal, approvals=approvals, quorum=Quorum(approvals=1))
    assert "1 more must approve" in refused(office, office.decided(decision))


# -- and an executor -------------------------------------------------------------------------------------------------


def test_an_intent_for_another_target_is_refused(office: Office) -> None:
    """All else fits."""
    decision = office.decided()
    answer = office.mint(decision, target=BUCKET)
    assert answer.reasons == ("the intent names another target than the decision",)


def test_an_undoing_under_another_decision_is_refused(office: Office) -> None:
    """The gate helps: a second decision with the first one's warrant, for a change that nobody judged."""
    first = office.decided()
    office.give_back(office.mint(first))
    office.pass_time(2 * MINUTE)
    worse = office.proposal(summary="Anything.", expires_at=office.world.now + timedelta(hours=1))
    second = office.decided(office.decision(worse))
    answer = office.mint(second, purpose=IntentPurpose.UNDO)
    assert answer.credential is None
    assert answer.reasons == ("the warrant was used by intent-1",)


def test_what_was_never_made_is_not_undone(office: Office) -> None:
    """The credential system made none: there is nothing to put back, and no policy looks at an undoing."""
    decision = office.decided()
    office.script.fails = NotMade("throttled")
    with pytest.raises(Transient):
        office.mint(decision)
    office.script.fails = None
    answer = office.mint(decision, purpose=IntentPurpose.UNDO)
    assert "nothing to put back" in "; ".join(answer.reasons)


def test_what_may_be_a_halt_holds_up_an_undoing(office: Office) -> None:
    """Nobody knows what it says, so it may be one."""
    decision = office.decided()
    office.give_back(office.mint(decision))
    office.pass_time(2 * MINUTE)
    office.control(ControlKind.HALT, person="mallory")
    answer = office.mint(decision, purpose=IntentPurpose.UNDO)
    assert "may be a halt" in "; ".join(answer.reasons)
