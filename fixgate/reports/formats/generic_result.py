"""A result of a generic report, by our names."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from msgspec import Struct

from fixgate.events import AffectedIdentity, FindingStatus, Package, Resource, SeverityRating
from fixgate.reports import aws
from fixgate.reports.adapter import Draft, Exposed, Hints, Item, Passed, Spot, Suppressed
from fixgate.reports.document import Unusable
from fixgate.reports.fields import moment, some, word
from fixgate.reports.formats.generic_header import Header
from fixgate.reports.formats.generic_shapes import Result
from fixgate.reports.packages import known_as, purl
from fixgate.reports.paths import Place, clone_address, portable, workflow_in
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
_SHORT: Final = 100
"""Characters of a severity that is remembered."""
_PASSED: Final = frozenset({"passed", "pass", "ok"})
_TYPED: Final = frozenset({ACCESS_KEY, BUCKET, WORKFLOW})
"""Kinds of which changes are made: what is called so must be one."""


class _Known(Struct, frozen=True, gc=False):
    """What more than one of our fields is made of.

    `value` is the secret if the report shows it, else "".
    """

    status: FindingStatus
    rule: str
    place: Place | None
    repository: str | None
    account: str | None
    region: str | None
    value: str


def item(read: Result, pointer: str, head: Header, hints: Hints) -> Item:
    """The result as a draft, or what else its status says."""
    status = (_text(read.status) or "open").lower()
    if status in _PASSED:
        return Passed(pointer)
    known = _STATUS.get(status, FindingStatus.UNKNOWN)
    if known is FindingStatus.SUPPRESSED:
        return Suppressed(pointer)
    rule = _text(read.rule) or _text(read.title)
    if rule is None:
        return Unusable(pointer, "it has neither a rule nor a title")
    path = _text(read.path)
    about = _Known(
        status=known,
        rule=rule,
        place=portable(path) if path else None,
        repository=hints.repository or clone_address(_text(read.repository)),
        account=_text(read.account),
        region=_text(read.region),
        value=shown(_text(read.secret)),
    )
    try:
        resource = _resource(read, about)
    except ValueError:
        return Unusable(pointer, "its resource is none of its kind")
    return _draft(read, pointer, head, about, resource)


def _draft(read: Result, pointer: str, head: Header, about: _Known, resource: Resource | None) -> Draft:
    found, aliases = _package(read), _listed(read.aliases)
    identity, unique = _identity(read, about, resource, found)
    made = Draft(
        pointer=pointer,
        tool=head.tool,
        tool_version=head.version,
        identity=identity,
        unique=unique,
        what=known_as(about.rule, aliases) if aliases else about.rule,
        severity=_severity(read, head),
        status=about.status,
        rule_id=about.rule,
        rule_name=_text(read.rule_name) or about.rule,
        title=_text(read.title) or about.rule,
        aliases=aliases,
        resource=resource,
        account=about.account,
        region=about.region,
        repository=about.repository,
        package=found,
        affected=_affected(read, resource, about.value),
    )
    _complete(made, read, about)
    return made


def _complete(made: Draft, read: Result, about: _Known) -> None:
    """Set what most results have only a part of."""
    if about.place is not None:
        made.locations = (_location(read, about.place.path, about.rule),)
    if read.description is not None:
        made.description = _text(read.description) or ""
    if read.secret is not None:
        made.secret = _secret(read, about)
    if read.links is not None:
        made.links = _listed(read.links)
    made.confidence, made.commit = _text(read.confidence), _text(read.commit)
    made.first_seen_at, made.last_seen_at = moment(read.first_seen), moment(read.last_seen)


def _identity(
    read: Result, about: _Known, resource: Resource | None, found: Package | None
) -> tuple[tuple[str, ...], bool]:
    """What stays the same in another scan, and whether the tool itself says so."""
    own = _text(read.id)
    if own is not None:
        return ("id", own), True
    thing, package = resource.id if resource else "", found.purl if found else ""
    file = about.place.identity if about.place else ""
    return (about.rule, thing, file, package, about.account or "", _text(read.identity) or ""), False


def _secret(read: Result, about: _Known) -> Exposed | None:
    if _text(read.secret) is None:
        return None
    return Exposed(kind=_text(read.secret_kind) or about.rule, value=about.value)


def _severity(read: Result, head: Header) -> SeverityRating:
    reported = _text(read.severity)
    if reported is not None:
        ours = head.severities.get(reported.lower())
        if ours is None:
            return by_word("generic severity", reported)
        # Of a million results each has one of few words.
        rated = _tabled if len(reported) + len(ours) <= _SHORT else _tabled.__wrapped__
        return rated(reported, ours)
    if read.score is not None:
        return by_number("generic score", read.score, CVSS, top=10.0)
    return unknown("generic severity")


@lru_cache(maxsize=1024)
def _tabled(reported: str, ours: str) -> SeverityRating:
    found = by_word("generic severity", ours)
    return SeverityRating(
        normalised=found.normalised, reported=reported, derivation="generic severity: the report's own table"
    )


def _resource(read: Result, about: _Known) -> Resource | None:
    """What the result is about, by the name that it has in every format; raises ValueError when it is misnamed."""
    name, kind = _text(read.resource), _text(read.resource_kind)
    account, region = about.account, about.region
    identifier = aws.key_id(name or about.value)
    if name is None:
        return aws.access_key(identifier, account)[0] if identifier else _workflow(about)
    made = aws.resource(name, aws.account_id(account), region)
    if made is None and kind == BUCKET:
        made = aws.named_bucket(name, account, region)
    if made is None and identifier == name:
        made = aws.access_key(name, account)[0]
    if kind in _TYPED and (made is None or made.kind != kind):
        raise ValueError(kind)
    return made or Resource(kind=kind or "resource", id=name, account=account, region=region)


def _workflow(about: _Known) -> Resource | None:
    return workflow_in(about.repository, about.place.path if about.place else None)


def _affected(read: Result, resource: Resource | None, secret: str) -> AffectedIdentity | None:
    name = _text(read.identity)
    identifier = aws.key_id(secret) if secret else None
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
    return Package(purl=made, fixed_versions=_listed(read.fixed_versions))


def _location(read: Result, path: str, rule: str) -> Spot:
    return Spot(
        path=path,
        start_line=read.line or None,
        end_line=read.end_line or None,
        start_column=read.column or None,
        end_column=read.end_column or None,
        snippet=_snippet(read, rule),
    )


def _snippet(read: Result, rule: str) -> str | None:
    """The code that is shown, unless it may be a secret that the result does not name."""
    shown_there = _text(read.snippet)
    if shown_there is None or (_text(read.secret) is None and about_secrets(rule)):
        return None
    return shown_there


def _text(value: str | int | None) -> str | None:
    return word(str(value)) if value is not None else None


def _listed(value: list[str] | str | None) -> tuple[str, ...]:
    if not value:
        return ()
    return some((value,) if isinstance(value, str) else value)
