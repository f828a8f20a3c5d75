"""AWS Security Finding Format: `{"Findings": […]}`, an array, one object, JSON lines, or EventBridge's envelope."""

from collections.abc import Iterator
from typing import Final

from pydantic import Field

from fixgate.events import FindingStatus, Package, Resource, SeverityRating
from fixgate.reports import aws
from fixgate.reports.adapter import Draft, Hints, Item, Passed, Suppressed
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import Shape, first_objects, labelled, moment, results, shaped, some, word
from fixgate.reports.packages import purl
from fixgate.reports.severity import HUNDRED, by_number, by_word, unknown

LISTS: Final = ("Findings", "findings")


class _Severity(Shape):
    label: str | None = Field(default=None, alias="Label")
    normalized: float | None = Field(default=None, alias="Normalized")
    original: str | None = Field(default=None, alias="Original")


class _Provider(Shape):
    severity: _Severity | None = Field(default=None, alias="Severity")


class _KeyDetails(Shape):
    key: str | None = Field(default=None, alias="AccessKeyId")
    user: str | None = Field(default=None, alias="PrincipalName")
    kind: str | None = Field(default=None, alias="PrincipalType")


class _Details(Shape):
    access_key: _KeyDetails | None = Field(default=None, alias="AwsIamAccessKey")


class _Resource(Shape):
    type: str | None = Field(default=None, alias="Type")
    id: str | None = Field(default=None, alias="Id")
    region: str | None = Field(default=None, alias="Region")
    role: str | None = Field(default=None, alias="ResourceRole")
    details: _Details | None = Field(default=None, alias="Details")


class _Status(Shape):
    status: str | None = Field(default=None, alias="Status")
    control: str | None = Field(default=None, alias="SecurityControlId")


class _VulnerablePackage(Shape):
    name: str | None = Field(default=None, alias="Name")
    version: str | None = Field(default=None, alias="Version")
    manager: str | None = Field(default=None, alias="PackageManager")
    fixed: str | None = Field(default=None, alias="FixedInVersion")


class _Vulnerability(Shape):
    id: str | None = Field(default=None, alias="Id")
    packages: list[_VulnerablePackage] | None = Field(default=None, alias="VulnerablePackages")


class _Recommendation(Shape):
    url: str | None = Field(default=None, alias="Url")


class _Remediation(Shape):
    recommendation: _Recommendation | None = Field(default=None, alias="Recommendation")


class _Finding(Shape):
    id: str = Field(alias="Id", min_length=1)
    product: str | None = Field(default=None, alias="ProductArn")
    product_name: str | None = Field(default=None, alias="ProductName")
    generator: str | None = Field(default=None, alias="GeneratorId")
    account: str | None = Field(default=None, alias="AwsAccountId")
    region: str | None = Field(default=None, alias="Region")
    types: list[str] | None = Field(default=None, alias="Types")
    title: str | None = Field(default=None, alias="Title")
    description: str | None = Field(default=None, alias="Description")
    severity: _Severity | None = Field(default=None, alias="Severity")
    provider: _Provider | None = Field(default=None, alias="FindingProviderFields")
    confidence: float | None = Field(default=None, alias="Confidence")
    resources: list[_Resource] | None = Field(default=None, alias="Resources")
    compliance: _Status | None = Field(default=None, alias="Compliance")
    workflow: _Status | None = Field(default=None, alias="Workflow")
    state: str | None = Field(default=None, alias="RecordState")
    vulnerabilities: list[_Vulnerability] | None = Field(default=None, alias="Vulnerabilities")
    remediation: _Remediation | None = Field(default=None, alias="Remediation")
    source_url: str | None = Field(default=None, alias="SourceUrl")
    first_seen: str | None = Field(default=None, alias="FirstObservedAt")
    created: str | None = Field(default=None, alias="CreatedAt")
    last_seen: str | None = Field(default=None, alias="LastObservedAt")
    updated: str | None = Field(default=None, alias="UpdatedAt")


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
    users = (d.access_key.user for r in read.resources or () if (d := r.details) is not None and d.access_key)
    what = (word(read.compliance.control) if read.compliance else None) or word(read.generator) or "unknown"
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
        what=what,
        severity=_severity(read),
        status=_status(read),
        rule_id=word(read.generator) or "",
        rule_name=what,
        title=read.title or "",
        description=read.description or "",
        confidence=None if read.confidence is None else f"{read.confidence:g}",
        aliases=some(v.id for v in read.vulnerabilities or ()),
        resource=resource,
        account=account,
        region=region,
        package=_package(packages),
        affected=aws.identity(resource),
        labels=labelled(
            types=" ".join(read.types or ()),
            user=next(users, None),
            resources=" ".join(some(r.id for r in read.resources or ())) if len(read.resources or ()) > 1 else None,
            compliance=read.compliance.status if read.compliance else None,
            workflow=read.workflow.status if read.workflow else None,
        ),
        links=some((_advice(read), read.source_url)),
        first_seen_at=moment(read.first_seen or read.created),
        last_seen_at=moment(read.last_seen or read.updated),
    )


def _advice(read: _Finding) -> str | None:
    advice = read.remediation.recommendation if read.remediation else None
    return advice.url if advice else None


def _resource(read: _Resource, account: str | None, region: str | None) -> tuple[Resource, str | None] | None:
    """A resource and its role in the finding; None when it has no name that others know."""
    where = word(read.region) or region
    key = read.details.access_key.key if read.details and read.details.access_key else None
    if read.type == "AwsIamAccessKey":
        identifier = aws.key_id(key, read.id)
        return None if identifier is None else (aws.access_key(identifier, account)[0], read.role)
    found = aws.resource(word(read.id), account, where)
    if found is None and read.type == "AwsS3Bucket":
        found = aws.named_bucket(word(read.id), account, where)
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
    closed = read.state == "ARCHIVED" or (read.workflow is not None and read.workflow.status == "RESOLVED")
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
