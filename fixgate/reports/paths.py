"""File paths that mean the same on another machine."""

import posixpath
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from fixgate.events import Resource
from fixgate.targets import WORKFLOW, workflow

TAIL: Final = 3
"""Segments by which a file is known when nothing says where its repository begins."""
_SHORT: Final = 300
"""Characters of a path that is remembered."""
_RELATIVE: Final = re.compile(r"(?!\.{1,2}/)[\w.@+-]+(?:/(?!\.{0,2}(?:/|$))[\w.@+-]+)*")
"""A path that is written as it is written everywhere."""
_OPEN: Final = re.compile(r"[^@?#]{1,300}")
"""An address that is short, with nothing in it that is left out."""
_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,30}://")
"""What an address begins with; a drive has one letter."""
_DRIVE: Final = re.compile(r"^/?[A-Za-z]:(?=/)")
_ABOVE: Final = re.compile(r"^(?:\.\./)+")
_CHECKOUTS: Final = re.compile(
    r"^/(?:github/workspace|home/runner/work/[^/]+/[^/]+|builds/[^/]+/[^/]+|workspaces?/[^/]+|code|repo|src|app|scan)/"
)
"""Where well-known services check out a repository."""
_REPOSITORIES: Final = frozenset({"https", "http", "ssh", "git", "file"})
_SCP: Final = re.compile(r"git@[\w.-]+:[^@\s]+")
_USES: Final = re.compile(r"(?<![\w./-])([\w.-]+/[\w./-]+)@([\w./-]{1,200})")
_WORKFLOW: Final = re.compile(r"\.github/workflows/[^/]+\.ya?ml")


class Place(Struct, frozen=True, gc=False):
    """A file: `path` as people are shown it, `identity` as it goes into a fingerprint."""

    path: str
    identity: str


def portable(text: str, roots: Iterable[str] = ()) -> Place:
    """The file named by a path or a `file:` address, relative to its repository where that can be made out.

    Another address, which scanners of the web give, stays one, without user, password, query and fragment.

    `roots` are folders (paths or addresses) that the report itself calls the root of what was scanned. What is below
    none of them, nor below a folder of a well-known service, is known by its last segments.
    """
    if len(text) <= _SHORT and _RELATIVE.fullmatch(text):
        return Place(text, text)
    # A report names few files many times.
    place = _placed if len(text) <= _SHORT else _placed.__wrapped__
    return place(text, tuple(roots))


@lru_cache(maxsize=4096)
def _placed(text: str, roots: tuple[str, ...]) -> Place:
    path = _plain(text)
    if not path.startswith("/"):
        return Place(path, path)
    for root in sorted((_plain(r) for r in roots), key=len, reverse=True):
        base = root.rstrip("/")
        if base.startswith("/") and path.startswith(f"{base}/"):
            inner = path[len(base) + 1 :]
            return Place(inner, inner)
    inner = _CHECKOUTS.sub("", path, count=1)
    if not inner.startswith("/"):
        return Place(inner, inner)
    return Place(path, "/".join(path.strip("/").split("/")[-TAIL:]))


def clone_address(text: str | None) -> str | None:
    """A repository's address without user, password, query and fragment; None when it is none."""
    if not text:
        return None
    # A report names few repositories; what may hold a password is not remembered.
    clone = _cloned if _OPEN.fullmatch(text) else _cloned.__wrapped__
    return clone(text)


@lru_cache(maxsize=1024)
def _cloned(text: str) -> str | None:
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _REPOSITORIES or not (parts.hostname or parts.scheme == "file"):
        return None
    user = "git@" if parts.scheme == "ssh" and parts.username == "git" else ""
    host = f"{parts.hostname or ''}:{port}" if port else parts.hostname or ""
    return f"{parts.scheme}://{user}{host}{parts.path}"


def repository_said(text: str) -> str | None:
    """A repository as somebody names it, without a password: CI systems write a token into the address of a clone.

    None when it is no address, or a password cannot be told from the rest. What has none stays as it is, `acme/shop`
    and `git@github.com:acme/shop` too.
    """
    said = text.strip()
    if "@" not in said or _SCP.fullmatch(said):
        return said or None
    return clone_address(said)


def workflow_in(repository: str | None, path: str | None) -> Resource | None:
    """The workflow file of a repository, if both are known and it is one."""
    if repository is None or path is None or not _WORKFLOW.fullmatch(path):
        return None
    return workflow(repository, path)


def action_used(found: Resource | None, *texts: str) -> str | None:
    """The first action with its reference in the texts, if what was found is a workflow."""
    if found is None or found.kind != WORKFLOW:
        return None
    return next((match[0] for text in texts if (match := _USES.search(text))), None)


def _plain(text: str) -> str:
    path = text.strip()
    if path.startswith("file:"):
        try:
            parts = urlsplit(path)
        except ValueError:
            return path
        path = unquote(f"{parts.netloc}{parts.path}" if parts.netloc.startswith(".") else parts.path)
    elif (scheme := _ADDRESS.match(path)) is not None:
        return _address(path, scheme[0])
    path = _DRIVE.sub("", path.replace("\\", "/"))
    if not path:
        return ""
    path = posixpath.normpath(path)
    # Nothing above the root of what was scanned can be named.
    path = _ABOVE.sub("", path)
    return "/" + path.lstrip("/") if path.startswith("/") else path


def _address(text: str, scheme: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        return scheme
    return f"{scheme.lower()}{parts.netloc.rpartition('@')[2]}{parts.path}"
