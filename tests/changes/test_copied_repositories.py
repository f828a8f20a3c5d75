"""The repository in memory against git's own program: the same calls get the same answers, ids included."""

from collections.abc import Generator
from pathlib import Path

import pytest

from fixgate.changes.copies.objects import Clone, Commit, Held
from fixgate.resources.reading import Session, Unreadable
from fixgate.resources.remote import opened
from fixgate.resources.repository import NoFile, Refs, Repository
from fixgate.resources.sessions import aws_session
from tests.resources.repositories import WHO, bare_repository

MAIN, FIX = "refs/heads/main", "refs/heads/fixgate/pin-a"
PATH = ".github/workflows/ci.yml"
FILES = {PATH: "on: push\n", "a.txt": "a\n", "a/b": "b\n", "a-b": "c\n"}
WHEN = "1767225600 +0000"
BY = f"Somebody <somebody@example.test> {WHEN}"


class Pair:
    """One repository twice: at a host, and in memory."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "service")
        self.head = bare_repository(Path(self.address), FILES)
        self.session: Session = aws_session(None, "", "", git_local=True)
        self.held = Held(default=MAIN)
        who = f"{WHO['GIT_AUTHOR_NAME']} <{WHO['GIT_AUTHOR_EMAIL']}> {WHEN}"
        files = {path: ("100644", text.encode()) for path, text in FILES.items()}
        self.held.add(MAIN, Commit(files=files, parent=None, who=who, message="begin\n"))


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """The same repository twice."""
    return Pair(tmp_path)


@pytest.fixture(params=["git", "memory"])
def repository(pair: Pair, request: pytest.FixtureRequest) -> Generator[Repository]:
    """One piece of work on one of both."""
    if request.param == "memory":
        yield pair.held.clone()
        return
    with opened(pair.address, pair.session) as there:
        yield there


def test_what_was_not_fetched_cannot_be_looked_at(repository: Repository, pair: Pair) -> None:
    """Neither a commit that is there, nor one that is nowhere."""
    for commit in (pair.head, "0" * 40):
        with pytest.raises(Unreadable):
            repository.file_at(commit, PATH)
    with pytest.raises(Unreadable):
        repository.fetch("1" * 40)


def test_a_push_under_another_lease_fails(repository: Repository, pair: Pair) -> None:
    """A branch that is there though it should not be, one that is not, and one that holds something else."""
    repository.fetch(pair.head)
    made = repository.commit(pair.head, PATH, ("100644", b"x"), "x\n", BY)
    for ref, to, lease in ((MAIN, made, None), (FIX, made, pair.head), (MAIN, None, made)):
        with pytest.raises(Unreadable):
            repository.push(ref, to=to, lease=lease)
    assert repository.refs("refs/heads/*").commits == {MAIN: pair.head}


def test_a_folder_and_nothing_are_no_files(repository: Repository, pair: Pair) -> None:
    """Only a plain file is one."""
    repository.fetch(pair.head)
    with pytest.raises(NoFile):
        repository.file_at(pair.head, "b")
    with pytest.raises((NoFile, Unreadable)):
        repository.file_at(pair.head, "a")


def test_what_is_there_is_told(repository: Repository, pair: Pair) -> None:
    """Refs by pattern, a file with its mode, and the commit's date."""
    assert repository.refs("HEAD", "refs/heads/*") == Refs(
        commits={"HEAD": pair.head, MAIN: pair.head}, leads={"HEAD": MAIN}
    )
    assert repository.refs("main").commits == {MAIN: pair.head}
    assert repository.refs(FIX) == Refs(commits={}, leads={})
    repository.fetch(pair.head)
    assert repository.file_at(pair.head, PATH) == ("100644", FILES[PATH].encode())
    assert repository.date_of(pair.head) == WHEN


def test_a_commit_goes_there_and_back(repository: Repository, pair: Pair) -> None:
    """Made, pushed, seen, compared, and deleted under the right lease."""
    repository.fetch(pair.head)
    made = repository.commit(pair.head, PATH, ("100644", b"on: never\n"), "Change it\n", BY)
    repository.push(FIX, to=made, lease=None)
    assert repository.refs(FIX).commits == {FIX: made}
    repository.fetch(made, depth=2)
    assert repository.changed(pair.head, made) == (PATH,)
    repository.push(FIX, to=None, lease=made)
    assert repository.refs("refs/heads/*").commits == {MAIN: pair.head}


def test_ids_are_those_of_git(pair: Pair) -> None:
    """Of commits on each other, with files in folders and names that git sorts in its own way."""
    ids: list[list[str]] = []
    clone: Clone = pair.held.clone()
    with opened(pair.address, pair.session) as remote:
        for repository in (remote, clone):
            repository.fetch(pair.head)
            first = repository.commit(pair.head, PATH, ("100644", "ä\n".encode()), "One\n", BY)
            second = repository.commit(first, "a/c/d", ("100755", b""), "Two\n\nwith more\n", BY)
            third = repository.commit(second, "z", ("100644", b"no newline"), "", BY)
            ids.append([first, second, third])
    assert ids[0] == ids[1]
