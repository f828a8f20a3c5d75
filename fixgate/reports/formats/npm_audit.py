"""npm audit's JSON: of npm 7 and later by package, of npm 6 and pnpm by advisory, of Yarn one advisory a line."""

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import field

from fixgate.events import FindingStatus, Package
from fixgate.reports.adapter import Draft, Failed, Hints, Item, Spot, Suppressed
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
    step,
    text,
    texts,
    word,
)
from fixgate.reports.formats.npm_audit_yarn import is_node, node
from fixgate.reports.packages import known_as, purl
from fixgate.reports.severity import by_word, unknown
from fixgate.reports.unread import total, unlisted

_YARN: Final = "auditAdvisory"
_SUMMARY: Final = "auditSummary"
_LINES: Final = frozenset({_YARN, _SUMMARY, "auditAction"})
"""What Yarn 1 calls the lines of an audit."""
_ASKED: Final = "/security/audits"
"""Where Yarn 1 asks the registry."""
_PLACES: Final = 50
_WORDS: Final = ("info", "low", "moderate", "high", "critical")


class _Via(Shape):
    """An advisory of npm 7."""

    source: int | str | None = None
    title: object = None
    url: str | None = None
    cwe: object = None

    @property
    def id(self) -> str:
        """The GHSA at the end of its address, else the registry's number."""
        return _named(self.url) or str(self.source or "")


class _Vulnerable(Shape, kw_only=True):
    """A package of npm 7, with its own advisories, and the names of packages that make it vulnerable."""

    severity: str | None = None
    via: list[str | _Via]
    nodes: list[str] | None = None
    range: object = None
    direct: object = field(default=None, name="isDirect")
    fix: object = field(default=None, name="fixAvailable")


class _Found(Shape):
    version: str | None = None
    paths: list[str] | None = None


class _Advisory(Shape):
    """An advisory of npm 6, pnpm and Yarn."""

    id: int | str
    name: Word = field(name="module_name")
    findings: list[_Found] | None = None
    severity: str | None = None
    title: object = None
    overview: object = None
    cves: list[str] | None = None
    github: str | None = field(default=None, name="github_advisory_id")
    cwe: object = None
    url: object = None
    vulnerable: object = field(default=None, name="vulnerable_versions")
    patched: object = field(default=None, name="patched_versions")


class NpmAudit:
    """See the module."""

    name = "npm-audit"

    def recognises(self, document: Document) -> bool:
        """By a version, by advisories or packages beside the registry's counts, by Yarn's lines, by npm's errors."""
        return any(_is_report(fields) for fields in first_objects(document))

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        counted = listed = 0
        for pointer, value in results(document):
            fields = mapping(value)
            if fields is None:
                yield Unusable(pointer, "no report of npm audit")
            elif "type" in fields and "data" in fields:
                listed += fields["type"] == _YARN
                if fields["type"] == _SUMMARY:
                    counted += total(inside(fields, "data", "vulnerabilities"), *_WORDS)
                yield from _of_line(fields, pointer, hints)
            elif _is_error(fields):
                yield Failed("the audit ended with an error of the package manager")
            elif is_node(fields):
                yield node(fields, pointer, hints)
            elif _is_report(fields):
                yield from _of_report(fields, pointer, hints)
            else:
                yield Unusable(pointer, "no report of npm audit")
        # Yarn 1 counts also what is below the level that it was asked for.
        yield from unlisted(counted, listed, "Yarn")


def _is_report(fields: Mapping[str, object]) -> bool:
    packages, advisories = mapping(fields.get("vulnerabilities")), mapping(fields.get("advisories"))
    if "auditReportVersion" in fields and (packages is not None or advisories is not None):
        return True
    counted = mapping(inside(fields, "metadata", "vulnerabilities")) is not None
    if counted and (packages is not None or advisories is not None):
        return True
    if advisories is not None and "metadata" in fields:
        return True
    return _is_line(fields) or is_node(fields) or _is_error(fields)


def _is_line(fields: Mapping[str, object]) -> bool:
    """Whether Yarn 1 printed it: of its errors, those of an audit."""
    kind, held = text(fields.get("type")), fields.get("data")
    return (kind in _LINES and "data" in fields) or (kind == "error" and _ASKED in text(held))


def _is_error(fields: Mapping[str, object]) -> bool:
    error = mapping(fields.get("error")) or {}
    return {"summary", "detail"} <= error.keys() or text(error.get("code")).startswith("ERR_PNPM_")


