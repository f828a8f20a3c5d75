"""A repository in a temporary folder: one commit with the workflow in it, and the branches that the snapshot knows.

The commit cannot have the id of the target's head, for it holds one file alone; `mapped` says so in the projection.
"""

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

from fixgate import targets
from fixgate.changes.copies.copy import Copy
from fixgate.changes.template import Stage
from fixgate.events import Resource
from fixgate.resources.git import Git, make_bare
from fixgate.resources.readers import read
from fixgate.resources.reading import Projection, Reading, Session, Unreadable
from fixgate.resources.workflows import HEADS

_WHEN: Final = "Stage <stage@invalid> 0 +0000"


@contextmanager
def copied_repository(target: Resource, before: Projection, at: datetime) -> Generator[Copy]:
    """The repository with the workflow on its default branch."""
    if before["fix_head"] is not None:
        raise Unreadable("a branch of the fix that is there already cannot be copied")
    with tempfile.TemporaryDirectory(prefix="fixgate-copy-") as folder:
        place = Path(folder)
        make_bare(place)
        (place / "HEAD").write_text(f"ref: {HEADS}{before['branch']}\n", encoding="utf-8")
        head = _first_commit(Git(folder=place, allowed="none"), before)

        def mapped(projection: Projection) -> Projection:
            there = before["head"] if projection["head"] == head else projection["head"]
            return {**projection, "head": there}

        session = Session(
            aws=_nowhere,
            anonymous=_nowhere,
            git_local=True,
            git_instead={targets.parts(target)[0]: str(place)},
        )
        seen: dict[tuple[Resource, tuple[tuple[str, str], ...]], Reading] = {}

        def reading(wanted: Resource) -> Reading:
            # Nobody but this stage writes here: what was read stays true until a branch moves.
            key = (wanted, _branches(place))
            if key not in seen:
                seen[key] = read(wanted, session, at)
            return seen[key]

        stage = Stage(session=session, read=reading, now=lambda: at)
        yield Copy(name=_engine(), stage=stage, mapped=mapped)


def _first_commit(git: Git, before: Projection) -> str:
    content = before["content"].encode()
    stream = b"".join(
        (
            f"commit {HEADS}{before['branch']}\ncommitter {_WHEN}\ndata 0\n\n".encode(),
            f"M 100644 inline {before['path']}\ndata {len(content)}\n".encode(),
            content + b"\ndone\n",
        )
    )
    git.ask("fast-import", "--quiet", "--done", "--date-format=raw", data=stream)
    return git.ask("rev-parse", f"{HEADS}{before['branch']}").decode().strip()


def _branches(place: Path) -> tuple[tuple[str, str], ...]:
    """Every branch with its commit; git packs no refs in a repository that is this young."""
    found = sorted(path for path in (place / HEADS).rglob("*") if path.is_file())
    return tuple((str(path), path.read_text(encoding="ascii")) for path in found)


@cache
def _engine() -> str:
    with tempfile.TemporaryDirectory(prefix="fixgate-copy-") as folder:
        said = Git(folder=Path(folder), allowed="none").ask("version").decode()
    return f"git {said.removeprefix('git version ').strip()}"


def _nowhere(service: str, region: str | None) -> None:
    raise Unreadable(f"there is no {service} {region or ''} on this stage")
