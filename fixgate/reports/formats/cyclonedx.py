"""CycloneDX in JSON, 1.4 and later: vulnerabilities of a bill of materials, and VEX. XML is not read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final
from urllib.parse import unquote

from fixgate.events import FindingStatus, Package, Resource, Severity, SeverityRating
from fixgate.reports.adapter import Draft, Hints, Item, Remark, Spot, Suppressed
from fixgate.reports.containers import image
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import (
    Shape,
    first_objects,
    inside,
    labelled,
    mapping,
    results,
    sequence,
    shaped,
    some,
    text,
    word,
)
from fixgate.reports.packages import known_as, named_in
from fixgate.reports.severity import CVSS, WORDS, by_number, by_vector, by_word, unknown

_PLACES: Final = 50
_LINKS: Final = 9
_DEEPEST: Final = 30
"""Levels of components within components that are looked at."""
_SETTLED: Final = frozenset({"not_affected", "false_positive"})
_STATUSES: Final[Mapping[str, FindingStatus]] = {
    "resolved": FindingStatus.RESOLVED,
    "resolved_with_pedigree": FindingStatus.RESOLVED,
    "in_triage": FindingStatus.UNKNOWN,
}
_ORDER: Final = tuple(Severity)
"""From unknown to critical."""


class _Rating(Shape):
    severity: str | None = None
    score: float | None = None
    method: str | None = None
    vector: str | None = None


class _Version(Shape):
    version: str | None = None
    status: str | None = None


class _Affected(Shape):
    ref: str | dict[str, object]
    """pip-audit writes an empty object: it names no component."""
    versions: list[_Version] | None = None


class _Analysis(Shape):
    state: str | None = None
    justification: object = None


class _Named(Shape):
    id: str | None = None
    name: str | None = None


class _Vulnerability(Shape):
    id: str | None = None
    source: _Named | None = None
    references: list[_Named] | None = None
    ratings: list[_Rating] | None = None
    affects: list[_Affected] | None = None
    analysis: _Analysis | None = None
    rejected: str | None = None
    cwes: object = None
    description: object = None
    detail: object = None
    recommendation: object = None
    advisories: object = None


@dataclass(frozen=True, slots=True)
class _Component:
    """What is known of a component: `name` with its group and version as it goes into a fingerprint."""

    name: str
    purl: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bill:
    """What holds for all vulnerabilities of a document."""

    link: str
    tool: str
    version: str | None
    about: str
    resource: Resource | None
    components: Mapping[str, _Component]
    repository: str | None


class CycloneDx:
    """See the module."""

    name = "cyclonedx"

    def recognises(self, document: Document) -> bool:
        """By the format that it names."""
        return any(fields.get("bomFormat") == "CycloneDX" for fields in first_objects(document))

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        for pointer, value in results(document):
            fields = mapping(value)
            if fields is None or fields.get("bomFormat") != "CycloneDX":
                yield Unusable(pointer, "no document of CycloneDX")
                continue
            items = sequence(fields.get("vulnerabilities"))
            if items is None and fields.get("vulnerabilities") is not None:
                yield Unusable(f"{pointer}/vulnerabilities", "the results are no array")
            elif items is None:
                yield Remark("a bill of materials without vulnerabilities, not even none: nothing was looked for")
            bill = _bill(fields, hints)
            for number, item in enumerate(items or ()):
                yield _item(item, f"{pointer}/vulnerabilities/{number}", bill)


def _bill(fields: Mapping[str, object], hints: Hints) -> _Bill:
    about = inside(fields, "metadata", "component")
    tools = inside(fields, "metadata", "tools")
    listed = sequence(tools) or sequence(inside(tools, "components")) or ()
    tool = listed[0] if listed else None
    name = text(inside(about, "name"))
    serial = text(fields.get("serialNumber")).removeprefix("urn:uuid:")
    return _Bill(
        link=f"urn:cdx:{serial}/",
        tool=word(text(inside(tool, "name"))) or "cyclonedx",
        version=word(text(inside(tool, "version"))),
        about="/".join(part for part in (text(inside(about, "group")), name) if part),
        resource=image(name) if inside(about, "type") == "container" else None,
        components=dict(_components((about, *(sequence(fields.get("components")) or ())))),
        repository=hints.repository,
    )


def _components(level: Sequence[object]) -> Iterator[tuple[str, _Component]]:
    """All components by their references, also those within others."""
    for _ in range(_DEEPEST):
        below: list[object] = []
        for item in level:
            fields = mapping(item) or {}
            below += sequence(fields.get("components")) or ()
            reference = text(fields.get("bom-ref"))
            if reference:
                parts = (text(fields.get("group")), text(fields.get("name")), text(fields.get("version")))
                yield reference, _Component("/".join(p for p in parts if p), text(fields.get("purl")))
        level = below


def _item(value: object, pointer: str, bill: _Bill) -> Item:
    read = shaped(_Vulnerability, value, pointer)
    if isinstance(read, Unusable):
        return read
    names = some((read.id, *(r.id for r in read.references or ())))
    if not names:
        return Unusable(pointer, "a vulnerability without an id")
    state = read.analysis.state if read.analysis else None
    if state in _SETTLED or word(read.rejected):
        return Suppressed(pointer)
    return _draft(read, names, pointer, bill)


def _draft(read: _Vulnerability, names: tuple[str, ...], pointer: str, bill: _Bill) -> Draft:
    affected = [_affected(a.ref, bill) for a in read.affects or () if isinstance(a.ref, str)]
    urls = sorted({c.purl for c in affected if c.purl})
    unaffected = some(v.version for a in read.affects or () for v in a.versions or () if v.status == "unaffected")
    state = read.analysis.state if read.analysis else None
    known = known_as(names[0], names)
    said = (text(read.description), text(read.detail), text(read.recommendation))
    advisories = islice(sequence(read.advisories) or (), _LINKS)
    return Draft(
        pointer=pointer,
        tool=bill.tool,
        tool_version=bill.version,
        # References may be made anew for every document: components are known by what they are.
        identity=(
            bill.about,
            names[0],
            read.source.name or "" if read.source else "",
            *sorted({c.name for c in affected}),
        ),
        unique=False,
        what=known,
        severity=_severity(read.ratings or []),
        status=_STATUSES.get(state or "", FindingStatus.OPEN),
        rule_id=names[0],
        rule_name=known,
        title=f"{names[0]} in {affected[0].name}" if affected else names[0],
        description="\n\n".join(s for s in said if s),
        aliases=(*names, *_weaknesses(read.cwes)),
        locations=tuple(Spot(logical=c.purl or c.name) for c in affected[:_PLACES]),
        resource=bill.resource,
        repository=bill.repository,
        package=Package(purl=urls[0], fixed_versions=unaffected if len(urls) == 1 else ()) if urls else None,
        labels=labelled(
            about=bill.about,
            source=read.source.name if read.source else None,
            state=state,
            justification=text(read.analysis.justification) if read.analysis else None,
        ),
        links=some(text(inside(a, "url")) for a in advisories),
    )


def _affected(reference: str, bill: _Bill) -> _Component:
    """The component of a reference: of this document, or of another by a BOM-Link (`urn:cdx:<serial>/1#<reference>`).

    Of another document only a reference that is a package URL says anything here.
    """
    address, link, inner = reference.partition("#")
    if link and address.startswith("urn:cdx:"):
        reference, own = unquote(inner), address.startswith(bill.link)
    else:
        own = True
    found = bill.components.get(reference) if own else None
    url = (found.purl if found else "") or (reference if reference.startswith("pkg:") else "")
    if url:
        return _Component("@".join(named_in(url)), url)
    return found or _Component(reference, "")


def _severity(ratings: list[_Rating]) -> SeverityRating:
    """The worst word; without one the worst CVSS score or vector."""
    worded = [
        by_word("cyclonedx ratings severity", r.severity) for r in ratings if r.severity and r.severity.lower() in WORDS
    ]
    numbered = [rated for r in ratings if (rated := _numbered(r)) is not None] if not worded else []
    found = worded or numbered
    if found:
        return max(found, key=lambda rated: _ORDER.index(rated.normalised))
    return unknown("cyclonedx ratings", next((r.severity for r in ratings if r.severity), None))


def _numbered(read: _Rating) -> SeverityRating | None:
    if read.score is not None and (read.method or "CVSS").upper().startswith("CVSS"):
        return by_number("cyclonedx ratings score", read.score, CVSS, top=10.0)
    return by_vector("cyclonedx ratings vector", read.vector or "")


def _weaknesses(value: object) -> tuple[str, ...]:
    numbers = (n for n in sequence(value) or () if isinstance(n, int) and not isinstance(n, bool))
    return tuple(f"CWE-{n}" for n in numbers)
