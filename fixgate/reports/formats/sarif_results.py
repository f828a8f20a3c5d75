"""One result of a SARIF run: its rule, level, places, identity, and the repository that it is about."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fixgate.events import FindingStatus, Location, Severity, SeverityRating
from fixgate.reports.adapter import Draft, Exposed, Hints
from fixgate.reports.aws import access_key, key_id
from fixgate.reports.fields import labelled, sequence, some, word
from fixgate.reports.formats.sarif_shapes import Artifact, Message, Place, Result, Rule, Run
from fixgate.reports.paths import Place as File
from fixgate.reports.paths import action_used, clone_address, portable, workflow_in
from fixgate.reports.secrets import about_secrets, shown
from fixgate.reports.severity import CVSS, by_number, unknown

_LEVELS: Final[Mapping[str, Severity]] = {
    "error": Severity.HIGH,
    "warning": Severity.MEDIUM,
    "note": Severity.LOW,
    "none": Severity.INFORMATIONAL,
}
_SECRET_SCANNERS: Final = frozenset({"gitleaks"})
"""Tools whose snippet is the secret that was found, and nothing else."""
_CHANGING: Final = frozenset({"author", "email", "date", "commitMessage", "scanFileHash"})
"""Partial fingerprints that are none: facts of a commit (gitleaks), the hash of a whole file."""
_BASES_FOLLOWED: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What holds for all results of a run."""

    run: Run
    rules: Mapping[str, Rule]
    roots: tuple[str, ...]
    repository: str | None
    revision: str | None

    @classmethod
    def of(cls, run: Run, hints: Hints) -> "Context":
        """Of a run; what the sender says of the repository goes before what the report says."""
        components = (run.tool.driver, *(run.tool.extensions or ()))
        provenance = next(iter(run.provenance or ()), None)
        folders = [i.folder.uri for i in run.invocations or () if i.folder is not None]
        bases = [_resolved(a, run.bases or {}) for a in (run.bases or {}).values()]
        repository = hints.repository or (clone_address(provenance.repository) if provenance else None)
        return cls(
            run=run,
            rules={r.id: r for c in components for r in c.rules or () if r.id},
            roots=some((*folders, *bases)),
            repository=repository,
            revision=word(provenance.revision) if provenance else None,
        )


def draft(read: Result, pointer: str, context: Context) -> Draft:
    """The result as a draft."""
    driver = context.run.tool.driver
    tool, (rule_id, rule) = word(driver.name) or "unknown", _rule(read, context)
    secrets = tool.lower() in _SECRET_SCANNERS
    hidden = not secrets and _about_secrets(rule_id, rule)
    places = [_location(p, context, hidden=hidden) for p in read.locations or ()]
    locations = tuple(location for location, _ in places)
    files = tuple(sorted({file.identity for _, file in places if file is not None}))
    snippets = tuple(w for location in locations if (w := location.snippet) is not None)
    text = _text(read.message, rule)
    exposed = next(iter(snippets), "") if secrets else ""
    identifier = key_id(*snippets) if secrets else None
    resource, affected = access_key(identifier, None) if identifier else (None, None)
    for location in locations:
        resource = resource or workflow_in(context.repository, location.path)
    return Draft(
        pointer=pointer,
        tool=tool,
        tool_version=word(driver.semantic) or word(driver.version),
        identity=(rule_id, *files, *_own_identity(read, locations, text, hidden=hidden or secrets)),
        unique=False,
        what=rule_id or "unknown",
        severity=_severity(read, rule),
        status=FindingStatus.RESOLVED if read.baseline == "absent" else FindingStatus.OPEN,
        rule_id=rule_id,
        rule_name=word(rule.name) or rule_id,
        title=(rule.short.text if rule.short else None) or text,
        description=text,
        locations=locations,
        resource=resource,
        repository=context.repository,
        commit=context.revision,
        affected=affected,
        secret=Exposed(kind=rule_id, value=shown(exposed)) if secrets else None,
        labels=labelled(
            kind=read.kind,
            baseline=read.baseline,
            uses=action_used(resource, *snippets, text),
        ),
        links=some((rule.help,)),
    )


def _rule(read: Result, context: Context) -> tuple[str, Rule]:
    """The rule's id and what the log says of it (3.27.5 to 3.27.7, 3.52.4: `a/b` is a rule below `a`)."""
    reference = read.rule
    index = read.rule_index if read.rule_index is not None else (reference.index if reference else None)
    component = context.run.tool.driver
    place = reference.component.index if reference and reference.component else None
    extensions = context.run.tool.extensions or []
    if place is not None and 0 <= place < len(extensions):
        component = extensions[place]
    listed = component.rules or []
    by_index = listed[index] if index is not None and 0 <= index < len(listed) else None
    named = word(read.rule_id) or (word(reference.id) if reference else None)
    name = named or (by_index.id if by_index else None) or ""
    found = context.rules.get(name) or context.rules.get(name.rpartition("/")[0]) or by_index or Rule()
    return name, found


