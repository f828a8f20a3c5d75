"""Reports that the Trivy operator keeps in a cluster (`aquasecurity.github.io`), as kubectl or its webhook gives them.

The results are Trivy's under other names, so they become drafts as Trivy's do.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from msgspec import field, structs

from fixgate.reports.adapter import Hints, Item, Passed, Remark
from fixgate.reports.containers import workload
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import (
    Word,
    first_objects,
    inside,
    labelled,
    mapping,
    results,
    sequence,
    shaped,
    step,
    text,
    word,
)
from fixgate.reports.formats.trivy_results import Target, file_of, misconfiguration, secret, vulnerability
from fixgate.reports.formats.trivy_shapes import Misconfiguration, Secret, Vulnerability
from fixgate.reports.unread import total, unlisted, unread

_GROUP: Final = "aquasecurity.github.io/"
_LIST: Final = "items"
_COUNTS: Final = tuple(f"{word}Count" for word in ("critical", "high", "medium", "low", "unknown"))
"""Of what was found; `noneCount` is of packages without a vulnerability."""
_LABEL: Final = "trivy-operator."
_READ: Final = re.compile(
    r"(?:Cluster)?(?:Vulnerability|ConfigAudit|RbacAssessment|InfraAssessment|ExposedSecret)Report"
)
_BILLS: Final = re.compile(r"(?:Cluster)?SbomReport")
_TEMPLATE: Final = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{5,10}")
"""What Kubernetes puts behind a deployment's name for each of its templates."""


class _Vulnerability(Vulnerability):
    id: Word = field(name="vulnerabilityID")
    package: str | None = field(default=None, name="resource")
    path: str | None = field(default=None, name="pkgPath")
    url_of_package: str | None = field(default=None, name="packagePURL")
    version: str | None = field(default=None, name="installedVersion")
    fixed: str | None = field(default=None, name="fixedVersion")
    severity: str | None = field(default=None, name="severity")
    target: str | None = field(default=None, name="target")
    kind: str | None = field(default=None, name="packageType")
    title: object = field(default=None, name="title")
    description: object = field(default=None, name="description")
    url: object = field(default=None, name="primaryLink")
    references: object = field(default=None, name="links")

    @property
    def own_purl(self) -> str | None:
        """The package URL that the operator gives."""
        return self.url_of_package


class _Check(Misconfiguration):
    id: Word | None = field(name="checkID")
    success: bool | None = None
    said: list[str] | None = field(default=None, name="messages")
    severity: str | None = field(default=None, name="severity")
    kind: object = field(default=None, name="category")
    title: object = field(default=None, name="title")
    description: object = field(default=None, name="description")
    resolution: object = field(default=None, name="remediation")


class _Secret(Secret):
    rule: Word = field(name="ruleID")
    category: object = field(default=None, name="category")
    severity: str | None = field(default=None, name="severity")
    title: object = field(default=None, name="title")
    target: str | None = field(default=None, name="target")
    match: str | None = field(default=None, name="match")


@dataclass(frozen=True, slots=True)
class _Report:
    """What holds for all results of a report; `repository` is its image's."""

    target: Target
    repository: str


class TrivyOperator:
    """See the module."""

    name = "trivy-operator"

    def recognises(self, document: Document) -> bool:
        """By the group of its resources, or of a list of them."""
        heads = [fields for _, value in document.values[:2] if (fields := mapping(value)) is not None]
        return any(map(_by_kind, heads)) or any(map(_is_ours, (*heads, *first_objects(document, _LIST))))

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        for pointer, value in _reports(document):
            fields = mapping(value)
            if fields is None:
                yield Unusable(pointer, "no report of the Trivy operator")
            elif "operatorObject" in fields:
                yield from _of_object(mapping(fields["operatorObject"]) or {}, f"{pointer}/operatorObject", hints)
            else:
                yield from _of_object(fields, pointer, hints)


def _by_kind(fields: Mapping[str, object]) -> bool:
    """Whether it has the reports by the names of their kinds, as a dump of a whole cluster has them."""
    return bool(fields) and all(name.endswith(f".{_GROUP[:-1]}") for name in fields)


def _reports(document: Document) -> Iterator[tuple[str, object]]:
    for pointer, value in results(document, _LIST):
        fields = mapping(value)
        if fields is None or not _by_kind(fields):
            yield pointer, value
            continue
        for name, listed in fields.items():
            items = sequence(listed)
            if items is None:
                yield f"{pointer}/{step(name)}", listed
            for number, item in enumerate(items or ()):
                yield f"{pointer}/{step(name)}/{number}", item


