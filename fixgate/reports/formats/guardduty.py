"""Amazon GuardDuty's findings: of the API (`Id`), of events and exports (`id`), in EventBridge's envelope or not."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from pydantic import AliasChoices, Field

from fixgate.events import AffectedIdentity, FindingStatus, Resource
from fixgate.reports import aws
from fixgate.reports.adapter import Draft, Hints, Item, Suppressed
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import (
    Shape,
    first_objects,
    labelled,
    mapping,
    moment,
    results,
    said,
    sequence,
    shaped,
    text,
    word,
)
from fixgate.reports.severity import GUARDDUTY, by_number, unknown

LISTS: Final = ("findings", "Findings")
_ROLES: Final = frozenset({"AssumedRole", "Role"})
_USERS: Final = frozenset({None, "IAMUser"})
_BUCKETS: Final = frozenset({"S3BUCKET", "S3_BUCKET"})
_PARTITION: Final = re.compile(r"aws(?:-[a-z]+){0,3}")
_SEQUENCE_READ: Final = 100
_MOST: Final = 1 << 53


def _both(name: str) -> AliasChoices:
    return AliasChoices(name, name[0].upper() + name[1:])


class _AccessKey(Shape):
    key: str | None = Field(default=None, validation_alias=_both("accessKeyId"))
    user: str | None = Field(default=None, validation_alias=_both("userName"))
    kind: str | None = Field(default=None, validation_alias=_both("userType"))


class _Bucket(Shape):
    name: str | None = Field(default=None, validation_alias=_both("name"))
    arn: str | None = Field(default=None, validation_alias=_both("arn"))


class _Named(Shape):
    id: str | None = Field(default=None, validation_alias=_both("instanceId"))
    arn: str | None = Field(
        None,
        validation_alias=AliasChoices(
            *("arn", "Arn", "dbInstanceArn", "DbInstanceArn", "dbShardGroupArn", "DbShardGroupArn"),
            *("functionArn", "FunctionArn"),
        ),
    )


class _Resource(Shape):
    kind: str | None = Field(default=None, validation_alias=_both("resourceType"))
    access_key: _AccessKey | None = Field(default=None, validation_alias=_both("accessKeyDetails"))
    buckets: list[_Bucket] | None = Field(default=None, validation_alias=_both("s3BucketDetails"))
    instance: _Named | None = Field(default=None, validation_alias=_both("instanceDetails"))
    eks: _Named | None = Field(default=None, validation_alias=_both("eksClusterDetails"))
    ecs: _Named | None = Field(default=None, validation_alias=_both("ecsClusterDetails"))
    rds: _Named | None = Field(default=None, validation_alias=_both("rdsDbInstanceDetails"))
    limitless: _Named | None = Field(default=None, validation_alias=_both("rdsLimitlessDbDetails"))
    function: _Named | None = Field(default=None, validation_alias=_both("lambdaDetails"))
    kubernetes: object = Field(default=None, validation_alias=_both("kubernetesDetails"))
    container: object = Field(default=None, validation_alias=_both("containerDetails"))


class _Service(Shape):
    detector: str | None = Field(default=None, validation_alias=_both("detectorId"))
    archived: bool | None = Field(default=None, validation_alias=_both("archived"))
    count: object = Field(default=None, validation_alias=_both("count"))
    role: object = Field(default=None, validation_alias=_both("resourceRole"))
    first_seen: object = Field(default=None, validation_alias=_both("eventFirstSeen"))
    last_seen: object = Field(default=None, validation_alias=_both("eventLastSeen"))
    more: object = Field(default=None, validation_alias=_both("additionalInfo"))
    detection: object = Field(default=None, validation_alias=_both("detection"))
    runtime: object = Field(default=None, validation_alias=_both("runtimeDetails"))


class _Finding(Shape):
    id: str = Field(validation_alias=_both("id"), min_length=1)
    type: str = Field(validation_alias=_both("type"), min_length=1)
    arn: str | None = Field(default=None, validation_alias=_both("arn"))
    account: str | None = Field(default=None, validation_alias=_both("accountId"))
    region: str | None = Field(default=None, validation_alias=_both("region"))
    partition: object = Field(default=None, validation_alias=_both("partition"))
    severity: float | None = Field(default=None, validation_alias=_both("severity"))
    confidence: object = Field(default=None, validation_alias=_both("confidence"))
    title: object = Field(default=None, validation_alias=_both("title"))
    description: object = Field(default=None, validation_alias=_both("description"))
    created: object = Field(default=None, validation_alias=_both("createdAt"))
    updated: object = Field(default=None, validation_alias=_both("updatedAt"))
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
        title=text(read.title) or read.type,
        description=text(read.description),
        confidence=_plain(read.confidence),
        resource=resource,
        account=account,
        region=region,
        affected=affected,
        labels=_labels(read, service),
        first_seen_at=moment(service.first_seen) or moment(read.created),
        last_seen_at=moment(service.last_seen) or moment(read.updated),
    )


def _labels(read: _Finding, service: _Service) -> dict[str, str]:
    about = read.resource or _Resource()
    key, kubernetes = about.access_key, about.kubernetes
    return labelled(
        count=_plain(service.count),
        resource_role=said(service.role),
        resource_type=about.kind,
        user=key.user if key else None,
        user_type=key.kind if key else None,
        kubernetes_user=said(_either(kubernetes, "kubernetesUserDetails", "username")),
        namespace=said(_either(kubernetes, "kubernetesWorkloadDetails", "namespace")),
        workload=said(_either(kubernetes, "kubernetesWorkloadDetails", "name")),
        image=said(_either(about.container, "image")),
        process=said(_either(service.runtime, "process", "name")),
        sample="true" if _is_sample(service) else None,
    )


def _either(value: object, *names: str) -> object:
    """What stands below these names in either spelling."""
    for name in names:
        held = mapping(value) or {}
        value = held.get(name, held.get(name[0].upper() + name[1:]))
    return value


def _plain(value: object) -> str | None:
    """A number as a word; one that nobody counts to is dropped."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < _MOST:
        return None
    return f"{value:g}" if isinstance(value, float) else str(value)