def _severity(read: Result, rule: Rule) -> SeverityRating:
    for source, properties in (("result", read.properties), ("rule", rule.properties)):
        given = (properties or {}).get("security-severity")
        try:
            number = float(given) if isinstance(given, (str, int, float)) else None
        except ValueError:
            number = None
        if number is not None:
            return by_number(f"sarif {source} security-severity", number, CVSS, top=10.0)
    if read.level is not None:
        return _by_level("sarif level", read.level)
    if read.kind not in {None, "fail"}:
        return unknown(f"sarif kind {read.kind}")
    if rule.configuration is not None and rule.configuration.level is not None:
        return _by_level("sarif level of the rule", rule.configuration.level)
    return SeverityRating(normalised=Severity.MEDIUM, derivation="sarif level: warning where none is given (3.27.10)")


def _by_level(source: str, level: str) -> SeverityRating:
    found = _LEVELS.get(level)
    if found is None:
        return unknown(source, level)
    return SeverityRating(normalised=found, reported=level, derivation=source)


def _location(place: Place, context: Context, *, hidden: bool) -> tuple[Location, File | None]:
    physical, logical = place.physical, next(iter(place.logical or ()), None)
    name = (word(logical.full) or word(logical.name)) if logical else None
    artifact, region = (physical.artifact, physical.region) if physical else (None, None)
    file = _file(artifact, context)
    snippet = region.snippet.text if region and region.snippet else None
    return Location(
        path=file.path if file else None,
        start_line=region.start_line if region else None,
        end_line=region.end_line if region else None,
        start_column=region.start_column if region else None,
        end_column=region.end_column if region else None,
        logical=name,
        snippet=None if hidden else snippet,
    ), file


def _file(artifact: Artifact | None, context: Context) -> File | None:
    listed = context.run.artifacts or []
    if artifact is not None and artifact.uri is None and artifact.index is not None:
        found = listed[artifact.index].location if 0 <= artifact.index < len(listed) else None
        artifact = found or artifact
    if artifact is None or not artifact.uri:
        return None
    return portable(artifact.uri, context.roots)


def _resolved(artifact: Artifact, bases: Mapping[str, Artifact]) -> str | None:
    """The address of a base, with the bases that it stands on (3.14.14)."""
    address = (artifact.uri or "").strip()
    for _ in range(_BASES_FOLLOWED):
        above = bases.get(artifact.base or "")
        if above is None:
            return address or None
        artifact, address = above, (above.uri or "").strip() + address
    return None


def _text(message: Message, rule: Rule) -> str:
    """The message, its placeholders filled in (3.11.5)."""
    text = message.text
    if text is None and message.id is not None:
        found = (rule.messages or {}).get(message.id)
        text = found.text if found else None
    for number, argument in enumerate(message.arguments or ()):
        text = (text or "").replace(f"{{{number}}}", argument)
    return text or ""


def _own_identity(read: Result, locations: tuple[Location, ...], text: str, *, hidden: bool) -> tuple[str, ...]:
    """What tells the result apart from others of its rule in its files.

    The tool's own fingerprints where it gives any (3.27.16, 3.27.17), else what stands there, never where.
    """
    for given in (read.fingerprints, read.partial):
        own = sorted((n, v) for n, v in (given or {}).items() if n not in _CHANGING)
        usable = [f"{n}={w}" for n, v in own if (w := word(v if isinstance(v, str) else _canonical(v))) is not None]
        if usable:
            primary = [u for u in usable if u.startswith("primaryLocationLineHash=")]
            return tuple(primary or usable)
    names = sorted({location.logical for location in locations if location.logical})
    snippets = () if hidden else sorted({" ".join(s.split()) for location in locations if (s := location.snippet)})
    if snippets:
        return (*names, *snippets)
    return (*names, "" if hidden else re.sub(r"\d+", "#", text))


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _about_secrets(rule_id: str, rule: Rule) -> bool:
    """Whether the snippet may be a secret that the tool does not mark as one."""
    tags = sequence((rule.properties or {}).get("tags")) or []
    return about_secrets(rule_id, rule.name or "", *(t for t in tags if isinstance(t, str)))
