"""Other policies are asked about what was proposed, before they are put into force."""

import json
from pathlib import Path

import pytest

from fixgate.errors import EXIT_REFUSED, Refused
from fixgate.events import AssessmentStatus, ControlKind, Environment, Result
from fixgate.policy.shipped import SHIPPED
from tests.gate.court import Court
from tests.policy.test_command import copy, run

STRICT = '@id("no") @words("Not on my watch.") forbid (principal, action, resource);'


def lax(folder: Path) -> Path:
    """The shipped policies without those that refuse."""
    copy(folder)
    (folder / "refusals.cedar").write_text("")
    return folder


def test_policies_that_are_not_valid_are_not_replayed(court: Court, tmp_path: Path) -> None:
    """What cannot be loaded is refused before anything is read."""
    court.propose()
    assert isinstance(run("replay", "--with", tmp_path / "nowhere").exception, Refused)


def test_less_asked_in_production_is_a_refusal(court: Court, tmp_path: Path) -> None:
    """A merge that loosens production ends with 1, and says which proposals."""
    refused = court.propose({"environment": Environment.PRODUCTION, "status": AssessmentStatus.INSUFFICIENT})
    assert refused.verdict.value == "refused"
    found = run("replay", "--with", lax(tmp_path), "--json")
    assert found.exit_code == EXIT_REFUSED
    told = json.loads(found.output)
    assert told["loosens_production"] is True
    assert [f["loosens"] for f in told["flips"]] == [True]


def test_stricter_policies_say_what_would_not_have_been_made(court: Court, tmp_path: Path) -> None:
    """What was waiting would be refused; that is no loosening, and exit code 0."""
    waiting = court.propose()
    found = run("replay", "--with", copy(tmp_path, STRICT))
    assert found.exit_code == 0
    assert waiting.proposal_id in found.output
    assert "would be refused" in found.output
    assert "1 proposals replayed, 1 flip, 0 with less asked in production" in found.output


def test_the_same_policies_flip_nothing(court: Court, tmp_path: Path) -> None:
    """Also after a halt: each proposal is judged by what had been said by its own moment."""
    court.propose()
    court.control(ControlKind.HALT)
    found = run("replay", "--with", copy(tmp_path))
    assert found.exit_code == 0
    assert "1 proposals replayed, 0 flip" in found.output


@pytest.mark.parametrize(
    ("result", "meaning"),
    [
        (Result.DONE, "a change that was made would have been refused"),
        (Result.ROLLED_BACK, "a change that was rolled back would not have been made"),
    ],
)
def test_a_flip_is_told_by_what_became_of_the_change(
    court: Court, tmp_path: Path, result: Result, meaning: str
) -> None:
    """Outcomes say what a refusal would have cost or spared."""
    decision = court.propose()
    court.end(decision, result)
    assert meaning in run("replay", "--with", copy(tmp_path, STRICT)).output


def test_the_shipped_folder_is_one_that_can_be_replayed(court: Court) -> None:
    """Nobody has to copy it first."""
    court.propose()
    assert run("replay", "--with", SHIPPED).exit_code == 0
