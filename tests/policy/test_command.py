"""`fixgate policy …`: policies validated, tested, and asked again about one proposal."""

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from fixgate.cli import app
from fixgate.errors import EXIT_REFUSED, Misconfigured, Refused
from fixgate.events import BlastLevel, BlastRadius, ControlKind
from fixgate.policy.shipped import SHIPPED
from tests.gate.court import BUNDLE, Court


def run(*arguments: object) -> Result:
    """The command."""
    return CliRunner().invoke(app, ["policy", *map(str, arguments)])


def copy(folder: Path, more: str = "") -> Path:
    """The shipped policies, with one file more."""
    for path in SHIPPED.glob("*.cedar*"):
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "more.cedar").write_text(more)
    return folder


def test_policies_that_are_not_valid_are_refused(tmp_path: Path) -> None:
    """With what is wrong, and exit code 1; what cannot be read as well."""
    found = run("check", "--policies", copy(tmp_path, '@id("x") @words("x") forbid (principal, action);'))
    assert isinstance(found.exception, Refused)
    assert "not valid" in found.exception.message
    assert isinstance(run("test", "--policies", tmp_path / "nowhere").exception, Refused)


def test_a_case_that_comes_to_something_else_is_refused(tmp_path: Path) -> None:
    """It says which, and ends with 1; a folder without cases is refused, one with wrong cases is wrong usage."""
    assert isinstance(run("test", "--policies", copy(tmp_path)).exception, Refused)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "a.yaml").write_text("cases: [{name: all is well, expect: {verdict: refused}}]")
    found = run("test", "--policies", tmp_path)
    assert found.exit_code == EXIT_REFUSED
    assert "all is well: it came to automatic" in found.output
    (tmp_path / "tests" / "a.yaml").write_text("cases: 3")
    assert isinstance(run("test", "--policies", tmp_path).exception, Misconfigured)


def test_the_shipped_policies_are_valid_and_pass() -> None:
    """In words, and for programs."""
    assert BUNDLE.digest in run("check").output
    assert json.loads(run("check", "--json").output)["digest"] == BUNDLE.digest
    assert "cases come to what they must" in run("test").output
    assert all(case["faults"] == [] for case in json.loads(run("test", "--json").output))


def test_what_nobody_proposed_cannot_be_explained(court: Court) -> None:
    """There is no such id."""
    court.propose()
    assert isinstance(run("explain", "proposal-9").exception, Refused)


def test_a_decision_is_explained_by_then_and_by_now(court: Court) -> None:
    """What was decided, what the policies looked at, and what they would come to now."""
    lie = BlastRadius(level=BlastLevel.NONE)
    court.propose(blast_radius=lie)
    told = json.loads(run("explain", "proposal-1", "--json").output)
    assert told["decided"]["verdict"] == told["now"]["verdict"] == "refused"
    assert told["looked_at"]["honest"] is False
    assert told["lies"]
    waiting = court.propose()
    shown = run("explain", waiting.proposal_digest).output
    assert "proposal-1: waiting" in shown
    assert "environment          staging" in shown
    assert "now they would come to: people" in shown
    court.control(ControlKind.HALT)
    shown = run("explain", waiting.finding_ids[0]).output
    assert "now they would come to: refused" in shown
    assert "halted by ann" in shown
    assert "others than those it was decided by" not in shown


def test_other_policies_can_be_asked(court: Court, tmp_path: Path) -> None:
    """Before they are put into force."""
    waiting = court.propose()
    (tmp_path / "other").mkdir()
    strict = '@id("no") @words("Not on my watch.") forbid (principal, action, resource);'
    shown = run("explain", waiting.proposal_id, "--policies", copy(tmp_path / "other", strict)).output
    assert "Not on my watch." in shown
    assert "others than those it was decided by" in shown
