"""Changes to the file of sources, each in one step; the receiver takes them at its next request.

What people wrote into the file as comments is not kept.
"""

import secrets
from pathlib import Path
from typing import Any, Final

import yaml

from fixgate.errors import Refused
from fixgate.files import write_private
from fixgate.receiving.secrets import hashed, issue
from fixgate.receiving.sources import GithubSource, Source, Sources, TokenSource, load, parse

_HEAD: Final = (
    "# Written by `fixgate sources`; what may stand here is said in docs/operations.md. Comments are not kept.\n"
)
_SECRET_BYTES: Final = 32


def add(path: Path, name: str, said: dict[str, Any]) -> str:
    """Add a source with these settings, `kind` among them; its token or secret, "" where it needs none.

    Raises Refused when there is one of that name, Misconfigured when the settings are wrong, OSError.
    """
    before = load(path)
    if name in before.sources:
        raise Refused(f"there is a source {name} already", remedy=f"Give it a new token: fixgate sources renew {name}.")
    shown = _new_secret(said)
    _write(path, _document(before) | {name: _with_secret(path, name, said, shown)})
    return shown


def renew(path: Path, name: str) -> str:
    """A new token or secret for a source; the one before is over at once.

    Raises Refused when there is no such source, or it needs none.
    """
    before = load(path)
    document = _document(before)
    said = document.get(name)
    if said is None:
        raise _unknown(name)
    shown = _new_secret(said)
    if not shown:
        raise Refused(f"{name} has nothing that could be renewed: it is known by its identity")
    _write(path, document | {name: _with_secret(path, name, said, shown)})
    return shown


def limit(path: Path, name: str, limits: dict[str, int]) -> None:
    """Give a source these limits, by their names in the file; others stay, as does its token or secret.

    Raises Refused when there is no such source, Misconfigured when it may not have them.
    """
    document = _document(load(path))
    if name not in document:
        raise _unknown(name)
    _write(path, document | {name: document[name] | limits})


def remove(path: Path, name: str) -> None:
    """Take a source out, and its secret from the disk; raises Refused when there is no such source."""
    before = load(path)
    if name not in before.sources:
        raise _unknown(name)
    _write(path, {n: said for n, said in _document(before).items() if n != name})
    gone = before.sources[name]
    others = {s.secret for n, s in before.sources.items() if n != name and isinstance(s, GithubSource)}
    if isinstance(gone, GithubSource) and gone.secret not in others:
        path.with_name(gone.secret).unlink(missing_ok=True)


def _new_secret(said: dict[str, Any]) -> str:
    match said.get("kind"):
        case "token":
            return issue()
        case "github":
            return secrets.token_hex(_SECRET_BYTES)
        case _:
            return ""


def _with_secret(path: Path, name: str, said: dict[str, Any], shown: str) -> dict[str, Any]:
    """The source's settings with what is kept of its token or secret; a secret is put beside the file."""
    match said.get("kind"):
        case "token":
            return said | {"token": hashed(shown)}
        case "github":
            file = f"{name}.secret"
            parse(yaml.safe_dump({"version": 1, "sources": {name: said | {"secret": file}}}).encode(), "given")
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(path.with_name(file), shown.encode())
            return said | {"secret": file}
        case _:
            return said


def _document(sources: Sources) -> dict[str, dict[str, Any]]:
    return {name: described(source) for name, source in sources.sources.items()}


def described(source: Source) -> dict[str, Any]:
    """What the file says of a source."""
    return source.model_dump(mode="json", exclude_unset=True)


def public(source: Source) -> dict[str, Any]:
    """The same, with what holds where the file says nothing, and without what is kept of a token."""
    said = source.model_dump(mode="json")
    if isinstance(source, TokenSource):
        del said["token"]
    return said


def _write(path: Path, document: dict[str, dict[str, Any]]) -> None:
    content = (_HEAD + yaml.safe_dump({"version": 1, "sources": document}, sort_keys=True)).encode()
    parse(content, "given")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(path, content)


def _unknown(name: str) -> Refused:
    return Refused(f"there is no source {name!r}", remedy="`fixgate sources list` shows them.")
