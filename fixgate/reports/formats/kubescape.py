"""Kubescape's report of version 2: controls, each tried on resources of a cluster or of files."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from msgspec import field

from fixgate.events import FindingStatus, Severity, SeverityRating
from fixgate.reports.adapter import Draft, Failed, Hints, Item, Passed, Remark, Spot, Suppressed
from fixgate.reports.containers import workload
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import (
    Shape,
    Word,
    first_values,
    inside,
    labelled,
    mapping,
    moment,
    said,
    sequence,
    shaped,
    word,
)
from fixgate.reports.paths import clone_address, portable
from fixgate.reports.severity import Steps, by_number, by_word, unknown, worded
from fixgate.reports.unread import total, unlisted, unread

_STEPS: Final[Steps] = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (1.0, Severity.LOW))
"""Of the factor of a control's score, as Kubescape itself reads it; below 1 it says nothing."""
_EXCEPTED: Final = "w/exceptions"
_OF_A_FILE: Final = re.compile(r"^path=\d+/(?:api=)?")
"""A resource's id begins with a hash of the folder where its file was."""
_PARTS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _About:
    """A resource: what it is called, and the file that it is from."""

    kind: str
    namespace: str | None
    name: str
    file: str | None

    @classmethod
    def of(cls, identifier: str, resource: object) -> "_About":
        """By the resource itself, else by its id: `<group>/<version>/<namespace>/<kind>/<name>`."""
        held = inside(resource, "object")
        kind, name = said(inside(held, "kind")), said(inside(held, "metadata", "name"))
        source = said(inside(resource, "source", "relativePath")) or said(inside(held, "sourcePath"))
        file = portable(re.sub(r":\d+$", "", source)).path if source else None
        if kind and name:
            namespace = said(inside(held, "metadata", "namespace"))
            return cls(kind=kind, namespace=namespace, name=name, file=file)
        parts = _OF_A_FILE.sub("", identifier).split("/")
        if len(parts) < _PARTS:
            return cls(kind=kind or "", namespace=None, name=identifier, file=file)
        return cls(kind=parts[-2], namespace=parts[-3] or None, name=parts[-1], file=file)


class _Status(Shape):
    status: str
    sub: str | None = field(default=None, name="subStatus")


class _Control(Shape):
    id: Word = field(name="controlID")
    name: str | None = None
    severity: object = None
    status: _Status | None = None
    rules: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    """What holds for all results of a report."""

    cluster: str | None
    repository: str | None
    commit: str | None
    version: str | None
    made_at: datetime | None
    controls: Mapping[str, object]

    @classmethod
    def of(cls, report: Mapping[str, object], hints: Hints) -> "_Context":
        target = inside(report, "metadata", "targetMetadata")
        git = inside(target, "gitRepoContextMetadata")
        cluster = said(report.get("clusterName")) or said(inside(target, "clusterContextMetadata", "contextName"))
        return cls(
            cluster=cluster,
            repository=hints.repository or clone_address(said(inside(git, "remoteURL"))),
            commit=said(inside(git, "lastCommit", "hash")),
            version=said(inside(report, "metadata", "scanMetadata", "kubescapeVersion")),
            made_at=moment(said(report.get("generationTime"))),
            controls=mapping(inside(report, "summaryDetails", "controls")) or {},
        )


class Kubescape:
    """See the module."""

    name = "kubescape"

    def recognises(self, document: Document) -> bool:
        """By the summary of controls beside the results."""
        return any(map(_is_report, first_values(document)))

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        for pointer, value in document.values:
            report = mapping(value)
            if report is None or not _is_report(value):
                yield Unusable(pointer, "it is no report of Kubescape")
                continue
            context = _Context.of(report, hints)
            held = sequence(report.get("resources")) or ()
            resources = {i: _About.of(i, r) for r in held if (i := said(inside(r, "resourceID")))}
            results = sequence(report.get("results"))
            if results is None and report.get("results") is not None:
                yield Unusable(f"{pointer}/results", "the results are no array")
            elif not results:
                yield Remark(f"Kubescape looked at no resource{', of those that it lists' if resources else ''}")
            for number, result in enumerate(results or ()):
                yield from _results(result, f"{pointer}/results/{number}", resources, context)
            # The other counts are of controls, each over all resources.
            failed = total(inside(report, "summaryDetails", "ResourceCounters"), "failedResources")
            if failed and not results:
                yield Failed("Kubescape counts resources that failed, and none is in the report")
            yield from unlisted(failed, len(results or ()), "Kubescape")


