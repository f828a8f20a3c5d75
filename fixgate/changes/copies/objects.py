"""A git repository in memory, with git's own ids: what `git` would make of the same calls, without running it.

It holds what a copy needs: commits of few plain files, branches, fetching and pushing with a lease. What one piece of
work fetched or made stands apart from what the repository holds, as in a clone.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from fixgate.resources.reading import Unreadable
from fixgate.resources.repository import NoFile, Refs

HEAD: Final = "HEAD"
_FOLDER: Final = "40000"
_OURS: Final = "refs/heads/"

Files = Mapping[str, tuple[str, bytes]]
"""Mode and content by path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit with all of its files; `who` is author and committer with the date."""

    files: Files
    parent: str | None
    who: str
    message: str

    @property
    def id(self) -> str:
        """Git's id of it."""
        parent = f"parent {self.parent}\n" if self.parent else ""
        text = f"tree {_tree(self.files).hex()}\n{parent}author {self.who}\ncommitter {self.who}\n\n{self.message}"
        return _hashed("commit", text.encode()).hex()


@dataclass(slots=True, kw_only=True)
class Held:
    """The repository at its host: the commits by id, and the branches. Not thread-safe."""

    default: str
    commits: dict[str, Commit] = field(default_factory=dict[str, Commit])
    branches: dict[str, str] = field(default_factory=dict[str, str])

    def add(self, ref: str, commit: Commit) -> str:
        """Let a branch be this commit; its id."""
        made = commit.id
        self.commits[made] = commit
        self.branches[ref] = made
        return made

    def clone(self) -> "Clone":
        """Begin a piece of work on it."""
        return Clone(there=self)


@dataclass(slots=True, kw_only=True)
class Clone:
    """See `repository.Repository`."""

    there: Held
    _here: dict[str, Commit] = field(default_factory=dict[str, Commit])

    def refs(self, *patterns: str) -> Refs:
        """See `Repository`."""
        held = dict(self.there.branches)
        leads: dict[str, str] = {}
        if self.there.default in held:
            held[HEAD] = held[self.there.default]
            leads[HEAD] = self.there.default
        # As git matches: a pattern stands for the end of a name, from a slash on.
        wanted = {name for name in held if any(fnmatchcase(f"/{name}", f"*/{pattern}") for pattern in patterns)}
        commits = {name: commit for name, commit in held.items() if name in wanted or not patterns}
        return Refs(commits=commits, leads={name: to for name, to in leads.items() if name in commits})

    def fetch(self, commit: str, depth: int = 1) -> None:
        """See `Repository`."""
        wanted: str | None = commit
        if commit not in self._reachable():
            raise Unreadable("there is no such commit on this stage")
        for _ in range(depth):
            if wanted is not None:
                self._here[wanted] = self.there.commits[wanted]
                wanted = self._here[wanted].parent

    def file_at(self, commit: str, path: str) -> tuple[str, bytes]:
        """See `Repository`."""
        files = self._at_hand(commit).files
        if path not in files:
            raise NoFile
        return files[path]

    def date_of(self, commit: str) -> str:
        """See `Repository`."""
        return " ".join(self._at_hand(commit).who.rsplit(" ", 2)[1:])

    def commit(self, parent: str, path: str, file: tuple[str, bytes], message: str, who: str) -> str:
        """See `Repository`."""
        files = {**self._at_hand(parent).files, path: file}
        made = Commit(files=files, parent=parent, who=who, message=message)
        self._here[made.id] = made
        return made.id

    def changed(self, before: str, after: str) -> tuple[str, ...]:
        """See `Repository`."""
        old, new = self._at_hand(before).files, self._at_hand(after).files
        return tuple(sorted(path for path in {*old, *new} if old.get(path) != new.get(path)))

    def push(self, ref: str, to: str | None, lease: str | None) -> None:
        """See `Repository`."""
        if not ref.startswith(_OURS) or self.there.branches.get(ref) != lease:
            raise Unreadable("git push failed: the branch is not what it was")
        if to is None:
            self.there.branches.pop(ref, None)
            return
        self.there.add(ref, self._at_hand(to))

    def _at_hand(self, commit: str) -> Commit:
        if commit not in self._here:
            raise Unreadable("the commit was not fetched")
        return self._here[commit]

    def _reachable(self) -> set[str]:
        found: set[str] = set()
        for tip in self.there.branches.values():
            found.update(self._line(tip))
        return found

    def _line(self, tip: str) -> Iterator[str]:
        at: str | None = tip
        while at is not None:
            yield at
            at = self.there.commits[at].parent


def _tree(files: Files) -> bytes:
    """The id of the folder that holds these files."""
    entries: dict[str, tuple[str, bytes]] = {}
    below: dict[str, dict[str, tuple[str, bytes]]] = {}
    for path, (mode, content) in files.items():
        name, _, rest = path.partition("/")
        if rest:
            below.setdefault(name, {})[rest] = (mode, content)
        else:
            entries[name] = (mode, _hashed("blob", content))
    for name, inside in below.items():
        entries[name] = (_FOLDER, _tree(inside))
    # Git sorts a folder as if its name ended in a slash.
    order = sorted(entries, key=lambda name: (name + "/" if entries[name][0] == _FOLDER else name).encode())
    return _hashed("tree", b"".join(f"{entries[n][0]} {n}\0".encode() + entries[n][1] for n in order))


def _hashed(kind: str, content: bytes) -> bytes:
    return hashlib.sha1(f"{kind} {len(content)}\0".encode() + content, usedforsecurity=False).digest()
