"""OCSF findings, classes 2001 to 2008 of versions 1.0 to 1.8: an array, one object, or JSON lines."""

from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import Field

from fixgate.events import FindingStatus, Package, Resource, Severity, SeverityRating
from fixgate.reports import aws
from fixgate.reports.adapter import Draft, Hints, Item, Passed, Suppressed
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import Shape, first_objects, labelled, mapping, moment, results, shaped, some, word
from fixgate.reports.packages import purl
from fixgate.reports.severity import by_word, unknown

CLASSES: Final = range(2001, 2009)
INCIDENT: Final = 2005
_SEVERITIES: Final[Mapping[int, Severity]] = {
    1: Severity.INFORMATIONAL,
    2: Severity.LOW,
    3: Severity.MEDIUM,
    4: Severity.HIGH,
    5: Severity.CRITICAL,
    6: Severity.CRITICAL,  # fatal
}
_SUPPRESSED: Final = 3
_CLOSED: Final = {4, 5, 6}
_CLOSE: Final = 3
_PASS: Final = 1


class _Product(Shape):
    name: str | None = None
    vendor_name: str | None = None
    version: str | None = None


class _Metadata(Shape):
    event_code: str | None = None
    product: _Product | None = None


class _Analytic(Shape):
    uid: str | None = None
    name: str | None = None


class _Info(Shape):
    uid: str | None = None
    title: str | None = None
    desc: str | None = None
    analytic: _Analytic | None = None
    types: list[str] | None = None
    src_url: str | None = None
    first_seen_time: float | None = None
    last_seen_time: float | None = None
    created_time: float | str | None = None  # Prowler writes a text
    modified_time: float | None = None


class _Resource(Shape):
    uid: str | None = None
    name: str | None = None
    type: str | None = None
    region: str | None = None


class _Account(Shape):
    uid: str | None = None


class _Cloud(Shape):
    account: _Account | None = None
    region: str | None = None
    provider: str | None = None


class _Compliance(Shape):
    control: str | None = None
    status: str | None = None
    status_id: int | None = None


class _Affected(Shape):
    purl: str | None = None
    name: str | None = None
    version: str | None = None
    package_manager: str | None = None
    fixed_in_version: str | None = None


class _Named(Shape):
    uid: str | None = None


class _Vulnerability(Shape):
    cve: _Named | None = None
    cwe: _Named | None = None
    affected_packages: list[_Affected] | None = None


class _Finding(Shape):
    class_uid: int
    metadata: _Metadata = _Metadata()
    severity_id: int | None = None
    severity: str | None = None
    status: str | None = None
    status_id: int | None = None
    status_code: str | None = None
    status_detail: str | None = None
    activity_id: int | None = None
    confidence: str | None = None
    message: str | None = None
    finding_info: _Info | None = None
    finding: _Info | None = None  # 1.0
    resources: list[_Resource] | None = None
    resource: _Resource | None = None  # until 1.3
    cloud: _Cloud | None = None
    compliance: _Compliance | None = None
    vulnerabilities: list[_Vulnerability] | None = None
    time: float | None = Field(default=None)


class Ocsf:
    """See the module."""

    name = "ocsf"

    def recognises(self, document: Document) -> bool:
        """By a class and metadata; whether the class is one of findings is each record's matter."""
        return any("class_uid" in r and mapping(r.get("metadata")) is not None for r in first_objects(document))

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        for pointer, value in results(document):
            read = shaped(_Finding, value, pointer)
            if isinstance(read, Unusable):
                yield read
            elif read.class_uid not in CLASSES:
                yield Unusable(pointer, f"class {read.class_uid} is not one of findings (2001 to 2008)")
            elif _passed(read):
                yield Passed(pointer)
            elif _suppressed(read):
                yield Suppressed(pointer)
            else:
                yield _draft(read, pointer, hints)


def _passed(read: _Finding) -> bool:
    compliance = read.compliance or _Compliance()
    words = {(read.status_code or "").upper(), (compliance.status or "").upper()}
    return bool({"PASS", "PASSED"} & words) or compliance.status_id == _PASS


def _suppressed(read: _Finding) -> bool:
    # Prowler wrote the id of Suppressed with the word New: what is unclear is open.
    said = (word(read.status) or "Suppressed").lower() == "suppressed"
    return read.class_uid != INCIDENT and read.status_id == _SUPPRESSED and said


