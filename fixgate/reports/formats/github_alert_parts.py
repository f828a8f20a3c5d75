"""What GitHub's alerts of all kinds have in common: their repository, what became of them, where they were seen."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from fixgate.events import FindingStatus
from fixgate.reports.adapter import Spot
from fixgate.reports.fields import Shape, inside, mapping, said, word
from fixgate.reports.paths import portable

_API: Final = re.compile(r"(?:/api/v3)?/repos/([\w.-]+/[\w.-]+)/")
"""A repository in an address of the API, at github.com and on a server of one's own."""
_PAGE: Final = re.compile(r"/([\w.-]+/[\w.-]+)/security/")
_STATES: Final[Mapping[str, FindingStatus]] = {
    "open": FindingStatus.OPEN,
    "dismissed": FindingStatus.SUPPRESSED,
    "auto_dismissed": FindingStatus.SUPPRESSED,
    "fixed": FindingStatus.RESOLVED,
    "closed": FindingStatus.RESOLVED,
    "resolved": FindingStatus.RESOLVED,
}
_ACTIONS: Final[Mapping[str, FindingStatus]] = {
    "create": FindingStatus.OPEN,
    "created": FindingStatus.OPEN,
    "reopen": FindingStatus.OPEN,
    "reopened": FindingStatus.OPEN,
    "dismiss": FindingStatus.SUPPRESSED,
    "dismissed": FindingStatus.SUPPRESSED,
    "resolve": FindingStatus.RESOLVED,
    "resolved": FindingStatus.RESOLVED,
    "fixed": FindingStatus.RESOLVED,
}
"""What a webhook says where its alert has no state of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """An alert with what stands around it: a webhook's action and repository, the repository of a GraphQL answer."""

    alert: object
    action: str | None = None
    repository: object = None
    location: object = None


class Alert(Shape):
    """What is read of every alert; what only decorates it may be of any type (`None` in quotes is common)."""

    number: int | str | None = None
    state: str | None = None
    html_url: object = None
    url: object = None
    created_at: object = None
    updated_at: object = None
    repository: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """The repository of an alert: `address` to clone it, `name` as GitHub calls it in small letters."""

    address: str | None
    name: str

    @classmethod
    def of(cls, read: Alert, repository: object, sender: str | None) -> "Whose":
        """By what the report says of the repository, else by the alert's own address; the sender's word goes first."""
        page, api = said(read.html_url) or "", said(read.url) or ""
        about = mapping(read.repository) or mapping(repository) or {}
        own = said(about.get("html_url")) or said(about.get("url")) or ""
        found = _named(page, _PAGE) or _named(api, _API) or _named(own, _API) or _named(f"{own}/security/", _PAGE)
        said_name = said(about.get("full_name")) or said(about.get("nameWithOwner")) or _owned(about)
        name = said_name or (found[1] if found else "")
        return cls(address=sender or (f"{found[0]}/{found[1]}" if found else None), name=name.lower())


def _owned(about: Mapping[str, object]) -> str | None:
    owner, name = said(inside(about, "owner", "login")), said(about.get("name"))
    return f"{owner}/{name}" if owner and name else name


def _named(address: str, shape: re.Pattern[str]) -> tuple[str, str] | None:
    """The server and the repository in an address."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return None
    match = shape.match(parts.path)
    if parts.scheme != "https" or not host or match is None:
        return None
    # The API of github.com and of GitHub Enterprise Cloud has a host of its own.
    return f"https://{host.removeprefix('api.')}", match[1]


def status(state: str | None, action: str | None) -> FindingStatus:
    """What has become of an alert; a word that is not known is unknown."""
    said_so = word(state)
    if said_so is not None:
        return _STATES.get(said_so.lower(), FindingStatus.UNKNOWN)
    return _ACTIONS.get(action or "", FindingStatus.UNKNOWN)


def place(found: object) -> Spot | None:
    """A place in a file, or what else GitHub looks for secrets in: an issue, a comment, a discussion."""
    fields = mapping(found)
    if fields is None:
        return None
    details = mapping(fields.get("details"))
    if details is not None:
        fields = details
    path = said(fields.get("path"))
    other = next(
        (name for name in sorted(fields) if name.endswith("_url") and name[:-4] not in {"blob", "commit"}), None
    )
    if path is None and other is None:
        return None
    return Spot(
        path=portable(path).path if path else None,
        start_line=_line(fields, "start_line"),
        end_line=_line(fields, "end_line"),
        start_column=_line(fields, "start_column"),
        end_column=_line(fields, "end_column"),
        logical=None if path or other is None else f"{other.removesuffix('_url')} {said(fields[other]) or ''}".strip(),
    )


def _line(fields: Mapping[str, object], name: str) -> int | None:
    """A number of a place; GitHub also writes them with a point."""
    found = fields.get(name)
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not 0 <= found < 1 << 31:
        return None
    return int(found)
