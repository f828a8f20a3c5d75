"""One result of Trivy: a vulnerability, a misconfiguration, a secret or a licence."""

import re
from typing import Any, Final

from msgspec import Struct

from fixgate.events import FindingStatus, Package, Resource, SeverityRating
from fixgate.reports import aws
from fixgate.reports.adapter import Draft, Exposed, Item, Passed, Spot, Suppressed
from fixgate.reports.fields import labelled, some, text, texts, word
from fixgate.reports.formats.trivy_shapes import License, Misconfiguration, Secret, Vulnerability
from fixgate.reports.packages import purl
from fixgate.reports.paths import Place, portable
from fixgate.reports.secrets import shown
from fixgate.reports.severity import by_word, unknown

TOOL: Final = "trivy"
_LINKS: Final = 9
_CHECK: Final = re.compile(r"(?:AVD-)?([A-Za-z]+(?:-[A-Za-z]+)?)-?0*([0-9]{1,6})")
_GENERIC: Final = frozenset({"Node.js", "Python", "Ruby", "Java", "Conda", "Go", "Rust", "PHP", ".NET", "OS Packages"})
"""Targets that gather packages of a kind: no file has such a name."""
_KINDS: Final = {"Node.js": "npm", "Python": "pypi", "Ruby": "gem", "Java": "maven", "Conda": "conda"}
"""What the packages of such a target are, for licences, which have no `Type`."""
_CONTEXT: Final = 300
"""Characters around a secret that tell it apart."""


class Target(Struct, frozen=True, kw_only=True):
    """What holds for all results of one target: an image's packages, a lock file, a manifest, a thing in a cluster.

    `owner` is the artifact as it goes into a fingerprint; `file` is None where the target is no file. No label is
    empty.
    """

    owner: tuple[str, ...]
    name: str
    file: Place | None
    manager: str
    resource: Resource | None
    account: str | None
    repository: str | None
    commit: str | None
    version: str | None
    labels: dict[str, str]

    def common(self) -> dict[str, Any]:
        """What every draft of the target has, by the names of `Draft`."""
        return {
            "tool": TOOL,
            "tool_version": self.version,
            "unique": False,
            "account": self.account,
            "region": self.resource.region if self.resource else None,
            "repository": self.repository,
            "commit": self.commit,
        }


def vulnerability(read: Vulnerability, pointer: str, target: Target) -> Item:
    """A package that is vulnerable; one that its vendor calls not affected is suppressed."""
    if read.status == "not_affected":
        return Suppressed(pointer)
    name, version = word(read.package) or "", word(read.version)
    inner = word(read.path)
    place = portable(inner) if inner else target.file
    made = word(read.own_purl) or (purl(target.manager, name, version) if name else None)
    return Draft(
        pointer=pointer,
        # Trivy's ids are shared by all packages that a vulnerability is in; a package may be in several versions.
        identity=("vulnerability", *target.owner, target.name, read.id, name, version or "", _known(inner)),
        what=read.id,
        severity=_severity(read.severity),
        status=FindingStatus.OPEN,
        rule_id=read.id,
        rule_name=read.id,
        title=text(read.title) or f"{read.id} in {name}",
        description=text(read.description),
        aliases=some((read.id, *texts(read.vendor_ids), *texts(read.weaknesses))),
        locations=_at(place),
        resource=target.resource,
        package=Package(purl=made, fixed_versions=some((read.fixed or "").split(","))) if made else None,
        labels=labelled(fix=read.status, severity_source=text(read.source)) | target.labels,
        links=_links(read.url, read.references),
        **target.common(),
    )