def _draft(read: _Finding, pointer: str, hints: Hints) -> Draft:
    info = read.finding_info or read.finding or _Info()
    product = read.metadata.product or _Product()
    cloud = read.cloud or _Cloud()
    account = word(cloud.account.uid) if cloud.account else None
    region = word(cloud.region)
    listed = [*(read.resources or ()), *([read.resource] if read.resource else [])]
    region = region or next(iter(some(r.region for r in listed)), None)
    resource = aws.most_telling(n for r in listed if (n := _resource(r, account, region)) is not None)
    rule = word(read.metadata.event_code) or (word(info.analytic.uid) if info.analytic else None) or ""
    tool = word(product.name) or word(product.vendor_name) or "unknown"
    packages = [p for v in read.vulnerabilities or () for p in v.affected_packages or ()]
    names = tuple(n for v in read.vulnerabilities or () for n in (v.cve, v.cwe) if n is not None)
    first_seen = info.first_seen_time if info.first_seen_time is not None else info.created_time
    last_seen = info.last_seen_time if info.last_seen_time is not None else info.modified_time
    return Draft(
        pointer=pointer,
        tool=tool,
        tool_version=word(product.version),
        identity=(
            str(read.class_uid),
            word(info.uid) or "",
            rule or info.title or "",
            account or "",
            region or "",
            *sorted(f"{r.uid} {r.name}" for r in listed),
            *sorted(f"package {p.purl} {p.name}" for p in packages),
        ),
        unique=False,
        what=rule or word(info.title) or str(read.class_uid),
        severity=_severity(read),
        status=_status(read),
        rule_id=rule,
        rule_name=(word(info.analytic.name) if info.analytic else None) or rule,
        title=info.title or read.message or "",
        description=read.status_detail or info.desc or "",
        confidence=word(read.confidence),
        aliases=some(n.uid for n in names),
        resource=resource,
        account=account,
        region=region,
        repository=hints.repository,
        package=_package(packages),
        affected=aws.identity(resource),
        labels=labelled(
            class_uid=str(read.class_uid),
            status_code=read.status_code,
            provider=cloud.provider,
            resource_name=listed[0].name if listed else None,
            resource_type=listed[0].type if listed else None,
            control=read.compliance.control if read.compliance else None,
            types=" ".join(info.types or ()),
        ),
        links=some((info.src_url,)),
        first_seen_at=moment(first_seen),
        last_seen_at=moment(last_seen if last_seen is not None else read.time),
    )


def _resource(read: _Resource, account: str | None, region: str | None) -> Resource | None:
    where = word(read.region) or region
    found = aws.resource(word(read.uid), account, where)
    if found is None and read.type in {"AwsS3Bucket", "AWS::S3::Bucket"}:
        found = aws.named_bucket(word(read.name) or word(read.uid), account, where)
    identifier = aws.key_id(read.uid, read.name)
    if found is None and identifier is not None:
        found = aws.access_key(identifier, account)[0]
    return found


def _severity(read: _Finding) -> SeverityRating:
    reported = None if read.severity is None else read.severity.strip()
    known = None if read.severity_id is None else _SEVERITIES.get(read.severity_id)
    if known is not None and read.severity_id is not None:
        return SeverityRating(
            normalised=known,
            reported=reported or str(read.severity_id),
            score=float(read.severity_id),
            derivation="ocsf severity_id",
        )
    if read.severity_id is None and reported:
        return by_word("ocsf severity", reported)
    return unknown("ocsf severity_id", reported if read.severity_id is None else str(read.severity_id))


def _status(read: _Finding) -> FindingStatus:
    if read.activity_id == _CLOSE or read.status_id in _CLOSED:
        return FindingStatus.RESOLVED
    return FindingStatus.UNKNOWN if (read.status_code or "").upper() == "MANUAL" else FindingStatus.OPEN


def _package(packages: list[_Affected]) -> Package | None:
    for found in packages:
        name = word(found.name)
        made = word(found.purl) or (purl(found.package_manager, name, word(found.version)) if name else None)
        if made is not None:
            return Package(purl=made, fixed_versions=some((found.fixed_in_version,)))
    return None
