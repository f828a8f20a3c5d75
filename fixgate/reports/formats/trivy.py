"""Trivy's JSON: of an image, a folder, a repository, a cluster or an account; and the bare array of before 0.20."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from fixgate.events import Resource
from fixgate.reports.adapter import Failed, Hints, Item, Remark, Suppressed
from fixgate.reports.aws import account_id
from fixgate.reports.containers import image, workload
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import LOOKED_AT, inside, labelled, mapping, sequence, shaped, text, word
from fixgate.reports.formats.trivy_results import Target, file_of, licence, misconfiguration, secret, vulnerability
from fixgate.reports.formats.trivy_shapes import License, Misconfiguration, Modified, Secret, Vulnerability
from fixgate.reports.packages import GENERIC, type_of
from fixgate.reports.paths import clone_address, portable
from fixgate.reports.unread import total, unlisted, unread

_CLUSTERS: Final = ("Resources", "Findings", "Vulnerabilities", "Misconfigurations")
"""Where the things of a cluster stand: now, consolidated, and in older versions."""
_CLEAN: Final = frozenset({"Target", "Class", "Type", "Packages"})
"""What a bare target has when nothing was found in it."""
_CLASSES: Final = frozenset({"os-pkgs", "lang-pkgs", "config", "secret", "license", "license-file"})
_SEEN: Final = "not_affected", "fixed", "ignored"
"""What an ignore file or a VEX says of what it takes off the list."""
_BEHIND: Final = re.compile(r" \([^()]{1,80}\)$")
"""The distribution behind an image's name: ` (debian 12.5)`."""
_FOLDERS: Final = frozenset({"filesystem", "repository"})
Reader = Callable[[object, str, Target], Item]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Artifact:
    """What was scanned: `owner` is its part of a fingerprint. Only images wrote bare targets that are systems."""

    owner: tuple[str, ...] = ()
    is_image: bool = False
    family: str = ""
    resource: Resource | None = None
    account: str | None = None
    repository: str | None = None
    commit: str | None = None
    version: str | None = None
    labels: dict[str, str] = field(default_factory=dict[str, str])


class Trivy:
    """See the module."""

    name = "trivy"

    def recognises(self, document: Document) -> bool:
        """By a report's head, a cluster's, or targets with results."""
        return any(_is_report(item) for _, item in _parts(document, LOOKED_AT))

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        for pointer, item in _parts(document, None):
            fields = mapping(item)
            if item is None:
                continue  # until 0.20 `null` was written when nothing was found
            if fields is None or not _is_report(fields):
                yield Unusable(pointer, "neither a report of Trivy nor a target of one")
            elif "Target" in fields:
                yield from _of_target(fields, pointer, _Artifact(is_image=True, repository=hints.repository))
            elif "ClusterName" in fields:
                yield from _of_cluster(fields, pointer, hints)
            else:
                yield from _of_report(fields, pointer, hints)


def _parts(document: Document, limit: int | None) -> Iterator[tuple[str, object]]:
    """The reports, or the targets of the bare array, with their pointers."""
    for pointer, value in islice(document.values, limit):
        items = sequence(value)
        if items is None:
            yield pointer, value
        else:
            yield from ((f"{pointer}/{n}", item) for n, item in islice(enumerate(items), limit))


def _is_report(value: object) -> bool:
    fields = mapping(value)
    if fields is None:
        return False
    if "ClusterName" in fields:
        return any(n in fields for n in (*_CLUSTERS, "SchemaVersion"))
    if isinstance(fields.get("Target"), str):
        return any(n in fields for n in _READERS) or (len(fields) > 1 and fields.keys() <= _CLEAN)
    if isinstance(fields.get("SchemaVersion"), int):
        return bool({"ArtifactName", "ArtifactType", "Trivy"} & fields.keys()) or _has_targets(fields.get("Results"))
    return False


def _has_targets(value: object) -> bool:
    return any("Target" in (mapping(item) or {}) for item in islice(sequence(value) or (), LOOKED_AT))


def _of_report(fields: Mapping[str, Any], pointer: str, hints: Hints) -> Iterator[Item]:
    if fields.get("Results") is None:
        yield Remark("there are no results: Trivy does not say whether there was anything that it could look at")
    yield from unread(fields, ("Results",), "Trivy")
    if inside(fields, "Metadata", "OS", "EOSL") is True:
        yield Remark("the operating system is past its end of support: Trivy may not know of its vulnerabilities")
    yield from _of_targets(fields.get("Results"), f"{pointer}/Results", _artifact(fields, hints))


def _artifact(fields: Mapping[str, Any], hints: Hints) -> _Artifact:
    name, kind = text(fields.get("ArtifactName")), text(fields.get("ArtifactType"))
    metadata = fields.get("Metadata")
    address = clone_address(text(inside(metadata, "RepoURL")) or (name if kind == "repository" else ""))
    # A folder is somewhere else on another machine: the sender says of which repository it is.
    owner = () if kind in _FOLDERS else (portable(name).identity if name.startswith("/") else name,)
    account = account_id(name) if kind == "aws_account" else None
    return _Artifact(
        owner=owner,
        is_image=kind == "container_image",
        family=text(inside(metadata, "OS", "Family")),
        resource=image(name) if kind == "container_image" else None,
        account=account,
        repository=hints.repository or address,
        commit=word(text(inside(metadata, "Commit"))),
        version=word(text(inside(fields, "Trivy", "Version"))),
        labels=labelled(
            artifact=name,
            artifact_type=kind,
            image_id=text(inside(metadata, "ImageID")),
            distribution=f"{text(inside(metadata, 'OS', 'Family'))} {text(inside(metadata, 'OS', 'Name'))}",
        ),
    )


