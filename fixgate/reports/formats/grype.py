"""Grype's JSON: one report of an image, a folder or a bill of materials; several in an array or one a line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from msgspec import field

from fixgate.events import FindingStatus, Package, Resource, SeverityRating
from fixgate.reports.adapter import Draft, Failed, Hints, Item, Remark, Spot, Suppressed
from fixgate.reports.containers import image
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import (
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
from fixgate.reports.packages import known_as, purl
from fixgate.reports.paths import Place, portable
from fixgate.reports.severity import CVSS, by_number, by_word, unknown

_LINKS: Final = 9
_SYSTEMS: Final = frozenset({"deb", "rpm", "apk"})
"""Types of packages whose namespace is the distribution."""
_RUNNERS: Final = ("/home/runner/work/", "/github/workspace/")
"""Where a path begins that is no path from the folder on."""


class _Fix(Shape):
    versions: list[str] | None = None
    state: str | None = None


class _Vulnerability(Shape):
    id: Word
    severity: str | None = None
    namespace: object = None
    source: object = field(default=None, name="dataSource")
    description: object = None
    cvss: object = None
    fix: _Fix | None = None
    fixed: str | None = field(default=None, name="fixedInVersion")
    links: object = None
    urls: object = None


class _Related(Shape):
    id: str | None = None
    severity: str | None = None
    description: object = None


class _Place(Shape):
    path: str | None = None


class _Artifact(Shape):
    name: str
    version: str | None = None
    type: str | None = None
    locations: list[_Place] | None = None
    purl: str | None = None


class _Match(Shape, kw_only=True):
    vulnerability: _Vulnerability
    related: list[_Related] | None = field(default=None, name="relatedVulnerabilities")
    artifact: _Artifact


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scanned:
    """What holds for all matches of a report: `owner` is its part of a fingerprint, `root` the folder."""

    owner: str
    root: str
    resource: Resource | None
    distribution: str
    repository: str | None
    version: str | None
    labels: dict[str, str]


class Grype:
    """See the module."""

    name = "grype"

    def recognises(self, document: Document) -> bool:
        """By matches beside a descriptor that says Grype, or beside a source and a distribution."""
        return any(_is_report(fields) for fields in first_objects(document))

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        for pointer, value in results(document):
            fields = mapping(value)
            if fields is None or not _is_report(fields):
                yield Unusable(pointer, "no report of Grype")
            else:
                yield from _of_report(fields, pointer, hints)


_MATCH: Final = frozenset({"vulnerability", "artifact", "matchDetails"})


def _is_report(fields: Mapping[str, object]) -> bool:
    if "matches" not in fields:
        return False
    named = inside(fields, "descriptor", "name")
    if named is not None:
        return named == "grype"  # its kin, as xeol, write the same of something else
    first = mapping(next(iter(sequence(fields.get("matches")) or ()), None)) or {}
    return fields.keys() >= {"source", "distro", "descriptor"} or first.keys() >= _MATCH


def _of_report(fields: Mapping[str, object], pointer: str, hints: Hints) -> Iterator[Item]:
    matches, ignored = sequence(fields.get("matches")), sequence(fields.get("ignoredMatches"))
    if matches is None:
        yield Failed("the matches are no array: Grype writes an empty one when it found nothing")
    if sequence(fields.get("alertsByPackage")):
        yield Remark("Grype warns of packages for which it may not know of all vulnerabilities")
    scanned = _scanned(fields, hints)
    for number, value in enumerate(matches or ()):
        place = f"{pointer}/matches/{number}"
        read = shaped(_Match, value, place)
        yield read if isinstance(read, Unusable) else _draft(read, place, scanned)
    for number, value in enumerate(ignored or ()):
        place = f"{pointer}/ignoredMatches/{number}"
        yield Suppressed(place) if mapping(value) is not None else Unusable(place, "no match of Grype")


def _scanned(fields: Mapping[str, object], hints: Hints) -> _Scanned:
    kind, target = text(inside(fields, "source", "type")), inside(fields, "source", "target")
    name = text(target) or text(inside(target, "userInput"))
    of_image = kind == "image" or mapping(target) is not None
    return _Scanned(
        owner=name if of_image else "",
        root="" if of_image else name,
        resource=image(name) if of_image else None,
        distribution=text(inside(fields, "distro", "name")),
        repository=hints.repository,
        version=word(text(inside(fields, "descriptor", "version"))),
        labels=labelled(
            source=name,
            source_type=kind,
            image_id=text(inside(target, "imageID")),
            distribution=f"{text(inside(fields, 'distro', 'name'))} {text(inside(fields, 'distro', 'version'))}",
        ),
    )


def _draft(read: _Match, pointer: str, scanned: _Scanned) -> Draft:
    vulnerability, artifact, related = read.vulnerability, read.artifact, read.related or []
    name, version, kind = artifact.name, word(artifact.version), artifact.type or ""
    aliases = some((vulnerability.id, *(r.id for r in related)))
    places = [_place(p.path, scanned) for p in artifact.locations or () if p.path]
    manager = scanned.distribution if kind in _SYSTEMS else kind
    made = word(artifact.purl) or purl(manager, name, version)
    fix = vulnerability.fix or _Fix()
    said = (text(vulnerability.description), *(text(r.description) for r in related))
    return Draft(
        pointer=pointer,
        tool="grype",
        tool_version=scanned.version,
        # The id that Grype gives a package changes with every run in old versions, and with the package's metadata.
        identity=(
            scanned.owner,
            vulnerability.id,
            kind,
            name,
            version or "",
            *sorted({place.identity for place in places}),
        ),
        unique=False,
        what=known_as(vulnerability.id, aliases),
        severity=_severity(vulnerability, related),
        status=FindingStatus.OPEN,
        rule_id=vulnerability.id,
        rule_name=known_as(vulnerability.id, aliases),
        title=f"{vulnerability.id} in {name} {version or ''}".rstrip(),
        description=next((d for d in said if d), ""),
        aliases=aliases,
        locations=tuple(Spot(path=place.path) for place in places),
        resource=scanned.resource,
        repository=scanned.repository,
        package=Package(purl=made, fixed_versions=some((*(fix.versions or ()), vulnerability.fixed))),
        labels=labelled(fix=fix.state, namespace=text(vulnerability.namespace), package_type=kind, **scanned.labels),
        links=some(
            (text(vulnerability.source), *texts(vulnerability.urls)[:_LINKS], *texts(vulnerability.links)[:_LINKS])
        ),
    )


def _place(path: str, scanned: _Scanned) -> Place:
    """A file: in an image by its whole path, in a folder from there on, although Grype writes a slash before it."""
    below = scanned.root and path.startswith(f"{scanned.root.rstrip('/')}/")
    if not scanned.owner and (below or not path.startswith("/") or path.startswith(_RUNNERS)):
        return portable(path, (scanned.root,))
    inner = path.lstrip("/")
    return Place(inner, inner)


def _severity(read: _Vulnerability, related: list[_Related]) -> SeverityRating:
    """That of the distribution or the advisory; else the highest CVSS score; else that of a related vulnerability."""
    if read.severity and word(read.severity):
        return by_word("grype vulnerability.severity", read.severity)
    scores = [inside(c, "metrics", "baseScore") for c in sequence(read.cvss) or ()]
    numbers = [s for s in scores if isinstance(s, (int, float)) and not isinstance(s, bool)]
    if numbers:
        return by_number("grype vulnerability.cvss", max(numbers), CVSS, top=10.0)
    other = next((r.severity for r in related if r.severity and word(r.severity)), None)
    if other is not None:
        return by_word("grype relatedVulnerabilities.severity", other)
    return unknown("grype vulnerability.severity", read.severity)
