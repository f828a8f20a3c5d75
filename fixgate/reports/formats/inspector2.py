"""Amazon Inspector's findings: of `ListFindings`, of an exported report, and of EventBridge."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from msgspec import field

from fixgate.events import FindingStatus, Package, Resource, SeverityRating
from fixgate.reports import aws
from fixgate.reports.adapter import Draft, Hints, Item, Remark, Spot, Suppressed
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import (
    Count,
    Shape,
    Word,
    first_objects,
    inside,
    labelled,
    moment,
    results,
    shaped,
    some,
    text,
    texts,
    word,
)
from fixgate.reports.packages import known_as, purl
from fixgate.reports.paths import portable
from fixgate.reports.severity import CVSS, by_number, by_word, unknown

LISTS: Final = ("findings", "Findings")
_LINKS: Final = 9
_TOP: Final = 10.0
_STATUSES: Final[Mapping[str, FindingStatus]] = {"ACTIVE": FindingStatus.OPEN, "CLOSED": FindingStatus.RESOLVED}
_HOSTS: Final = ("awsEc2Instance", "awsEcrContainerImage")


class _Package(Shape):
    name: str | None = None
    version: str | None = None
    release: str | None = None
    epoch: int | None = None
    manager: str | None = field(default=None, name="packageManager")
    fixed: str | None = field(default=None, name="fixedInVersion")
    path: str | None = field(default=None, name="filePath")


class _Vulnerable(Shape):
    id: str | None = field(default=None, name="vulnerabilityId")
    related: list[str] | None = field(default=None, name="relatedVulnerabilities")
    packages: list[_Package] | None = field(default=None, name="vulnerablePackages")
    url: object = field(default=None, name="sourceUrl")
    urls: object = field(default=None, name="referenceUrls")


class _File(Shape):
    path: str | None = field(default=None, name="filePath")
    start_line: Count | None = field(default=None, name="startLine")
    end_line: Count | None = field(default=None, name="endLine")


class _Code(Shape):
    rule: str | None = field(default=None, name="ruleId")
    detector: str | None = field(default=None, name="detectorId")
    file: _File | None = field(default=None, name="filePath")
    weaknesses: object = field(default=None, name="cwes")
    urls: object = field(default=None, name="referenceUrls")


class _Ports(Shape):
    begin: int | None = None
    end: int | None = None


class _Network(Shape):
    ports: _Ports | None = field(default=None, name="openPortRange")
    protocol: str | None = None


class _Resource(Shape):
    id: str | None = None
    type: str | None = None
    region: str | None = None
    partition: str | None = None
    details: object = None


class _Finding(Shape):
    arn: Word = field(name="findingArn")
    account: str | None = field(default=None, name="awsAccountId")
    type: str | None = None
    status: str | None = None
    severity: str | None = None
    score: float | None = field(default=None, name="inspectorScore")
    title: object = None
    description: object = None
    resources: list[_Resource] | None = None
    vulnerable: _Vulnerable | None = field(default=None, name="packageVulnerabilityDetails")
    code: _Code | None = field(default=None, name="codeVulnerabilityDetails")
    network: _Network | None = field(default=None, name="networkReachabilityDetails")
    fix: object = field(default=None, name="fixAvailable")
    exploit: object = field(default=None, name="exploitAvailable")
    first_seen: object = field(default=None, name="firstObservedAt")
    last_seen: object = field(default=None, name="lastObservedAt")


class Inspector2:
    """See the module."""

    name = "inspector2"

    def recognises(self, document: Document) -> bool:
        """By an ARN of a finding of Inspector."""
        return any(":inspector2:" in text(fields.get("findingArn")) for fields in first_objects(document, *LISTS))

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        if any(word(text(inside(value, "nextToken"))) for _, value in document.values[:1]):
            yield Remark("this is one page of several")
        for pointer, value in results(document, *LISTS):
            read = shaped(_Finding, value, pointer)
            if isinstance(read, Unusable):
                yield read
            elif read.status == "SUPPRESSED":
                yield Suppressed(pointer)
            else:
                yield _draft(read, pointer, hints)


def _draft(read: _Finding, pointer: str, hints: Hints) -> Draft:
    account = aws.account_id(read.account)
    region = next(iter(some(r.region for r in read.resources or ())), None)
    resource = aws.most_telling(n for r in read.resources or () if (n := _resource(r, account, region)) is not None)
    vulnerable, code = read.vulnerable or _Vulnerable(), read.code or _Code()
    names = some((vulnerable.id, *(vulnerable.related or ())))
    rule = next(iter(names), None) or word(code.rule) or word(code.detector) or _reachable(read) or "unknown"
    known = known_as(rule, names)
    return Draft(
        pointer=pointer,
        tool="inspector2",
        identity=(read.arn,),
        unique=True,
        what=known,
        severity=_severity(read),
        status=_STATUSES.get(read.status or "", FindingStatus.UNKNOWN),
        rule_id=rule,
        rule_name=known,
        title=text(read.title) or rule,
        description=text(read.description),
        aliases=(*names, *texts(code.weaknesses)),
        locations=_locations(code.file, vulnerable),
        resource=resource,
        account=account,
        region=region,
        repository=hints.repository,
        package=_package(vulnerable, _platform(read)),
        labels=labelled(
            type=read.type,
            fix=text(read.fix),
            exploit=text(read.exploit),
            platform=_platform(read),
            packages=" ".join(some(p.name for p in vulnerable.packages or ())),
        ),
        links=some((text(vulnerable.url), *texts(vulnerable.urls)[:_LINKS], *texts(code.urls)[:_LINKS])),
        first_seen_at=moment(read.first_seen),
        last_seen_at=moment(read.last_seen),
    )


def _resource(read: _Resource, account: str | None, region: str | None) -> Resource | None:
    identifier, where = word(read.id), word(read.region) or region
    if read.type == "AWS_EC2_INSTANCE" and identifier and not identifier.startswith("arn:"):
        identifier = f"arn:{read.partition or 'aws'}:ec2:{where or ''}:{account or ''}:instance/{identifier}"
    return aws.resource(identifier, account, where)


def _severity(read: _Finding) -> SeverityRating:
    """The word; `UNTRIAGED` is none. The score beside it is kept."""
    if read.severity and word(read.severity):
        rated = by_word("inspector2 severity", read.severity)
        known = read.score is not None and 0 <= read.score <= _TOP
        return replace(rated, score=read.score) if known else rated
    if read.score is not None:
        return by_number("inspector2 inspectorScore", read.score, CVSS, top=_TOP)
    return unknown("inspector2 severity", read.severity)


def _reachable(read: _Finding) -> str | None:
    """What a finding about a network is about: its protocol and ports."""
    if read.network is None:
        return None
    ports = read.network.ports or _Ports()
    return f"{read.type or 'NETWORK_REACHABILITY'} {read.network.protocol or ''} {ports.begin}-{ports.end}"


def _locations(file: _File | None, vulnerable: _Vulnerable) -> tuple[Spot, ...]:
    found = [Spot(path=portable(p).path) for p in some(p.path for p in vulnerable.packages or ())]
    path = word(file.path) if file else None
    if file is not None and path is not None:
        found.append(Spot(path=portable(path).path, start_line=file.start_line or None, end_line=file.end_line or None))
    return tuple(found)


def _platform(read: _Finding) -> str:
    """The distribution of the instance or the image: `DEBIAN_12`."""
    found = (text(inside(r.details, host, "platform")) for r in read.resources or () for host in _HOSTS)
    return next((platform for platform in found if platform), "")


def _package(vulnerable: _Vulnerable, platform: str) -> Package | None:
    first = next((p for p in vulnerable.packages or () if word(p.name)), None)
    if first is None:
        return None
    version = word(first.version)
    if version:
        version = f"{first.epoch}:{version}" if first.epoch else version
        version = f"{version}-{first.release}" if word(first.release) else version
    manager = platform if first.manager == "OS" else first.manager
    fixed = some(f for p in vulnerable.packages or () if p.name == first.name and (f := p.fixed) != "NotAvailable")
    return Package(purl=purl(manager, first.name or "", version), fixed_versions=fixed)
