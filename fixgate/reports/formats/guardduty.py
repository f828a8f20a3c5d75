"""Amazon GuardDuty's findings: of the API (`Id`), of events and exports (`id`), in EventBridge's envelope or not."""

from collections.abc import Iterator
from typing import Final

from pydantic import AliasChoices, Field

from fixgate.events import AffectedIdentity, FindingStatus, Resource
from fixgate.reports import aws
from fixgate.reports.adapter import Draft, Hints, Item, Suppressed
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import Shape, first_objects, labelled, mapping, moment, results, shaped, word
from fixgate.reports.severity import GUARDDUTY, by_number, unknown

LISTS: Final = ("findings", "Findings")
_ROLES: Final = {"AssumedRole", "Role"}


def _both(name: str) -> AliasChoices:
    return AliasChoices(name, name[0].upper() + name[1:])


class _AccessKey(Shape):
    key: str | None = Field(default=None, validation_alias=_both("accessKeyId"))
    principal: str | None = Field(default=None, validation_alias=_both("principalId"))
    user: str | None = Field(default=None, validation_alias=_both("userName"))
    kind: str | None = Field(default=None, validation_alias=_both("userType"))


class _Bucket(Shape):
    name: str | None = Field(default=None, validation_alias=_both("name"))
    arn: str | None = Field(default=None, validation_alias=_both("arn"))


class _Named(Shape):
    id: str | None = Field(default=None, validation_alias=AliasChoices("instanceId", "InstanceId"))
    arn: str | None = Field(
        None,
        validation_alias=AliasChoices("arn", "Arn", "dbInstanceArn", "DbInstanceArn", "functionArn", "FunctionArn"),
    )


class _Resource(Shape):
    kind: str | None = Field(default=None, validation_alias=_both("resourceType"))
    access_key: _AccessKey | None = Field(default=None, validation_alias=_both("accessKeyDetails"))
    buckets: list[_Bucket] | None = Field(default=None, validation_alias=_both("s3BucketDetails"))
    instance: _Named | None = Field(default=None, validation_alias=_both("instanceDetails"))
    eks: _Named | None = Field(default=None, validation_alias=_both("eksClusterDetails"))
    ecs: _Named | None = Field(default=None, validation_alias=_both("ecsClusterDetails"))
    rds: _Named | None = Field(default=None, validation_alias=_both("rdsDbInstanceDetails"))
    function: _Named | None = Field(default=None, validation_alias=_both("lambdaDetails"))


class _Service(Shape):
    detector: str | None = Field(default=None, validation_alias=_both("detectorId"))
    archived: bool | None = Field(default=None, validation_alias=_both("archived"))
    count: int | None = Field(default=None, validation_alias=_both("count"))
    role: str | None = Field(default=None, validation_alias=_both("resourceRole"))
    first_seen: str | None = Field(default=None, validation_alias=_both("eventFirstSeen"))
    last_seen: str | None = Field(default=None, validation_alias=_both("eventLastSeen"))
    more: object = Field(default=None, validation_alias=_both("additionalInfo"))


class _Finding(Shape):
    id: str = Field(validation_alias=_both("id"), min_length=1)
    type: str = Field(validation_alias=_both("type"), min_length=1)
    arn: str | None = Field(default=None, validation_alias=_both("arn"))
    account: str | None = Field(default=None, validation_alias=_both("accountId"))
    region: str | None = Field(default=None, validation_alias=_both("region"))
    severity: float | None = Field(default=None, validation_alias=_both("severity"))
    confidence: float | None = Field(default=None, validation_alias=_both("confidence"))
    title: str | None = Field(default=None, validation_alias=_both("title"))
    description: str | None = Field(default=None, validation_alias=_both("description"))
    resource: _Resource | None = Field(default=None, validation_alias=_both("resource"))
    service: _Service | None = Field(default=None, validation_alias=_both("service"))


