"""What `yarn npm audit --json` prints since Yarn 4: a tree, of which each line is an advisory about a package."""

import re
from collections.abc import Mapping
from typing import Final

from pydantic import Field

from fixgate.events import FindingStatus, Location, Package
from fixgate.reports.adapter import Draft, Hints, Item
from fixgate.reports.document import Unusable
from fixgate.reports.fields import Shape, labelled, mapping, shaped, some, text
from fixgate.reports.packages import purl
from fixgate.reports.severity import by_word, unknown

_PLACES: Final = 50
_VIRTUAL: Final = re.compile(r"virtual:[0-9a-f]{1,200}#")
"""What Yarn puts before the version of a package that has peers; it changes with them."""


class _Children(Shape):
    id: int | str = Field(alias="ID")
    issue: object = Field(default=None, alias="Issue")
    url: object = Field(default=None, alias="URL")
    severity: str | None = Field(default=None, alias="Severity")
    range: object = Field(default=None, alias="Vulnerable Versions")
    versions: list[str] | None = Field(default=None, alias="Tree Versions")
    dependents: list[str] | None = Field(default=None, alias="Dependents")


class _Node(Shape):
    name: str = Field(alias="value", min_length=1)
    children: _Children


def is_node(fields: Mapping[str, object]) -> bool:
    """Whether it is an advisory of the tree."""
    children = mapping(fields.get("children")) or {}
    return "value" in fields and {"ID", "Issue", "Tree Versions"} <= children.keys()


def node(fields: Mapping[str, object], pointer: str, hints: Hints) -> Item:
    """The advisory, or the deprecation that Yarn lists among them."""
    read = shaped(_Node, fields, pointer)
    if isinstance(read, Unusable):
        return read
    given, url = read.children, text(read.children.url)
    versions, last = some(given.versions or ()), url.rstrip("/").rpartition("/")[2]
    identifier = last if last.startswith("GHSA-") else str(given.id)
    return Draft(
        pointer=pointer,
        tool="npm-audit",
        identity=("advisory", read.name, identifier, *sorted(versions), ""),
        unique=False,
        what=identifier,
        severity=by_word("npm severity", given.severity) if given.severity else unknown("npm severity"),
        status=FindingStatus.OPEN,
        rule_id=identifier,
        rule_name=identifier,
        title=f"{text(given.issue) or identifier} ({read.name})",
        aliases=(identifier,),
        locations=tuple(Location(logical=_VIRTUAL.sub("", by)) for by in (given.dependents or ())[:_PLACES]),
        repository=hints.repository,
        package=Package(purl=purl("npm", read.name, next(iter(versions), None))),
        labels=labelled(range=text(given.range), versions=" ".join(versions)),
        links=some((url,)),
    )
