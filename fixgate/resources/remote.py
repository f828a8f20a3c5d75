"""Repositories at their hosts, through the `git` program; see `repository.Repository`."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from fixgate.resources.git import Git, checked_address, workplace
from fixgate.resources.reading import Session, Unreadable
from fixgate.resources.repository import SHA, NoFile, Refs, Repository

_FILES: Final = frozenset({"100644", "100755"})
_WORK: Final = "refs/heads/work"


@contextmanager
def opened(address: str, session: Session) -> Generator[Repository]:
    """The repository at a clone address, where the session has it; raises Unreadable for one that it may not speak to.

    The session's token goes to that address alone. Nothing is asked before the first call.
    """
    address = checked_address(address, session)
    if session.git_instead is not None:
        yield session.git_instead(address)
        return
    with workplace(session, token_for=address) as git:
        yield Remote(git=git, address=address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """The repository at `address`; `git` runs where what is fetched and made is kept."""

    git: Git
    address: str

    def refs(self, *patterns: str) -> Refs:
        """See `Repository`."""
        answered = self.git.ask("ls-remote", "--symref", "--", self.address, *patterns).decode(errors="replace")
        commits: dict[str, str] = {}
        leads: dict[str, str] = {}
        for line in answered.splitlines():
            what, _, name = line.partition("\t")
            if what.startswith("ref: "):
                leads[name] = what.removeprefix("ref: ")
            elif SHA(what):
                commits[name] = what
        return Refs(commits=commits, leads=leads)

    def fetch(self, commit: str, depth: int = 1) -> None:
        """See `Repository`."""
        self.git.ask("fetch", "--quiet", "--no-tags", f"--depth={depth}", "--", self.address, commit)

    def file_at(self, commit: str, path: str) -> tuple[str, bytes]:
        """See `Repository`."""
        listed = self.git.ask("ls-tree", "-z", commit, "--", path).decode(errors="replace").rstrip("\0")
        if not listed:
            raise NoFile
        described, _, name = listed.partition("\t")
        mode, _, blob = described.split(" ")
        if name != path or mode not in _FILES:
            raise Unreadable("the path names something that is no plain file")
        return mode, self.git.ask("cat-file", "blob", blob)

    def date_of(self, commit: str) -> str:
        """See `Repository`."""
        for line in self.git.ask("cat-file", "commit", commit).decode(errors="replace").splitlines():
            if line.startswith("committer "):
                return " ".join(line.rsplit(" ", 2)[1:])
        raise Unreadable("the commit that the change starts from has no date")

    def commit(self, parent: str, path: str, file: tuple[str, bytes], message: str, who: str) -> str:
        """See `Repository`."""
        mode, content = file
        said = message.encode()
        stream = b"".join(
            (
                f"commit {_WORK}\nauthor {who}\ncommitter {who}\n".encode(),
                b"data %d\n%b\n" % (len(said), said),
                f"from {parent}\nM {mode} inline {path}\n".encode(),
                b"data %d\n%b\ndone\n" % (len(content), content),
            )
        )
        self.git.ask("fast-import", "--quiet", "--done", "--date-format=raw", data=stream)
        made = (self.git.folder / _WORK).read_text(encoding="ascii").strip()
        if not SHA(made):
            raise Unreadable("git named no commit")
        return made

    def changed(self, before: str, after: str) -> tuple[str, ...]:
        """See `Repository`."""
        touched = self.git.ask("diff-tree", "-r", "-z", "--name-only", before, after).decode().split("\0")
        return tuple(name for name in touched if name)

    def push(self, ref: str, to: str | None, lease: str | None) -> None:
        """See `Repository`."""
        # The lease makes the host compare: the branch is what it was, or the push fails and nobody's work is lost.
        self.git.ask(
            "push", "--quiet", f"--force-with-lease={ref}:{lease or ''}", "--", self.address, f"{to or ''}:{ref}"
        )
