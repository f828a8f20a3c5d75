"""An alert of each kind as a draft."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, Protocol

from fixgate.events import FindingStatus, Package, Severity, SeverityRating
from fixgate.reports.adapter import Draft, Exposed, Hints, Item, Spot, Suppressed
from fixgate.reports.aws import access_key, key_id
from fixgate.reports.document import Unusable
from fixgate.reports.fields import Shape, inside, labelled, moment, said, sequence, shaped, some, word
from fixgate.reports.formats.github_alert_parts import Alert, Envelope, Whose, place, status
from fixgate.reports.formats.github_alert_shapes import DependencyAlert, one_spelling
from fixgate.reports.packages import known_as, purl
from fixgate.reports.paths import action_used, workflow_in
from fixgate.reports.secrets import about_secrets, shown
from fixgate.reports.severity import by_word, unknown

_LEVELS: Final[Mapping[str, Severity]] = {
    "error": Severity.HIGH,
    "warning": Severity.MEDIUM,
    "note": Severity.LOW,
    "none": Severity.INFORMATIONAL,
}
_LEFT_ALONE: Final = frozenset({"false_positive", "wont_fix", "used_in_tests", "pattern_edited", "pattern_deleted"})
"""Resolutions of a secret that somebody may still use."""
_EXACT: Final = re.compile(r"\s*=\s*(\S+)\s*")
_QUOTED: Final = re.compile(r"\"[^\"\n]{1,1000}\"|'[^'\n]{1,1000}'|`[^`\n]{1,1000}`")
"""What a message quotes; where the rule is about secrets it may be one."""
_TOP_SCORE: Final = 10.0


class Kind(Protocol):
    """How alerts of one kind are read."""

    @staticmethod
    def read(envelope: Envelope, pointer: str, hints: Hints) -> Item:
        """The alert as a draft, or that it was dismissed, or why it is none."""
        ...


class _Rule(Shape):
    id: str | None = None
    severity: str | None = None
    security_severity_level: str | None = None
    name: object = None
    description: object = None
    full_description: object = None


class _CodeAlert(Alert, kw_only=True):
    rule: _Rule
    tool: object = None
    most_recent_instance: object = None
    instances: object = None
    dismissed_reason: object = None


class Code:
    """Code scanning: the results of any tool, as GitHub tells them apart."""

    @staticmethod
    def read(envelope: Envelope, pointer: str, hints: Hints) -> Item:
        """See `Kind.read`."""
        read = shaped(_CodeAlert, envelope.alert, pointer)
        if isinstance(read, Unusable):
            return read
        state = status(read.state, envelope.action)
        if state is FindingStatus.SUPPRESSED:
            return Suppressed(pointer)
        whose, rule = Whose.of(read, envelope.repository, hints.repository), read.rule
        seen = read.most_recent_instance or next(iter(sequence(read.instances) or ()), None)
        location = place(inside(seen, "location"))
        rule_id = word(rule.id) or said(rule.name) or "unknown"
        text = said(inside(seen, "message", "text")) or ""
        if about_secrets(rule_id, said(rule.description) or ""):
            text = _QUOTED.sub('"…"', text)
        workflow = workflow_in(whose.address, location.path if location else None)
        return Draft(
            pointer=pointer,
            tool="github code scanning",
            tool_version=said(inside(read.tool, "version")),
            identity=_identity("code-scanning", whose, read.number, (rule_id, location.path if location else None)),
            unique=True,
            what=rule_id,
            severity=_code_severity(rule),
            status=state,
            rule_id=rule_id,
            rule_name=said(rule.name) or rule_id,
            title=said(rule.description) or text or rule_id,
            description=text or said(rule.full_description) or "",
            locations=(location,) if location else (),
            resource=workflow,
            repository=whose.address,
            commit=said(inside(seen, "commit_sha")),
            labels=labelled(
                repository=whose.name,
                scanner=said(inside(read.tool, "name")),
                ref=said(inside(seen, "ref")),
                category=said(inside(seen, "category")),
                uses=action_used(workflow, text),
            ),
            links=some((said(read.html_url),)),
            first_seen_at=moment(said(read.created_at)),
            last_seen_at=moment(said(read.updated_at)),
        )


def _code_severity(rule: _Rule) -> SeverityRating:
    level = word(rule.security_severity_level)
    if level is not None:
        return by_word("github security_severity_level", level)
    found = _LEVELS.get(rule.severity or "")
    if found is not None:
        return SeverityRating(normalised=found, reported=rule.severity, derivation="github rule severity: the level")
    return unknown("github rule severity", word(rule.severity))


class _SecretAlert(Alert, kw_only=True):
    secret_type: str
    secret: str | None = None
    resolution: str | None = None
    secret_type_display_name: object = None
    validity: object = None
    publicly_leaked: object = None
    multi_repo: object = None
    push_protection_bypassed: object = None
    push_protection_bypassed_by: object = None
    first_location_detected: object = None
    has_more_locations: object = None
    locations: object = None


class Secret:
    """Secret scanning."""

    @staticmethod
    def read(envelope: Envelope, pointer: str, hints: Hints) -> Item:
        """See `Kind.read`."""
        read = shaped(_SecretAlert, envelope.alert, pointer)
        if isinstance(read, Unusable):
            return read
        resolution = word(read.resolution)
        state = FindingStatus.RESOLVED if resolution and not word(read.state) else status(read.state, envelope.action)
        if state is FindingStatus.SUPPRESSED or (state is FindingStatus.RESOLVED and resolution in _LEFT_ALONE):
            return Suppressed(pointer)
        whose, value = Whose.of(read, envelope.repository, hints.repository), shown(read.secret)
        identifier = key_id(value)
        resource, affected = access_key(identifier, None) if identifier else (None, None)
        places = (envelope.location, read.first_location_detected, *(sequence(read.locations) or ()))
        return Draft(
            pointer=pointer,
            tool="github secret scanning",
            identity=_identity("secret-scanning", whose, read.number, (read.secret_type,)),
            unique=True,
            what=read.secret_type,
            severity=unknown("github secret scanning"),
            status=state,
            rule_id=read.secret_type,
            rule_name=read.secret_type,
            title=said(read.secret_type_display_name) or read.secret_type,
            locations=_once(place(found) for found in places),
            resource=resource,
            affected=affected,
            repository=whose.address,
            commit=said(inside(read.first_location_detected, "commit_sha")),
            secret=Exposed(kind=read.secret_type, value=value),
            labels=labelled(
                repository=whose.name,
                resolution=resolution,
                validity=said(read.validity),
                publicly_leaked="true" if read.publicly_leaked is True else None,
                multi_repo="true" if read.multi_repo is True else None,
                more_locations="true" if read.has_more_locations is True else None,
                bypassed_by=said(inside(read.push_protection_bypassed_by, "login")),
            ),
            links=some((said(read.html_url),)),
            first_seen_at=moment(said(read.created_at)),
            last_seen_at=moment(said(read.updated_at)),
        )


def _once(found: Iterable[Spot | None]) -> tuple[Spot, ...]:
    return tuple(dict.fromkeys(location for location in found if location is not None))


class Dependency:
    """Dependabot, in the spelling of REST, of GraphQL and of the webhook before it."""

    @staticmethod
    def read(envelope: Envelope, pointer: str, hints: Hints) -> Item:
        """See `Kind.read`."""
        read = shaped(DependencyAlert, one_spelling(envelope.alert), pointer)
        if isinstance(read, Unusable):
            return read
        if read.package_name is None:
            return Unusable(pointer, "it names no package")
        state = status(read.told_state, envelope.action)
        if state is FindingStatus.SUPPRESSED:
            return Suppressed(pointer)
        whose, name = Whose.of(read, envelope.repository, hints.repository), read.package_name
        advisory = read.identifiers[0] if read.identifiers else "unknown"
        manifest = place({"path": read.manifest})
        exact = _EXACT.fullmatch(said(read.requirements) or "")
        package = Package(
            purl=purl(read.ecosystem, name, exact[1] if exact else None),
            fixed_versions=some((read.fixed_version,)),
        )
        return Draft(
            pointer=pointer,
            tool="dependabot",
            identity=_identity(
                "dependabot", whose, read.number, (read.node, name, advisory, manifest.path if manifest else None)
            ),
            unique=True,
            what=known_as(advisory, read.identifiers),
            severity=_dependency_severity(read),
            status=state,
            rule_id=advisory,
            rule_name=advisory,
            title=read.summary or f"{name}: {advisory}",
            description=read.description or "",
            aliases=read.identifiers,
            locations=(manifest,) if manifest else (),
            package=package,
            repository=whose.address,
            labels=labelled(repository=whose.name, scope=read.scope, vulnerable_range=read.affected),
            links=some((said(read.html_url), *read.references)),
            first_seen_at=moment(said(read.created_at) or said(read.created)),
            last_seen_at=moment(said(read.updated_at)),
        )


def _dependency_severity(read: DependencyAlert) -> SeverityRating:
    reported, score = read.rating, read.score
    rating = unknown("dependabot severity") if reported is None else by_word("dependabot severity", reported)
    return rating if score is None or not 0 < score <= _TOP_SCORE else replace(rating, score=score)


def _identity(kind: str, whose: Whose, number: int | str | None, otherwise: tuple[str | None, ...]) -> tuple[str, ...]:
    """The alert's number in its repository; what it is about where it has none."""
    own = (str(number).strip(),) if number is not None else ("", *(part or "" for part in otherwise))
    return (kind, whose.name, *own)
