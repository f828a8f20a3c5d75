"""The `git` program, held tightly: no configuration of the machine or a user, no hooks, no prompts, no helpers.

A clone address comes out of a report. So only known schemes are spoken, redirects are not followed, and a token is sent
to the one address it is for. The token stands in the environment of the program, never among its arguments.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from fixgate.errors import Transient
from fixgate.resources.reading import Session, Unreadable
from fixgate.resources.repository import NoRepository

SECONDS: Final = 15.0
MAX_ANSWER: Final = 8 * 1024 * 1024
_REMOTE: Final = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+/[A-Za-z0-9._~/+-]+").fullmatch
_LOCAL: Final = re.compile(r"(?:file://)?/[A-Za-z0-9._~/+-]+").fullmatch
_PASSING: Final = re.compile(r"error: 5\d\d|error: 429|Failed to connect|Couldn't connect|Connection reset|early EOF")
_GONE: Final = re.compile(r"error: 404|repository '.*' not found|does not appear to be a git repository|does not exist")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a run of the program ended."""

    status: int
    out: bytes
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Git:
    """Runs git in one bare repository of its own. `allowed` is git's list of protocols."""

    folder: Path
    allowed: str
    configured: Mapping[str, str] = field(default_factory=dict[str, str])

    def run(self, *arguments: str, data: bytes = b"") -> Answer:
        """Run it; blocks up to `SECONDS`, then raises Unreadable."""
        try:
            ended = subprocess.run(
                ["git", *arguments],
                cwd=self.folder,
                env=self._environment(),
                input=data,
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Unreadable("git did not end in time") from None
        except OSError as error:
            raise Unreadable(f"git could not be run: {error.strerror}") from None
        if len(ended.stdout) > MAX_ANSWER:
            raise Unreadable("git answered too much")
        return Answer(status=ended.returncode, out=ended.stdout, error=ended.stderr.decode(errors="replace"))

    def ask(self, *arguments: str, data: bytes = b"") -> bytes:
        """What it printed.

        Raises NoRepository, Transient when the host is down or throttles, Unreadable for every other failure. The
        program's own words are not passed on: they may repeat an address with a password.
        """
        ended = self.run(*arguments, data=data)
        if ended.status == 0:
            return ended.out
        if _PASSING.search(ended.error):
            raise Transient("the git host cannot be reached or has no time")
        if _GONE.search(ended.error):
            raise NoRepository
        raise Unreadable(f"git {arguments[0]} failed with status {ended.status}")

    def _environment(self) -> dict[str, str]:
        settings = {
            "core.hooksPath": "/dev/null",
            "credential.helper": "",
            "http.followRedirects": "false",
            "http.lowSpeedLimit": "1",
            "http.lowSpeedTime": "10",
            "gc.auto": "0",
            "core.fsync": "none",  # nothing here outlives the reading
            "protocol.version": "2",
            **self.configured,
        }
        pairs = list(settings.items())
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "LC_ALL": "C",
            "GIT_DIR": str(self.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "true",  # asked for a password, it answers with nothing
            "GIT_ALLOW_PROTOCOL": self.allowed,
            "GIT_CONFIG_COUNT": str(len(pairs)),
            **{f"GIT_CONFIG_KEY_{n}": name for n, (name, _) in enumerate(pairs)},
            **{f"GIT_CONFIG_VALUE_{n}": value for n, (_, value) in enumerate(pairs)},
        }


def checked_address(address: str, session: Session) -> str:
    """The clone address, when it is one that may be spoken to; raises Unreadable."""
    if "/../" in f"{address}/":
        raise Unreadable("the clone address climbs up")
    if _REMOTE(address) or (session.git_local and _LOCAL(address)):
        return address
    if _LOCAL(address):
        raise Unreadable("this session reads no repositories of this machine's disk (git_local)")
    raise Unreadable("the clone address is none that is spoken to: http(s)://host/path without user or query")


@contextmanager
def workplace(session: Session, token_for: str = "") -> Generator[Git]:
    """Git in an empty bare repository that is gone afterwards; the session's token goes to `token_for` alone."""
    configured: dict[str, str] = {}
    if session.git_token and token_for:
        configured[f"http.{token_for}.extraHeader"] = f"Authorization: Bearer {session.git_token}"
    allowed = "http:https:file" if session.git_local else "http:https"
    with tempfile.TemporaryDirectory(prefix="fixgate-git-") as folder:
        place = Path(folder)
        make_bare(place)
        yield Git(folder=place, allowed=allowed, configured=configured)


def make_bare(folder: Path) -> None:
    """What `git init --bare` makes, without the hooks and without running anything."""
    for name in ("objects", "refs/heads"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "HEAD").write_text("ref: refs/heads/main\n", encoding="ascii")
    (folder / "config").write_text(
        "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n", encoding="ascii"
    )
