"""One result of Semgrep's command line: its rule, severity, place, secret and package."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from msgspec import field

from fixgate.events import FindingStatus, Package, Severity, SeverityRating
from fixgate.reports import aws
from fixgate.reports.adapter import Draft, Exposed, Hints, Spot
from fixgate.reports.fields import Count, Shape, Word, inside, labelled, said, sequence, some, text, texts, word
from fixgate.reports.packages import known_as, purl
from fixgate.reports.paths import action_used, portable, workflow_in
from fixgate.reports.secrets import about_secrets
from fixgate.reports.severity import rated

_OLD_WORDS: Final[Mapping[str, Severity]] = {
    "error": Severity.HIGH,
    "warning": Severity.MEDIUM,
    "info": Severity.LOW,
}
"""As Semgrep's Platform shows them; the newer words are those of everybody."""
_LONGEST: Final = 20
"""Characters of a severity that is remembered."""
_NUMBERS: Final = re.compile(r"\d+")


class _Point(Shape):
    line: Count | None = None
    col: int | None = None


class _Dependency(Shape):
    package: str | None = None
    version: str | None = None
    ecosystem: str | None = None
    transitivity: object = None


class _Match(Shape):
    found_dependency: _Dependency | None = None


class _Supply(Shape):
    reachable: bool | None = None
    dependency_match: _Match | None = None


class _Commit(Shape):
    git_commit: str | None = None


class _Extra(Shape):
    message: str | None = None
    severity: str | None = None
    fingerprint: str | None = None
    lines: str | None = None
    is_ignored: bool | None = None
    metadata: dict[str, object] | None = None
    validation_state: object = None
    sca_info: _Supply | None = None
    historical_info: _Commit | None = None


class Result(Shape):
    """What is read of a result."""

    check_id: Word
    path: str
    start: _Point = field(default_factory=_Point)
    end: _Point = field(default_factory=_Point)
    extra: _Extra = field(default_factory=_Extra)


def severity(reported: str | None) -> SeverityRating:
    """By the old words or the new ones."""
    # Of a million results each has one of six words.
    return _severity(reported) if len(reported or "") <= _LONGEST else _severity.__wrapped__(reported)


@lru_cache(maxsize=256)
def _severity(reported: str | None) -> SeverityRating:
    old = _OLD_WORDS.get((reported or "").strip().lower())
    if old is None:
        return rated("semgrep", reported)
    return SeverityRating(normalised=old, reported=reported, derivation="semgrep: the word")


def result(read: Result, pointer: str, version: str | None, hints: Hints) -> Draft:
    """The result as a draft."""
    extra, metadata = read.extra, read.extra.metadata or {}
    file, code = portable(read.path), word(extra.lines)
    weaknesses = texts(metadata.get("cwe"))
    secret = about_secrets(read.check_id, *weaknesses) or "secret_type" in metadata
    identifier = aws.key_id(code) if secret else None
    resource = workflow_in(hints.repository, file.path)
    affected = None
    if identifier is not None:
        resource, affected = aws.access_key(identifier, None)
    commit = extra.historical_info.git_commit if extra.historical_info else None
    package = _package(extra.sca_info, metadata)
    name = read.check_id.rpartition(".")[2] or read.check_id
    # What a rule about secrets says may have the secret filled in.
    message = "" if secret else extra.message or ""
    aliases = _aliases(said(metadata.get("sca-vuln-database-identifier")), weaknesses)
    return Draft(
        pointer=pointer,
        tool="semgrep",
        tool_version=version,
        identity=(read.check_id, file.identity, commit or "", *_own(read, package, secret=secret)),
        unique=False,
        what=known_as(read.check_id, aliases),
        severity=severity(extra.severity),
        status=FindingStatus.OPEN,
        rule_id=read.check_id,
        rule_name=name,
        title=message or name,
        description=message,
        confidence=said(metadata.get("confidence")),
        aliases=aliases,
        locations=(_location(read, file.path, None if secret else code),),
        resource=resource,
        repository=hints.repository,
        commit=word(commit),
        package=package,
        affected=affected,
        secret=_exposed(read.check_id, metadata, identifier) if secret else None,
        labels=_labels(extra, metadata, action_used(resource, code or "", message)),
        links=some((said(metadata.get("source")), *texts(metadata.get("references")))),
    )


def _aliases(vulnerability: str | None, weaknesses: tuple[str, ...]) -> tuple[str, ...]:
    if vulnerability is None and not weaknesses:
        return ()
    # CWE-79: Improper Neutralization of …
    return some((vulnerability, *[w.partition(":")[0] for w in weaknesses]))


def _exposed(rule: str, metadata: Mapping[str, object], key: str | None) -> Exposed:
    return Exposed(kind=said(metadata.get("secret_type")) or rule, value=key or "")


def _location(read: Result, path: str, code: str | None) -> Spot:
    return Spot(
        path=path,
        start_line=read.start.line or None,
        end_line=read.end.line or None,
        start_column=read.start.col,
        end_column=read.end.col,
        snippet=code,
    )


def _labels(extra: _Extra, metadata: Mapping[str, object], uses: str | None) -> dict[str, str]:
    supply = extra.sca_info
    return labelled(
        validation=text(extra.validation_state),
        category=text(metadata.get("category")),
        impact=text(metadata.get("impact")),
        likelihood=text(metadata.get("likelihood")),
        owasp=" ".join(texts(metadata.get("owasp"))),
        reachable=str(supply.reachable).lower() if supply and supply.reachable is not None else None,
        uses=uses,
    )


def _own(read: Result, package: Package | None, *, secret: bool) -> tuple[str, ...]:
    """What tells the result apart from others of its rule in its file.

    Semgrep's own fingerprint holds the path as it was given: it is another one when that is of this machine alone.
    """
    if package is not None:
        return (package.purl,)
    if secret:
        return ()  # the fingerprint is a hash of it too, without a key
    own = word(read.extra.fingerprint)
    if own is not None and not read.path.startswith(("/", "\\")) and ":" not in read.path[:3]:
        return ("fingerprint", own)
    code = word(read.extra.lines)
    return (" ".join(code.split()) if code else _NUMBERS.sub("#", read.extra.message or ""),)


def _package(supply: _Supply | None, metadata: Mapping[str, object]) -> Package | None:
    found = supply.dependency_match.found_dependency if supply and supply.dependency_match else None
    if found is None or word(found.package) is None:
        return None
    fixed = (said(inside(f, found.package or "")) for f in sequence(metadata.get("sca-fix-versions")) or ())
    return Package(purl=purl(found.ecosystem, found.package or "", word(found.version)), fixed_versions=some(fixed))
