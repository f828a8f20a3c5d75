"""Amazon GuardDuty's findings: of the API (`Id`), of events and exports (`id`), in EventBridge's envelope or not."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from msgspec import field

from fixgate.events import AffectedIdentity, FindingStatus, Resource
from fixgate.reports import aws
from fixgate.reports.adapter import Draft, Hints, Item, Suppressed
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


class _AccessKey(Shape):
    key: str | None = field(default=None, name="accessKeyId")
    user: str | None = field(default=None, name="userName")
    kind: str | None = field(default=None, name="userType")


class _Bucket(Shape):
    name: str | None = None
    arn: str | None = None


class _Named(Shape):
    id: str | None = field(default=None, name="instanceId")
    arn: str | None = None
    database: str | None = field(default=None, name="dbInstanceArn")
    shards: str | None = field(default=None, name="dbShardGroupArn")
    function: str | None = field(default=None, name="functionArn")

    @property
    def name(self) -> str | None:
        """Its ARN, as each service calls it."""
        return self.arn or self.database or self.shards or self.function


class _Resource(Shape):
    kind: str | None = field(default=None, name="resourceType")
    access_key: _AccessKey | None = field(default=None, name="accessKeyDetails")
    buckets: list[_Bucket] | None = field(default=None, name="s3BucketDetails")
    instance: _Named | None = field(default=None, name="instanceDetails")
    eks: _Named | None = field(default=None, name="eksClusterDetails")
    ecs: _Named | None = field(default=None, name="ecsClusterDetails")
    rds: _Named | None = field(default=None, name="rdsDbInstanceDetails")
    limitless: _Named | None = field(default=None, name="rdsLimitlessDbDetails")
    function: _Named | None = field(default=None, name="lambdaDetails")
    kubernetes: object = field(default=None, name="kubernetesDetails")
    container: object = field(default=None, name="containerDetails")


class _Service(Shape):
    detector: str | None = field(default=None, name="detectorId")
    archived: bool | None = None
    count: object = None
    role: object = field(default=None, name="resourceRole")
    first_seen: object = field(default=None, name="eventFirstSeen")
    last_seen: object = field(default=None, name="eventLastSeen")
    more: object = field(default=None, name="additionalInfo")
    detection: object = None
    runtime: object = field(default=None, name="runtimeDetails")


class _Finding(Shape):
    id: Word
    type: Word
    arn: str | None = None
    account: str | None = field(default=None, name="accountId")
    region: str | None = None
    partition: object = None
    severity: float | None = None
    confidence: object = None
    title: object = None
    description: object = None
    created: object = field(default=None, name="createdAt")
    updated: object = field(default=None, name="updatedAt")
    resource: _Resource | None = None
    service: _Service | None = None


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
            read = shaped(_Finding, _camel(value), pointer)
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
    key = about.access_key
    made = labelled(
        count=_plain(service.count),
        resource_role=text(service.role),
        resource_type=about.kind,
        user=key.user if key else None,
        user_type=key.kind if key else None,
    )
    if about.kubernetes is not None or about.container is not None or service.runtime is not None:
        made |= _of_workload(about, service)
    if service.more is not None and _is_sample(service.more):
        made["sample"] = "true"
    return made


def _of_workload(about: _Resource, service: _Service) -> dict[str, str]:
    """What runs in a cluster or a container."""
    kubernetes = about.kubernetes
    return labelled(
        kubernetes_user=said(inside(kubernetes, "kubernetesUserDetails", "username")),
        namespace=said(inside(kubernetes, "kubernetesWorkloadDetails", "namespace")),
        workload=said(inside(kubernetes, "kubernetesWorkloadDetails", "name")),
        image=said(inside(about.container, "image")),
        process=said(inside(service.runtime, "process", "name")),
    )


def _camel(value: object) -> object:
    """A finding in the spelling of events, whichever of the two it has."""
    fields = mapping(value)
    if fields is None:
        return value
    spelled = (*fields, *(mapping(fields.get("service")) or ()), *(mapping(fields.get("resource")) or ()))
    # Capitals stand before small letters.
    return _lowered(value) if min(spelled, default="a") < "a" else value


def _lowered(value: object) -> object:
    if isinstance(value, (str, int, float)):
        return value
    fields = mapping(value)
    if fields is None:
        items = sequence(value)
        return value if items is None else [_lowered(item) for item in items]
    lowered = {name[:1].lower() + name[1:]: _lowered(inner) for name, inner in fields.items()}
    if len(lowered) < len(fields):  # some have both spellings
        lowered.update((name, _lowered(inner)) for name, inner in fields.items() if name in lowered)
    return lowered


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
        if other is not None and (named := aws.resource(other.name, account, region)) is not None:
            found.append(named)
    if not found and read.service is not None and read.service.detection is not None:
        found = list(_of_sequence(read.service.detection, account, region))
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


def _of_sequence(detection: object, account: str | None, region: str | None) -> Iterator[Resource]:
    """What an attack sequence went through (`AttackSequence:…`); a key before what was done with it."""
    listed = sequence(inside(detection, "sequence", "resources"))
    for item in islice(listed or (), _SEQUENCE_READ):
        uid, kind = text(inside(item, "uid")), text(inside(item, "resourceType"))
        where, whose = (
            said(inside(item, "region")) or region,
            aws.account_id(text(inside(item, "accountId"))) or account,
        )
        key = aws.key_id(uid)
        if key is not None:
            yield aws.access_key(key, whose)[0]
            continue
        bucket = said(inside(item, "name")) if kind.upper() in _BUCKETS else None
        named = aws.named_bucket(bucket, whose, where) or aws.resource(uid, whose, where)
        if named is not None:
            yield named


def _partition(read: _Finding) -> str:
    """The part of AWS, for an ARN that is made here."""
    given = text(read.partition)
    return given if _PARTITION.fullmatch(given) else "aws"


def _is_sample(more: object) -> bool:
    """Whether GuardDuty made the finding up, on demand: an example, about nothing real."""
    given = inside(more, "value")
    return inside(more, "sample") is True or (isinstance(given, str) and '"sample":true' in given.replace(" ", ""))
