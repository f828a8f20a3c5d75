"""The one commit that the change makes: the same parent, file and plan always give the same id."""

from typing import Final

from fixgate.resources.git import SHA, Git
from fixgate.resources.reading import Unreadable
from fixgate.resources.workflows import NoFile, file_at

WHO: Final = "Fixgate <fixgate@invalid>"
_WORK: Final = "refs/heads/work"


def commit(git: Git, parent: str, path: str, content: str, message: str) -> str:
    """Make a commit on `parent`, which was fetched, that gives `path` this content; its id.

    Author, committer and date (the parent's) are fixed. Raises as `Git.ask` does, and Unreadable when the file is not
    there or the parent has no date.
    """
    try:
        mode, _ = file_at(git, parent, path)
    except NoFile:
        raise Unreadable("the file is not in the commit that the change starts from") from None
    when = _date(git.ask("cat-file", "commit", parent).decode(errors="replace"))
    text, said = content.encode(), message.encode()
    stream = b"".join(
        (
            f"commit {_WORK}\nauthor {WHO} {when}\ncommitter {WHO} {when}\n".encode(),
            b"data %d\n%b\n" % (len(said), said),
            f"from {parent}\nM {mode} inline {path}\n".encode(),
            b"data %d\n%b\ndone\n" % (len(text), text),
        )
    )
    git.ask("fast-import", "--quiet", "--done", "--date-format=raw", data=stream)
    made = (git.folder / _WORK).read_text(encoding="ascii").strip()
    if not SHA(made):
        raise Unreadable("git named no commit")
    return made


def _date(text: str) -> str:
    for line in text.splitlines():
        if line.startswith("committer "):
            return " ".join(line.rsplit(" ", 2)[1:])
    raise Unreadable("the commit that the change starts from has no date")
