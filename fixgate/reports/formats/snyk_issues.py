"""An issue of Snyk's REST API: of a project (`/orgs/{org}/issues`), or of a package (`/orgs/{org}/packages/issues`)."""

from typing import Final

from msgspec import field

from fixgate.events import FindingStatus, Package, SeverityRating
from fixgate.reports.adapter import Draft, Hints, Item, Spot, Suppressed
from fixgate.reports.document import Unusable
from fixgate.reports.fields import Shape, Word, inside, labelled, moment, sequence, some, text, word
from fixgate.reports.formats.snyk_cli import TOOL, manager_of
from fixgate.reports.packages import known_as, purl
from fixgate.reports.paths import portable
from fixgate.reports.severity import by_word, unknown

_PLACES: Final = 50


class _Attributes(Shape):
    key: Word | None = None
    """Of an issue of a project alone."""
    title: object = None
    description: object = None
    kind: str | None = field(default=None, name="type")
    status: str | None = None
    ignored: bool | None = None
    severity: str | None = field(default=None, name="effective_severity_level")
    severities: object = None
    slots: object = None
    problems: object = None
    classes: object = None
    coordinates: object = None
    created: str | None = field(default=None, name="created_at")
    updated: str | None = field(default=None, name="updated_at")


class RestIssue(Shape, kw_only=True):
    """A resource of the type `issue`; of a package its id is the vulnerability's."""

    id: str | None = None
    attributes: _Attributes
    relationships: object = None


def rest_issue(read: RestIssue, pointer: str, hints: Hints) -> Item:
    """The issue; one that is ignored is suppressed."""
    given = read.attributes
    if given.ignored:
        return Suppressed(pointer)
    of_package = None if given.key else word(read.id)
    if given.key is None and of_package is None:
        return Unusable(pointer, "it has neither a key nor an id")
    project = text(inside(read.relationships, "scan_item", "data", "id"))
    problems = some(text(inside(problem, "id")) for problem in sequence(given.problems) or ())
    first = next((p for p in problems if p.startswith("SNYK-")), None) or next(iter(problems), None)
    rule = of_package or first or given.key or ""
    known = known_as(rule, problems)
    package = _package(given, rule)
    found = [
        _location(r) for c in sequence(given.coordinates) or () for r in sequence(inside(c, "representations")) or ()
    ]
    return Draft(
        pointer=pointer,
        tool=TOOL,
        # The key is the same at every scan, in its project; a vulnerability is in many packages.
        identity=("rest", project, given.key, given.kind or "")
        if given.key
        else ("rest package", package.purl if package else "", rule),
        unique=False,
        what=known,
        severity=_severity(given),
        status=FindingStatus.RESOLVED if given.status == "resolved" else FindingStatus.OPEN,
        rule_id=rule,
        rule_name=known,
        title=text(given.title) or rule,
        description=text(given.description),
        aliases=(*problems, *some(text(inside(c, "id")) for c in sequence(given.classes) or ())),
        locations=tuple(place for place in found if place is not None)[:_PLACES],
        repository=hints.repository,
        package=package,
        labels=labelled(
            type=given.kind,
            project=project,
            organization=text(inside(read.relationships, "organization", "data", "id")),
        ),
        links=some(
            text(inside(link, "url"))
            for link in (*(sequence(given.problems) or ()), *(sequence(inside(given.slots, "references")) or ()))
        ),
        first_seen_at=moment(given.created),
        last_seen_at=moment(given.updated),
    )


def _severity(given: _Attributes) -> SeverityRating:
    """Snyk's own where several are listed."""
    if given.severity and word(given.severity):
        return by_word("snyk effective_severity_level", given.severity)
    listed = sorted(sequence(given.severities) or (), key=lambda value: text(inside(value, "source")) != "Snyk")
    level = next((made for value in listed if (made := word(text(inside(value, "level"))))), None)
    if level is None:
        return unknown("snyk effective_severity_level", given.severity)
    return by_word("snyk severities level", level)


def _location(value: object) -> Spot | None:
    """A place in a file (`sourceLocation`), or in a configuration (`resourcePath`)."""
    source = inside(value, "sourceLocation")
    file, resource = text(inside(source, "file")), text(inside(value, "resourcePath"))
    if not file:
        return Spot(logical=resource) if resource else None
    lines = [inside(source, "region", end, "line") for end in ("start", "end")]
    start, end = (n if isinstance(n, int) and not isinstance(n, bool) and n > 0 else None for n in lines)
    return Spot(path=portable(file).path, start_line=start, end_line=end)


def _package(given: _Attributes, rule: str) -> Package | None:
    for item in sequence(given.coordinates) or ():
        for value in sequence(inside(item, "representations")) or ():
            name, url = text(inside(value, "dependency", "package_name")), text(inside(value, "package", "url"))
            if url.startswith("pkg:"):
                return Package(purl=url)
            if name:
                version = word(text(inside(value, "dependency", "package_version")))
                return Package(purl=purl(manager_of(rule), name, version))
    return None