def _of_cluster(fields: Mapping[str, Any], pointer: str, hints: Hints) -> Iterator[Item]:
    cluster, broken, whole = text(fields.get("ClusterName")), 0, 0
    yield from unread(fields, _CLUSTERS, "Trivy")
    for name in _CLUSTERS:
        if fields.get(name) is not None and sequence(fields[name]) is None:
            yield Unusable(f"{pointer}/{name}", "the things of the cluster are no array")
        for number, value in enumerate(sequence(fields.get(name)) or ()):
            place, item = f"{pointer}/{name}/{number}", mapping(value)
            if item is None:
                yield Unusable(place, "nothing that could be in a cluster")
                continue
            broken += 1 if word(text(item.get("Error"))) else 0
            whole += 1 if item.get("Results") is not None else 0
            yield from _of_targets(item.get("Results"), f"{place}/Results", _thing(cluster, item, hints))
    if broken and not whole:
        yield Failed(f"none of {broken} things in the cluster could be scanned")
    elif broken:
        yield Remark(f"{broken} things in the cluster could not be scanned, or not wholly")


def _thing(cluster: str, item: Mapping[str, Any], hints: Hints) -> _Artifact:
    namespace, kind, name = text(item.get("Namespace")), text(item.get("Kind")), text(item.get("Name"))
    found = workload(cluster, namespace, kind, name)
    return _Artifact(
        owner=(cluster, namespace, kind, name),
        family=text(inside(item, "Metadata", "OS", "Family")),
        resource=found,
        account=found.account,
        repository=hints.repository,
        labels=labelled(cluster=cluster, namespace=namespace, kind=kind, name=name),
    )


def _of_targets(value: object, pointer: str, artifact: _Artifact) -> Iterator[Item]:
    items = sequence(value)
    if items is None and value is not None:
        yield Unusable(pointer, "the results are no array")
    for number, item in enumerate(items or ()):
        fields = mapping(item)
        if fields is None:
            yield Unusable(f"{pointer}/{number}", "no target of Trivy")
        else:
            yield from _of_target(fields, f"{pointer}/{number}", artifact)


def _of_target(fields: Mapping[str, Any], pointer: str, artifact: _Artifact) -> Iterator[Item]:
    yield from unread(fields, ("Class", "Packages", *_READERS), "Trivy")
    kind = fields.get("Class")
    if kind is not None and text(kind) not in _CLASSES:
        yield Remark("there are targets of a kind that is not known: what Trivy says of them may not be read")
    if not fields.get("Misconfigurations"):  # of a cluster's thing some more are counted than its report is about
        yield from unlisted(total(fields.get("MisconfSummary"), "Failures"), 0, "Trivy")
    target = _target(fields, artifact)
    for name, reader in _READERS.items():
        found = fields.get(name)
        items = sequence(found)
        if items is None and found is not None:
            yield Unusable(f"{pointer}/{name}", "the results are no array")
        for number, value in enumerate(items or ()):
            yield reader(value, f"{pointer}/{name}/{number}", target)


def _target(fields: Mapping[str, Any], artifact: _Artifact) -> Target:
    name, kind, manager = text(fields.get("Target")), text(fields.get("Class")), text(fields.get("Type"))
    system = kind == "os-pkgs" or (not kind and type_of(manager)[1] != "")
    # The distribution's release behind the name changes with its updates.
    name = _BEHIND.sub("", name) if system else name
    resource = artifact.resource or (image(name) if system and artifact.is_image else None)
    found = None if system else file_of(name, kind)
    if artifact.resource is not None and artifact.resource.kind.startswith("kubernetes.") and kind == "config":
        found = None  # the thing itself, by its kind and name
    return Target(
        owner=artifact.owner,
        name=found.identity if found else name,
        file=found,
        manager=manager if type_of(manager)[0] != GENERIC else artifact.family,
        resource=resource,
        account=artifact.account,
        repository=artifact.repository,
        commit=artifact.commit,
        version=artifact.version,
        labels={**artifact.labels, **labelled(target=name, type=manager)},
    )


def _vulnerability(value: object, pointer: str, target: Target) -> Item:
    read = shaped(Vulnerability, value, pointer)
    return read if isinstance(read, Unusable) else vulnerability(read, pointer, target)


def _misconfiguration(value: object, pointer: str, target: Target) -> Item:
    read = shaped(Misconfiguration, value, pointer)
    return read if isinstance(read, Unusable) else misconfiguration(read, pointer, target)


def _secret(value: object, pointer: str, target: Target) -> Item:
    read = shaped(Secret, value, pointer)
    return read if isinstance(read, Unusable) else secret(read, pointer, target)


def _licence(value: object, pointer: str, target: Target) -> Item:
    read = shaped(License, value, pointer)
    return read if isinstance(read, Unusable) else licence(read, pointer, target)


def _modified(value: object, pointer: str, target: Target) -> Item:
    read = shaped(Modified, value, pointer)
    if isinstance(read, Unusable):
        return read
    if read.status in _SEEN:
        return Suppressed(pointer)
    reader = _KINDS.get(read.kind or "")
    if reader is None:
        return Unusable(pointer, "a modified finding of a kind that is not known")
    return reader(read.finding, f"{pointer}/Finding", target)


_KINDS: Final[Mapping[str, Reader]] = {
    "vulnerability": _vulnerability,
    "misconfiguration": _misconfiguration,
    "secret": _secret,
    "license": _licence,
}
_READERS: Final[Mapping[str, Reader]] = {
    "Vulnerabilities": _vulnerability,
    "Misconfigurations": _misconfiguration,
    "Secrets": _secret,
    "Licenses": _licence,
    "ExperimentalModifiedFindings": _modified,
}
"""The arrays of a target."""
