"""OCSF findings, classes 2001 to 2008 of versions 1.0 to 1.8: an array, one object, or JSON lines."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from fixgate.events import FindingStatus, Package, Resource, Severity, SeverityRating
from fixgate.reports import aws, azure
from fixgate.reports.adapter import Draft, Hints, Item, Passed, Spot, Suppressed
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import (
    first_objects,
    inside,
    labelled,
    mapping,
    moment,
    results,
    said,
    shaped,
    some,
    text,
    texts,
    word,
)
from fixgate.reports.formats.ocsf_shapes import (
    Affected,
    Cloud,
    Code,
    Compliance,
    Finding,
    Info,
    PackageOf,
    Product,
    Vulnerability,
)
from fixgate.reports.packages import known_as, purl
from fixgate.reports.paths import Place, portable
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
_BUCKETS: Final = frozenset({"AwsS3Bucket", "AWS::S3::Bucket", "S3"})


_ACTOR: Final = 2
LISTS: Final = ("Findings", "findings")
"""Security Hub's API and events have records below these."""


class Ocsf:
    """See the module."""

    name = "ocsf"

    def recognises(self, document: Document) -> bool:
        """By a class and metadata; whether the class is one of findings is each record's matter."""
        objects = first_objects(document, *LISTS)
        return any("class_uid" in r and mapping(r.get("metadata")) is not None for r in objects)

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        for pointer, value in results(document, *LISTS):
            read = shaped(Finding, value, pointer)
            if isinstance(read, Unusable):
                yield read
            elif read.class_uid not in CLASSES:
                yield Unusable(pointer, "its class is not one of findings (2001 to 2008)")
            elif _passed(read):
                yield Passed(pointer)
            elif _suppressed(read):
                yield Suppressed(pointer)
            else:
                yield _draft(read, pointer, hints)


def _passed(read: Finding) -> bool:
    compliance = read.compliance or Compliance()
    words = {(read.status_code or "").upper(), (compliance.status or "").upper()}
    return bool({"PASS", "PASSED"} & words) or compliance.status_id == _PASS


def _state(read: Finding) -> tuple[int | None, str | None]:
    """The status and its word; the state where there is no status, as in class 2001."""
    return (read.state_id, read.state) if read.status_id is None else (read.status_id, read.status)


def _suppressed(read: Finding) -> bool:
    # Prowler wrote the id of Suppressed with the word New: what is unclear is open.
    number, name = _state(read)
    said_so = (word(name) or "Suppressed").lower() == "suppressed"
    return read.class_uid != INCIDENT and number == _SUPPRESSED and said_so


def _parts(listed: Sequence[Affected], packages: Sequence[PackageOf], files: Iterable[Place]) -> tuple[str, ...]:
    """What a finding is about, as it goes into its fingerprint, in one order."""
    return (
        *sorted(f"{r.uid} {r.name}" for r in listed),
        *sorted(f"package {p.purl} {p.name}" for p in packages),
        *sorted({f"file {file.identity}" for file in files}),
    )


def _draft(read: Finding, pointer: str, hints: Hints) -> Draft:
    info = read.finding_info or read.finding or next(iter(read.finding_info_list or ()), None) or Info()
    product = read.metadata.product or Product()
    cloud = read.cloud or Cloud()
    account = word(cloud.account.uid) if cloud.account else None
    listed = [*(read.resources or ()), *(r for r in (read.resource, read.databucket, read.user) if r is not None)]
    region = word(cloud.region) or next(iter(some(r.region for r in listed)), None)
    resource = aws.most_telling(n for r in listed if not _acts(r) and (n := _resource(r, account, region)) is not None)
    rule = word(read.metadata.event_code) or (word(info.analytic.uid) if info.analytic else None) or ""
    packages, aliases, places = _vulnerable(read.vulnerabilities or ())
    parts = _parts(listed, packages, (file for _, file in places))
    return Draft(
        pointer=pointer,
        tool=word(product.name) or word(product.vendor_name) or "unknown",
        tool_version=said(product.version),
        identity=(
            str(read.class_uid),
            word(info.uid) or "",
            rule or info.title or "",
            account or "",
            region or "",
            *parts,
        ),
        unique=False,
        what=known_as(rule or word(info.title) or str(read.class_uid), aliases),
        severity=_severity(read),
        status=_status(read),
        rule_id=rule,
        rule_name=(word(info.analytic.name) if info.analytic else None) or rule,
        title=info.title or text(read.message),
        description=text(read.status_detail) or text(info.desc) or text(read.desc),
        confidence=said(read.confidence),
        aliases=aliases,
        locations=tuple(location for location, _ in places),
        resource=resource,
        account=account,
        region=region,
        repository=hints.repository,
        package=_package(packages),
        affected=aws.identity(resource),
        labels=_labels(read, info, listed),
        links=_links(read, info),
        first_seen_at=moment(info.first_seen_time) or moment(info.created_time),
        last_seen_at=moment(info.last_seen_time) or moment(info.modified_time) or moment(read.time),
    )


