"""Reports that do not belong are refused: nothing that a change was not in can move it on."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fixgate.chain import decision_chain
from fixgate.errors import Poison
from fixgate.events import Change, IntentPurpose, Result, Reversibility, StepResult
from services.executor import reports
from services.executor.change import ChangeState, Stage, pack, unpack
from services.executor.outcome import draft_of
from services.executor.transitions import Context, after
from tests.executor.lab import Lab
from tests.services_world import CODEC, START


@pytest.fixture
def change(lab: Lab) -> ChangeState:
    """A change at its beginning."""
    decision = lab.decision()
    chain = decision_chain(CODEC, decision)
    assert chain.decision.warrant is not None
    return ChangeState(
        stage=Stage.INTENDED,
        draft=draft_of(chain, chain.decision.warrant, decision, START),
        purpose=IntentPurpose.APPLY,
        attempt=2,
        attempt_at=START,
        steps=1,
        context="00-" + "a" * 32 + "-" + "b" * 16 + "-01",
    )


def context(change: ChangeState) -> Context:
    """Nothing stands in the way."""
    warrant = decision_chain(CODEC, change.draft.decision).decision.warrant
    assert warrant is not None
    return Context(
        now=START,
        warrant=warrant,
        approved=Reversibility.LOSSLESS,
        apply_seconds=10,
        recommend_only=False,
        prevented=lambda: "",
    )


def test_a_report_of_another_attempt_is_refused(change: ChangeState) -> None:
    """What was taken over counts no more."""
    with pytest.raises(Poison, match="taken over by attempt 2"):
        after(change, reports.Again(attempt=1, intent=None, why="x"), context(change))


@pytest.mark.parametrize("stage", [s for s in Stage if s is not Stage.MINTING])
def test_a_credential_out_of_turn_is_refused(change: ChangeState, stage: Stage) -> None:
    """Each answer belongs to one stage."""
    minted = reports.Minted(attempt=2, intent=None, grant="sha256:" + "1" * 64, not_after=START)
    with pytest.raises(Poison, match="does not belong to the stage"):
        after(replace(change, stage=stage), minted, context(change))


@pytest.mark.parametrize("shown", [Reversibility.LOSSY, Reversibility.IMPOSSIBLE, Reversibility.UNKNOWN])
def test_a_rehearsal_worse_than_approved_stops_the_change(lab: Lab, change: ChangeState, shown: Reversibility) -> None:
    """People approved something that comes back whole."""
    chain = decision_chain(CODEC, change.draft.decision)
    rehearsal = replace(chain.proposed.proposal.rehearsal, reversibility=shown)
    told = reports.Rehearsed(attempt=2, intent=None, rehearsal=rehearsal)
    moved = after(change, told, context(change))
    assert (moved.stage, moved.result) == (Stage.ENDING, Result.REFUSED)


def test_a_rehearsal_that_did_not_pass_stops_the_change(change: ChangeState) -> None:
    """So does a proposal that is not its template's, whatever came of trying it."""
    rehearsal = decision_chain(CODEC, change.draft.decision).proposed.proposal.rehearsal
    failed = reports.Rehearsed(attempt=2, intent=None, rehearsal=replace(rehearsal, validated=False))
    untrue = reports.Rehearsed(attempt=2, intent=None, rehearsal=rehearsal, lies=("the calls are others",))
    for told in (failed, untrue):
        moved = after(change, told, context(change))
        assert (moved.stage, moved.result) == (Stage.ENDING, Result.REFUSED)
    good = reports.Rehearsed(attempt=2, intent=None, rehearsal=replace(rehearsal, validated=True))
    assert after(change, good, context(change)).stage is Stage.MINTING


@pytest.mark.parametrize("stage", [Stage.INTENDED, Stage.MINTING, Stage.COMPARING, Stage.APPLYING])
def test_a_halt_is_obeyed_before_every_act(change: ChangeState, stage: Stage) -> None:
    """Before anything is written the change ends, after that it is put back (law 10)."""
    at = replace(change, stage=stage, steps=2, at=1, begun=1 if stage is Stage.APPLYING else 0)
    rehearsal = decision_chain(CODEC, change.draft.decision).proposed.proposal.rehearsal
    step = StepResult(name="one", action="a", resource="r", succeeded=True, started_at=START, ended_at=START)
    told: dict[Stage, reports.Report] = {
        Stage.INTENDED: reports.Rehearsed(attempt=2, intent=None, rehearsal=replace(rehearsal, validated=True)),
        Stage.MINTING: reports.Minted(attempt=2, intent=None, grant="sha256:" + "1" * 64, not_after=START),
        Stage.COMPARING: reports.Compared(attempt=2, intent=None, found=None, moved=False, words="", snapshot=None),
        Stage.APPLYING: reports.Stepped(attempt=2, intent=None, step=step),
    }
    assert after(at, told[stage], context(change)).stage not in {Stage.ENDING, Stage.UNDOING}
    halted = after(at, told[stage], replace(context(change), prevented=lambda: "halt: everything"))
    assert halted.result is Result.HALTED
    assert halted.stage is (Stage.UNDOING if stage is Stage.APPLYING else Stage.ENDING)
    assert "everything" in halted.draft.detail


def test_what_was_not_to_change_is_put_back_though_all_oracles_passed(change: ChangeState) -> None:
    """The write-set is judged beside them (law 7)."""
    other = Change(resource="r", path="/tags", before=None, after="x")
    told = reports.Judged(
        attempt=2, intent=None, found=None, changes=(), unexpected=(other,), validation=(), passed=True, words="/tags"
    )
    moved = after(replace(change, stage=Stage.JUDGING, begun=1, at=1), told, context(change))
    assert (moved.stage, moved.cause, moved.draft.incident) == (Stage.UNDOING, "write_set", True)


def test_what_has_ended_stays_as_it_is(change: ChangeState) -> None:
    """A record that could not be signed yet is not another record."""
    ended = change.ended(Result.DONE)
    for report in (
        reports.Stuck(attempt=2, intent=None, why="no signer"),
        reports.Again(attempt=2, intent=None, why="x"),
        reports.Resumed(attempt=2, intent=None),
    ):
        assert after(ended, report, context(change)) == ended


def test_the_state_is_read_as_it_was_written(change: ChangeState) -> None:
    """Every field survives; anything else is refused."""
    full = replace(change, begun=1, at=1, begun_at=START, credential_until=START + timedelta(seconds=9), tries=3)
    assert unpack(CODEC, pack(CODEC, full)) == full
    for broken in (b"", b"\x00\x00\x00\x02{}", pack(CODEC, full)[:-3]):
        with pytest.raises(Poison):
            unpack(CODEC, broken)
