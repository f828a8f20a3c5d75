"""Microsoft Defender: assessments, sub-assessments and alerts of Defender for Cloud, vulnerabilities of machines."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from msgspec import field

from fixgate.events import FindingStatus, Package, Resource, SeverityRating
from fixgate.reports import aws, azure
from fixgate.reports.adapter import Draft, Hints, Item, Passed, Remark, Suppressed
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import (
    Shape,
    Word,
    first_objects,
    first_values,
    inside,
    labelled,
    mapping,
    moment,
    respelled,
    results,
    said,
    sequence,
    shaped,
    some,
    word,
)
from fixgate.reports.packages import purl
from fixgate.reports.severity import by_word, unknown

LISTS: Final = ("value",)
_ASSESSMENT: Final = "microsoft.security/assessments"
_BELOW: Final = "microsoft.security/assessments/subassessments"
_ALERT: Final = "microsoft.security/locations/alerts"
_SHORT: Final = 200
"""Characters of a program's names that are remembered."""
_MARK: Final = "/providers/microsoft.security/"
_SPELLINGS: Final[Mapping[str, str]] = {
    "deviceId": "machineId",
    "softwareName": "productName",
    "softwareVendor": "productVendor",
    "softwareVersion": "productVersion",
    "vulnerabilitySeverityLevel": "severity",
    "recommendedSecurityUpdateId": "fixingKbId",
}
"""What one of the two APIs that list vulnerabilities of machines calls what the other one does."""
_CODES: Final[Mapping[str, FindingStatus]] = {"unhealthy": FindingStatus.OPEN}
_ALERTS: Final[Mapping[str, FindingStatus]] = {
    "active": FindingStatus.OPEN,
    "inprogress": FindingStatus.OPEN,
    "resolved": FindingStatus.RESOLVED,
    "dismissed": FindingStatus.SUPPRESSED,
}


class _Machine(Shape):
    """A vulnerability of a program on a machine, of either of the two APIs that list them."""

    cve: Word = field(name="cveId")
    machine: Word = field(name="machineId")
    host: object = field(default=None, name="deviceName")
    product: str | None = field(default=None, name="productName")
    vendor: str | None = field(default=None, name="productVendor")
    version: str | None = field(default=None, name="productVersion")
    severity: str | None = None
    update: object = field(default=None, name="fixingKbId")
    first_seen: object = field(default=None, name="firstSeenTimestamp")
    last_seen: object = field(default=None, name="lastSeenTimestamp")


class _Status(Shape):
    code: str | None = None
    severity: str | None = None
    cause: object = None


class _Assessment(Shape):
    """Also a sub-assessment."""

    name: object = field(default=None, name="displayName")
    status: _Status | None = None
    details: object = field(default=None, name="resourceDetails")
    metadata: object = None
    own: object = field(default=None, name="id")
    description: object = None
    more: object = field(default=None, name="additionalData")


class _Alert(Shape):
    type: str | None = field(default=None, name="alertType")
    name: object = field(default=None, name="alertDisplayName")
    description: object = None
    severity: str | None = None
    status: str | None = None
    entity: object = field(default=None, name="compromisedEntity")
    identifiers: object = field(default=None, name="resourceIdentifiers")
    started: object = field(default=None, name="startTimeUtc")
    ended: object = field(default=None, name="endTimeUtc")


class _Thing(Shape):
    """What the API of Azure's resources puts around everything."""

    id: Word
    type: str
    properties: object


class MsDefender:
    """See the module."""

    name = "ms-defender"

    def recognises(self, document: Document) -> bool:
        """By a type of Defender for Cloud; by a machine, a product and a CVE; an empty answer by whose it is."""
        return any(
            _is_machine(fields) or _type(fields) is not None for fields in first_objects(document, *LISTS)
        ) or any(map(_is_clean, first_values(document)))

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        del hints
        if any(said(inside(v, n)) for _, v in document.values for n in ("@odata.nextLink", "nextLink")):
            yield Remark("the list may go on: further pages are not in the report")
        for pointer, value in results(document, *LISTS):
            if _is_machine(mapping(value) or {}):
                read = shaped(_Machine, respelled(value, _SPELLINGS), pointer)
                yield read if isinstance(read, Unusable) else _of_machine(read, pointer)
            else:
                thing = shaped(_Thing, value, pointer)
                yield thing if isinstance(thing, Unusable) else _of_thing(thing, pointer)


def _is_machine(fields: Mapping[str, object]) -> bool:
    if "cveId" not in fields:
        return False
    return ("machineId" in fields and "productName" in fields) or ("deviceId" in fields and "softwareName" in fields)


def _is_clean(value: object) -> bool:
    server = (said(inside(value, "@odata.context")) or "")[:200]
    return "securitycenter" in server and sequence(inside(value, "value")) is not None


def _type(fields: Mapping[str, object]) -> str | None:
    kind = (said(fields.get("type")) or "").lower()
    identifier = (said(fields.get("id")) or "").lower()
    known = kind in {_ASSESSMENT, _BELOW, _ALERT} and _MARK in identifier
    return kind if known and mapping(fields.get("properties")) is not None else None


