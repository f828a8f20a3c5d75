"""The one commit that the change makes: the same parent, file and plan always give the same id."""

from typing import Final

from fixgate.resources.reading import Unreadable
from fixgate.resources.repository import NoFile, Repository

WHO: Final = "Fixgate <fixgate@invalid>"


def commit(repository: Repository, parent: str, path: str, content: str, message: str) -> str:
    """Make a commit on `parent`, which was fetched, that gives `path` this content; its id.

    Author, committer and date (the parent's) are fixed. Raises as `Repository` does, and Unreadable when the file is
    not there or the parent has no date.
    """
    try:
        mode, _ = repository.file_at(parent, path)
    except NoFile:
        raise Unreadable("the file is not in the commit that the change starts from") from None
    who = f"{WHO} {repository.date_of(parent)}"
    return repository.commit(parent, path, (mode, content.encode()), message, who)
