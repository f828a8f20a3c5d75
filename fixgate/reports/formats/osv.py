"""OSV-Scanner's JSON: vulnerabilities, in the OSV schema, and licences, of each package of each source."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from msgspec import field

from fixgate.events import FindingStatus, Package, SeverityRating
from fixgate.reports.adapter import Draft, Hints, Item, Spot, Suppressed
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import (
    LOOKED_AT,
    Shape,
    Word,
    first_objects,
    inside,
    labelled,
    mapping,
    results,
    sequence,
    shaped,
    some,
    text,
    texts,
    word,
)
from fixgate.reports.packages import known_as, purl, type_of
from fixgate.reports.paths import Place, portable
from fixgate.reports.severity import CVSS, by_number, by_vector, by_word, unknown
from fixgate.reports.unread import unread

_LINKS: Final = 10
_FIXES: Final = 10
_WORDED: Final = frozenset({"Ubuntu"})
"""Types of `severity` whose score is a word; of the others it is a CVSS vector."""


_LISTS: Final = frozenset({"vulnerabilities", "license_violations", "groups", "licenses", "dependency_groups"})


class _Vulnerability(Shape):
    id: Word
    aliases: list[str] | None = None
    withdrawn: str | None = None
    summary: object = None
    details: object = None
    severity: object = None
    affected: object = None
    references: object = None
    specific: object = field(default=None, name="database_specific")


class _Package(Shape):
    name: str | None = None
    version: str | None = None
    ecosystem: str | None = None
    commit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    """What holds for all results of a package: where it was found, and which ids are one vulnerability."""

    source: str
    place: Place | None
    package: _Package
    url: str | None
    groups: Mapping[str, Mapping[str, object]]
    repository: str | None
    labels: dict[str, str]

    @property
    def identity(self) -> tuple[str, ...]:
        """Of the package: a commit stands for what has no version."""
        read = self.package
        found = self.place.identity if self.place else ""
        return found, read.ecosystem or "", read.name or "", word(read.version) or read.commit or ""

    def common(self) -> dict[str, Any]:
        """What every draft of the package has, by the names of `Draft`."""
        return {
            "tool": "osv-scanner",
            "unique": False,
            "status": FindingStatus.OPEN,
            "locations": (Spot(path=self.place.path),) if self.place else (),
            "repository": self.repository,
            "labels": self.labels,
        }


class Osv:
    """See the module."""

    name = "osv"

    def recognises(self, document: Document) -> bool:
        """By results that have packages and a source; of none by the configuration that is printed with them."""
        return any(_is_report(fields) for fields in first_objects(document))

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        for pointer, value in results(document):
            fields = mapping(value)
            if fields is None or not _is_report(fields):
                yield Unusable(pointer, "no report of OSV-Scanner")
                continue
            for number, source in enumerate(sequence(fields.get("results")) or ()):
                yield from _of_source(source, f"{pointer}/results/{number}", hints)


def _is_report(fields: Mapping[str, object]) -> bool:
    items = sequence(fields.get("results"))
    if items is None:
        return False
    if not items:
        return bool({"experimental_config", "image_metadata"} & fields.keys())
    objects = (mapping(item) or {} for item in islice(items, LOOKED_AT))
    return any("packages" in o and bool({"source", "packageSource"} & o.keys()) for o in objects)


def _of_source(value: object, pointer: str, hints: Hints) -> Iterator[Item]:
    packages = sequence(inside(value, "packages"))
    yield from unread(mapping(value) or {}, ("packages",), "OSV-Scanner")
    if packages is None:
        # A source in which nothing was found may have none.
        if mapping(value) is None or inside(value, "packages") is not None:
            yield Unusable(pointer, "no source of OSV-Scanner")
        return
    source = inside(value, "source") or inside(value, "packageSource")
    path, kind = text(inside(source, "path")), text(inside(source, "type"))
    place = portable(path) if path else None
    for number, item in enumerate(packages):
        yield from _of_package(item, f"{pointer}/packages/{number}", place, kind, hints)


def _of_package(value: object, pointer: str, place: Place | None, kind: str, hints: Hints) -> Iterator[Item]:
    fields = mapping(value) or {}
    read = shaped(_Package, fields.get("package"), f"{pointer}/package")
    yield from unread(fields, _LISTS, "OSV-Scanner")
    context = None if isinstance(read, Unusable) else _context(read, fields, place, kind, hints)
    for name, reader in (("vulnerabilities", _vulnerability), ("license_violations", _licence)):
        found = fields.get(name)
        items = sequence(found)
        if items is None and found is not None:
            yield Unusable(f"{pointer}/{name}", "the results are no array")
        for number, item in enumerate(items or ()):
            inner = f"{pointer}/{name}/{number}"
            if isinstance(read, Unusable):
                yield Unusable(inner, f"of its package: {read.why}")
            elif context is not None:
                yield reader(item, inner, context)
    if mapping(value) is None:
        yield Unusable(pointer, "no package of OSV-Scanner")


def _context(read: _Package, fields: Mapping[str, object], place: Place | None, kind: str, hints: Hints) -> _Context:
    groups = [g for item in sequence(fields.get("groups")) or () if (g := mapping(item)) is not None]
    name = word(read.name)
    return _Context(
        source=kind,
        place=place,
        package=read,
        url=purl(read.ecosystem, name, word(read.version)) if name else None,
        groups={identifier: group for group in groups for identifier in texts(group.get("ids"))},
        repository=hints.repository,
        labels=labelled(
            source_type=kind,
            ecosystem=read.ecosystem,
            commit=read.commit,
            dependency_groups=" ".join(texts(fields.get("dependency_groups"))),
        ),
    )


def _vulnerability(value: object, pointer: str, context: _Context) -> Item:
    read = shaped(_Vulnerability, value, pointer)
    if isinstance(read, Unusable):
        return read
    if word(read.withdrawn):
        return Suppressed(pointer)
    group = context.groups.get(read.id, {})
    same = some((read.id, *(read.aliases or ()), *texts(group.get("ids")), *texts(group.get("aliases"))))
    common = context.common()
    common["labels"] = {**context.labels, **_analysed(read.id, group)}
    known = known_as(read.id, same)
    return Draft(
        pointer=pointer,
        identity=("vulnerability", *context.identity, read.id),
        what=known,
        severity=_severity(read, group),
        rule_id=read.id,
        rule_name=known,
        title=text(read.summary) or f"{read.id} in {context.package.name or context.package.commit or 'a package'}",
        description=text(read.details),
        aliases=(*same, *texts(inside(read.specific, "cwe_ids"))),
        package=Package(purl=context.url, fixed_versions=_fixed(read, context.package)) if context.url else None,
        links=some(text(inside(r, "url")) for r in islice(sequence(read.references) or (), _LINKS)),
        **common,
    )


def _licence(value: object, pointer: str, context: _Context) -> Item:
    if not isinstance(value, str) or not value:
        return Unusable(pointer, "no licence")
    return Draft(
        pointer=pointer,
        identity=("licence", *context.identity, value),
        what=f"licence {value}",
        severity=unknown("osv licence"),
        rule_id=value,
        rule_name=value,
        title=f"{context.package.name or 'a package'} has the licence {value}",
        package=Package(purl=context.url) if context.url else None,
        **context.common(),
    )


def _severity(read: _Vulnerability, group: Mapping[str, object]) -> SeverityRating:
    """Its own database's word or vector, else the highest score of those that are the same vulnerability."""
    worded = inside(read.specific, "severity")
    if isinstance(worded, str) and word(worded):
        return by_word("osv database_specific.severity", worded)
    given = [(text(inside(s, "type")), text(inside(s, "score"))) for s in sequence(read.severity) or ()]
    own = next((score for kind, score in given if kind in _WORDED and word(score)), None)
    if own is not None:
        return by_word("osv severity", own)
    rated = [r for _, score in given if (r := by_vector("osv severity", score)) is not None]
    if rated:
        return max(rated, key=lambda r: r.score or 0.0)
    try:
        return by_number("osv groups max_severity", float(text(group.get("max_severity"))), CVSS, top=10.0)
    except ValueError:
        return unknown("osv severity", next((score for _, score in given if score), None))


def _analysed(identifier: str, group: Mapping[str, object]) -> dict[str, str]:
    """What the scanner says of whether the code is reached; what is not called is a finding all the same."""
    found = inside(group, "experimental_analysis", identifier) or inside(group, "experimentalAnalysis", identifier)
    told = {name: inside(found, name) for name in ("called", "unimportant")}
    return {name: str(value).lower() for name, value in told.items() if isinstance(value, bool)}


def _fixed(read: _Vulnerability, package: _Package) -> tuple[str, ...]:
    """The versions that are not affected any more, of this package; `affected` may list others'."""
    found: list[str] = []
    for item in sequence(read.affected) or ():
        named, ecosystem = inside(item, "package", "name"), text(inside(item, "package", "ecosystem"))
        if named != package.name or type_of(ecosystem) != type_of(package.ecosystem):
            continue
        for events in (sequence(inside(r, "events")) or () for r in sequence(inside(item, "ranges")) or ()):
            found += [text(inside(event, "fixed")) for event in events]
    return some(found)[:_FIXES]
