"""Pages of Semgrep's Platform: `findings` of code and dependencies, and the older `vulns` of its Supply Chain."""

from typing import Final

from msgspec import field

from fixgate.events import FindingStatus, Package
from fixgate.reports.adapter import Draft, Hints, Spot
from fixgate.reports.fields import Count, Shape, Word, labelled, moment, said, some, texts, word
from fixgate.reports.formats.semgrep_results import severity
from fixgate.reports.packages import known_as, purl
from fixgate.reports.paths import Place, clone_address, portable
from fixgate.reports.secrets import about_secrets

_IGNORED: Final = frozenset({"ignored", "provisionally_ignored", "muted", "dismissed"})
_RESOLVED: Final = frozenset({"fixed", "removed"})


class _Repository(Shape):
    name: str | None = None
    url: str | None = None


class _Where(Shape):
    file_path: str | None = None
    line: Count | None = None
    end_line: Count | None = None


class _Rule(Shape):
    cwe_names: object = None
    owasp_names: object = None
    message: object = None


class _Dependency(Shape):
    package: str | None = None
    version: str | None = None
    ecosystem: str | None = None
    lockfile_line_url: object = None


class _Fix(Shape):
    package: object = None
    version: object = None


class Finding(Shape):
    """What is read of one of `findings`."""

    rule_name: Word
    id: int | str | None = None
    match_based_id: str | None = None
    syntactic_id: str | None = None
    ref: object = None
    rule_message: str | None = None
    severity: str | None = None
    confidence: str | None = None
    state: str | None = None
    status: str | None = None
    triage_state: str | None = None
    repository: _Repository | None = None
    location: _Where | None = None
    rule: _Rule | None = None
    line_of_code_url: object = None
    created_at: object = None
    vulnerability_identifier: str | None = None
    reachability: object = None
    found_dependency: _Dependency | None = None
    fix_recommendations: list[_Fix] | None = None


class _References(Shape):
    cves: object = field(default=None, name="cveIds")
    weaknesses: object = field(default=None, name="cweIds")
    urls: object = None


class _Advisory(Shape):
    rule: Word = field(name="ruleId")
    description: str | None = None
    ecosystem: str | None = None
    severity: str | None = None
    references: _References = field(default_factory=_References)


class _Named(Shape):
    name: str | None = None
    version: str | None = field(default=None, name="versionSpecifier")


class _File(Shape):
    path: str | None = None
    line: str | int | None = field(default=None, name="startLine")
    url: object = None


class _Triage(Shape):
    status: str | None = None


class Vulnerability(Shape):
    """What is read of one of `vulns`."""

    advisory: _Advisory
    title: str | None = None
    dependency: _Named = field(default_factory=_Named, name="matchedDependency")
    file: _File = field(default_factory=_File, name="dependencyFileLocation")
    triage: _Triage | None = None
    repository_id: str | int | None = field(default=None, name="repositoryId")
    repository: str | None = field(default=None, name="repositoryName")
    safe: _Named | None = field(default=None, name="closestSafeDependency")
    exposure: object = field(default=None, name="exposureType")
    transitivity: object = None
    opened: object = field(default=None, name="openedAt")


def is_over(*states: str | None) -> bool:
    """Whether somebody has said to leave it alone."""
    return any((state or "").lower() in _IGNORED for state in states)