def _of_machine(read: _Machine, pointer: str) -> Draft:
    vendor, product, version = read.vendor or "", read.product or "", read.version or ""
    # A machine has few programs, each with many vulnerabilities.
    named = _program if len(vendor) + len(product) + len(version) < _SHORT else _program.__wrapped__
    name, package = named(vendor, product, version)
    host = said(read.host)
    return Draft(
        pointer=pointer,
        tool="microsoft defender vulnerability management",
        identity=(read.machine, read.cve, name, version),
        unique=False,
        what=read.cve,
        severity=_rating(read.severity),
        status=FindingStatus.OPEN,
        rule_id=read.cve,
        rule_name=read.cve,
        title=f"{read.cve} in {read.product}" if word(read.product) else read.cve,
        aliases=(read.cve,),
        resource=Resource(kind="microsoft.machine", id=read.machine),
        package=package,
        labels=labelled(host=host, update=said(read.update)),
        first_seen_at=moment(said(read.first_seen)),
        last_seen_at=moment(said(read.last_seen)),
    )


@lru_cache(maxsize=4096)
def _program(vendor: str, product: str, version: str) -> tuple[str, Package | None]:
    """The name of a program, with its vendor, and its package."""
    name = "/".join(some((vendor, product)))
    return name, Package(purl=purl(None, name, version)) if name else None


def _of_thing(thing: _Thing, pointer: str) -> Item:
    kind = thing.type.strip().lower()
    if kind == _ALERT:
        alert = shaped(_Alert, thing.properties, pointer)
        return alert if isinstance(alert, Unusable) else _of_alert(thing, alert, pointer)
    if kind not in {_ASSESSMENT, _BELOW}:
        return Unusable(pointer, "it is neither an assessment nor an alert")
    read = shaped(_Assessment, thing.properties, pointer)
    return read if isinstance(read, Unusable) else _of_assessment(thing, read, pointer)


def _of_assessment(thing: _Thing, read: _Assessment, pointer: str) -> Item:
    status = read.status or _Status()
    code = (word(status.code) or "").lower()
    if code == "healthy":
        return Passed(pointer)
    if (said(status.cause) or "").lower() == "exempt":
        return Suppressed(pointer)
    if code == "notapplicable":
        return Passed(pointer)
    # .../assessments/<rule>, and below it .../subAssessments/<id>
    rule = thing.id.lower().partition(f"{_ASSESSMENT}/")[2].partition("/")[0] or "unknown"
    cves = some(said(inside(c, "title")) for c in sequence(inside(read.more, "cve")) or ())
    severity = status.severity or said(inside(read.metadata, "severity"))
    details = read.details
    resource = _resource(said(inside(details, "id")) or said(inside(details, "nativeResourceId")), thing.id)
    name = said(read.name) or rule
    return Draft(
        pointer=pointer,
        tool="microsoft defender for cloud",
        identity=(thing.id.lower(),),
        unique=True,
        what=cves[0] if cves else rule,
        severity=_rating(severity),
        status=_CODES.get(code, FindingStatus.UNKNOWN),
        rule_id=rule,
        rule_name=name,
        title=name,
        description=said(read.description) or said(inside(read.metadata, "description")) or "",
        aliases=cves,
        resource=resource,
        account=resource.account if resource else None,
        region=resource.region if resource else None,
        labels=labelled(cause=said(status.cause), id=said(read.own), source=said(inside(read.details, "source"))),
    )


def _of_alert(thing: _Thing, read: _Alert, pointer: str) -> Item:
    status = _ALERTS.get((word(read.status) or "").lower(), FindingStatus.UNKNOWN)
    if status is FindingStatus.SUPPRESSED:
        return Suppressed(pointer)
    rule = word(read.type) or said(read.name) or "unknown"
    named = (said(inside(i, "azureResourceId")) for i in sequence(read.identifiers) or ())
    resource = _resource(next((n for n in named if n), None), thing.id)
    return Draft(
        pointer=pointer,
        tool="microsoft defender for cloud",
        identity=(thing.id.lower(),),
        unique=True,
        what=rule,
        severity=_rating(read.severity),
        status=status,
        rule_id=rule,
        rule_name=said(read.name) or rule,
        title=said(read.name) or rule,
        description=said(read.description) or "",
        labels=labelled(entity=said(read.entity)),
        first_seen_at=moment(said(read.started)),
        last_seen_at=moment(said(read.ended)),
        resource=resource,
        account=resource.account if resource else None,
        region=resource.region if resource else None,
    )


def _resource(identifier: str | None, thing: str) -> Resource | None:
    """What Azure, or another cloud that Defender watches, calls it; else what stands above Defender's own part."""
    name = identifier or thing[: max(0, thing.lower().find(_MARK))] or None
    found = aws.resource(name, None, None)
    return found if found is not None or name is None else azure.named(name)


def _rating(reported: str | None) -> SeverityRating:
    found = word(reported)
    return unknown("defender severity") if found is None else by_word("defender severity", found)
