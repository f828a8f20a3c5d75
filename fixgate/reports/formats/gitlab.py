"""GitLab's security reports: code, secrets, dependencies, containers, and the other kinds of one schema."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import field

from fixgate.events import AffectedIdentity, FindingStatus, Package, Resource
from fixgate.reports.adapter import Draft, Exposed, Failed, Hints, Item, Remark, Spot
from fixgate.reports.aws import access_key, key_id
from fixgate.reports.containers import image, workload
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import (
    Shape,
    first_values,
    inside,
    labelled,
    mapping,
    moment,
    said,
    sequence,
    shaped,
    some,
    text,
    word,
)
from fixgate.reports.packages import known_as, purl
from fixgate.reports.paths import portable, workflow_in
from fixgate.reports.secrets import about_secrets, shown
from fixgate.reports.severity import by_word, unknown

SECRETS: Final = "secret_detection"
KINDS: Final = frozenset(
    {
        "sast",
        SECRETS,
        "dependency_scanning",
        "container_scanning",
        "cluster_image_scanning",
        "dast",
        "api_fuzzing",
        "coverage_fuzzing",
    }
)
_SAID_OF_A_SCAN: Final = frozenset({"warn", "error", "fatal"})
_OLD: Final = frozenset({"version", "vulnerabilities", "remediations", "dependency_files"})
"""All that a report says that is older than version 14."""
_NAMES: Final = ("method", "class", "path", "crash_type")
"""What a place is called where it is no file."""
_OWN: Final = ("class", "method", "image", "hostname", "path", "param")
"""What tells two places in a file, or without one, apart."""
_CVES: Final = frozenset({"cve", "ghsa"})


class _Identifier(Shape):
    type: str
    value: str | int
    name: object = None


class _Vulnerability(Shape):
    identifiers: Annotated[list[_Identifier], msgspec.Meta(min_length=1)]
    location: object = None
    severity: str | None = None
    confidence: object = None
    category: object = None
    name: object = None
    message: object = None
    description: object = None
    solution: object = None
    scanner: object = None
    links: object = None
    flags: object = None
    tracking: object = None
    extract: object = field(default=None, name="raw_source_code_extract")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scan:
    """What holds for all results of a report."""

    kind: str
    tool: str
    version: str | None
    made_at: datetime | None
    managers: Mapping[str, str]
    """Package managers by the file that asks for the packages."""

    @classmethod
    def of(cls, report: Mapping[str, object]) -> "_Scan":
        scan = report.get("scan")
        files = [mapping(f) or {} for f in sequence(report.get("dependency_files")) or ()]
        pairs = [(said(f.get("path")), said(f.get("package_manager"))) for f in files]
        return cls(
            kind=said(inside(scan, "type")) or "",
            tool=said(inside(scan, "scanner", "id")) or said(inside(scan, "scanner", "name")) or "gitlab",
            version=said(inside(scan, "scanner", "version")),
            made_at=moment(said(inside(scan, "end_time"))),
            managers={path: manager for path, manager in pairs if path and manager},
        )


class GitLab:
    """See the module."""

    name = "gitlab"

    def recognises(self, document: Document) -> bool:
        """By the kind of the scan; before version 14 by what a vulnerability has."""
        return any(map(_is_report, first_values(document)))

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        for pointer, value in document.values:
            report = mapping(value)
            if report is None or not _is_report(value):
                yield Unusable(pointer, "it is no security report of GitLab")
                continue
            yield from _of_scan(report.get("scan"))
            scan = _Scan.of(report)
            for number, found in enumerate(sequence(report.get("vulnerabilities")) or ()):
                place = f"{pointer}/vulnerabilities/{number}"
                read = shaped(_Vulnerability, found, place)
                yield read if isinstance(read, Unusable) else _draft(read, place, scan, hints)


def _is_report(value: object) -> bool:
    fields = mapping(value) or {}
    found = sequence(fields.get("vulnerabilities"))
    if found is None or "bomFormat" in fields:
        return False
    if said(inside(value, "scan", "type")) in KINDS:
        return True
    old = "remediations" in fields and fields.keys() <= _OLD
    first = mapping(next(iter(found), None))
    if first is None:
        return old and not found
    of_kind = said(first.get("category")) in KINDS
    known = old or of_kind or "scanner" in first
    return known and ("version" in fields or of_kind) and {"identifiers", "location"} <= first.keys()


def _of_scan(scan: object) -> Iterator[Item]:
    if said(inside(scan, "status")) == "failure":
        yield Failed("the report says that the scan failed")
    levels = {said(inside(message, "level")) for message in sequence(inside(scan, "messages")) or ()}
    if levels & _SAID_OF_A_SCAN:
        yield Remark("the scanner has told of trouble with the scan")


def _draft(read: _Vulnerability, pointer: str, scan: _Scan, hints: Hints) -> Draft:
    kind = scan.kind or said(read.category) or ""
    where, first = mapping(read.location) or {}, read.identifiers[0]
    names = some([str(i.value) for i in read.identifiers if i.type.lower() in _CVES])
    weaknesses = [str(i.value) for i in read.identifiers if i.type.lower() == "cwe"]
    secret = kind == SECRETS
    # A report that does not say of which kind it is may be one of secrets.
    hidden = not kind or about_secrets(str(first.value), text(read.name))
    place = _place(where, snippet=None if hidden else said(read.extract))
    package = _package(where, scan) if "dependency" in where else None
    exposed = shown(said(read.extract)) if secret else ""
    resource, affected = _about(where, exposed, hints, place)
    # A value of another kind may be the same: `cwe` 79 and `eslint.rules` 79.
    rule = str(first.value) if first.type.lower() in _CVES else f"{first.type}:{first.value}"
    return Draft(
        pointer=pointer,
        tool=said(inside(read.scanner, "id")) or scan.tool,
        tool_version=scan.version,
        identity=(kind, rule, *_own(where, package), _scope(read.tracking)),
        unique=False,
        what=known_as(rule, names),
        severity=unknown("gitlab severity")
        if word(read.severity) is None
        else by_word("gitlab severity", read.severity or ""),
        status=FindingStatus.OPEN,
        rule_id=rule,
        rule_name=said(first.name) or rule,
        title=text(read.name) or text(read.message) or said(first.name) or rule,
        description=text(read.description),
        confidence=said(read.confidence),
        aliases=some((*names, *weaknesses)) if weaknesses else names,
        locations=(place,) if place else (),
        resource=resource,
        repository=hints.repository,
        commit=said(inside(where.get("commit"), "sha")),
        package=package,
        affected=affected,
        secret=Exposed(kind=str(first.value), value=exposed) if secret else None,
        labels=labelled(kind=kind, solution=text(read.solution), flag=said(inside(_first(read.flags), "type"))),
        links=some([said(inside(link, "url")) for link in sequence(read.links) or ()]),
        last_seen_at=scan.made_at,
    )


def _first(value: object) -> object:
    """The first element of an array; None where there is none."""
    return next(iter(sequence(value) or ()), None)


def _place(where: Mapping[str, object], snippet: str | None) -> Spot | None:
    file = said(where.get("file"))
    host = said(where.get("hostname"))
    # What was tried at an address may hold a secret. There `method` is that of the request.
    address = f"{host}{(said(where.get('path')) or '').partition('?')[0]}" if host else None
    named = [said(where[n]) for n in _NAMES if n in where]
    logical = address or next((n for n in named if n), None)
    if file is None and logical is None:
        return None
    return Spot(
        path=portable(file).path if file else None,
        start_line=_line(where.get("start_line")),
        end_line=_line(where.get("end_line")),
        logical=logical,
        snippet=snippet,
    )


def _line(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _package(where: Mapping[str, object], scan: _Scan) -> Package | None:
    dependency = where["dependency"]
    name = said(inside(dependency, "package", "name"))
    if name is None:
        return None
    manager = said(where.get("operating_system")) or scan.managers.get(said(where.get("file")) or "")
    return Package(purl=purl(manager, name, said(inside(dependency, "version"))))


def _about(
    where: Mapping[str, object], secret: str, hints: Hints, place: Spot | None
) -> tuple[Resource | None, AffectedIdentity | None]:
    identifier = key_id(secret)
    if identifier is not None:
        return access_key(identifier, None)
    cluster = where.get("kubernetes_resource")
    kind, name = (said(inside(cluster, "kind")), said(inside(cluster, "name"))) if cluster else (None, None)
    if kind and name:
        owner = said(inside(cluster, "cluster_id"))
        return workload(owner, said(inside(cluster, "namespace")), kind, name), None
    return image(said(where.get("image"))) or workflow_in(hints.repository, place.path if place else None), None


def _own(where: Mapping[str, object], package: Package | None) -> tuple[str, ...]:
    """What tells a result apart from others of its rule: the file, what is in it, the package, the image."""
    file = said(where.get("file"))
    named = [(said(where[n]) or "") if n in where else "" for n in _OWN]
    return (portable(file).identity if file else "", *named, package.purl if package else "")


def _scope(tracking: object) -> str:
    """The scope in the code that GitLab follows a result by, without the file's name before it."""
    if tracking is None:
        return ""
    signature = _first(inside(_first(inside(tracking, "items")), "signatures"))
    return (said(inside(signature, "value")) or "").partition("|")[2]
