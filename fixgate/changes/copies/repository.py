"""A repository in memory: one commit with the workflow in it, and the branches that the snapshot knows.

The commit cannot have the id of the target's head, for it holds one file alone; `mapped` says so in the projection.
"""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from fixgate import targets
from fixgate.changes.copies.copy import Copy
from fixgate.changes.copies.objects import Commit, Held
from fixgate.changes.template import Stage
from fixgate.events import Resource
from fixgate.resources.readers import read_state
from fixgate.resources.reading import Projection, Reading, Session, Unreadable
from fixgate.resources.repository import NoRepository, Repository
from fixgate.resources.workflows import HEADS

ENGINE: Final = "git objects 1"
_WHO: Final = "Stage <stage@invalid> 0 +0000"
_PLAIN: Final = "100644"


@contextmanager
def copied_repository(target: Resource, before: Projection, at: datetime) -> Generator[Copy]:
    """The repository with the workflow on its default branch."""
    if before["fix_head"] is not None:
        raise Unreadable("a branch of the fix that is there already cannot be copied")
    default, files = f"{HEADS}{before['branch']}", {before["path"]: (_PLAIN, before["content"].encode())}
    held = Held(default=default)
    head = held.add(default, Commit(files=files, parent=None, who=_WHO, message=""))
    session = _session(targets.parts(target)[0], held)
    seen: dict[tuple[Resource, tuple[tuple[str, str], ...]], Reading] = {}

    def mapped(projection: Projection) -> Projection:
        there = before["head"] if projection["head"] == head else projection["head"]
        return {**projection, "head": there}

    def reading(wanted: Resource) -> Reading:
        # Nobody but this stage writes here: what was read stays true until a branch moves.
        key = (wanted, tuple(sorted(held.branches.items())))
        if key not in seen:
            seen[key] = read_state(wanted, session, at)
        return seen[key]

    yield Copy(name=ENGINE, stage=Stage(session=session, read=reading, now=lambda: at), mapped=mapped)


def _session(address: str, held: Held) -> Session:
    def instead(asked: str) -> Repository:
        if asked != address:
            raise NoRepository
        return held.clone()

    return Session(aws=_nowhere, anonymous=_nowhere, git_local=True, git_instead=instead)


def _nowhere(service: str, region: str | None) -> None:
    raise Unreadable(f"there is no {service} {region or ''} on this stage")
