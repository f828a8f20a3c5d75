"""One result of a SARIF run: its level, places, identity, and what it is about."""

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from fixgate.events import FindingStatus, Package, Resource, SeverityRating
from fixgate.reports.adapter import Draft, Exposed, Spot
from fixgate.reports.aws import access_key, key_id
from fixgate.reports.fields import inside, labelled, mapping, said, some, word
from fixgate.reports.formats.checkov_checks import bucket_in
from fixgate.reports.formats.gitleaks import assigned
from fixgate.reports.formats.sarif_rules import Known, by_level, by_security_severity, taxa, weaknesses
from fixgate.reports.formats.sarif_runs import Context
from fixgate.reports.formats.sarif_shapes import Message, Place, Region, Result
from fixgate.reports.packages import known_as, purl
from fixgate.reports.paths import Place as File
from fixgate.reports.paths import action_used, workflow_in
from fixgate.reports.secrets import shown
from fixgate.reports.severity import unknown

_SECRET_SCANNERS: Final = frozenset({"gitleaks", "betterleaks"})
"""Tools whose snippet is the secret that was found, and nothing else."""
_OTHER_SECRET_SCANNERS: Final = frozenset(
    {"noseyparker", "nosey parker", "titus", "trufflehog", "ggshield", "gitguardian", "detect-secrets", "kingfisher"}
)
"""Tools whose snippet holds a secret, nobody says where in it."""
_CHANGING: Final = frozenset({"author", "email", "date", "commitMessage", "scanFileHash"})
"""Partial fingerprints that are none: facts of a commit (gitleaks), the hash of a whole file."""
_CONFIDENCE: Final = ("confidence", "issue_confidence", "zizmor/confidence")
_KINDS: Final = frozenset({"open", "review"})
"""Kinds of findings that do not say that something failed."""
_COMMIT: Final = re.compile(r"[0-9a-fA-F]{7,64}")
_PLACEHOLDER: Final = re.compile(r"\{([0-9]{1,3})\}|\{\{|\}\}")
_LINE: Final = re.compile(r"^(Package|Installed Version|Fixed Version|Severity|Link): ?(.*)$", re.MULTILINE)
"""What Trivy writes into its messages, a line each."""
_RATED: Final = re.compile(r"(?i)\b(?:critical|high|medium|moderate|low|negligible|unknown)(?= (?:severity )?vulnerab)")
_BUCKET: Final = re.compile(
    r"""\A[ \t]*resource[ \t]+"aws_s3_bucket[a-z_]*"|^[ \t]*"?Type"?[ \t]*:[ \t]*["']?AWS::S3::Bucket""", re.MULTILINE
)
"""The code of a bucket: Terraform's, CloudFormation's."""
_IDENTIFYING: Final = 2_000
"""Characters of a message that tell results apart."""


def draft(read: Result, pointer: str, context: Context) -> Draft:
    """The result as a draft."""
    rule_id, known = context.rule(read.rule_id, read.rule_index, read.rule)
    secrets = context.tool.lower() in _SECRET_SCANNERS
    hidden = not secrets and (known.about_secrets or context.tool.lower() in _OTHER_SECRET_SCANNERS)
    properties = mapping(read.properties) or {}
    places = _places(read, context, hidden=hidden)
    locations = tuple(location for location, _ in places)
    files = tuple(sorted({file.identity for _, file in places if file is not None}))
    text = _text(read.message, known, context)
    exposed = _exposed(properties, locations) if secrets else ""
    resource, key = _about(context, locations, exposed)
    said_of_package = dict(_LINE.findall(text[:_IDENTIFYING])) if context.tool.lower() == "trivy" else {}
    aliases = known.aliases
    if read.taxa or properties:
        aliases = some((*aliases, *taxa(read.taxa or ()), *weaknesses(properties)))
    own = _own_identity(read, locations, text, hidden=hidden or secrets)
    return Draft(
        pointer=pointer,
        tool=context.tool,
        tool_version=context.tool_version,
        identity=(rule_id, *files, *own, *((f"image {context.image.id}",) if context.image else ())),
        unique=False,
        what=known_as(rule_id, aliases) or "unknown",
        severity=_severity(
            read, known, properties, context.overridden(rule_id, inside(read.provenance, "invocationIndex"))
        ),
        status=FindingStatus.RESOLVED if read.baseline == "absent" else FindingStatus.OPEN,
        rule_id=rule_id,
        rule_name=word(known.rule.name) or rule_id,
        title=(known.rule.short.text if known.rule.short else None) or (known.rule.name or rule_id if hidden else text),
        # What such a rule says of a place may quote the secret that stands there.
        description="" if hidden else text,
        confidence=_confidence(properties, known),
        aliases=aliases,
        locations=locations,
        resource=resource,
        repository=context.repository,
        commit=_commit(read, properties) if secrets else context.revision,
        package=_package(said_of_package, known),
        affected=access_key(key, None)[1] if key else None,
        secret=Exposed(kind=rule_id, value=shown(exposed)) if secrets else None,
        labels=labelled(
            kind=read.kind,
            baseline=read.baseline,
            uses=action_used(resource, *(location.snippet or "" for location in locations), text[:_IDENTIFYING]),
        ),
        links=some((*known.links, said(read.viewer))) if read.viewer else known.links,
    )


def _confidence(properties: Mapping[str, object], known: Known) -> str | None:
    for name in _CONFIDENCE if properties else ():
        given = properties.get(name)
        told = f"{given:g}" if isinstance(given, float) else said(given)
        if told is not None:
            return told
    return known.precision


