"""Snyk: the CLI's JSON of one project or several, of images and infrastructure, and the REST API's issues."""

from collections.abc import Iterator, Mapping
from typing import Final

from fixgate.reports.adapter import Failed, Hints, Item, Remark, Suppressed
from fixgate.reports.containers import image
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import first_objects, inside, labelled, mapping, results, sequence, shaped, text
from fixgate.reports.formats.snyk_cli import Issue, Project, Vulnerability, issue, vulnerability
from fixgate.reports.formats.snyk_issues import RestIssue, rest_issue
from fixgate.reports.paths import portable
from fixgate.reports.unread import total

_MARKS: Final = frozenset({"projectName", "packageManager", "dependencyCount", "licensesPolicy", "uniqueCount"})
_INFRASTRUCTURE: Final = "infrastructureAsCodeIssues"
_FOUND: Final = ("vulnerabilities", _INFRASTRUCTURE)
_FILTERED: Final = ("ignore", "patch")


class Snyk:
    """See the module."""

    name = "snyk"

    def recognises(self, document: Document) -> bool:
        """By a project with vulnerabilities, by issues of infrastructure, by a page of the API, by the CLI's error."""
        return any(_is_known(fields) for fields in first_objects(document))

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        broken = whole = listing = lacking = 0
        for pointer, value in results(document):
            fields = mapping(value)
            if fields is None or not _is_known(fields):
                yield Unusable(pointer, "no project of Snyk")
            elif "jsonapi" in fields:
                whole += 1
                yield from _of_page(fields, pointer, hints)
            elif _is_error(fields):
                broken += 1
            else:
                whole += 1
                listing += _lists(fields)
                lacking += sum(map(_lacks, _with_inner(fields)))
                yield from _of_project(fields, pointer, None, hints)
        if broken and not whole:
            yield Failed("the CLI ended with an error")
        elif broken:
            yield Remark(f"{broken} projects could not be tested")
        if lacking and not listing:
            yield Failed("Snyk says that it found something, and nothing is in the report")
        elif lacking:
            yield Remark("there are projects in which Snyk says that it found something, and lists nothing")


def _with_inner(fields: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """A project, and those in it."""
    yield fields
    for value in sequence(fields.get("applications")) or ():
        if (inner := mapping(value)) is not None:
            yield from _with_inner(inner)


def _lists(fields: Mapping[str, object]) -> bool:
    """Whether a project, or one in it, has results."""
    return any(sequence(project.get(name)) for project in _with_inner(fields) for name in _FOUND)


def _lacks(fields: Mapping[str, object]) -> bool:
    """Whether a project says that something is wrong with it, and has no results, nor any that are left out."""
    left_out = any(sequence(inside(fields, "filtered", name)) for name in _FILTERED)
    # `uniqueCount` is of vulnerabilities, of which there is one row for each path: it is no number of results.
    return (fields.get("ok") is False or total(fields, "uniqueCount") > 0) and not left_out and not _lists(fields)


def _is_known(fields: Mapping[str, object]) -> bool:
    if sequence(fields.get(_INFRASTRUCTURE)) is not None and ("projectType" in fields or "targetFile" in fields):
        return True
    if "ok" in fields:
        found = "vulnerabilities" in fields and bool(_MARKS & fields.keys())
        return found or _is_error(fields)
    data = sequence(fields.get("data"))
    if "jsonapi" not in fields or data is None:
        return False
    return not data or inside(data[0], "type") == "issue"


def _is_error(fields: Mapping[str, object]) -> bool:
    return "vulnerabilities" not in fields and {"ok", "error", "path"} <= fields.keys()


def _of_page(fields: Mapping[str, object], pointer: str, hints: Hints) -> Iterator[Item]:
    if text(inside(fields, "links", "next")):
        yield Remark("this is one page of several")
    for number, value in enumerate(sequence(fields.get("data")) or ()):
        place = f"{pointer}/data/{number}"
        read = shaped(RestIssue, value, place)
        yield read if isinstance(read, Unusable) else rest_issue(read, place, hints)


def _of_project(fields: Mapping[str, object], pointer: str, around: Project | None, hints: Hints) -> Iterator[Item]:
    project = _project(fields, around, hints)
    for name in (*_FOUND, "applications"):
        if fields.get(name) is not None and sequence(fields[name]) is None:
            yield Unusable(f"{pointer}/{name}", "the results are no array")
    for number, value in enumerate(sequence(fields.get("vulnerabilities")) or ()):
        place = f"{pointer}/vulnerabilities/{number}"
        row = shaped(Vulnerability, value, place)
        yield row if isinstance(row, Unusable) else vulnerability(row, place, project)
    for number, value in enumerate(sequence(fields.get(_INFRASTRUCTURE)) or ()):
        place = f"{pointer}/{_INFRASTRUCTURE}/{number}"
        read = shaped(Issue, value, place)
        yield read if isinstance(read, Unusable) else issue(read, place, project)
    for name in _FILTERED:
        for number, _ in enumerate(sequence(inside(fields, "filtered", name)) or ()):
            yield Suppressed(f"{pointer}/filtered/{name}/{number}")
    for number, value in enumerate(sequence(fields.get("applications")) or ()):
        inner = mapping(value)
        if inner is None:
            yield Unusable(f"{pointer}/applications/{number}", "no project of Snyk")
        else:
            yield from _of_project(inner, f"{pointer}/applications/{number}", project, hints)


def _project(fields: Mapping[str, object], around: Project | None, hints: Hints) -> Project:
    """What is known of a project; `around` is the image that it was found in."""
    name, file = (
        text(fields.get("projectName")),
        text(fields.get("displayTargetFile")) or text(fields.get("targetFile")),
    )
    of_image = mapping(fields.get("docker")) is not None or name.startswith("docker-image|")
    reference = text(fields.get("path")) or name.removeprefix("docker-image|")
    return Project(
        name=f"{around.name} {name}" if around else name,
        manager=text(fields.get("packageManager")),
        place=portable(file) if file else None,
        resource=around.resource if around else image(reference) if of_image else None,
        repository=hints.repository,
        labels=labelled(
            project=name,
            organization=text(fields.get("org")),
            manager=text(fields.get("packageManager")),
            base_image=text(inside(fields, "docker", "baseImage")),
        ),
    )