class GuardDuty:
    """See the module."""

    name = "guardduty"

    def recognises(self, document: Document) -> bool:
        """By a type and a service that is GuardDuty, or an ARN of GuardDuty."""
        return any(_is_finding(dict(r)) for r in first_objects(document, *LISTS))

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        del hints
        for pointer, value in results(document, *LISTS):
            read = shaped(_Finding, value, pointer)
            if isinstance(read, Unusable):
                yield read
            elif read.service is not None and read.service.archived:
                yield Suppressed(pointer)
            else:
                yield _draft(read, pointer)


def _is_finding(fields: dict[str, object]) -> bool:
    low = {name[:1].lower() + name[1:]: value for name, value in fields.items()}
    if "productArn" in low or not {"type", "id"} <= low.keys():
        return False
    service = mapping(low.get("service")) or {}
    named = {name[:1].lower() + name[1:]: value for name, value in service.items()}
    return (
        named.get("serviceName") == "guardduty"
        or ":guardduty:" in str(low.get("arn"))
        or {"schemaVersion", "service", "resource", "accountId"} <= low.keys()
    )


def _draft(read: _Finding, pointer: str) -> Draft:
    service = read.service or _Service()
    account, region = aws.account_id(read.account), word(read.region)
    resource, affected = _about(read, account, region)
    arn = word(read.arn)
    key = read.resource.access_key if read.resource else None
    return Draft(
        pointer=pointer,
        tool="guardduty",
        identity=(arn,) if arn else (account or "", region or "", service.detector or "", read.id),
        unique=True,
        what=read.type,
        severity=unknown("guardduty severity")
        if read.severity is None
        else by_number("guardduty severity", read.severity, GUARDDUTY, top=10.0),
        status=FindingStatus.OPEN,
        rule_id=read.type,
        rule_name=read.type,
        title=read.title or read.type,
        description=read.description or "",
        confidence=None if read.confidence is None else f"{read.confidence:g}",
        resource=resource,
        account=account,
        region=region,
        affected=affected,
        labels=labelled(
            count=None if service.count is None else str(service.count),
            resource_role=service.role,
            resource_type=read.resource.kind if read.resource else None,
            user=key.user if key else None,
            user_type=key.kind if key else None,
            sample="true" if _is_sample(service) else None,
        ),
        first_seen_at=moment(service.first_seen),
        last_seen_at=moment(service.last_seen),
    )


def _about(read: _Finding, account: str | None, region: str | None) -> tuple[Resource | None, AffectedIdentity | None]:
    """The resource and the identity that the finding is about."""
    shape = read.resource or _Resource()
    found: list[Resource] = []
    affected: AffectedIdentity | None = None
    if shape.access_key is not None:
        identifier = aws.key_id(shape.access_key.key)
        if identifier is not None:
            resource, affected = aws.access_key(identifier, account)
            found.append(resource)
        elif word(shape.access_key.user) and account:
            role = shape.access_key.kind in _ROLES
            arn = f"arn:aws:iam::{account}:{'role' if role else 'user'}/{shape.access_key.user}"
            named = aws.resource(arn, account, None)
            affected = aws.identity(named)
            found += [named] if named else []
    for bucket in shape.buckets or ():
        named = aws.named_bucket(word(bucket.name), account, region) or aws.resource(bucket.arn, account, region)
        found += [named] if named else []
    if shape.instance is not None and word(shape.instance.id):
        identifier = f"arn:aws:ec2:{region or ''}:{account or ''}:instance/{shape.instance.id}"
        named = aws.resource(identifier, account, region)
        found += [named] if named else []
    for other in (shape.eks, shape.ecs, shape.rds, shape.function):
        named = aws.resource(other.arn, account, region) if other else None
        found += [named] if named else []
    return aws.most_telling(found), affected


def _is_sample(service: _Service) -> bool:
    """Whether GuardDuty made the finding up, on demand: an example, about nothing real."""
    more = mapping(service.more) or {}
    text = more.get("value", more.get("Value"))
    return more.get("sample", more.get("Sample")) is True or (
        isinstance(text, str) and '"sample":true' in text.replace(" ", "")
    )
