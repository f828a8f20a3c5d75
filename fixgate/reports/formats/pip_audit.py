"""pip-audit's JSON: `{"dependencies": […]}`, and the bare array of its first versions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from msgspec import field

from fixgate.events import FindingStatus, Package
from fixgate.reports.adapter import Draft, Hints, Item, Remark
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import (
    Shape,
    Word,
    first_objects,
    labelled,
    mapping,
    results,
    sequence,
    shaped,
    some,
    text,
    word,
)
from fixgate.reports.packages import known_as, purl
from fixgate.reports.severity import unknown

_LIST: Final = "dependencies"
_EMPTY: Final = frozenset({_LIST, "fixes"})
"""All that a report has that looked at nothing."""


class _Dependency(Shape):
    name: Word
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Audited:
    """What holds for all vulnerabilities of a dependency."""

    name: str
    version: str
    purl: str
    labels: Mapping[str, str]
    hints: Hints


class _Vulnerability(Shape):
    id: Word
    fixed: list[str] | None = field(default=None, name="fix_versions")
    aliases: list[str] | None = None
    description: object = None


class PipAudit:
    """See the module."""

    name = "pip-audit"

    def recognises(self, document: Document) -> bool:
        """By dependencies with vulnerabilities or a reason why they were skipped, or by none and nothing else."""
        return any(_is_dependency(fields) for fields in first_objects(document, _LIST)) or _is_empty(document)

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        audited = skipped = 0
        for pointer, value in results(document, _LIST):
            fields = mapping(value)
            if fields is None or not _is_dependency(fields):
                yield Unusable(pointer, "no dependency that pip-audit has looked at")
            elif "skip_reason" in fields:
                skipped += 1
            else:
                audited += 1
                yield from _of_dependency(fields, pointer, hints)
        if not audited:
            yield Remark(f"no dependency was looked at, {skipped} were skipped")
        elif skipped:
            yield Remark(f"{skipped} dependencies were skipped")


def _is_dependency(fields: Mapping[str, object]) -> bool:
    return "name" in fields and ("skip_reason" in fields or {"version", "vulns"} <= fields.keys())


def _is_empty(document: Document) -> bool:
    values = [mapping(value) for _, value in document.values[:2]]
    fields = values[0] if len(values) == 1 else None
    return fields is not None and fields.keys() <= _EMPTY and sequence(fields.get(_LIST)) == []


def _of_dependency(fields: Mapping[str, object], pointer: str, hints: Hints) -> Iterator[Item]:
    items = sequence(fields.get("vulns"))
    if items is None:
        yield Unusable(f"{pointer}/vulns", "the results are no array")
    if not items:
        return
    dependency = shaped(_Dependency, fields, pointer)
    audited = dependency if isinstance(dependency, Unusable) else _audited(dependency, hints)
    for number, value in enumerate(items):
        place = f"{pointer}/vulns/{number}"
        if isinstance(audited, Unusable):
            yield Unusable(place, f"of its dependency: {audited.why}")
            continue
        read = shaped(_Vulnerability, value, place)
        yield read if isinstance(read, Unusable) else _draft(read, audited, place)


def _audited(read: _Dependency, hints: Hints) -> _Audited:
    version = word(read.version)
    return _Audited(
        name=read.name,
        version=version or "",
        purl=purl("pypi", read.name, version),
        labels=labelled(package=read.name),
        hints=hints,
    )


def _draft(read: _Vulnerability, dependency: _Audited, pointer: str) -> Draft:
    aliases = some((read.id, *(read.aliases or ())))
    known = known_as(read.id, aliases)
    return Draft(
        pointer=pointer,
        tool="pip-audit",
        identity=(read.id, dependency.name, dependency.version),
        unique=False,
        what=known,
        severity=unknown("pip-audit"),
        status=FindingStatus.OPEN,
        rule_id=read.id,
        rule_name=known,
        title=f"{known} in {dependency.name} {dependency.version}".rstrip(),
        description=text(read.description),
        aliases=aliases,
        repository=dependency.hints.repository,
        package=Package(purl=dependency.purl, fixed_versions=some(read.fixed) if read.fixed else ()),
        labels=dependency.labels,
    )
