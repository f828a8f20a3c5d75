"""A result of a generic report, by our names."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from fixgate.events import AffectedIdentity, FindingStatus, Package, Resource, SeverityRating
from fixgate.reports import aws
from fixgate.reports.adapter import Draft, Exposed, Hints, Item, Passed, Spot, Suppressed
from fixgate.reports.document import Unusable
from fixgate.reports.fields import moment, some, word
from fixgate.reports.formats.generic_header import Header
from fixgate.reports.formats.generic_shapes import Result
from fixgate.reports.packages import known_as, purl
from fixgate.reports.paths import clone_address, portable, workflow_in
from fixgate.reports.secrets import about_secrets, shown
from fixgate.reports.severity import CVSS, by_number, by_word, unknown
from fixgate.targets import ACCESS_KEY, BUCKET, WORKFLOW

_OPEN: Final = dict.fromkeys(("open", "new", "active", "fail", "failed", "reopened"), FindingStatus.OPEN)
_RESOLVED: Final = dict.fromkeys(("resolved", "fixed", "closed", "remediated"), FindingStatus.RESOLVED)
_LEFT: Final = ("suppressed", "ignored", "dismissed", "muted", "accepted", "false_positive")
_STATUS: Final[Mapping[str, FindingStatus]] = {
    **_OPEN,
    **_RESOLVED,
    **dict.fromkeys(_LEFT, FindingStatus.SUPPRESSED),
}
_PASSED: Final = frozenset({"passed", "pass", "ok"})
_TYPED: Final = frozenset({ACCESS_KEY, BUCKET, WORKFLOW})
"""Kinds of which changes are made: what is called so must be one."""


def item(read: Result, pointer: str, head: Header, hints: Hints) -> Item:
    """The result as a draft, or what else its status says."""
    status = (_text(read.status) or "open").lower()
    if status in _PASSED:
        return Passed(pointer)
    if _STATUS.get(status) is FindingStatus.SUPPRESSED:
        return Suppressed(pointer)
    rule = _text(read.rule) or _text(read.title)
    if rule is None:
        return Unusable(pointer, "it has neither a rule nor a title")
    try:
        resource = _resource(read, hints)
    except ValueError:
        return Unusable(pointer, "its resource is none of its kind")
    return _draft(read, pointer, head, hints, rule, resource)


def _draft(read: Result, pointer: str, head: Header, hints: Hints, rule: str, resource: Resource | None) -> Draft:
    path, secret = _text(read.path), _text(read.secret)
    place = portable(path) if path else None
    found, value = _package(read), shown(secret)
    affected = _affected(read, resource, value)
    own, aliases = _text(read.id), some(_listed(read.aliases))
    where = [resource.id if resource else None, place.identity if place else None, found.purl if found else None]
    return Draft(
        pointer=pointer,
        tool=head.tool,
        tool_version=head.version,
        identity=("id", own)
        if own
        else (rule, *(part or "" for part in (*where, _text(read.account), _text(read.identity)))),
        unique=own is not None,
        what=known_as(rule, aliases),
        severity=_severity(read, head),
        status=_STATUS.get((_text(read.status) or "open").lower(), FindingStatus.UNKNOWN),
        rule_id=rule,
        rule_name=_text(read.rule_name) or rule,
        title=_text(read.title) or rule,
        description=_text(read.description) or "",
        confidence=_text(read.confidence),
        aliases=aliases,
        locations=(_location(read, place.path, hidden=secret is None and about_secrets(rule)),) if place else (),
        resource=resource,
        account=_text(read.account),
        region=_text(read.region),
        repository=_repository(read, hints),
        commit=_text(read.commit),
        package=found,
        affected=affected,
        secret=None if secret is None else Exposed(kind=_text(read.secret_kind) or rule, value=value),
        links=some(_listed(read.links)),
        first_seen_at=_time(read.first_seen),
        last_seen_at=_time(read.last_seen),
    )


def _severity(read: Result, head: Header) -> SeverityRating:
    reported = _text(read.severity)
    if reported is not None:
        ours = head.words.get("severity", {}).get(reported.lower())
        if ours is None:
            return by_word("generic severity", reported)
        made = by_word("generic severity", ours)
        return SeverityRating(
            normalised=made.normalised, reported=reported, derivation="generic severity: the report's own table"
        )
    if read.score is not None:
        return by_number("generic score", read.score, CVSS, top=10.0)
    return unknown("generic severity")


def _resource(read: Result, hints: Hints) -> Resource | None:
    """What the result is about, by the name that it has in every format; raises ValueError when it is misnamed."""
    name, kind = _text(read.resource), _text(read.resource_kind)
    account, region = _text(read.account), _text(read.region)
    identifier = aws.key_id(name or shown(_text(read.secret)))
    if name is None:
        return aws.access_key(identifier, account)[0] if identifier else _workflow(read, hints)
    made = aws.resource(name, aws.account_id(account), region)
    if made is None and kind == BUCKET:
        made = aws.named_bucket(name, account, region)
    if made is None and identifier == name:
        made = aws.access_key(name, account)[0]
    if kind in _TYPED and (made is None or made.kind != kind):
        raise ValueError(kind)
    return made or Resource(kind=kind or "resource", id=name, account=account, region=region)


def _workflow(read: Result, hints: Hints) -> Resource | None:
    path = _text(read.path)
    return workflow_in(_repository(read, hints), portable(path).path if path else None)


def _repository(read: Result, hints: Hints) -> str | None:
    return hints.repository or clone_address(_text(read.repository))


def _affected(read: Result, resource: Resource | None, secret: str) -> AffectedIdentity | None:
    name = _text(read.identity)
    identifier = aws.key_id(secret)
    if identifier is not None:
        return aws.access_key(identifier, None)[1]
    if name is None:
        return aws.identity(resource)
    return aws.identity(aws.resource(name, None, None)) or AffectedIdentity(
        kind=_text(read.identity_kind) or "identity", id=name
    )


def _package(read: Result) -> Package | None:
    """A package by its URL, else by its name and the manager that has it."""
    name = _text(read.package)
    if name is None:
        return None
    made = name if name.startswith("pkg:") else purl(_text(read.package_manager), name, _text(read.package_version))
    return Package(purl=made, fixed_versions=some(_listed(read.fixed_versions)))


def _location(read: Result, path: str, *, hidden: bool) -> Spot:
    return Spot(
        path=path,
        start_line=read.line or None,
        end_line=read.end_line or None,
        start_column=read.column or None,
        end_column=read.end_column or None,
        snippet=None if hidden else _text(read.snippet),
    )


def _text(value: str | int | None) -> str | None:
    return word(str(value)) if value is not None else None


def _listed(value: list[str] | str | None) -> list[str]:
    return [value] if isinstance(value, str) else value or []


def _time(value: str | float | None) -> datetime | None:
    return moment(value)