def finding(read: Finding, pointer: str, hints: Hints) -> Draft:
    """One of `findings` as a draft."""
    repository, place = read.repository or _Repository(), read.location or _Where()
    address, rule = clone_address(repository.url), read.rule or _Rule()
    file = _file(place.file_path)
    package = _dependency(read)
    aliases = some((read.vulnerability_identifier, *(w.partition(":")[0] for w in texts(rule.cwe_names))))
    secret = about_secrets(read.rule_name, *texts(rule.cwe_names))
    number = str(read.id) if read.id is not None else ""
    # Of a secret the hashes are made of it too, and the message may have it filled in.
    own = number if secret else word(read.match_based_id) or word(read.syntactic_id) or number
    name, message = read.rule_name.rpartition(".")[2] or read.rule_name, "" if secret else read.rule_message or ""
    return Draft(
        pointer=pointer,
        tool="semgrep",
        identity=(
            read.rule_name,
            file.identity if file else "",
            "" if address else repository.name or "",
            package.purl if package else own,
        ),
        unique=False,
        what=known_as(read.rule_name, aliases),
        severity=severity(read.severity),
        status=_status(read.state, read.status),
        rule_id=read.rule_name,
        rule_name=name,
        title=message or name,
        description=message,
        confidence=word(read.confidence),
        aliases=aliases,
        locations=_locations(file, place.line, place.end_line),
        repository=hints.repository or address,
        package=package,
        labels=_labels(read),
        links=some(
            (
                said(read.line_of_code_url),
                said(read.found_dependency.lockfile_line_url) if read.found_dependency else None,
            )
        ),
        first_seen_at=moment(said(read.created_at)),
    )


def vulnerability(read: Vulnerability, pointer: str, hints: Hints) -> Draft:
    """One of `vulns` as a draft."""
    advisory, name = read.advisory, word(read.dependency.name)
    file = _file(read.file.path)
    fixed = some((read.safe.version,)) if read.safe else ()
    version = word(read.dependency.version)
    package = Package(purl=purl(advisory.ecosystem, name, version), fixed_versions=fixed) if name else None
    weaknesses = (w.partition(":")[0] for w in texts(advisory.references.weaknesses))
    aliases = some((*texts(advisory.references.cves), *weaknesses))
    owner = "" if read.repository_id is None else str(read.repository_id)
    return Draft(
        pointer=pointer,
        tool="semgrep",
        identity=(advisory.rule, file.identity if file else "", owner, package.purl if package else ""),
        unique=False,
        what=known_as(advisory.rule, aliases),
        severity=severity(advisory.severity),
        status=_status(read.triage.status if read.triage else None),
        rule_id=advisory.rule,
        rule_name=advisory.rule,
        title=read.title or advisory.rule,
        description=advisory.description or "",
        aliases=aliases,
        locations=_locations(file, _number(read.file.line)),
        repository=hints.repository,
        package=package,
        labels=labelled(
            repository=read.repository,
            reachability=said(read.exposure),
            transitivity=said(read.transitivity),
            triage=read.triage.status if read.triage else None,
        ),
        links=some((said(read.file.url), *texts(advisory.references.urls))),
        first_seen_at=moment(said(read.opened)),
    )


def _labels(read: Finding) -> dict[str, str]:
    return labelled(
        repository=read.repository.name if read.repository else None,
        branch=said(read.ref),
        triage=read.triage_state,
        reachability=said(read.reachability),
        owasp=" ".join(texts(read.rule.owasp_names)) if read.rule else None,
    )


def _file(path: str | None) -> Place | None:
    return portable(path) if path is not None and word(path) is not None else None


def _locations(file: Place | None, line: int | None, end: int | None = None) -> tuple[Spot, ...]:
    return (Spot(path=file.path, start_line=line or None, end_line=end or None),) if file else ()


def _dependency(read: Finding) -> Package | None:
    found = read.found_dependency
    name = word(found.package) if found else None
    if found is None or name is None:
        return None
    fixed = some(said(f.version) for f in read.fix_recommendations or () if f.package == name)
    return Package(purl=purl(found.ecosystem, name, word(found.version)), fixed_versions=fixed)


def _status(*states: str | None) -> FindingStatus:
    over = any((state or "").lower() in _RESOLVED for state in states)
    return FindingStatus.RESOLVED if over else FindingStatus.OPEN


def _number(line: str | int | None) -> int | None:
    """A line that is a number, or a text of one; 0 is none."""
    text = str(line)
    return int(text) or None if text.isascii() and text.isdecimal() and len(text) < len("1000000000") else None
