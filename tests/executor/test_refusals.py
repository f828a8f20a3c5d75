"""What stops a change: nothing is written then, and the record says why."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from fixgate.events import Decision, Intent, Outcome, Result, Verdict
from fixgate.signing import digest
from services.executor.adapters.acts import Acts
from tests.executor.lab import Lab, Stops, unreachable
from tests.services_world import CODEC, spiffe_id


def untouched(lab: Lab, outcome: Outcome, result: Result) -> None:
    """The key is as it was, nothing was written with any credential, and no credential is left alive."""
    assert (outcome.result, lab.status) == (result, "Active"), outcome.detail
    assert [c for c in lab.calls if c[1] == "UpdateAccessKey"] == []
    assert lab.issuer.alive == set()
    assert lab.world.state("executor") == {}


@pytest.mark.parametrize("verdict", [Verdict.WAITING, Verdict.REFUSED, Verdict.EXPIRED, Verdict.WITHDRAWN])
def test_what_is_not_allowed_is_not_begun(lab: Lab, verdict: Verdict) -> None:
    """Only an allowed decision is a beginning."""
    made = CODEC.decode(lab.decision().value, Decision)
    lab.world.publish("decisions", replace(made, verdict=verdict, warrant=None))
    executor = lab.executor()
    lab.world.work(executor.runtime)
    assert lab.world.read("intents", Intent) == []
    assert lab.world.rejected("executor") == []


def test_an_allowed_decision_without_a_warrant_is_rejected(lab: Lab) -> None:
    """It claims what it cannot show: it goes to the dead letters."""
    lab.world.publish("decisions", replace(CODEC.decode(lab.decision().value, Decision), warrant=None))
    lab.world.work(lab.executor().runtime)
    (letter,) = lab.world.rejected("executor")
    assert "without a warrant" in letter.detail


def test_a_decision_that_names_another_proposal_is_rejected(lab: Lab) -> None:
    """The chain must fit together, whoever signed it."""
    made = CODEC.decode(lab.decision().value, Decision)
    lab.world.publish("decisions", replace(made, proposal_digest=digest(b"another")))
    lab.world.work(lab.executor().runtime)
    (letter,) = lab.world.rejected("executor")
    assert "another proposal" in letter.detail


def test_another_executors_warrant_is_not_ours(lab: Lab) -> None:
    """It is left to whom it names."""
    lab.decide(executor=spiffe_id("executor") + "-west")
    lab.world.work(lab.executor().runtime)
    assert lab.world.read("intents", Intent) == []
    assert lab.world.rejected("executor") == []


def test_a_warrant_that_ran_out_before_the_change_began(lab: Lab) -> None:
    """There is no intent, and the outcome says expired."""
    lab.decide()
    lab.world.advance(timedelta(minutes=11))
    outcome = lab.executor().finish()
    untouched(lab, outcome, Result.EXPIRED)
    assert outcome.intent_digest is None
    assert lab.issuer.minted == []


def test_a_warrant_that_runs_out_while_the_issuer_is_away(lab: Lab) -> None:
    """Minting is tried again as long as the warrant lasts, and not longer."""
    lab.issuer.down = 10_000
    lab.decide(not_after_at=lab.world.now + timedelta(seconds=20))
    untouched(lab, lab.executor().finish(), Result.EXPIRED)


def test_an_issuer_that_refuses(lab: Lab) -> None:
    """Its reasons are in the record."""
    lab.issuer.refuses = ["the ceiling does not allow this"]
    lab.decide()
    outcome = lab.executor().finish()
    untouched(lab, outcome, Result.REFUSED)
    assert "the ceiling does not allow this" in outcome.detail


def test_a_target_that_is_out_of_bounds(lab: Lab) -> None:
    """Nothing begins on a target that this process may not touch."""
    lab.decide()
    outcome = lab.executor(refusal=lambda target: f"{target.kind} is not emulated").finish()
    untouched(lab, outcome, Result.REFUSED)
    assert lab.world.read("intents", Intent) == []


def test_a_target_that_is_out_of_bounds_by_who_runs_beside_us(lab: Lab) -> None:
    """No credential is asked for while another service could take it."""
    lab.decide()
    outcome = lab.executor(bounds=lambda _target: "issuer runs under our user").finish()
    untouched(lab, outcome, Result.FAILED)
    assert lab.issuer.minted == []


def test_recommending_changes_nothing(lab: Lab) -> None:
    """The rehearsal is in the record, but no credential was asked for; bounds do not matter then."""
    lab.decide()
    outcome = lab.executor(recommend_only=True, refusal=lambda _target: "out of bounds").finish()
    untouched(lab, outcome, Result.RECOMMENDED)
    assert outcome.rehearsal is not None
    assert lab.issuer.minted == []


@pytest.mark.parametrize(
    "lie",
    [
        {"write_set": ()},
        {"residual_power": ()},
        {"offer_digest": digest(b"other offers")},
        {"pre_state_digest": digest(b"another state")},
    ],
    ids=["write-set", "residual power", "offers", "state"],
)
def test_a_proposal_that_is_not_its_templates(lab: Lab, lie: dict[str, object]) -> None:
    """What the gate let through is computed again here."""
    lab.decide(proposed=lie)
    outcome = lab.executor().finish()
    untouched(lab, outcome, Result.REFUSED)
    assert lab.issuer.minted == []


def test_a_target_that_has_moved(lab: Lab) -> None:
    """What was approved is not there any more: the record says what was found."""
    lab.decide()
    lab.tag()
    outcome = lab.executor().finish()
    untouched(lab, outcome, Result.MOVED)
    assert outcome.found_digest not in {None, outcome.pre_state_digest}
    assert "/tags/touched" in outcome.detail


def test_a_target_that_is_gone(lab: Lab) -> None:
    """That has moved too."""
    lab.decide()
    user, _, key = lab.target.id.partition("#")
    lab.admin.delete_access_key(UserName=user.rpartition("/")[2], AccessKeyId=key)
    outcome = lab.executor().finish()
    assert (outcome.result, outcome.found_digest) == (Result.MOVED, None)


def test_a_full_snapshot_store(lab: Lab, tmp_path: Path) -> None:
    """Without a snapshot there is no change, and people are called."""
    taken = tmp_path / "taken"
    taken.write_text("no folder")
    lab.decide()
    outcome = lab.executor(snapshots=taken / "snapshots").finish()
    untouched(lab, outcome, Result.FAILED)
    assert outcome.incident
    assert outcome.snapshot is None


@pytest.mark.parametrize("place", ["intended:act", "minting:act", "comparing:act", "comparing:acted"])
def test_a_halt_before_the_first_write(lab: Lab, place: str) -> None:
    """Controls are read up to their end before the issuer is asked and before each write."""
    lab.decide()
    outcome = lab.executor(Stops(does={place: lab.halt})).finish()
    untouched(lab, outcome, Result.HALTED)
    assert "changes are halted by ann" in outcome.detail
    if place == "intended:act":
        assert lab.issuer.minted == []


def test_a_halt_while_a_step_is_tried_again(lab: Lab) -> None:
    """A write that failed for a passing reason is not repeated after a halt; what may be written is put back."""
    lab.faults["UpdateAccessKey"] = [unreachable()]
    lab.decide()
    outcome = lab.executor(Stops(does={"applying:acted": lab.halt})).finish()
    assert (outcome.result, lab.status) == (Result.HALTED, "Active"), outcome.detail
    assert outcome.rollback is not None
    assert outcome.rollback.complete
    assert outcome.rollback.cause == "halt"


def test_an_account_that_cannot_be_read(lab: Lab) -> None:
    """It is tried within the credential's window; then nothing has been changed."""
    lab.faults["GetUser"] = [unreachable() for _ in range(1000)]
    lab.decide()
    untouched(lab, lab.executor().finish(), Result.FAILED)


def test_an_unexpected_error_is_told_without_its_words(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it says may quote a secret; its type and place do not."""

    def broken(self: Acts, attempt: object, reading: object) -> str:
        raise RuntimeError("a secret")

    monkeypatch.setattr(Acts, "_moved", broken)
    lab.decide()
    outcome = lab.executor().finish()
    untouched(lab, outcome, Result.FAILED)
    assert outcome.incident
    assert "RuntimeError at" in outcome.detail
    assert "secret" not in outcome.detail
