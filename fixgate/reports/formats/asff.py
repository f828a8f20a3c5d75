"""AWS Security Finding Format: `{"Findings": […]}`, an array, one object, JSON lines, or EventBridge's envelope."""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import field

from fixgate.events import FindingStatus, Package, Resource, SeverityRating
from fixgate.reports import aws
from fixgate.reports.adapter import Draft, Hints, Item, Passed, Remark, Spot, Suppressed
from fixgate.reports.containers import image
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import (
    Shape,
    Word,
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
from fixgate.reports.packages import known_as, purl
from fixgate.reports.paths import portable
from fixgate.reports.severity import HUNDRED, by_number, by_word, unknown

_INSTANCE: Final = re.compile(r"i-[0-9a-z]{1,40}")
_SURE: Final = 100
LISTS: Final = ("Findings", "findings")


class _Severity(Shape):
    label: str | None = field(default=None, name="Label")
    normalized: float | None = field(default=None, name="Normalized")
    original: str | None = field(default=None, name="Original")


class _Provider(Shape):
    severity: _Severity | None = field(default=None, name="Severity")


class _Resource(Shape):
    type: str | None = field(default=None, name="Type")
    id: str | None = field(default=None, name="Id")
    region: str | None = field(default=None, name="Region")
    partition: object = field(default=None, name="Partition")
    role: str | None = field(default=None, name="ResourceRole")
    details: object = field(default=None, name="Details")
    misplaced: object = field(default=None, name="AwsIamAccessKey")


class _Status(Shape):
    status: str | None = field(default=None, name="Status")
    control: str | None = field(default=None, name="SecurityControlId")


class _VulnerablePackage(Shape):
    name: str | None = field(default=None, name="Name")
    version: str | None = field(default=None, name="Version")
    manager: str | None = field(default=None, name="PackageManager")
    fixed: str | None = field(default=None, name="FixedInVersion")
    file: object = field(default=None, name="FilePath")


class _Vulnerability(Shape):
    id: str | None = field(default=None, name="Id")
    packages: list[_VulnerablePackage] | None = field(default=None, name="VulnerablePackages")


class _Finding(Shape):
    id: Word = field(name="Id")
    product: str | None = field(default=None, name="ProductArn")
    product_name: str | None = field(default=None, name="ProductName")
    generator: str | None = field(default=None, name="GeneratorId")
    account: str | None = field(default=None, name="AwsAccountId")
    region: str | None = field(default=None, name="Region")
    types: object = field(default=None, name="Types")
    title: object = field(default=None, name="Title")
    description: object = field(default=None, name="Description")
    severity: _Severity | None = field(default=None, name="Severity")
    provider: _Provider | None = field(default=None, name="FindingProviderFields")
    confidence: object = field(default=None, name="Confidence")
    resources: list[_Resource] | None = field(default=None, name="Resources")
    compliance: _Status | None = field(default=None, name="Compliance")
    workflow: _Status | None = field(default=None, name="Workflow")
    old_state: str | None = field(default=None, name="WorkflowState")
    state: str | None = field(default=None, name="RecordState")
    vulnerabilities: list[_Vulnerability] | None = field(default=None, name="Vulnerabilities")
    product_fields: object = field(default=None, name="ProductFields")
    remediation: object = field(default=None, name="Remediation")
    source_url: object = field(default=None, name="SourceUrl")
    sample: object = field(default=None, name="Sample")
    first_seen: object = field(default=None, name="FirstObservedAt")
    created: object = field(default=None, name="CreatedAt")
    last_seen: object = field(default=None, name="LastObservedAt")
    updated: object = field(default=None, name="UpdatedAt")


class Asff:
    """See the module."""

    name = "asff"

    def recognises(self, document: Document) -> bool:
        """By fields that only this format has together."""
        marks = {"ProductArn", "GeneratorId", "AwsAccountId", "RecordState"}
        return any(
            {"Id", "SchemaVersion"} <= r.keys() and len(marks & r.keys()) > 1 for r in first_objects(document, *LISTS)
        )

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        del hints
        if any(word(text(inside(value, "NextToken"))) for _, value in document.values[:1]):
            yield Remark("this is one page of several")
        for pointer, value in results(document, *LISTS):
            read = shaped(_Finding, value, pointer)
            if isinstance(read, Unusable):
                yield read
            elif read.compliance is not None and read.compliance.status == "PASSED":
                yield Passed(pointer)
            elif read.workflow is not None and read.workflow.status == "SUPPRESSED":
                yield Suppressed(pointer)
            else:
                yield _draft(read, pointer)


def _draft(read: _Finding, pointer: str) -> Draft:
    account, region = aws.account_id(read.account), word(read.region)
    found = [n for r in read.resources or () if (n := _resource(r, account, region)) is not None]
    resource = aws.most_telling(n for n, role in found if role != "Actor")
    packages = [p for v in read.vulnerabilities or () for p in v.packages or () if word(p.name)]
    control = (word(read.compliance.control) if read.compliance else None) or _field(read, "ControlId")
    aliases = some(v.id for v in read.vulnerabilities or ())
    what = control or word(read.generator) or "unknown"
    return Draft(
        pointer=pointer,
        tool=word(read.product_name) or _product(read.product),
        # An id is unique in its product only, and some tools give one id to a CVE in several packages and places.
        identity=(
            read.product or "",
            read.id,
            account or "",
            region or "",
            *sorted(f"resource {r.id}" for r in read.resources or ()),
            *sorted(f"package {p.manager} {p.name}" for p in packages),
        ),
        unique=False,
        what=known_as(what, aliases),
        severity=_severity(read),
        status=_status(read),
        rule_id=word(read.generator) or "",
        rule_name=what,
        title=text(read.title),
        description=text(read.description),
        confidence=_number(read.confidence),
        aliases=aliases,
        locations=tuple(Spot(path=portable(f).path) for f in some(said(p.file) for p in packages)),
        resource=resource,
        account=account,
        region=region,
        package=_package(packages),
        affected=aws.identity(resource),
        labels=_labels(read),
        links=some((said(inside(read.remediation, "Recommendation", "Url")), said(read.source_url))),
        first_seen_at=moment(read.first_seen) or moment(read.created),
        last_seen_at=moment(read.last_seen) or moment(read.updated),
    )


def _labels(read: _Finding) -> dict[str, str]:
    listed = read.resources or ()
    users = (text(_of_key(r, "PrincipalName")) or None for r in listed)
    return labelled(
        types=" ".join(texts(read.types)),
        user=next((user for user in users if user), None),
        resources=" ".join(some(r.id for r in listed)) if len(listed) > 1 else None,
        compliance=read.compliance.status if read.compliance else None,
        workflow=(read.workflow.status if read.workflow else None) or read.old_state,
        sample="true" if read.sample is True else None,
    )


def _field(read: _Finding, name: str) -> str | None:
    """What the product itself says, in a field of its own."""
    return said((mapping(read.product_fields) or {}).get(name))


def _number(value: object) -> str | None:
    """How sure the product is, from 0 to 100."""
    return f"{value:g}" if isinstance(value, (int, float)) and 0 <= value <= _SURE else None


def _of_key(read: _Resource, name: str) -> object:
    """A detail of an access key; some write the details a level too high."""
    return inside(read.details, "AwsIamAccessKey", name) or inside(read.misplaced, name)


def _resource(read: _Resource, account: str | None, region: str | None) -> tuple[Resource, str | None] | None:
    """A resource and its role in the finding; None when it has no name that others know."""
    where = word(read.region) or region
    if read.type == "AwsIamAccessKey":
        identifier = aws.key_id(text(_of_key(read, "AccessKeyId")), read.id)
        return None if identifier is None else (aws.access_key(identifier, account)[0], read.role)
    found = aws.resource(word(read.id), account, where)
    if found is None and read.type == "AwsS3Bucket":
        found = aws.named_bucket(word(read.id), account, where)
    if found is None and read.type == "AwsEc2Instance" and account and where:
        # Products that are not AWS's give the instance's own id.
        named = f"arn:{said(read.partition) or 'aws'}:ec2:{where}:{account}:instance/{read.id}"
        found = aws.resource(named, account, where) if _INSTANCE.fullmatch(read.id or "") else None
    if found is None and read.type == "Container":
        found = image(said(inside(read.details, "Container", "ImageName")) or word(read.id))
    return None if found is None else (found, read.role)


def _severity(read: _Finding) -> SeverityRating:
    given = read.severity or (read.provider.severity if read.provider else None) or _Severity()
    label = word(given.label)
    if label is not None:
        return by_word("asff Severity.Label", label)
    if given.normalized is not None:
        return by_number("asff Severity.Normalized", given.normalized, HUNDRED, top=100.0)
    return unknown("asff Severity", given.original)


def _status(read: _Finding) -> FindingStatus:
    worked = (read.workflow.status if read.workflow else None) or read.old_state
    closed = read.state == "ARCHIVED" or worked == "RESOLVED"
    if closed:
        return FindingStatus.RESOLVED
    return FindingStatus.OPEN if read.state == "ACTIVE" else FindingStatus.UNKNOWN


def _package(packages: list[_VulnerablePackage]) -> Package | None:
    if not packages:
        return None
    first = packages[0]
    return Package(purl=purl(first.manager, first.name or "", word(first.version)), fixed_versions=some((first.fixed,)))


def _product(arn: str | None) -> str:
    """The product's own name: `aws/inspector` of `arn:aws:securityhub:…::product/aws/inspector`."""
    return (arn or "").partition(":product/")[2] or "unknown"
