"""What readers and templates do with a git repository: one port, for a host's and for a copy in memory alike."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

SHA: Final = re.compile(r"[0-9a-f]{40}").fullmatch


class NoRepository(Exception):
    """There is no such repository, or it does not show itself."""


class NoFile(Exception):
    """There is no such file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refs:
    """The refs of a repository: commits by name, and where symbolic ones lead."""

    commits: Mapping[str, str]
    leads: Mapping[str, str]


class Repository(Protocol):
    """A repository, and what one piece of work has fetched of it or made for it: that is its own until it is pushed.

    Every method blocks, and raises NoRepository, Transient when the host is down or throttles, and Unreadable for every
    other failure.
    """

    def refs(self, *patterns: str) -> Refs:
        """The refs there that match one of git's patterns."""
        ...

    def fetch(self, commit: str, depth: int = 1) -> None:
        """Fetch a commit by its id, and `depth` less one before it."""
        ...

    def file_at(self, commit: str, path: str) -> tuple[str, bytes]:
        """A plain file's mode and content in a commit that is at hand; raises NoFile."""
        ...

    def date_of(self, commit: str) -> str:
        """When a commit at hand was made: seconds since 1970 and the zone, as git writes them."""
        ...

    def commit(self, parent: str, path: str, file: tuple[str, bytes], message: str, who: str) -> str:
        """Make a commit on `parent`, which is at hand, that puts this file (mode and content) there; its id.

        `who` is author and committer with the date. The same arguments always give the same id.
        """
        ...

    def changed(self, before: str, after: str) -> tuple[str, ...]:
        """The paths that differ between two commits at hand."""
        ...

    def push(self, ref: str, to: str | None, lease: str | None) -> None:
        """Let a branch be the commit `to`, None for gone, if it is `lease` now, None for not there; else it fails."""
        ...
