"""A result of a generic report, by our names."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from fixgate.events import FindingStatus, Package, Resource, SeverityRating
from fixgate.reports.adapter import Draft, Exposed, Hints, Item, Passed, Spot, Suppressed
from fixgate.reports.document import Unusable
from fixgate.reports.fields import moment
from fixgate.reports.formats.generic_about import Known, affected_by, package_of, resource_of
from fixgate.reports.formats.generic_header import Header
from fixgate.reports.formats.generic_shapes import Result, text_of, words_of
from fixgate.reports.packages import known_as
from fixgate.reports.paths import clone_address, portable
from fixgate.reports.secrets import about_secrets, shown
from fixgate.reports.severity import CVSS, by_number, by_word, unknown

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


def item(read: Result, pointer: str, head: Header, hints: Hints) -> Item:
    """The result as a draft, or what else its status says."""
    status = (text_of(read.status) or "open").lower()
    if status in _PASSED:
        return Passed(pointer)
    known = _STATUS.get(status, FindingStatus.UNKNOWN)
    if known is FindingStatus.SUPPRESSED:
        return Suppressed(pointer)
    rule = text_of(read.rule) or text_of(read.title)
    if rule is None:
        return Unusable(pointer, "it has neither a rule nor a title")
    path = text_of(read.path)
    about = Known(
        status=known,
        rule=rule,
        place=portable(path) if path else None,
        repository=hints.repository or clone_address(text_of(read.repository)),
        account=text_of(read.account),
        region=text_of(read.region),
        value=shown(text_of(read.secret)),
    )
    try:
        resource = resource_of(read, about)
    except ValueError:
        return Unusable(pointer, "its resource is none of its kind")
    return _draft(read, pointer, head, about, resource)


def _draft(read: Result, pointer: str, head: Header, about: Known, resource: Resource | None) -> Draft:
    found, aliases = package_of(read), words_of(read.aliases)
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
        rule_name=text_of(read.rule_name) or about.rule,
        title=text_of(read.title) or about.rule,
        aliases=aliases,
        resource=resource,
        account=about.account,
        region=about.region,
        repository=about.repository,
        package=found,
        affected=affected_by(read, resource, about.value),
    )
    _complete(made, read, about)
    return made


def _complete(made: Draft, read: Result, about: Known) -> None:
    """Set what most results have only a part of (see `Draft`)."""
    if about.place is not None:
        made.locations = (_location(read, about.place.path, about.rule),)
    if read.description is not None:
        made.description = text_of(read.description) or ""
    if read.secret is not None:
        made.secret = _secret(read, about)
    if read.links is not None:
        made.links = words_of(read.links)
    made.confidence, made.commit = text_of(read.confidence), text_of(read.commit)
    made.first_seen_at, made.last_seen_at = moment(read.first_seen), moment(read.last_seen)


def _identity(
    read: Result, about: Known, resource: Resource | None, found: Package | None
) -> tuple[tuple[str, ...], bool]:
    """What stays the same in another scan, and whether the tool itself says so."""
    own = text_of(read.id)
    if own is not None:
        return ("id", own), True
    thing, package = resource.id if resource else "", found.purl if found else ""
    file = about.place.identity if about.place else ""
    return (about.rule, thing, file, package, about.account or "", text_of(read.identity) or ""), False


def _secret(read: Result, about: Known) -> Exposed | None:
    if text_of(read.secret) is None:
        return None
    return Exposed(kind=text_of(read.secret_kind) or about.rule, value=about.value)


def _severity(read: Result, head: Header) -> SeverityRating:
    reported = text_of(read.severity)
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
    shown_there = text_of(read.snippet)
    if shown_there is None or (text_of(read.secret) is None and about_secrets(rule)):
        return None
    return shown_there
