"""What `yarn npm audit --json` prints since Yarn 4: a tree, of which each line is an advisory about a package."""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import field

from fixgate.events import FindingStatus, Package
from fixgate.reports.adapter import Draft, Hints, Item, Spot
from fixgate.reports.document import Unusable
from fixgate.reports.fields import Shape, Word, labelled, mapping, shaped, some, text
from fixgate.reports.packages import purl
from fixgate.reports.severity import by_word, unknown

_PLACES: Final = 50
_VIRTUAL: Final = re.compile(r"virtual:[0-9a-f]{1,200}#")
"""What Yarn puts before the version of a package that has peers; it changes with them."""


class _Children(Shape):
    id: int | str = field(name="ID")
    issue: object = field(default=None, name="Issue")
    url: object = field(default=None, name="URL")
    severity: str | None = field(default=None, name="Severity")
    range: object = field(default=None, name="Vulnerable Versions")
    versions: list[str] | None = field(default=None, name="Tree Versions")
    dependents: list[str] | None = field(default=None, name="Dependents")


class _Node(Shape):
    name: Word = field(name="value")
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
        locations=tuple(Spot(logical=_VIRTUAL.sub("", by)) for by in (given.dependents or ())[:_PLACES]),
        repository=hints.repository,
        package=Package(purl=purl("npm", read.name, next(iter(versions), None))),
        labels=labelled(range=text(given.range), versions=" ".join(versions)),
        links=some((url,)),
    )