def _of_report(fields: Mapping[str, object], pointer: str, hints: Hints) -> Iterator[Item]:
    for name, value in (mapping(fields.get("vulnerabilities")) or {}).items():
        place = f"{pointer}/vulnerabilities/{step(name)}"
        read = shaped(_Vulnerable, value, place)
        yield read if isinstance(read, Unusable) else _of_package(name, read, place, hints)
    for name, value in (mapping(fields.get("advisories")) or {}).items():
        place = f"{pointer}/advisories/{step(name)}"
        advisory = shaped(_Advisory, value, place)
        yield advisory if isinstance(advisory, Unusable) else _of_advisory(advisory, place, None, hints)
    for number, _ in enumerate(sequence(fields.get("muted")) or ()):
        yield Suppressed(f"{pointer}/muted/{number}")
    yield from _counted(fields)


def _counted(fields: Mapping[str, object]) -> Iterator[Item]:
    """What the report says of how many there are."""
    packages, advisories = mapping(fields.get("vulnerabilities")), mapping(fields.get("advisories"))
    counts = inside(fields, "metadata", "vulnerabilities")
    stated = max(total(counts, "total"), total(counts, *_WORDS))
    if advisories is not None:
        # Of an advisory each path is counted, and pnpm counts those that it was told to leave out.
        if not (advisories or packages or sequence(fields.get("muted"))):
            yield from unlisted(stated, 0, "the package manager")
    elif stated and not packages:
        yield Failed("the report says that npm found vulnerable packages, and lists none")
    else:
        yield from unlisted(stated, len(packages or ()), "npm")


def _of_line(fields: Mapping[str, object], pointer: str, hints: Hints) -> Iterator[Item]:
    if fields["type"] == "error":
        yield Failed("the audit ended with an error of the package manager")
    if fields["type"] == _YARN:
        read = shaped(_Advisory, inside(fields, "data", "advisory"), f"{pointer}/data/advisory")
        path = text(inside(fields, "data", "resolution", "path"))
        yield read if isinstance(read, Unusable) else _of_advisory(read, pointer, path, hints)


def _of_package(name: str, read: _Vulnerable, pointer: str, hints: Hints) -> Draft:
    own = [via for via in read.via if isinstance(via, _Via)]
    through = sorted({via for via in read.via if isinstance(via, str)})
    ids = sorted({via.id for via in own if via.id})
    title = next((t for via in own if (t := text(via.title))), f"{name} depends on {', '.join(through)}")
    fixed = text(inside(read.fix, "version"))
    return Draft(
        pointer=pointer,
        tool="npm-audit",
        # A package's advisories are one result; with another one it is another.
        identity=("package", name, *ids, *(f"through {other}" for other in through)),
        unique=False,
        what=" ".join(ids) or f"through {' '.join(through)}",
        severity=by_word("npm severity", read.severity) if read.severity else unknown("npm severity"),
        status=FindingStatus.OPEN,
        rule_id=next(iter(ids), ""),
        rule_name=" ".join(ids) or f"through {' '.join(through)}",
        title=f"{title} ({name})" if own else title,
        description="\n".join(t for via in own if (t := text(via.title))),
        aliases=some((*ids, *(c for via in own for c in texts(via.cwe)))),
        locations=tuple(Spot(logical=node) for node in (read.nodes or ())[:_PLACES]),
        repository=hints.repository,
        package=Package(
            purl=purl("npm", name, None),
            fixed_versions=some((fixed,)) if inside(read.fix, "name") == name else (),
        ),
        labels=labelled(
            range=text(read.range),
            direct=str(read.direct).lower() if isinstance(read.direct, bool) else None,
            through=" ".join(through),
            fix=f"{text(inside(read.fix, 'name'))} {fixed}",
        ),
        links=some(via.url for via in own),
    )


def _of_advisory(read: _Advisory, pointer: str, path: str | None, hints: Hints) -> Draft:
    found = read.findings or []
    versions = some(f.version for f in found)
    ghsa = word(read.github) or _named(text(read.url))
    identifier = ghsa or str(read.id)
    aliases = some((identifier, *(read.cves or ())))
    places = [path] if path else [p for f in found for p in f.paths or ()]
    known = known_as(identifier, aliases)
    return Draft(
        pointer=pointer,
        tool="npm-audit",
        identity=("advisory", read.name, identifier, *sorted(versions), path or ""),
        unique=False,
        what=known,
        severity=by_word("npm severity", read.severity) if read.severity else unknown("npm severity"),
        status=FindingStatus.OPEN,
        rule_id=identifier,
        rule_name=known,
        title=f"{text(read.title) or identifier} ({read.name})",
        description=text(read.overview),
        aliases=(*aliases, *texts(read.cwe)),
        locations=tuple(Spot(logical=place) for place in places[:_PLACES]),
        repository=hints.repository,
        package=Package(purl=purl("npm", read.name, next(iter(versions), None))),
        labels=labelled(range=text(read.vulnerable), patched=text(read.patched), versions=" ".join(versions)),
        links=some((text(read.url),)),
    )


def _named(url: str | None) -> str:
    """The GHSA that an advisory's address ends with."""
    last = (url or "").rstrip("/").rpartition("/")[2]
    return last if last.startswith("GHSA-") else ""
