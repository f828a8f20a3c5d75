"""What a scanner said, normalised, with the digest of the original bytes. No secret is in it; its free text is the
scanner's and not to be trusted.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fixgate.events.affected_identity import AffectedIdentity, affected_identity_of, datum_affected_identity
from fixgate.events.envelope import Envelope, datum_envelope, envelope_of
from fixgate.events.finding_parts import (
    FindingStatus,
    Location,
    Original,
    Package,
    SeverityRating,
    Source,
    datum_location,
    datum_original,
    datum_package,
    datum_severity_rating,
    datum_source,
    location_of,
    original_of,
    package_of,
    severity_rating_of,
    source_of,
)
from fixgate.events.resource import Resource, datum_resource, resource_of
from fixgate.events.secret_mark import SecretMark, datum_secret_mark, secret_mark_of
from fixgate.forms import fingerprint, key, micros, moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a scanner said, normalised, with the digest of the original bytes. No secret is in it; its free text is
    the scanner's and not to be trusted.
    """

    envelope: Envelope = Envelope()
    """Trace, parents and sequence; filled in by the runtime."""
    finding_id: str
    """Stable id of the finding: derived, the same at every scan."""
    problem_key: str
    """What makes two findings the same problem: keyed hash of the secret, else identity, else resource and kind."""
    fingerprint: str
    """Versioned fingerprint of the result: v1:…."""
    source: Source
    """Who handed the report in."""
    tool: str
    """The scanner."""
    tool_version: str | None = None
    """Its version."""
    format: str
    """The adapter that read the report: sarif, asff, ocsf, gitleaks, guardduty."""
    rule_id: str = ""
    """The scanner's rule."""
    rule_name: str = ""
    """The rule's name, for people."""
    title: str = ""
    """What the scanner calls the finding; masked."""
    description: str = ""
    """What it says about it; masked."""
    severity: SeverityRating
    """How bad the scanner says it is."""
    confidence: str | None = None
    """How sure the scanner says it is, in its own words."""
    status: FindingStatus
    """What the scanner says has become of it."""
    aliases: tuple[str, ...] = ()
    """Names of the vulnerability: CVE, GHSA, CWE."""
    locations: tuple[Location, ...] = ()
    """Where it was seen; several when one result is in several places."""
    resource: Resource | None = None
    """The affected resource, where the report names one."""
    account: str | None = None
    """The affected account, also where no single resource is named."""
    region: str | None = None
    """The region, likewise."""
    repository: str | None = None
    """The affected repository, as a clone address."""
    commit: str | None = None
    """The commit that was scanned."""
    package: Package | None = None
    """The affected package."""
    identity: AffectedIdentity | None = None
    """The affected identity."""
    secret: SecretMark | None = None
    """The secret that was found, as a mark."""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """What else the adapter kept, by name; masked."""
    links: tuple[str, ...] = ()
    """Where to read more."""
    original: Original
    """The bytes that the finding was read from."""
    first_seen_at: datetime | None = None
    """When the scanner first saw it, if it says so."""
    last_seen_at: datetime | None = None
    """When the scanner last saw it, if it says so."""
    reported_at: datetime
    """When the report was appended to findings.raw."""


def datum_finding(record: Finding) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "envelope": datum_envelope(record.envelope),
        "finding_id": key(record.finding_id),
        "problem_key": key(record.problem_key),
        "fingerprint": fingerprint(record.fingerprint),
        "source": datum_source(record.source),
        "tool": key(record.tool),
        "tool_version": None if record.tool_version is None else ("string", record.tool_version),
        "format": key(record.format),
        "rule_id": record.rule_id,
        "rule_name": record.rule_name,
        "title": record.title,
        "description": record.description,
        "severity": datum_severity_rating(record.severity),
        "confidence": None if record.confidence is None else ("string", record.confidence),
        "status": record.status,
        "aliases": record.aliases,
        "locations": list(map(datum_location, record.locations)),
        "resource": None if record.resource is None else ("fixgate.Resource", datum_resource(record.resource)),
        "account": None if record.account is None else ("string", record.account),
        "region": None if record.region is None else ("string", record.region),
        "repository": None if record.repository is None else ("string", record.repository),
        "commit": None if record.commit is None else ("string", record.commit),
        "package": None if record.package is None else ("fixgate.Package", datum_package(record.package)),
        "identity": (
            None if record.identity is None else ("fixgate.AffectedIdentity", datum_affected_identity(record.identity))
        ),
        "secret": None if record.secret is None else ("fixgate.SecretMark", datum_secret_mark(record.secret)),
        "labels": {name: record.labels[name] for name in sorted(record.labels)},
        "links": record.links,
        "original": datum_original(record.original),
        "first_seen_at": None if record.first_seen_at is None else ("long", micros(record.first_seen_at)),
        "last_seen_at": None if record.last_seen_at is None else ("long", micros(record.last_seen_at)),
        "reported_at": micros(record.reported_at),
    }


def finding_of(datum: Mapping[str, Any]) -> Finding:
    """The record in what fastavro read."""
    return Finding(
        envelope=envelope_of(datum["envelope"]),
        finding_id=key(datum["finding_id"]),
        problem_key=key(datum["problem_key"]),
        fingerprint=fingerprint(datum["fingerprint"]),
        source=source_of(datum["source"]),
        tool=key(datum["tool"]),
        tool_version=datum["tool_version"],
        format=key(datum["format"]),
        rule_id=datum["rule_id"],
        rule_name=datum["rule_name"],
        title=datum["title"],
        description=datum["description"],
        severity=severity_rating_of(datum["severity"]),
        confidence=datum["confidence"],
        status=FindingStatus(datum["status"]),
        aliases=tuple(datum["aliases"]),
        locations=tuple(map(location_of, datum["locations"])),
        resource=None if (value := datum["resource"]) is None else resource_of(value),
        account=datum["account"],
        region=datum["region"],
        repository=datum["repository"],
        commit=datum["commit"],
        package=None if (value := datum["package"]) is None else package_of(value),
        identity=None if (value := datum["identity"]) is None else affected_identity_of(value),
        secret=None if (value := datum["secret"]) is None else secret_mark_of(value),
        labels=dict(datum["labels"]),
        links=tuple(datum["links"]),
        original=original_of(datum["original"]),
        first_seen_at=None if (value := datum["first_seen_at"]) is None else moment(value),
        last_seen_at=None if (value := datum["last_seen_at"]) is None else moment(value),
        reported_at=moment(datum["reported_at"]),
    )
