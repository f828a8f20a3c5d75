"""What the Snyk CLI says of a project: vulnerabilities and licences by path, and issues of infrastructure."""

from dataclasses import dataclass
from typing import Any, Final

from msgspec import field

from fixgate.events import FindingStatus, Package, Resource, SeverityRating
from fixgate.reports.adapter import Draft, Item, Spot, Suppressed
from fixgate.reports.fields import Shape, Word, inside, labelled, sequence, some, text, texts, word
from fixgate.reports.packages import GENERIC, known_as, purl, type_of
from fixgate.reports.paths import Place
from fixgate.reports.severity import CVSS, by_number, by_vector, by_word, unknown

TOOL: Final = "snyk"
_LINKS: Final = 10
_SYSTEMS: Final = frozenset({"deb", "rpm", "apk"})


class Vulnerability(Shape):
    """A row: one vulnerability or licence of one package by one path."""

    id: Word
    name: str | None = None
    package: str | None = field(default=None, name="packageName")
    module: str | None = field(default=None, name="moduleName")
    version: str | None = None
    manager: str | None = field(default=None, name="packageManager")
    path: list[str] | None = field(default=None, name="from")
    severity: str | None = None
    effective: str | None = field(default=None, name="severityWithCritical")
    score: float | None = field(default=None, name="cvssScore")
    vector: str | None = field(default=None, name="CVSSv3")
    identifiers: object = None
    fixed: object = field(default=None, name="fixedIn")
    nearest: object = field(default=None, name="nearestFixedInVersion")
    title: object = None
    description: object = None
    references: object = None
    kind: object = field(default=None, name="type")
    exploit: object = None
    upgradable: object = field(default=None, name="isUpgradable")
    instruction: object = field(default=None, name="dockerfileInstruction")


class Issue(Shape):
    """An issue of infrastructure as code."""

    id: Word
    title: object = None
    severity: str | None = None
    ignored: bool | None = field(default=None, name="isIgnored")
    path: list[str | int] | None = None
    line: int | None = field(default=None, name="lineNumber")
    message: str | None = field(default=None, name="msg")
    problem: object = field(default=None, name="issue")
    impact: object = None
    resolve: object = None
    documentation: object = None
    kind: object = field(default=None, name="subType")


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What holds for all rows of a project: its name, its manifest, the image that it is in."""

    name: str
    manager: str
    place: Place | None
    resource: Resource | None
    repository: str | None
    labels: dict[str, str]

    @property
    def identity(self) -> tuple[str, ...]:
        """As it goes into a fingerprint."""
        return self.name, self.place.identity if self.place else ""


def vulnerability(read: Vulnerability, pointer: str, project: Project) -> Draft:
    """A row as a draft."""
    name = word(read.package) or word(read.module) or word(read.name) or ""
    version = word(read.version)
    # The first is the project itself; versions on the way change without this being another finding.
    way = [part.rpartition("@")[0] or part for part in (read.path or ())[1:]]
    names = some((read.id, *(n for kind in ("CVE", "GHSA") for n in texts(inside(read.identifiers, kind)))))
    known, made = known_as(read.id, names), _purl(read, name, version, project)
    links = [text(inside(reference, "url")) for reference in (sequence(read.references) or ())[:_LINKS]]
    return Draft(
        pointer=pointer,
        identity=("vulnerability", *project.identity, read.id, name, version or "", *way),
        what=known,
        severity=_severity(read),
        rule_id=read.id,
        rule_name=known,
        title=f"{text(read.title) or read.id} in {name}",
        description=text(read.description),
        aliases=(*names, *texts(inside(read.identifiers, "CWE"))),
        locations=_at(project, " > ".join(read.path or ()) or None),
        package=Package(purl=made, fixed_versions=some((*texts(read.fixed), text(read.nearest)))) if made else None,
        links=some((_page(read.id), *links)),
        **_common(
            project,
            type=text(read.kind),
            exploit=text(read.exploit),
            upgradable=str(read.upgradable).lower() if isinstance(read.upgradable, bool) else None,
            instruction=text(read.instruction),
        ),
    )


def issue(read: Issue, pointer: str, project: Project) -> Item:
    """An issue of a file; one that is ignored is suppressed."""
    if read.ignored:
        return Suppressed(pointer)
    place = ".".join(str(part) for part in read.path or ()) or read.message
    return Draft(
        pointer=pointer,
        identity=("issue", *project.identity, read.id, place or ""),
        what=read.id,
        severity=_worded(read.severity),
        rule_id=read.id,
        rule_name=read.id,
        title=text(read.title) or read.id,
        description=" ".join(t for p in (read.problem, read.impact, read.resolve) if (t := text(p))),
        locations=_at(project, place, read.line),
        links=some((text(read.documentation),)),
        **_common(project, type=text(read.kind)),
    )


def manager_of(identifier: str) -> str:
    """What manager an id of Snyk's names: `SNYK-JAVA-…`, `SNYK-DEBIAN12-…`, and the old `npm:name:date`."""
    first, _, rest = identifier.partition("-")
    return rest.partition("-")[0] if first.upper() == "SNYK" and rest else identifier.partition(":")[0]


def _purl(read: Vulnerability, name: str, version: str | None, project: Project) -> str | None:
    said = (read.manager, project.manager, manager_of(read.id))
    manager = next((m for m in said if m and type_of(m)[0] != GENERIC), None)
    # Packages of a system are named after their source: `openssl/libssl3`.
    bare = name.rpartition("/")[2] if type_of(manager)[0] in _SYSTEMS else name
    return purl(manager, bare, version) if bare else None


def _severity(read: Vulnerability) -> SeverityRating:
    """Snyk's word, else the score, else the vector's."""
    worded = read.effective or read.severity
    if worded and word(worded):
        return _worded(worded)
    if read.score is not None:
        return by_number("snyk cvssScore", read.score, CVSS, top=10.0)
    return by_vector("snyk CVSSv3", read.vector or "") or unknown("snyk severity")


def _worded(reported: str | None) -> SeverityRating:
    return by_word("snyk severity", reported) if reported and word(reported) else unknown("snyk severity", reported)


def _at(project: Project, logical: str | None, line: int | None = None) -> tuple[Spot, ...]:
    path = project.place.path if project.place else None
    # -1 is Snyk's word for no line.
    start = line if line is not None and line > 0 else None
    return (Spot(path=path, start_line=start, logical=logical),) if path or logical else ()


def _common(project: Project, **labels: str | None) -> dict[str, Any]:
    return {
        "tool": TOOL,
        "unique": False,
        "status": FindingStatus.OPEN,
        "resource": project.resource,
        "repository": project.repository,
        "labels": {**project.labels, **labelled(**labels)},
    }


def _page(identifier: str) -> str | None:
    return f"https://security.snyk.io/vuln/{identifier}" if identifier.startswith("SNYK-") else None
