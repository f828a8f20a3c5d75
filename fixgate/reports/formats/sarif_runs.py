"""What a SARIF run says for all of its results: tool, rules, roots, repository, overridden levels, image."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from fixgate.events import Resource
from fixgate.reports.adapter import Failed, Hints, Remark
from fixgate.reports.containers import image
from fixgate.reports.fields import inside, mapping, said, sequence, some, word
from fixgate.reports.formats.sarif_rules import Known
from fixgate.reports.formats.sarif_shapes import (
    Artifact,
    Component,
    Invocation,
    ListedArtifact,
    Logical,
    Message,
    Provenance,
    Rule,
    RuleReference,
    tolerant,
)
from fixgate.reports.paths import Place, clone_address, portable

T = TypeVar("T")

_BASES_FOLLOWED: Final = 8
_LEVELS_FOLLOWED: Final = 8
_REMEMBERED: Final = 10_000
_WHOLE: Final = re.compile(r"/|\\|[A-Za-z][A-Za-z0-9+.-]*:")
"""How an address begins that stands on no base."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What holds for all results of a run.

    `rules_unread` says that there are rules and they are no array. `seen` are the rules that results named so far,
    `files` their files.
    """

    tool: str
    tool_version: str | None
    components: Sequence[Sequence[Known]]
    rules: Mapping[str, Known]
    seen: dict[str, Known] = field(default_factory=dict[str, Known])
    rules_unread: bool
    messages: Mapping[str, Message]
    overrides: Sequence[Mapping[str, str]]
    roots: tuple[str, ...]
    bases: Mapping[str, str]
    files: dict[str, Place] = field(default_factory=dict[str, Place])
    artifacts: Sequence[object]
    logical: Sequence[object]
    repository: str | None
    revision: str | None
    image: Resource | None
    told: tuple[Remark | Failed, ...]

    def file(self, artifact: Artifact | None) -> Place | None:
        """The file that is meant, below the folder that its base is in the repository (3.4, 3.14.14)."""
        if artifact is not None and not artifact.uri and artifact.index is not None:
            listed = _element(self.artifacts, artifact.index)
            artifact = tolerant(ListedArtifact, listed)[0].location or artifact
        address = (artifact.uri or "").strip() if artifact else ""
        if artifact is None or not address:
            return None
        folder = self.bases.get(artifact.base or "", "")
        address = address if not folder or _WHOLE.match(address) else folder + address
        place = self.files.get(address)
        if place is None:
            place = portable(address, self.roots)
            if len(self.files) < _REMEMBERED:
                self.files[address] = place
        return place

    def name(self, logical: Logical | None) -> str | None:
        """What a logical location is called (3.33.3: the run may hold it)."""
        if logical is None:
            return None
        if not logical.full and not logical.name and logical.index is not None:
            logical, _ = tolerant(Logical, _element(self.logical, logical.index))
        return word(logical.full) or word(logical.name)

    def rule(self, name: str | None, index: int | None, reference: RuleReference | None) -> tuple[str, Known]:
        """The rule's id and what is known of it (3.27.5 to 3.27.7, 3.52.4: `a/b` is a rule below `a`)."""
        place = reference.component.index if reference and reference.component else None
        listed = self.components[0] if place is None else _element(self.components[1:], place) or self.components[0]
        if index is None:
            index = reference.index if reference else None
        by_index = _element(listed, index)
        named = word(name) or (word(reference.id) if reference else None)
        called = named or (by_index.rule.id if by_index else None) or ""
        known = self.seen.get(called)
        if known is None:
            known = self._known(called, by_index)
            if len(self.seen) < _REMEMBERED:
                self.seen[called] = known
        return called, known

    def _known(self, called: str, by_index: Known | None) -> Known:
        above = called
        for _ in range(_LEVELS_FOLLOWED):
            if above in self.rules:
                break
            above = above.rpartition("/")[0]
        found = self.rules.get(above) or by_index
        if found is not None and found.rule.id == called:
            return found
        rule, doubtful = (found.rule, found.doubtful) if found else (Rule(), self.rules_unread)
        return Known.of(rule, name=called, doubtful=doubtful)

    def overridden(self, rule: str, invocation: object) -> str | None:
        """The level that an invocation gave the rule; the only invocation where the result names none."""
        number = invocation if isinstance(invocation, int) and invocation >= 0 else None
        if number is None and len(self.overrides) == 1:
            number = 0
        return (_element(self.overrides, number) or {}).get(rule)


