"""Where trufflehog 3 says that a secret stands: each kind of source has names of its own (`source_metadata.proto`)."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydantic import ConfigDict, Field

from fixgate.events import Location, Resource
from fixgate.reports import aws
from fixgate.reports.fields import Shape, moment, said, word
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


class Where(Shape):
    """A place; what kinds of sources name besides is kept as it is."""

    model_config = ConfigDict(extra="allow")

    file: str | None = None
    filename: str | None = None
    path: str | None = None
    line: int | None = Field(default=None, ge=0)
    commit: str | None = None
    repository: str | None = None
    link: object = None
    timestamp: object = None
    inner: "dict[str, Where | None] | None" = Field(default=None, alias="Metadata")
    data: "dict[str, Where | None] | None" = Field(default=None, alias="Data")

    def other(self, name: str) -> str | None:
        """The word that a kind of source has under this name."""
        value: object = (self.model_extra or {}).get(name)
        return str(value) if type(value) is int else said(value)

    @property
    def place(self) -> Place | None:
        """The file."""
        path = word(self.file) or word(self.filename) or word(self.path)
        return portable(path) if path else None

    @property
    def address(self) -> str | None:
        """The clone address of the repository, if it is one that means the same elsewhere."""
        address = clone_address(_SCP.sub(r"ssh://git@\1/", self.repository or ""))
        return None if address is None or address.startswith("file:") else address

    def scope(self, address: str | None) -> tuple[str, ...]:
        """The names of what holds the file; not an address or a folder of a repository, which may be others."""
        local = address is not None or (self.repository or "").startswith(("file:", "/", "."))
        names = sorted((self.model_extra or {}).keys() & _ORDER.keys(), key=_ORDER.__getitem__)
        return tuple(w for w in (None if local else word(self.repository), *map(self.other, names)) if w is not None)

    @property
    def when(self) -> datetime | None:
        """The time of the commit, message or upload."""
        text = said(self.timestamp)
        return moment(_TIME.sub(r"\1T\2\3:\4", text) if text else None)


class Source(Shape):
    """`SourceMetadata`."""

    data: Mapping[str, Where | None] | None = Field(default=None, alias="Data")


def where(source: Source | None) -> tuple[str, Where]:
    """The kind of the source and the place in it; some kinds hold a place of another one."""
    found = source.data if source else None
    kind, place = "", Where()
    while found:
        kind, inner = next(iter(found.items()))
        place = inner or Where()
        found = place.inner or place.data
    return kind, place


def locations(found: Where, file: Place | None, scope: tuple[str, ...]) -> tuple[Location, ...]:
    """The place as a location; none when nothing of it is named."""
    logical = " ".join(scope) or None
    if file is None and logical is None:
        return ()
    return (Location(path=file.path if file else None, start_line=found.line or None, logical=logical),)


def holder(kind: str, found: Where) -> Resource | None:
    """The object in S3 that the secret stands in."""
    bucket, file = found.other("bucket"), word(found.file)
    return aws.resource(f"arn:aws:s3:::{bucket}/{file}", None, None) if kind == "S3" and bucket and file else None
