"""Where trufflehog 3 says that a secret stands: each kind of source has names of its own (`source_metadata.proto`)."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from msgspec import Struct, field

from fixgate.events import Resource
from fixgate.reports import aws
from fixgate.reports.adapter import Spot
from fixgate.reports.document import Unusable
from fixgate.reports.fields import Count, Shape, mapping, moment, said, shaped, word
from fixgate.reports.paths import Place, clone_address, portable

_SCOPES: Final = (
    *("workspace", "org", "organization", "organization_slug", "project", "project_name", "project_slug", "repo"),
    *("pipeline", "build_number", "build_step", "job_number"),
    *("space", "page", "comment_id", "snippet_id", "issue", "issue_id", "event_id", "docid"),
    *("registry", "image", "bucket", "container", "package", "release"),
    *("team_id", "channel_id", "location", "hostname", "appname", "host", "locator", "index", "document_id"),
    *("workspace_uuid", "collection_id", "environment_id", "folder_id", "request_id", "response_id", "field_type"),
    "metadata",
)
"""What says where a secret stands besides its file, in this order.

Not a layer, a tag or a version: they are others when the same thing is made again.
"""
_ORDER: Final[Mapping[str, int]] = {name: number for number, name in enumerate(_SCOPES)}
_SCP: Final = re.compile(r"^git@([\w.-]+):(?!/)")
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d+)? ([+-]\d\d):?(\d\d)\b.*")
"""As Go and git print it, perhaps with the zone's name."""


class _Known(Shape):
    file: str | None = None
    filename: str | None = None
    path: str | None = None
    line: Count | None = None
    commit: str | None = None
    repository: str | None = None
    link: object = None
    timestamp: object = None
    inner: Mapping[str, object] | None = field(default=None, name="Metadata")
    data: Mapping[str, object] | None = field(default=None, name="Data")


class Where(Struct, frozen=True, gc=False):
    """A place: what all kinds of sources name alike, and all that stands there."""

    known: _Known
    fields: Mapping[str, object]

    def other(self, name: str) -> str | None:
        """The word that a kind of source has under this name."""
        value = self.fields.get(name)
        if isinstance(value, str):
            return word(value)
        return str(value) if type(value) is int else None

    @property
    def place(self) -> Place | None:
        """The file."""
        path = word(self.known.file) or word(self.known.filename) or word(self.known.path)
        return portable(path) if path else None

    @property
    def address(self) -> str | None:
        """The clone address of the repository, if it is one that means the same elsewhere."""
        given = self.known.repository
        if given and given.startswith("git@"):
            given = _SCP.sub(r"ssh://git@\1/", given)
        address = clone_address(given) if given else None
        return None if address is None or address.startswith("file:") else address

    def scope(self, address: str | None) -> tuple[str, ...]:
        """The names of what holds the file; not an address or a folder of a repository, which may be others."""
        given = self.known.repository or ""
        local = address is not None or given.startswith(("file:", "/", "."))
        names = sorted(self.fields.keys() & _ORDER.keys(), key=_ORDER.__getitem__)
        return tuple(w for w in (None if local else word(given), *map(self.other, names)) if w is not None)

    @property
    def when(self) -> datetime | None:
        """The time of the commit, message or upload."""
        text = said(self.known.timestamp)
        printed = _TIME.fullmatch(text) if text else None
        return moment(f"{printed[1]}T{printed[2]}{printed[3]}:{printed[4]}" if printed else text)


_NOWHERE: Final = Where(_Known(), {})


class Source(Shape):
    """`SourceMetadata`."""

    data: Mapping[str, object] | None = field(default=None, name="Data")


def where(source: Source | None, pointer: str) -> tuple[str, Where] | Unusable:
    """The kind of the source and the place in it; some kinds hold a place of another one."""
    found = source.data if source else None
    kind, place = "", _NOWHERE
    while found:
        kind, inner = next(iter(found.items()))
        known = _Known() if inner is None else shaped(_Known, inner, pointer)
        if isinstance(known, Unusable):
            return known
        place = Where(known, mapping(inner) or {})
        found = known.inner or known.data
    return kind, place


def locations(found: Where, file: Place | None, scope: tuple[str, ...]) -> tuple[Spot, ...]:
    """The place as a location; none when nothing of it is named."""
    logical = " ".join(scope) or None
    if file is None and logical is None:
        return ()
    return (Spot(path=file.path if file else None, start_line=found.known.line or None, logical=logical),)


def holder(kind: str, found: Where) -> Resource | None:
    """The object in S3 that the secret stands in."""
    bucket, file = found.other("bucket"), word(found.known.file)
    return aws.resource(f"arn:aws:s3:::{bucket}/{file}", None, None) if kind == "S3" and bucket and file else None