def _about(read: _Finding, account: str | None, region: str | None) -> tuple[Resource | None, AffectedIdentity | None]:
    """The resource and the identity that the finding is about."""
    shape = read.resource or _Resource()
    found: list[Resource] = []
    affected: AffectedIdentity | None = None
    if shape.access_key is not None:
        named, affected = _whose(read, shape.access_key, account)
        found += [named] if named else []
    for bucket in shape.buckets or ():
        named = aws.named_bucket(word(bucket.name), account, region) or aws.resource(bucket.arn, account, region)
        found += [named] if named else []
    if shape.instance is not None and word(shape.instance.id):
        identifier = f"arn:{_partition(read)}:ec2:{region or ''}:{account or ''}:instance/{shape.instance.id}"
        named = aws.resource(identifier, account, region)
        found += [named] if named else []
    for other in (shape.eks, shape.ecs, shape.rds, shape.limitless, shape.function):
        named = aws.resource(other.arn, account, region) if other else None
        found += [named] if named else []
    if not found:
        found = list(_of_sequence(read, account, region))
    resource = aws.most_telling(found)
    return resource, affected or (aws.identity(resource) if shape.access_key is None else None)


def _whose(read: _Finding, key: _AccessKey, account: str | None) -> tuple[Resource | None, AffectedIdentity | None]:
    """The key; of one that is no IAM user's, the user or the role by name. The account's root is neither."""
    identifier = aws.key_id(key.key)
    if identifier is not None:
        return aws.access_key(identifier, account)
    kind = "role" if key.kind in _ROLES else "user" if key.kind in _USERS else ""
    if not kind or not word(key.user) or not account:
        return None, None
    named = aws.resource(f"arn:{_partition(read)}:iam::{account}:{kind}/{key.user}", account, None)
    return named, aws.identity(named)


def _of_sequence(read: _Finding, account: str | None, region: str | None) -> Iterator[Resource]:
    """What an attack sequence went through (`AttackSequence:…`); a key before what was done with it."""
    listed = sequence(_either(read.service.detection if read.service else None, "sequence", "resources"))
    for item in islice(listed or (), _SEQUENCE_READ):
        uid, kind = text(_either(item, "uid")), text(_either(item, "resourceType"))
        where, whose = (
            said(_either(item, "region")) or region,
            aws.account_id(text(_either(item, "accountId"))) or account,
        )
        key = aws.key_id(uid)
        if key is not None:
            yield aws.access_key(key, whose)[0]
            continue
        bucket = said(_either(item, "name")) if kind.upper() in _BUCKETS else None
        named = aws.named_bucket(bucket, whose, where) or aws.resource(uid, whose, where)
        if named is not None:
            yield named


def _partition(read: _Finding) -> str:
    """The part of AWS, for an ARN that is made here."""
    given = text(read.partition)
    return given if _PARTITION.fullmatch(given) else "aws"


def _is_sample(service: _Service) -> bool:
    """Whether GuardDuty made the finding up, on demand: an example, about nothing real."""
    given = _either(service.more, "value")
    return _either(service.more, "sample") is True or (
        isinstance(given, str) and '"sample":true' in given.replace(" ", "")
    )
