"""A process may die at any stage: another takes the change over, and the account's state is what the record says."""

from datetime import timedelta

import pytest

from fixgate.events import Intent, IntentPurpose, Outcome, Result
from fixgate.verbs import Order
from tests.executor.lab import Lab, Stops

STAGES = ("intended", "minting", "comparing", "applying", "judging", "ending")
EXPECTED = {Result.DONE: "Inactive", Result.ROLLED_BACK: "Active", Result.HALTED: "Active", Result.EXPIRED: "Active"}


def crashed(lab: Lab, stops: Stops, *, told_commits: bool = False) -> None:
    """Run an executor until it dies at its place, and see to it that nobody thinks it alive."""
    first = lab.executor(stops)
    first.until(lambda: stops.crashed)
    if told_commits:
        first.runtime.step()
    first.die()


def agrees(lab: Lab, outcome: Outcome) -> None:
    """There is one record, it says what the account shows, and nothing is left: no lock, no credential."""
    assert lab.outcomes() == [outcome]
    assert lab.status == EXPECTED[outcome.result], outcome.detail
    assert lab.world.state("executor") == {}
    assert lab.issuer.alive == set()
    attempts = [(i.attempt, i.intent_id) for i in lab.world.read("intents", Intent)]
    assert attempts == [(n + 1, attempts[0][1]) for n in range(len(attempts))]


@pytest.mark.parametrize("point", ["act", "acted", "told", "committed"])
@pytest.mark.parametrize("stage", STAGES)
def test_a_death_at_any_stage_is_taken_up(lab: Lab, stage: str, point: str) -> None:
    """Before an act, after it, while it is told, and after that is committed: the change is made once, and recorded."""
    lab.decide()
    place = f"{stage}:{'told' if point == 'committed' else point}"
    crashed(lab, Stops(crash_at=place), told_commits=point == "committed")
    if stage == "ending" and lab.outcomes():
        agrees(lab, lab.outcomes()[0])
        return
    outcome = lab.executor(slot=1).finish()
    assert outcome.result is Result.DONE, outcome.detail
    agrees(lab, outcome)
    written = [c for c in lab.calls if c[1] == "UpdateAccessKey"]
    assert len(written) == 1


@pytest.mark.parametrize("point", ["act", "acted", "told", "committed"])
def test_a_death_while_it_is_put_back(lab: Lab, point: str) -> None:
    """Whoever takes over goes on putting it back, with an intent that says so."""
    lab.decide()
    place = f"undoing:{'told' if point == 'committed' else point}"
    stops = Stops(crash_at=place, does={"judging:act": lab.tag})
    crashed(lab, stops, told_commits=point == "committed")
    outcome = lab.executor(slot=1).finish()
    assert (outcome.result, outcome.incident) == (Result.ROLLED_BACK, True)
    agrees(lab, outcome)
    if point in {"act", "acted"}:
        assert lab.world.read("intents", Intent)[-1].purpose is IntentPurpose.UNDO


def test_a_halt_while_nobody_works_on_it(lab: Lab) -> None:
    """What a dead process had written is put back when changes were halted since."""
    lab.decide()
    crashed(lab, Stops(crash_at="applying:acted"))
    lab.halt()
    outcome = lab.executor(slot=1).finish()
    assert outcome.result is Result.HALTED
    agrees(lab, outcome)


def test_a_halt_holds_up_putting_back(lab: Lab) -> None:
    """While the issuer refuses because of a halt, putting back waits; then it is done, and the record says halted."""
    lab.decide()
    crashed(lab, Stops(crash_at="applying:acted"))
    lab.halt()
    lab.issuer.refuses = ["changes are halted"]
    second = Stops()
    executor = lab.executor(second, slot=1)
    executor.until(lambda: second.reached.count("minting:acted") > 2)
    assert (lab.outcomes(), lab.status) == ([], "Inactive")
    lab.issuer.refuses.clear()
    outcome = executor.finish()
    assert outcome.result is Result.HALTED
    agrees(lab, outcome)


def test_a_halt_that_does_not_end_calls_people(lab: Lab) -> None:
    """What was written and may not be put back is on record as such."""
    lab.decide()
    crashed(lab, Stops(crash_at="applying:acted"))
    lab.halt()
    lab.issuer.refuses = ["changes are halted"]
    outcome = lab.executor(slot=1).finish()
    assert (outcome.result, outcome.incident, lab.status) == (Result.FAILED, True, "Inactive")


@pytest.mark.parametrize(
    ("place", "result"), [("minting:acted", Result.EXPIRED), ("applying:acted", Result.ROLLED_BACK)]
)
def test_a_warrant_that_ran_out_while_nobody_worked_on_it(lab: Lab, place: str, result: Result) -> None:
    """Nothing more is begun under it; what may have been written is put back."""
    lab.decide()
    crashed(lab, Stops(crash_at=place))
    lab.world.advance(timedelta(minutes=11))
    outcome = lab.executor(slot=1).finish()
    assert outcome.result is result
    agrees(lab, outcome)


def test_a_target_that_moved_while_nobody_worked_on_it(lab: Lab) -> None:
    """What somebody else changed meanwhile is not overwritten: the change is put back, and people are called."""
    lab.decide()
    crashed(lab, Stops(crash_at="applying:acted"))
    lab.tag()
    outcome = lab.executor(slot=1).finish()
    assert (outcome.result, outcome.incident) == (Result.ROLLED_BACK, True)
    agrees(lab, outcome)


def test_a_state_that_nobody_understands_is_left_alone(lab: Lab) -> None:
    """One order that cannot be read does not keep an executor from its other work; its lock stays held."""
    lab.decide()
    executor = lab.executor(Stops())
    executor.engine.committed([Order(shard=0, key=b"order/x", value=b"nonsense", resumed=True)])
    assert executor.finish().result is Result.DONE
    assert "order/x" in lab.world.logs.getvalue()


def test_a_paused_process_can_do_no_harm_when_it_wakes(lab: Lab) -> None:
    """Its credential is dead before another is minted, and what it tells counts no more."""
    lab.decide()
    stops = Stops(sleeps_at="applying:act")
    first = lab.executor(stops)
    first.until(stops.asleep.is_set)
    first.expire()
    outcome = lab.executor(slot=1).finish()
    assert [i.purpose for i in lab.issuer.minted] == [IntentPurpose.APPLY, IntentPurpose.FINISH]
    before = len(lab.calls)
    stops.wake.set()
    first.until(lambda: "applying:acted" in stops.reached)
    assert {c[0] for c in lab.calls[before:]} == {"minted1"}
    agrees(lab, outcome)
    assert outcome.result is Result.DONE
