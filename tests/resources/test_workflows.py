"""The reader of workflows, over real repositories on the disk."""

from dataclasses import replace
from pathlib import Path

import pytest

from fixgate import targets
from fixgate.events import FactState, Resource
from fixgate.resources.readers import read
from fixgate.resources.reading import Session
from fixgate.resources.sessions import aws_session
from fixgate.resources.workflow_text import first_unpinned, fix_branch, pinned, uses
from tests.resources.accounts import NOW, facts
from tests.resources.repositories import bare_repository, git, more

PATH = ".github/workflows/ci.yml"
TEXT = """\
on: push
jobs:
  build:
    steps:
      - uses: ./local
      - uses: docker://alpine:3
      - uses: example/pinned@{sha}
      - uses: example/checkout@v4
      - name: again
        uses: 'example/checkout/below@v4'   # why
      - run: echo ${{{{ secrets.TOKEN }}}}
""".format(sha="a" * 40)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """A session that may read the disk, and whose mirror holds one action."""
    bare_repository(tmp_path / "mirror/example/checkout", {"action.yml": "name: checkout"}, tag="v4")
    return aws_session(None, "", "", git_mirrors=str(tmp_path / "mirror"), git_local=True)


@pytest.fixture
def target(tmp_path: Path) -> Resource:
    """A workflow in a repository."""
    bare_repository(tmp_path / "service", {PATH: TEXT, "README.md": "hello"})
    return targets.workflow(str(tmp_path / "service"), PATH)


@pytest.mark.parametrize(
    "address",
    [
        "ext::sh -c touch% /tmp/x",
        "--upload-pack=touch",
        "ssh://git@example/team/service",
        "git@example:team/service",
        "http://user:word@example/team/service",
        "http://example/team/service?x=y",
        "/srv/../etc",
        "",
    ],
)
def test_an_address_that_is_not_spoken_to_is_unreadable(session: Session, address: str) -> None:
    """A report must not be able to make git run something, or to send a password along."""
    reading = read(Resource(kind=targets.WORKFLOW, id=f"{address}#{PATH}"), session, NOW)
    assert reading.state is FactState.UNREADABLE


def test_a_report_cannot_name_this_machines_disk(target: Resource, session: Session) -> None:
    """Unless the deployment says that it may."""
    reading = read(target, replace(session, git_local=False), NOW)
    assert reading.state is FactState.UNREADABLE
    assert "disk" in reading.why


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", ".github/../../x", "a\nb", "", "-x/./y"])
def test_a_path_that_climbs_is_unreadable(target: Resource, session: Session, path: str) -> None:
    """Nor is it ever handed to git."""
    repository, _ = targets.parts(target)
    assert read(Resource(kind=targets.WORKFLOW, id=f"{repository}#{path}"), session, NOW).state is FactState.UNREADABLE


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe", b"# " + b"x" * (64 * 1024), b"password: correct-horse-battery\n"],
    ids=["utf8", "long", "secret"],
)
def test_what_may_not_travel_is_unreadable(tmp_path: Path, session: Session, content: bytes) -> None:
    """No text, too much of it, or what looks like a secret."""
    tree = tmp_path / "other-tree"
    bare_repository(tmp_path / "other", {PATH: "on: push\n"})
    (tree / PATH).write_bytes(content)
    git(tree, "commit", "--quiet", "--all", "--message=more")
    git(tree, "push", "--quiet", str(tmp_path / "other"), "main")
    reading = read(targets.workflow(str(tmp_path / "other"), PATH), session, NOW)
    assert reading.state is FactState.UNREADABLE
    assert "correct-horse" not in str(reading)


def test_a_symbolic_link_is_no_workflow(tmp_path: Path, session: Session) -> None:
    """What it leads to may be anything."""
    bare_repository(tmp_path / "other", {"real.yml": "on: push\n"})
    tree = tmp_path / "other-tree"
    (tree / "link.yml").symlink_to("real.yml")
    git(tree, "add", ".")
    git(tree, "commit", "--quiet", "--message=more")
    git(tree, "push", "--quiet", str(tmp_path / "other"), "main")
    reading = read(targets.workflow(str(tmp_path / "other"), "link.yml"), session, NOW)
    assert reading.state is FactState.UNREADABLE