def _is_ours(fields: Mapping[str, object]) -> bool:
    inner = mapping(fields.get("operatorObject")) or fields
    return text(inner.get("apiVersion")).startswith(_GROUP) and "kind" in inner


def _of_object(fields: Mapping[str, object], pointer: str, hints: Hints) -> Iterator[Item]:
    kind, given = text(fields.get("kind")), mapping(fields.get("report")) or {}
    if _BILLS.fullmatch(kind):
        yield Remark("a list of components is no scan")
    elif not (given.keys() & _READERS.keys() or (given and _READ.fullmatch(kind))):
        yield Unusable(pointer, "a kind of report that is not read, or one that says nothing")
    else:
        report = _Report(_target(fields, given, hints), text(inside(given, "artifact", "repository")))
        yield from unread(given, _READERS, "the Trivy operator")
        yield from unlisted(total(given.get("summary"), *_COUNTS), _listed(given), "the Trivy operator")
        for name, reader in _READERS.items():
            found = given.get(name)
            items = sequence(found)
            if items is None and found is not None:
                yield Unusable(f"{pointer}/report/{name}", "the results are no array")
            for number, value in enumerate(items or ()):
                yield reader(value, f"{pointer}/report/{name}/{number}", report)


def _listed(given: Mapping[str, object]) -> int:
    return sum(len(sequence(given.get(name)) or ()) for name in _READERS)


def _target(fields: Mapping[str, object], given: Mapping[str, object], hints: Hints) -> Target:
    """The thing in the cluster; a replica set is known without its template, which changes with every roll-out."""
    marks = inside(fields, "metadata", "labels")
    kind, name, namespace, container = (
        text(inside(marks, f"{_LABEL}{part}"))
        for part in ("resource.kind", "resource.name", "resource.namespace", "container.name")
    )
    name = name or text(inside(fields, "metadata", "name"))
    namespace = namespace or text(inside(fields, "metadata", "namespace"))
    stable, found = (name, None) if kind != "ReplicaSet" else (name, _TEMPLATE.search(name[-11:]))
    if found is not None and name.endswith(found[0]):
        stable = name.removesuffix(found[0])
    reference = text(inside(given, "artifact", "repository"))
    tag, server = text(inside(given, "artifact", "tag")), text(inside(given, "registry", "server"))
    return Target(
        owner=(namespace, kind, stable, container),
        name="",
        file=None,
        manager=text(inside(given, "os", "family")),
        resource=workload(None, namespace, kind, name),
        account=None,
        repository=hints.repository,
        commit=None,
        version=word(text(inside(given, "scanner", "version"))),
        labels=labelled(
            namespace=namespace,
            kind=kind,
            name=name,
            container=container,
            image="/".join(p for p in (server, f"{reference}:{tag}" if tag else reference) if p),
        ),
    )


def _vulnerability(value: object, pointer: str, report: _Report) -> Item:
    read = shaped(_Vulnerability, value, pointer)
    if isinstance(read, Unusable):
        return read
    target = _within(read.target, report)
    return vulnerability(read, pointer, structs.replace(target, manager=read.kind) if read.kind else target)


def _check(value: object, pointer: str, report: _Report) -> Item:
    read = shaped(_Check, value, pointer)
    if isinstance(read, Unusable):
        return read
    if read.success:
        return Passed(pointer)
    return misconfiguration(structs.replace(read, message="\n".join(read.said or ())), pointer, report.target)


def _secret(value: object, pointer: str, report: _Report) -> Item:
    read = shaped(_Secret, value, pointer)
    return read if isinstance(read, Unusable) else secret(read, pointer, _within(read.target, report))


def _within(name: str | None, report: _Report) -> Target:
    """The target within an image. An image itself has its tag in its name, and the thing that runs it goes before."""
    if not name or (report.repository and report.repository in name):
        return report.target
    found = file_of(name, "")
    return structs.replace(report.target, name=found.identity if found else name, file=found)


_READERS: Final[Mapping[str, Callable[[object, str, _Report], Item]]] = {
    "vulnerabilities": _vulnerability,
    "checks": _check,
    "secrets": _secret,
}
"""The arrays of a report."""
