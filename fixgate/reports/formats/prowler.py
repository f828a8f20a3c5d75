"""Prowler's own JSON: the array of version 3, and the JSON lines of version 2. Its OCSF is read as `ocsf`."""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import field

from fixgate.events import FindingStatus, Resource
from fixgate.reports import aws, azure
from fixgate.reports.adapter import Draft, Hints, Item, Passed, Suppressed
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
    word,
)
from fixgate.reports.severity import rated

_FAILED: Final = frozenset({"FAIL", "FAILED"})
_PASSED: Final = frozenset({"PASS", "PASSED"})
_MUTED: Final = frozenset({"WARNING", "MUTED"})
"""What an allow list or a mute list says to leave alone; both versions of the list failed before they were muted."""
_CONTROL: Final = re.compile(r"\s*\[(?P<id>[\w.-]{1,80})\]\s*(?P<title>.*)", re.DOTALL)
_NUMBERS: Final = re.compile(r"\d+")


class _Version3(Shape):
    check: Word = field(name="CheckID")
    status: str = field(name="Status")
    provider: object = field(default=None, name="Provider")
    title: str | None = field(default=None, name="CheckTitle")
    extended: str | None = field(default=None, name="StatusExtended")
    severity: str | None = field(default=None, name="Severity")
    service: object = field(default=None, name="ServiceName")
    kind: object = field(default=None, name="ResourceType")
    risk: object = field(default=None, name="Risk")
    remediation: object = field(default=None, name="Remediation")
    url: object = field(default=None, name="RelatedUrl")
    started: object = field(default=None, name="AssessmentStartTime")
    account: str | None = field(default=None, name="AccountId")
    subscription: str | None = field(default=None, name="Subscription")
    project: str | None = field(default=None, name="ProjectId")
    region: str | None = field(default=None, name="Region")
    location: str | None = field(default=None, name="Location")
    resource: str | None = field(default=None, name="ResourceId")
    name: str | None = field(default=None, name="ResourceName")
    arn: str | None = field(default=None, name="ResourceArn")


class _Version2(Shape):
    control: Word = field(name="Control")
    status: str = field(name="Status")
    number: object = field(default=None, name="Control ID")
    message: str | None = field(default=None, name="Message")
    severity: str | None = field(default=None, name="Severity")
    service: str | None = field(default=None, name="Service")
    risk: object = field(default=None, name="Risk")
    link: object = field(default=None, name="Doc link")
    time: object = field(default=None, name="Timestamp")
    account: str | None = field(default=None, name="Account Number")
    region: str | None = field(default=None, name="Region")
    resource: str | None = field(default=None, name="Resource ID")


class Prowler:
    """See the module."""

    name = "prowler"

    def recognises(self, document: Document) -> bool:
        """By the names that only Prowler gives."""
        return any(
            {"CheckID", "Status", "StatusExtended"} <= r.keys() or {"Control", "Control ID", "Status"} <= r.keys()
            for r in first_objects(document)
        )

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        for pointer, value in results(document):
            old = "Control" in (mapping(value) or {})
            read = shaped(_Version2, value, pointer) if old else shaped(_Version3, value, pointer)
            yield read if isinstance(read, Unusable) else _item(read, pointer, hints)


def _item(read: _Version2 | _Version3, pointer: str, hints: Hints) -> Item:
    status = read.status.strip().upper()
    if status in _PASSED:
        return Passed(pointer)
    if status in _MUTED:
        return Suppressed(pointer)
    # The rest, such as MANUAL and INFO, is for a person to look at.
    decided = FindingStatus.OPEN if status in _FAILED else FindingStatus.UNKNOWN
    if isinstance(read, _Version2):
        return _draft_2(read, pointer, decided, hints)
    return _draft_3(read, pointer, decided, hints)


def _draft_3(read: _Version3, pointer: str, status: FindingStatus, hints: Hints) -> Draft:
    account = word(read.account) or word(read.subscription) or word(read.project)
    region = word(read.region) or word(read.location)
    name = word(read.arn) or word(read.resource) or word(read.name) or ""
    found = _resource(read, account, region)
    return Draft(
        pointer=pointer,
        tool="Prowler",
        # Prowler's own id is made of these, and is a placeholder in some reports.
        identity=(read.check, account or "", region or "", name),
        unique=False,
        what=read.check,
        severity=rated("prowler", read.severity),
        status=status,
        rule_id=read.check,
        rule_name=read.check,
        title=read.title or read.check,
        description=read.extended or "",
        resource=found,
        account=account,
        region=region,
        repository=hints.repository,
        affected=aws.identity(found),
        labels=labelled(
            provider=said(read.provider),
            service=said(read.service),
            resource=word(read.resource) or word(read.name),
            resource_type=said(read.kind),
            risk=said(read.risk),
            status=read.status,
        ),
        links=some((said(read.url), said(inside(read.remediation, "Recommendation", "Url")))),
        last_seen_at=moment(said(read.started)),
    )


def _resource(read: _Version3, account: str | None, region: str | None) -> Resource | None:
    found = aws.resource(word(read.arn), account, region)
    if found is None and said(read.kind) in {"AwsS3Bucket", "AWS::S3::Bucket"}:
        found = aws.named_bucket(word(read.resource), account, region)
    identifier = aws.key_id(read.arn, read.resource)
    if identifier:
        return aws.access_key(identifier, account)[0]
    return found or azure.resource(word(read.arn)) or azure.resource(word(read.resource))


def _draft_2(read: _Version2, pointer: str, status: FindingStatus, hints: Hints) -> Draft:
    control = _CONTROL.fullmatch(read.control)
    check, title = (control["id"], control["title"]) if control else (read.control, read.control)
    account, region, name = word(read.account), word(read.region), word(read.resource)
    found = aws.resource(name, account, region)
    if found is None and (read.service or "").lower() == "s3":
        found = aws.named_bucket(name, account, region)
    identifier = aws.key_id(name)
    if identifier is not None:
        found = aws.access_key(identifier, account)[0]
    return Draft(
        pointer=pointer,
        tool="Prowler",
        identity=(check, account or "", region or "", name or _NUMBERS.sub("#", read.message or "")),
        unique=False,
        what=check,
        severity=rated("prowler", read.severity),
        status=status,
        rule_id=check,
        rule_name=check,
        title=title or check,
        description=read.message or "",
        resource=found,
        account=account,
        region=region,
        repository=hints.repository,
        affected=aws.identity(found),
        labels=labelled(
            service=read.service,
            control=said(read.number),
            resource=name,
            risk=said(read.risk),
            status=read.status,
        ),
        links=some((said(read.link),)),
        last_seen_at=moment(said(read.time)),
    )