@pytest.mark.parametrize("missing", ["repository", "file"])
def test_what_is_not_there_is_absent(tmp_path: Path, target: Resource, session: Session, missing: str) -> None:
    """When git says so."""
    repository, _ = targets.parts(target)
    gone = (
        targets.workflow(str(tmp_path / "nothing"), PATH)
        if missing == "repository"
        else targets.workflow(repository, "no.yml")
    )
    assert read(gone, session, NOW).state is FactState.ABSENT


@pytest.mark.parametrize(
    ("mirrors", "state"),
    [("", FactState.UNREADABLE), ("elsewhere", FactState.ABSENT), ("ext::x", FactState.UNREADABLE)],
)
def test_an_action_that_cannot_be_looked_up_leaves_the_state(
    tmp_path: Path, target: Resource, session: Session, mirrors: str, state: FactState
) -> None:
    """Only the commit is not known then."""
    place = str(tmp_path / mirrors) if mirrors == "elsewhere" else mirrors
    reading = read(target, replace(session, git_mirrors=place), NOW)
    assert reading.state is FactState.VALUE
    assert facts(reading)["action_commit"].state is state


def test_a_workflow_is_read_with_its_action(tmp_path: Path, target: Resource, session: Session) -> None:
    """The commit is what an annotated tag leads to, not the tag itself."""
    reading = read(target, session, NOW)
    assert reading.projection is not None
    assert reading.projection["content"] == TEXT
    assert reading.projection["branch"] == "main"
    assert reading.projection["fix_head"] is None
    said = facts(reading)
    assert (said["action"].value, said["action_ref"].value) == ("example/checkout", "v4")
    assert said["action_commit"].value == git(tmp_path / "mirror/example/checkout", "rev-parse", "v4^{commit}")
    assert said["uses"].value == (
        f"example/pinned@{'a' * 40}",
        "example/checkout@v4",
        "example/checkout/below@v4",
    )


def test_a_file_address_and_a_new_commit(tmp_path: Path, target: Resource, session: Session) -> None:
    """The head is of now, and so is the content."""
    repository, _ = targets.parts(target)
    sha = more(tmp_path / "service", PATH, "on: push\n")
    reading = read(targets.workflow(f"file://{repository}", PATH), session, NOW)
    assert reading.projection is not None
    assert (reading.projection["head"], reading.projection["fix_branch"]) == (sha, None)
    assert facts(reading)["action"].state is FactState.ABSENT


def test_pinning_changes_its_own_lines_alone() -> None:
    """Everything else stays, byte for byte."""
    made = pinned(TEXT.replace("\n", "\r\n"), "example/checkout", "v4", "b" * 40)
    old, new = TEXT.replace("\n", "\r\n").split("\n"), made.split("\n")
    changed = [(before, after) for before, after in zip(old, new, strict=True) if before != after]
    assert changed == [
        ("      - uses: example/checkout@v4\r", f"      - uses: example/checkout@{'b' * 40} # v4\r"),
        (
            "        uses: 'example/checkout/below@v4'   # why\r",
            f"        uses: 'example/checkout/below@{'b' * 40}' # v4 # why\r",
        ),
    ]
    assert first_unpinned(made) is None


@pytest.mark.parametrize(
    "line",
    [
        "      - uses: ../other@v1",
        "      - {uses: example/a@v1}",
        "      # - uses: example/a@v1",
        "      - uses: example@v1",
    ],
)
def test_what_is_no_plain_line_is_no_use(line: str) -> None:
    """It is not ours to change."""
    assert uses(line + "\n") == ()


def test_a_branch_is_named_by_file_action_and_tag() -> None:
    """And never climbs out of its folder."""
    use = first_unpinned(TEXT)
    assert use is not None
    name = fix_branch(PATH, use)
    assert name.startswith("fixgate/pin-example-checkout-")
    assert name != fix_branch("other.yml", use)
    assert ".." not in fix_branch(PATH, replace(use, action="a..b/c.."))