def _vulnerable(
    found: Sequence[Vulnerability],
) -> tuple[list[PackageOf], tuple[str, ...], list[tuple[Spot, Place]]]:
    """Packages, names of vulnerabilities, and code."""
    packages = [p for v in found for p in (*(v.affected_packages or ()), *(v.packages or ()))]
    names = some(n.uid for v in found for n in (v.cve, v.cwe, v.advisory, *(v.related_cwes or ())) if n is not None)
    return packages, names, [place for v in found for c in v.affected_code or () if (place := _place(c)) is not None]


def _labels(read: Finding, info: Info, listed: list[Affected]) -> dict[str, str]:
    return labelled(
        class_uid=str(read.class_uid),
        status_code=read.status_code,
        provider=said(read.cloud.provider) if read.cloud else None,
        resource_name=listed[0].name if listed else None,
        resource_type=listed[0].type if listed else None,
        resources=" ".join(some(r.uid for r in listed)) if len(listed) > 1 else None,
        control=said(read.compliance.control) if read.compliance else None,
        types=" ".join(texts(info.types)),
        verdict=said(read.verdict),
    )


def _links(read: Finding, info: Info) -> tuple[str, ...]:
    told = (r for v in read.vulnerabilities or () for r in texts(v.references))
    return some((said(info.src_url), said(read.src_url), *told, *texts(inside(read.remediation, "references"))))


def _place(read: Code) -> tuple[Spot, Place] | None:
    path = (word(read.file.path) or word(read.file.name)) if read.file else None
    if path is None:
        return None
    file = portable(path)
    return Spot(path=file.path, start_line=read.start_line, end_line=read.end_line), file


def _acts(read: Affected) -> bool:
    """Whether it is who did something, not what a finding is about."""
    return read.role_id == _ACTOR or (read.role or "").lower() == "actor"


def _resource(read: Affected, account: str | None, region: str | None) -> Resource | None:
    where = word(read.region) or region
    key = aws.key_id(read.credential_uid, read.uid, read.name)
    found = aws.resource(word(read.uid), account, where) or aws.resource(word(read.uid_alt), account, where)
    if found is None and read.type in _BUCKETS:
        found = aws.named_bucket(word(read.name) or word(read.uid), account, where)
    if found is None and key is not None:
        found = aws.access_key(key, account)[0]
    return found or azure.resource(word(read.uid))


def _severity(read: Finding) -> SeverityRating:
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


def _status(read: Finding) -> FindingStatus:
    if read.activity_id == _CLOSE or _state(read)[0] in _CLOSED:
        return FindingStatus.RESOLVED
    return FindingStatus.UNKNOWN if (read.status_code or "").upper() == "MANUAL" else FindingStatus.OPEN


def _package(packages: list[PackageOf]) -> Package | None:
    for found in packages:
        name = word(found.name)
        made = word(found.purl) or (purl(found.package_manager, name, word(found.version)) if name else None)
        if made is not None:
            return Package(purl=made, fixed_versions=some((found.fixed_in_version,)))
    return None