def context_of(fields: Mapping[str, object], pointer: str, hints: Hints) -> Context:
    """Of a run; what the sender says of the repository goes before what the report says."""
    tool = mapping(fields.get("tool")) or {}
    read = [tolerant(Component, c) for c in (tool.get("driver"), *(sequence(tool.get("extensions")) or ()))]
    components = [[_known(rule) for rule in sequence(component.rules) or ()] for component, _ in read]
    invocations = [tolerant(Invocation, i) for i in sequence(fields.get("invocations")) or ()]
    provenance, _ = tolerant(Provenance, _element(sequence(fields.get("versionControlProvenance")) or (), 0))
    bases = {n: tolerant(Artifact, a)[0] for n, a in (mapping(fields.get("originalUriBaseIds")) or {}).items()}
    driver = read[0][0]
    unread = any(component.rules is not None and sequence(component.rules) is None for component, _ in read)
    doubtful = unread or any(doubt for _, doubt in (*read, *invocations)) or _strange(fields)
    strange_rules = any(known.doubtful for rules in components for known in rules)
    return Context(
        tool=word(driver.name) or "unknown",
        tool_version=word(driver.semantic) or word(driver.version),
        components=components,
        rules={known.rule.id: known for rules in components for known in rules if known.rule.id},
        rules_unread=unread,
        messages=driver.messages or {},
        overrides=[_overrides(invocation, components) for invocation, _ in invocations],
        roots=some(
            (*(i.folder.uri for i, _ in invocations if i.folder), *(_absolute(a, bases) for a in bases.values()))
        ),
        bases={name: _within(artifact, bases) for name, artifact in bases.items()},
        artifacts=sequence(fields.get("artifacts")) or (),
        logical=sequence(fields.get("logicalLocations")) or (),
        repository=hints.repository or clone_address(provenance.repository),
        revision=word(provenance.revision),
        image=image(said(inside(fields.get("properties"), "imageName"))),
        told=(
            *_told(invocations, pointer),
            *([Remark(f"{pointer}: {_DOUBTFUL}")] if doubtful or strange_rules else []),
        ),
    )


_DOUBTFUL: Final = "parts of what it says for all results have other types than the standard gives: they are left out"


def _strange(fields: Mapping[str, object]) -> bool:
    """Whether what says how the scan went, or by which tool, is of another type."""
    tool, invocations = fields.get("tool"), fields.get("invocations")
    return (tool is not None and mapping(tool) is None) or (invocations is not None and sequence(invocations) is None)


def _told(invocations: Iterable[tuple[Invocation, bool]], pointer: str) -> Iterable[Remark | Failed]:
    """What the tool says of its own work."""
    read = [invocation for invocation, _ in invocations]
    if any(i.successful is False or i.not_started for i in read):
        yield Failed(f"{pointer}: the tool says that its execution was not successful")
    elif any(n.level == "error" for i in read for n in (*(i.notifications or ()), *(i.misconfigured or ()))):
        yield Remark(f"{pointer}: the tool reports errors of its own: it may have skipped something")


def _known(value: object) -> Known:
    rule, doubtful = tolerant(Rule, value)
    return Known.of(rule, name=rule.id or "", doubtful=doubtful)


def _overrides(invocation: Invocation, components: Sequence[Sequence[Known]]) -> Mapping[str, str]:
    """Levels by rule, of the driver or of the extension that is named by its index."""
    made: dict[str, str] = {}
    for override in invocation.overrides or ():
        what, level = override.descriptor, override.configuration.level if override.configuration else None
        if what is None or level is None:
            continue
        place = what.component.index if what.component else None
        listed = components[0] if place is None else _element(components[1:], place) or ()
        by_index = _element(listed, what.index)
        name = word(what.id) or (by_index.rule.id if by_index else None)
        if name:
            made[name] = level
    return made


def _absolute(artifact: Artifact, bases: Mapping[str, Artifact]) -> str | None:
    """The address of a base, with the bases that it stands on (3.14.14)."""
    address = (artifact.uri or "").strip()
    for _ in range(_BASES_FOLLOWED):
        above = bases.get(artifact.base or "")
        if above is None:
            return address or None
        artifact, address = above, (above.uri or "").strip() + address
    return None


def _within(artifact: Artifact, bases: Mapping[str, Artifact]) -> str:
    """The folder that a base is within the outermost one; "" for that one, whose place is this machine's."""
    folder = ""
    for _ in range(_BASES_FOLLOWED):
        above = bases.get(artifact.base or "")
        if above is None:
            return folder
        own = (artifact.uri or "").strip()
        artifact, folder = above, (own if own.endswith("/") or not own else f"{own}/") + folder
    return ""


def _element(items: Sequence[T], index: int | None) -> T | None:
    return items[index] if index is not None and 0 <= index < len(items) else None