def _about(context: Context, locations: Iterable[Spot], exposed: str) -> tuple[Resource | None, str | None]:
    """What the result is about: the key that it shows, else a bucket, a workflow, the image; and the key's id."""
    key = key_id(exposed)
    if key is not None:
        return access_key(key, None)[0], key
    if context.tool.lower() == "checkov" and (named := _bucket(locations)) is not None:
        return named, None
    if context.repository is None:
        return context.image, None
    workflows = (workflow_in(context.repository, location.path) for location in locations)
    return next((w for w in workflows if w is not None), context.image), None


def _bucket(locations: Iterable[Spot]) -> Resource | None:
    """The bucket that Checkov's snippets name, which are the whole code of a resource."""
    code = (s for location in locations if (s := location.snippet) and _BUCKET.search(s))
    return bucket_in(line for snippet in code for line in snippet.splitlines())


def _exposed(properties: Mapping[str, object], locations: Iterable[Spot]) -> str:
    """The secret that gitleaks found: version 7 names it, version 8 has it for a snippet."""
    offender = said(properties.get("offender"))
    if offender is not None:
        return assigned(offender) or ""
    return next((s for location in locations if (s := location.snippet)), "")


def _commit(read: Result, properties: Mapping[str, object]) -> str | None:
    """The commit that gitleaks found it in."""
    given = said((read.partial or {}).get("commitSha")) or said(properties.get("commit"))
    return given if given and _COMMIT.fullmatch(given) else None


def _package(lines: Mapping[str, str], known: Known) -> Package | None:
    """The package that Trivy's message or Grype's rule names."""
    name = word(lines.get("Package"))
    if name is None:
        return known.package
    made = purl(None, name, word(lines.get("Installed Version")))
    return Package(purl=made, fixed_versions=some(lines.get("Fixed Version", "").split(", ")))


def _severity(read: Result, known: Known, properties: Mapping[str, object], overridden: str | None) -> SeverityRating:
    number = (by_security_severity("result", properties) if properties else None) or known.number
    if number is not None:
        return number
    if read.level is not None:
        return by_level("sarif level", read.level)
    if read.kind not in {None, "fail"}:
        return unknown(f"sarif kind {read.kind}" if read.kind in _KINDS else "sarif kind")
    if overridden is not None:
        return by_level("sarif level of the rule in the invocation (3.27.10)", overridden)
    return known.rating


def _places(read: Result, context: Context, *, hidden: bool) -> list[tuple[Spot, File | None]]:
    """All places of the result; what was analysed where it has none (3.27.13)."""
    if read.locations:
        return [_location(place, context, hidden=hidden) for place in read.locations]
    file = context.file(read.analysed)
    return [(Spot(path=file.path), file)] if file else []


def _location(place: Place, context: Context, *, hidden: bool) -> tuple[Spot, File | None]:
    physical, logical = place.physical, next(iter(place.logical or ()), None)
    file = context.file(physical.artifact) if physical else None
    region = (physical.region if physical else None) or Region()
    return Spot(
        path=file.path if file else None,
        start_line=region.start_line,
        end_line=region.end_line,
        start_column=region.start_column,
        end_column=region.end_column,
        logical=context.name(logical),
        snippet=None if hidden else _snippet(region.snippet),
    ), file


def _snippet(given: object) -> str | None:
    text = inside(given, "text") if mapping(given) is not None else given
    return text if isinstance(text, str) else None


def _text(message: Message | None, known: Known, context: Context) -> str:
    """The message, its placeholders filled in (3.11.5 to 3.11.7)."""
    if message is None:
        return ""
    text = message.text
    if text is None and message.id is not None:
        found = (known.rule.messages or {}).get(message.id) or context.messages.get(message.id)
        text = found.text if found else None
    text = text or message.markdown or ""
    arguments = [str(a) if isinstance(a, (str, int, float)) else "" for a in message.arguments or ()]
    return _PLACEHOLDER.sub(lambda found: _filled(found, arguments), text) if arguments else text


def _filled(found: re.Match[str], arguments: list[str]) -> str:
    if found[1] is None:
        return found[0][0]
    return arguments[int(found[1])] if int(found[1]) < len(arguments) else found[0]


def _own_identity(read: Result, locations: tuple[Spot, ...], text: str, *, hidden: bool) -> tuple[str, ...]:
    """What tells the result apart from others of its rule in its files.

    The tool's own fingerprints where it gives any (3.27.16, 3.27.17), else what stands there, never where.
    """
    for given in (read.fingerprints, read.partial):
        if not given:
            continue
        own = sorted([(n, v) for n, v in given.items() if n not in _CHANGING])
        usable = [f"{n}={w}" for n, v in own if (w := word(v if isinstance(v, str) else _canonical(v))) is not None]
        if usable:
            primary = [u for u in usable if u.startswith("primaryLocationLineHash=")]
            return tuple(primary or usable)
    names = sorted({location.logical for location in locations if location.logical})
    snippets = () if hidden else sorted({" ".join(s.split()) for location in locations if (s := location.snippet)})
    if snippets:
        return (*names, *snippets)
    return (*names, "" if hidden else _lasting(text[:_IDENTIFYING]))


@lru_cache(1024)
def _lasting(text: str) -> str:
    """The message without numbers, versions and severities: a fix that is out, or a new rating, changes no identity."""
    short = _LINE.sub(lambda line: line[0] if line[1] == "Package" else "", text)
    return re.sub(r"\d+", "#", _RATED.sub("*", short))


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True)
