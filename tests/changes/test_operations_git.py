"""The template for git over real repositories: one branch, one commit, and nobody's work overwritten."""

from pathlib import Path

import pytest

from fixgate import targets
from fixgate.changes.catalogue import CATALOGUE
from fixgate.changes.template import Applicable, Case, Plan, Stage
from fixgate.events import OracleVerdict
from fixgate.resources.readers import read
from fixgate.resources.reading import Projection, Session
from fixgate.resources.sessions import aws_session
from tests.changes.drafts import PIN, draft
from tests.resources.accounts import NOW
from tests.resources.repositories import bare_repository, git, more

PATH = ".github/workflows/ci.yml"
TEXT = "on: push\njobs:\n  a:\n    steps:\n      - uses: example/checkout@v4\n      - uses: example/checkout@v4 # two\n"
PASSED, FAILED, INCONCLUSIVE = OracleVerdict.PASSED, OracleVerdict.FAILED, OracleVerdict.INCONCLUSIVE
OPERATIONS = CATALOGUE.templates[PIN].operations


class Change:
    """The template at work on a repository."""

    def __init__(self, folder: Path) -> None:
        bare_repository(folder / "mirror/example/checkout", {"action.yml": "name: checkout"}, tag="v4")
        self.repository = folder / "service"
        bare_repository(self.repository, {PATH: TEXT, "README.md": "hello"})
        self.session: Session = aws_session(None, "", "", git_mirrors=str(folder / "mirror"), git_local=True)
        self.target = targets.workflow(str(self.repository), PATH)
        reading = read(self.target, self.session, NOW)
        assert reading.projection is not None
        self.before: Projection = reading.projection
        case = Case(
            assessment=draft(PIN)[1],
            target=self.target,
            facts={fact.name: fact for fact in reading.facts},
            projection=self.before,
        )
        offered = OPERATIONS.offers(case)
        assert isinstance(offered, Applicable)
        self.plan: Plan = OPERATIONS.plan(case, {"commit": offered.slots["commit"][0].value})
        self.stage = Stage(session=self.session, read=lambda target: read(target, self.session, NOW), now=lambda: NOW)

    def perform(self) -> bool:
        """Push."""
        return OPERATIONS.perform(self.plan, self.plan.steps[0], self.before, self.stage).succeeded

    def undo(self) -> bool:
        """Delete the branch."""
        return all(result.succeeded for result in OPERATIONS.undo(self.plan, self.before, self.stage))

    def verdicts(self) -> list[OracleVerdict]:
        """What the oracles say."""
        return [result.verdict for result in OPERATIONS.validate(self.plan, self.before, self.stage)]

    def branches(self) -> list[str]:
        """All branches of the repository."""
        return git(self.repository, "for-each-ref", "--format=%(refname:short)", "refs/heads").splitlines()

    @property
    def branch(self) -> str:
        """The branch of the fix."""
        return str(self.before["fix_branch"])


@pytest.fixture
def change(tmp_path: Path) -> Change:
    """A repository with a workflow to fix."""
    return Change(tmp_path)


def test_somebody_elses_branch_of_that_name_is_left_alone(change: Change) -> None:
    """Neither overwritten nor deleted."""
    theirs = more(change.repository, "README.md", "theirs", branch=change.branch)
    assert not change.perform()
    assert not change.undo()
    assert git(change.repository, "rev-parse", change.branch) == theirs
    assert FAILED in change.verdicts()


def test_work_on_top_of_the_fix_is_not_deleted(change: Change) -> None:
    """Whoever goes on from the branch keeps it."""
    assert change.perform()
    tree = change.repository.with_name("service-tree")
    git(tree, "fetch", "--quiet", str(change.repository), change.branch)
    git(tree, "checkout", "--quiet", "-b", "work", "FETCH_HEAD")
    (tree / "more").write_text("more", encoding="utf-8")
    git(tree, "add", ".")
    git(tree, "commit", "--quiet", "--message=more")
    git(tree, "push", "--quiet", str(change.repository), f"work:{change.branch}")
    assert not change.undo()
    assert change.branch in change.branches()


def test_a_repository_that_is_gone_is_a_failure(change: Change) -> None:
    """And its oracles do not pass."""
    change.repository.rename(change.repository.with_name("gone"))
    assert not change.perform()
    assert not change.undo()
    assert PASSED not in change.verdicts()


def test_nothing_passes_before_the_change(change: Change) -> None:
    """There is no branch to look at."""
    assert change.verdicts() == [FAILED, FAILED]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("README.md", "also this"),
        (PATH, "on: push\n"),
        (PATH, TEXT.replace("v4", "a" * 40, 1)),
    ],
    ids=["another file", "another workflow", "one of two"],
)
def test_a_branch_with_something_else_on_it_does_not_pass(change: Change, path: str, content: str) -> None:
    """What is on the branch is parsed and compared, not believed."""
    more(change.repository, path, content, branch=change.branch)
    assert change.verdicts() == [FAILED, FAILED]


def test_pinning_judging_and_undoing_twice_is_harmless(change: Change) -> None:
    """The default branch never moves, and the commit is the same each time."""
    head = git(change.repository, "rev-parse", "main")
    made: set[str] = set()
    for _ in range(2):
        for _ in range(2):
            assert change.perform()
        made.add(git(change.repository, "rev-parse", change.branch))
        assert change.verdicts() == [PASSED, PASSED]
        for _ in range(2):
            assert change.undo()
        assert change.branches() == ["main"]
    assert len(made) == 1
    assert git(change.repository, "rev-parse", "main") == head
    assert read(change.target, change.session, NOW).projection == change.before


def test_the_commit_changes_the_lines_and_nothing_else(change: Change) -> None:
    """By git's own account."""
    assert change.perform()
    sha = change.plan.slots["commit"]
    shown = git(change.repository, "diff", "--unified=0", "main", change.branch).splitlines()
    assert [line for line in shown if line[0] in "+-" and not line.startswith(("+++", "---"))] == [
        "-      - uses: example/checkout@v4",
        "-      - uses: example/checkout@v4 # two",
        f"+      - uses: example/checkout@{sha} # v4",
        f"+      - uses: example/checkout@{sha} # v4 # two",
    ]
    assert git(change.repository, "log", "-1", "--format=%an %ae %at", change.branch) == (
        "Fixgate fixgate@invalid " + git(change.repository, "log", "-1", "--format=%ct", "main")
    )
