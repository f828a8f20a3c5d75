"""Wiz: issues, configuration findings and vulnerabilities of its API, webhooks of issues, rows of its report."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Final

from fixgate.events import FindingStatus, Package, SeverityRating
from fixgate.reports import aws
from fixgate.reports.adapter import Draft, Failed, Hints, Item, Passed, Remark, Spot, Suppressed
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import (
    LOOKED_AT,
    alone,
    first_values,
    inside,
    labelled,
    mapping,
    moment,
    said,
    sequence,
    shaped,
    some,
    word,
)
from fixgate.reports.formats.wiz_shapes import Configuration, Entity, Issue, Row, Rule, Vulnerability, one_spelling
from fixgate.reports.packages import purl
from fixgate.reports.paths import portable
from fixgate.reports.severity import by_word, unknown
from fixgate.reports.unread import total, unlisted, unread

_STATUS: Final[Mapping[str, FindingStatus]] = {
    "open": FindingStatus.OPEN,
    "in_progress": FindingStatus.OPEN,
    "resolved": FindingStatus.RESOLVED,
    "rejected": FindingStatus.SUPPRESSED,
}
_OWN_LISTS: Final = ("issuesV2", "configurationFindings", "vulnerabilityFindings")
"""Lists that no other API has."""
_HOLDERS: Final = ("data", *_OWN_LISTS, "issues", "nodes", "edges", "node")
_LISTS: Final = ("nodes", "edges")
_READ: Final = frozenset({*_HOLDERS, "errors"})
_DEPTH: Final = 6
_AROUND: Final = frozenset({"trigger", "control", "resource", "entitySnapshot"})
"""What a webhook has beside the issue."""
_NO_ANSWER: Final = frozenset({"id", "Issue ID", *_AROUND})
"""What nothing has that is put around results: with one of these it is a result, whatever else it has."""
_ANSWER: Final = "answer"
_TYPES: Final = frozenset({"type", "nativeType"})
_RULES: Final = frozenset({"sourceRule", "sourceRules", "control"})
_TOP_SCORE: Final = 10.0


class Wiz:
    """See the module."""

    name = "wiz"

    def recognises(self, document: Document) -> bool:
        """By a result of one of its kinds; by the name of a list that only Wiz has."""
        return any(map(_is_of_wiz, first_values(document)))

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        del hints
        for value in document.values:
            for pointer, item, kind in _walked((value,)):
                if kind == _ANSWER:
                    yield from _of_answer(mapping(item) or {})
                else:
                    yield _read(item, pointer, kind)


def _is_of_wiz(value: object) -> bool:
    found = islice(_walked((("", value),)), LOOKED_AT)
    return any(_has_own_list(item) if kind == _ANSWER else kind is not None for _, item, kind in found)


def _has_own_list(answer: object) -> bool:
    return any(mapping(inside(answer, name)) is not None for name in _OWN_LISTS)


def _of_answer(fields: Mapping[str, object]) -> Iterator[Item]:
    """What the API says besides the results."""
    listed = max(len(sequence(fields.get(name)) or ()) for name in _LISTS)
    if inside(fields, "pageInfo", "hasNextPage") is True:
        yield Remark("the list goes on: further pages are not in the report")
    else:
        yield from unlisted(total(fields, "totalCount"), listed, "Wiz")
    if sequence(fields.get("errors")):
        yield Failed("Wiz says that its answer has errors")
    others = {name: value for name, value in fields.items() if name not in _READ}
    yield from unread(others, (), "Wiz")
    for held in _LISTS:
        yield from unread({name: inside(value, held) for name, value in others.items()}, (), "Wiz")


def _walked(values: Iterable[tuple[str, object]], depth: int = _DEPTH) -> Iterator[tuple[str, object, str | None]]:
    """Each result and its kind, out of what the API puts around it; before what that holds, that itself."""
    for pointer, value in values:
        fields = mapping(value)
        kind = None if fields is None else _kind(fields)
        held = _held(pointer, value) if kind is None and depth else None
        if held is None:
            yield pointer, value, kind
            continue
        if fields is not None and "node" not in fields:  # what is around each of the results says nothing more
            yield pointer, fields, _ANSWER
        yield from _walked(held, depth - 1)


def _held(pointer: str, value: object) -> Iterable[tuple[str, object]] | None:
    """What stands in an array, or in an object of the API; None when the value is neither."""
    fields = mapping(value)
    if fields is None:
        items = sequence(value)
        return None if items is None else ((f"{pointer}/{number}", item) for number, item in enumerate(items))
    named = [name for name in _HOLDERS if name in fields]
    if not named or not _NO_ANSWER.isdisjoint(fields):
        return None
    # `null` is for nothing at all, which is no result only where errors say why.
    held = [name for name in named if fields[name] is not None] or ([] if sequence(fields.get("errors")) else named)
    return [(f"{pointer}/{name}", fields[name]) for name in held]


def _kind(fields: Mapping[str, object]) -> str | None:
    if "issue" in fields and mapping(fields["issue"]) is not None and not _AROUND.isdisjoint(fields):
        return "webhook"
    if "Issue ID" in fields and "Title" in fields:
        return "row"
    if "id" not in fields:
        return None
    if "vulnerableAsset" in fields and "name" in fields:
        return "vulnerability"
    about = mapping(fields.get("resource"))
    if about is not None and "result" in fields and "rule" in fields and not _TYPES.isdisjoint(about):
        return "configuration"
    return "issue" if "entitySnapshot" in fields and not _RULES.isdisjoint(fields) else None


def _read(given: object, pointer: str, kind: str | None) -> Item:
    match kind:
        case "row":
            return _of_row(one_spelling(kind, given), pointer)
        case "vulnerability":
            return _of_vulnerability(one_spelling(kind, given), pointer)
        case "configuration":
            return _of_configuration(one_spelling(kind, given), pointer)
        case "webhook":
            around = mapping(given) or {}
            issue = mapping(around["issue"]) or {}
            entity = around.get("entitySnapshot") or around.get("resource")
            # The parts of a webhook's issue stand beside it.
            whole = {"entitySnapshot": entity, "control": around.get("control"), **issue}
            return _of_issue(one_spelling("issue", whole), pointer)
        case _:
            return _of_issue(one_spelling("issue", given), pointer)


def _of_issue(value: object, pointer: str) -> Item:
    read = shaped(Issue, value, pointer)
    if isinstance(read, Unusable):
        return read
    rule = read.rule or next(iter(read.rules or ()), None) or Rule()
    more = {"type": said(read.type), "resolution": said(read.resolution)}
    draft = _draft(pointer, ("issue", read.id), rule, read.entity or Entity(), read.status, **more)
    draft.severity = _rating(read.severity or rule.severity)
    draft.description = said(read.description) or rule.description
    draft.links = alone(read.url)
    draft.first_seen_at, draft.last_seen_at = moment(said(read.created)), moment(said(read.updated))
    return _told(draft)


def _of_configuration(value: object, pointer: str) -> Item:
    read = shaped(Configuration, value, pointer)
    if isinstance(read, Unusable):
        return read
    result = (word(read.result) or "").lower()
    if result in {"pass", "passed"}:
        return Passed(pointer)
    # A check that could not look has found nothing, and nothing wrong with that either.
    status = read.status or "open" if result in {"fail", "failed"} else "unknown"
    draft = _draft(pointer, ("configuration", read.id), read.rule, read.resource or Entity(), status)
    draft.severity = _rating(read.severity or read.rule.severity)
    draft.title = said(read.name) or draft.title
    draft.description = read.rule.description
    draft.first_seen_at, draft.last_seen_at = moment(said(read.seen)), moment(said(read.analyzed))
    return _told(draft)


def _of_vulnerability(value: object, pointer: str) -> Item:
    read = shaped(Vulnerability, value, pointer)
    if isinstance(read, Unusable):
        return read
    package, path = said(read.package), said(read.path)
    rule = Rule(id=read.name, name=read.name)
    draft = _draft(pointer, ("vulnerability", read.id), rule, read.asset or Entity(), read.status)
    rating = _rating(read.severity)
    score = read.score if read.score is not None and 0 < read.score <= _TOP_SCORE else None
    draft.severity = rating if score is None else replace(rating, score=score)
    draft.title = f"{read.name} in {package}" if package else read.name
    draft.description = said(read.of_cve) or said(read.description) or ""
    draft.aliases = (read.name,)
    if package:
        name = purl(None, package, said(read.version))
        draft.package = Package(purl=name, fixed_versions=alone(read.fixed))
    if path:
        draft.locations = (Spot(path=portable(path).path),)
    draft.links = some((said(read.portal), said(read.link)))
    draft.first_seen_at, draft.last_seen_at = moment(said(read.seen)), moment(said(read.seen_again))
    return _told(draft)


def _of_row(value: object, pointer: str) -> Item:
    read, entity = shaped(Row, value, pointer), shaped(Entity, value, pointer)
    if isinstance(read, Unusable):
        return read
    rule = Rule(id=read.control, name=read.title)
    about = entity if isinstance(entity, Entity) else Entity()
    draft = _draft(pointer, ("issue", read.id), rule, about, read.status)
    draft.severity = _rating(read.severity)
    draft.description = said(read.description) or ""
    draft.links = alone(read.url)
    draft.first_seen_at = moment(said(read.created))
    return _told(draft)


def _draft(
    pointer: str, identity: tuple[str, ...], rule: Rule, entity: Entity, status: str | None, **more: str | None
) -> Draft:
    """What all kinds have in common, with more labels."""
    resource = entity.resource()
    name, state = word(rule.name), word(status)
    rule_id = word(rule.short) or word(rule.id) or name or "unknown"
    return Draft(
        pointer=pointer,
        tool="wiz",
        identity=identity,
        unique=True,
        what=rule_id,
        severity=unknown("wiz severity"),
        status=_STATUS.get((state or "").lower(), FindingStatus.UNKNOWN),
        rule_id=rule_id,
        rule_name=name or rule_id,
        title=name or rule_id,
        resource=resource,
        account=entity.account or (resource.account if resource else None),
        region=said(entity.region) or (resource.region if resource else None),
        affected=aws.identity(resource),
        labels=labelled(platform=said(entity.platform), name=said(entity.name), status=state, **more),
    )


def _rating(reported: str | None) -> SeverityRating:
    found = word(reported)
    return unknown("wiz severity") if found is None else by_word("wiz severity", found)


def _told(draft: Draft) -> Item:
    """The draft, unless somebody has rejected what it says."""
    return Suppressed(draft.pointer) if draft.status is FindingStatus.SUPPRESSED else draft