def misconfiguration(read: Misconfiguration, pointer: str, target: Target) -> Item:
    """A check of a configuration file, or of something that runs."""
    if read.status == "PASS":
        return Passed(pointer)
    if read.status == "EXCEPTION":
        return Suppressed(pointer)
    avd = word(read.avd)
    rule = word(read.id) or avd or "unknown"
    stable = check(avd or rule)
    about = word(read.cause.resource)
    # Of two that have no resource the message says which container or port: its numbers move with the lines.
    apart = about or re.sub(r"[0-9]+", "#", (read.message or "")[:_CONTEXT])
    found = aws.resource(about, target.account, None)
    return Draft(
        pointer=pointer,
        identity=("misconfiguration", *target.owner, target.name, stable, apart),
        what=stable,
        severity=_severity(read.severity),
        status=FindingStatus.OPEN,
        rule_id=rule,
        rule_name=stable,
        title=text(read.title) or rule,
        description=read.message or text(read.description),
        aliases=(avd,) if avd else (),
        locations=_at(target.file, read.cause.start_line, read.cause.end_line, logical=about),
        resource=found or target.resource,
        affected=aws.identity(found),
        labels=labelled(
            check=text(read.kind),
            provider=text(read.cause.provider),
            service=text(read.cause.service),
            resolution=text(read.resolution),
        )
        | target.labels,
        links=_links(read.url, read.references),
        **target.common(),
    )


def secret(read: Secret, pointer: str, target: Target) -> Item:
    """A secret, which Trivy replaces by asterisks in the line where it stands."""
    line = read.match or ""
    hidden = "*" in line
    identifier = aws.key_id(line)
    resource, affected = aws.access_key(identifier, None) if identifier else (target.resource, None)
    return Draft(
        pointer=pointer,
        # How long the secret is does not go into a hash without a key.
        identity=(
            "secret",
            *target.owner,
            target.name,
            read.rule,
            re.sub(r"\*+", "*", line[:_CONTEXT]) if hidden else "",
        ),
        what=read.rule,
        severity=_severity(read.severity),
        status=FindingStatus.OPEN,
        rule_id=read.rule,
        rule_name=read.rule,
        title=text(read.title) or read.rule,
        locations=_at(target.file, read.start_line, read.end_line, snippet=read.match),
        resource=resource,
        affected=affected,
        # A line that nothing was hidden in may be the secret.
        secret=Exposed(kind=read.rule, value=identifier or ("" if hidden else shown(line))),
        labels=labelled(category=text(read.category)) | target.labels,
        **target.common(),
    )


def licence(read: License, pointer: str, target: Target) -> Item:
    """A licence that is not wanted, of a package or in a file."""
    name, path = word(read.package) or "", word(read.file)
    manager = _KINDS.get(target.name, target.manager)
    sure = isinstance(read.confidence, (int, float)) and 0 <= read.confidence <= 1
    return Draft(
        pointer=pointer,
        identity=("licence", *target.owner, target.name, read.name, name, _known(path)),
        what=f"licence {read.name}",
        severity=_severity(read.severity),
        status=FindingStatus.OPEN,
        rule_id=read.name,
        rule_name=read.name,
        title=f"{name or path or target.name} has the licence {read.name}",
        confidence=f"{read.confidence:g}" if sure else None,
        locations=_at(portable(path) if path else target.file),
        resource=target.resource,
        package=Package(purl=purl(manager, name, None)) if name else None,
        labels=labelled(category=text(read.category)) | target.labels,
        links=some((text(read.link),)),
        **target.common(),
    )


def check(name: str) -> str:
    """The id of a check as all versions of Trivy have meant it: `KSV001`, `AVD-KSV-0001` and `KSV-0001` are one."""
    match = _CHECK.fullmatch(name)
    return f"{match[1].upper()}-{int(match[2]):04d}" if match else name


def file_of(name: str, kind: str) -> Place | None:
    """The file that a target is; None when it is an image, a thing in a cluster, or packages from many files."""
    if not name or kind == "os-pkgs" or name in _GENERIC or (kind == "license" and "/" not in name and "." not in name):
        return None
    return portable(name)


def _known(path: str | None) -> str:
    return portable(path).identity if path else ""


def _at(
    place: Place | None,
    start: int | None = None,
    end: int | None = None,
    *,
    logical: str | None = None,
    snippet: str | None = None,
) -> tuple[Spot, ...]:
    if place is None and logical is None and snippet is None:
        return ()
    path = place.path if place else None
    # 0 is Trivy's word for no line.
    return (Spot(path=path, start_line=start or None, end_line=end or None, logical=logical, snippet=snippet),)


def _severity(reported: str | None) -> SeverityRating:
    return by_word("trivy Severity", reported) if word(reported) and reported else unknown("trivy Severity", reported)


def _links(first: object, others: object) -> tuple[str, ...]:
    main, more = word(text(first)), texts(others)[:_LINKS]
    return tuple(dict.fromkeys((main, *more))) if main else more