def _is_report(value: object) -> bool:
    fields = mapping(value) or {}
    known = {"results", "resources", "clusterName"} & fields.keys()
    return bool(known) and mapping(inside(value, "summaryDetails", "controls")) is not None


def _results(result: object, pointer: str, resources: Mapping[str, _About], context: _Context) -> Iterator[Item]:
    fields = mapping(result)
    held = fields.get("controls") if fields is not None else ()
    # Of a resource on which no control was tried there is no list.
    controls = sequence([] if held is None else held)
    if fields is None or controls is None:
        yield Unusable(pointer, "it has no list of controls")
        return
    yield from unread(fields, ("controls",), "Kubescape")
    identifier = said(fields.get("resourceID"))
    about = resources.get(identifier or "") or (
        _About.of(identifier, fields.get("rawResource")) if identifier else None
    )
    for number, control in enumerate(controls):
        place = f"{pointer}/controls/{number}"
        read = shaped(_Control, control, place)
        if isinstance(read, Unusable):
            yield read
        elif about is None:
            yield Unusable(place, "its resource has no id")
        else:
            yield _item(read, place, about, context)


def _item(read: _Control, pointer: str, about: _About, context: _Context) -> Item:
    status = (word(read.status.status) or "").lower() if read.status else _worst(read)
    if status == "passed":
        sub = read.status.sub if read.status else None
        return Suppressed(pointer) if (sub or "").lower() == _EXCEPTED else Passed(pointer)
    known = context.controls.get(read.id)
    name = word(read.name) or read.id
    return Draft(
        pointer=pointer,
        tool="kubescape",
        tool_version=context.version,
        identity=(read.id, context.cluster or "", about.kind, about.namespace or "", about.name, about.file or ""),
        unique=False,
        what=read.id,
        severity=_severity(read, known),
        # What Kubescape skipped is for a person to look at.
        status=FindingStatus.OPEN if status == "failed" else FindingStatus.UNKNOWN,
        rule_id=read.id,
        rule_name=name,
        title=name,
        locations=tuple(_places(read, about)),
        resource=workload(context.cluster, about.namespace, about.kind, about.name),
        repository=context.repository,
        commit=context.commit,
        labels=labelled(
            category=said(inside(known, "category", "name")),
            reason=word(read.status.sub) if read.status else None,
        ),
        last_seen_at=context.made_at,
    )


def _rules(read: _Control) -> Iterable[object]:
    return sequence(read.rules) or ()


def _worst(read: _Control) -> str:
    """The status of a control that has none of its own, as before version 3: its rules'."""
    told = {(said(inside(rule, "status")) or said(inside(rule, "status", "status")) or "") for rule in _rules(read)}
    return "failed" if "failed" in told else "passed" if told == {"passed"} else "unknown"


def _severity(read: _Control, known: object) -> SeverityRating:
    own = said(read.severity)
    if own is not None:
        return by_word("kubescape severity", own)
    factor = inside(known, "scoreFactor")
    if isinstance(factor, bool) or not isinstance(factor, (int, float)):
        return unknown("kubescape scoreFactor")
    if factor < 1:
        return unknown("kubescape scoreFactor", worded(factor))
    return by_number("kubescape scoreFactor", factor, _STEPS, top=10.0)


def _places(read: _Control, about: _About) -> Iterator[Spot]:
    """Where in the resource it is, and how it would be mended."""
    found = False
    for rule in _rules(read):
        for path in sequence(inside(rule, "paths")) or ():
            named = (said(inside(path, name)) for name in ("failedPath", "reviewPath", "deletePath"))
            where = next((n for n in named if n), None) or said(inside(path, "fixPath", "path"))
            if where is not None:
                found = True
                yield Spot(path=about.file, logical=where)
    if not found and about.file is not None:
        yield Spot(path=about.file)
