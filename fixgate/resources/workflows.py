"""Workflow files of git repositories, read through the `git` program.

Read are the default branch, its head, the file there and the branch on which a fix would stand; the tag of the first
action that is not pinned is asked for at the mirrors. Only the default branch's newest commit is fetched.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from fixgate import targets
from fixgate.errors import Transient
from fixgate.events import Fact, FactState, Resource
from fixgate.resources.facts import Source
from fixgate.resources.reading import STATE, Reading, Session, Unreadable, canonical
from fixgate.resources.remote import opened
from fixgate.resources.repository import NoFile, NoRepository, Repository
from fixgate.resources.workflow_text import Use, first_unpinned, fix_branch, uses
from fixgate.telemetry.redaction import looks_secret

GIT: Final = "git"
MAX_CONTENT: Final = 64 * 1024
HEADS: Final = "refs/heads/"
_PATH: Final = re.compile(r"(?!/)(?!.*(?:^|/)\.{1,2}(?:/|$))[A-Za-z0-9._/ -]{1,512}").fullmatch
_REFERENCE: Final = re.compile(r"\$\{\{\s*[A-Za-z_][\w.-]*\s*\}\}")
"""A reference such as the one to a secret by its name: it holds none itself."""


@dataclass(frozen=True, slots=True)
class Workflows:
    """The reader."""

    kind: str = field(default=targets.WORKFLOW, init=False)

    def read(self, target: Resource, session: Session, now: datetime, *, state_alone: bool = False) -> Reading:
        """Read the file and its repository's branches; runs git four or five times, once less for the state alone."""
        repository, path = targets.parts(target)
        try:
            projection = _projection(repository, path, session)
        except (NoRepository, NoFile):
            source = Source(GIT, now)
            gone = (source.absent(STATE), source.value("exists", value=False))
            return Reading(target=target, state=FactState.ABSENT, projection=None, facts=gone, read_at=now)
        except Unreadable as error:
            return _unreadable(target, now, str(error))
        facts = () if state_alone else _facts(projection, session, now)
        return Reading(target=target, state=FactState.VALUE, projection=projection, facts=facts, read_at=now)


def text_of(content: bytes) -> str:
    """The file as text; raises Unreadable when it is too long, no UTF-8, or holds what looks like a secret."""
    if len(content) > MAX_CONTENT:
        raise Unreadable("the file is longer than 64 KiB")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise Unreadable("the file is no UTF-8") from None
    if looks_secret(_REFERENCE.sub("''", text)):
        raise Unreadable("the file holds what looks like a secret")
    return text


def _projection(repository: str, path: str, session: Session) -> dict[str, Any]:
    if not _PATH(path):
        raise Unreadable("the path is none that can stand in a repository")
    with opened(repository, session) as there:
        return _seen(there, path)


def _seen(repository: Repository, path: str) -> dict[str, Any]:
    refs = repository.refs("HEAD", f"{HEADS}*")
    head, branch = refs.commits.get("HEAD"), refs.leads.get("HEAD", "").removeprefix(HEADS)
    if head is None or not branch:
        raise Unreadable("the repository does not say which branch is the default one")
    repository.fetch(head)
    content = text_of(repository.file_at(head, path)[1])
    use = first_unpinned(content)
    fixed = None if use is None else fix_branch(path, use)
    return {
        "branch": branch,
        "head": head,
        "path": path,
        "content": content,
        "fix_branch": fixed,
        "fix_head": None if fixed is None else refs.commits.get(f"{HEADS}{fixed}"),
    }


def _facts(projection: dict[str, Any], session: Session, now: datetime) -> tuple[Fact, ...]:
    source = Source(GIT, now)
    content: str = projection["content"]
    use = first_unpinned(content)
    return (
        source.value(STATE, canonical(projection)),
        source.value("exists", value=True),
        source.value("default_branch", projection["branch"]),
        source.value("uses", tuple(use.text for use in uses(content))),
        source.known("action", None if use is None else use.action),
        source.known("action_ref", None if use is None else use.ref),
        source.absent("action_commit") if use is None else _commit(use, session, source),
    )


def _commit(use: Use, session: Session, source: Source) -> Fact:
    """The commit that the tag stands for now; a branch of that name is no tag, and nothing to pin to."""
    if not session.git_mirrors:
        return source.unreadable("action_commit", "no place is set where actions are asked for")
    try:
        # Where to ask is the deployment's word, not a report's: a folder will do.
        asking = replace(session, git_token="", git_local=session.git_local or "://" not in session.git_mirrors)
        with opened(f"{session.git_mirrors.rstrip('/')}/{use.action}", asking) as repository:
            tag = f"refs/tags/{use.ref}"
            commits = repository.refs(tag, f"{tag}^{{}}").commits
    except (Unreadable, Transient) as error:
        return source.unreadable("action_commit", f"the action's repository: {error}")
    except NoRepository:
        return source.absent("action_commit")
    return source.known("action_commit", commits.get(f"{tag}^{{}}", commits.get(tag)))


def _unreadable(target: Resource, now: datetime, why: str) -> Reading:
    source = Source(GIT, now)
    names = (STATE, "exists", "default_branch", "uses", "action", "action_ref", "action_commit")
    facts = tuple(source.unreadable(name, why) for name in names)
    return Reading(target=target, state=FactState.UNREADABLE, projection=None, facts=facts, read_at=now, why=why)
