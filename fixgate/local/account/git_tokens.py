"""Tokens for one branch of one repository until a time, given out to the issuer and to nobody else."""

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9][A-Za-z0-9_-]*(\.git)?")
_REF = re.compile(r"refs/heads/[A-Za-z0-9][A-Za-z0-9/_-]*(\.[A-Za-z0-9/_-]+)*")
LONGEST_S = 3600


class NoToken(Exception):
    """A token that cannot be given out, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchToken:
    """What a token lets one push to; `until` in seconds since 1970. The token itself is not kept."""

    id: str
    repository: str
    ref: str
    until: float


class Tokens:
    """The tokens in force. Its callers hold the host's lock."""

    def __init__(self, default_branch: Callable[[str], str | None], clock: Callable[[], float]) -> None:
        self._default_branch = default_branch
        self._clock = clock
        self._held: dict[str, BranchToken] = {}

    @property
    def held(self) -> tuple[BranchToken, ...]:
        """All that were not revoked, ended ones included."""
        return tuple(self._held.values())

    def forget(self) -> None:
        """Revoke all."""
        self._held.clear()

    def give(self, repository: str, ref: str, until: float) -> tuple[BranchToken, str]:
        """A new token and its text; raises NoToken. `repository` is `owner/name`."""
        now = self._clock()
        default = self._default_branch(repository)
        if default is None:
            raise NoToken("there is no such repository")
        if not _REF.fullmatch(ref) or ref.endswith((".lock", "/")) or "//" in ref:
            raise NoToken("the ref must be one branch, refs/heads/…")
        if ref == default:
            raise NoToken("the default branch is changed by people alone")
        if not now < until <= now + LONGEST_S:
            raise NoToken(f"until must lie within {LONGEST_S} s from now")
        text = secrets.token_urlsafe(32)
        token = BranchToken(id=secrets.token_hex(8), repository=repository, ref=ref, until=until)
        self._held[_hash(text)] = token
        return token, text

    def revoke(self, token_id: str) -> bool:
        """Revoke a token; False when there is none of that id."""
        found = [text for text, token in self._held.items() if token.id == token_id]
        for text in found:
            del self._held[text]
        return bool(found)

    def find(self, text: str) -> BranchToken | None:
        """The token of this text, while it lasts."""
        token = self._held.get(_hash(text))
        return token if token is not None and self._clock() < token.until else None


def name_of(address: str) -> str | None:
    """`owner/name` of a path with or without `.git`; None when it is no repository's."""
    path = address.strip("/")
    return path.removesuffix(".git") if REPOSITORY.fullmatch(path) else None


def folder_of(root: Path, name: str) -> Path:
    """Where a repository lies."""
    return root / f"{name}.git"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
