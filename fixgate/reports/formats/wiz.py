"""Wiz: issues, configuration findings and vulnerabilities of its API, webhooks of issues, rows of its report."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Final

from msgspec import structs

from fixgate.events import FindingStatus, Package, SeverityRating
from fixgate.reports import aws
from fixgate.reports.adapter import Draft, Failed, Hints, Item, Passed, Remark, Spot, Suppressed
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import LOOKED_AT, inside, labelled, mapping, moment, said, sequence, shaped, some, word
from fixgate.reports.formats.wiz_shapes import Configuration, Entity, Issue, Row, Rule, Vulnerability, one_spelling
from fixgate.reports.packages import purl
from fixgate.reports.paths import portable
from fixgate.reports.severity import by_word, unknown

_STATUS: Final[Mapping[str, FindingStatus]] = {
    "open": FindingStatus.OPEN,
    "in_progress": FindingStatus.OPEN,
    "resolved": FindingStatus.RESOLVED,
    "rejected": FindingStatus.SUPPRESSED,
}
_OWN_LISTS: Final = ("issuesV2", "configurationFindings", "vulnerabilityFindings")
"""Lists that no other API has."""
_HOLDERS: Final = ("data", *_OWN_LISTS, "issues", "nodes", "edges", "node")
_DEPTH: Final = 6
_AROUND: Final = frozenset({"trigger", "control", "resource", "entitySnapshot"})
"""What a webhook has beside the issue."""
_TOP_SCORE: Final = 10.0


class Wiz:
    """See the module."""

    name = "wiz"

    def recognises(self, document: Document) -> bool:
        """By a result of one of its kinds; by the name of a list that only Wiz has."""
        return any(
            _kind(item) is not None for _, value in document.values for _, item in islice(_walked("", value), LOOKED_AT)
        ) or any(
            mapping(inside(value, "data", name)) is not None for _, value in document.values for name in _OWN_LISTS
        )

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        del hints
        for pointer, value in document.values:
            for name in (*_OWN_LISTS, "issues"):
                if inside(value, "data", name, "pageInfo", "hasNextPage") is True:
                    yield Remark("the list goes on: further pages are not in the report")
            if sequence(inside(value, "errors")) and "data" in (mapping(value) or {}):
                yield Failed("Wiz says that its answer has errors")
            for place, item in _walked(pointer, value):
                yield _read(item, place)


def _walked(pointer: str, value: object, depth: int = _DEPTH) -> Iterator[tuple[str, object]]:
    """Each result, out of what the API puts around it."""
    items, fields = sequence(value), mapping(value)
    if items is not None and depth:
        for number, item in enumerate(items):
            yield from _walked(f"{pointer}/{number}", item, depth - 1)
        return
    held = [] if fields is None or _kind(value) else [n for n in _HOLDERS if _holds(fields.get(n))]
    for name in held if depth else ():
        yield from _walked(f"{pointer}/{name}", (fields or {})[name], depth - 1)
    if not held and not (fields and fields.keys() & {"nodes", "data", *_OWN_LISTS}):
        yield pointer, value


def _holds(value: object) -> bool:
    return mapping(value) is not None or sequence(value) is not None


def _kind(value: object) -> str | None:
    fields = mapping(value) or {}
    names = fields.keys()
    if mapping(fields.get("issue")) is not None and _AROUND & names:
        return "webhook"
    if {"Issue ID", "Title"} <= names:
        return "row"
    if {"id", "name", "vulnerableAsset"} <= names:
        return "vulnerability"
    if {"id", "result", "rule", "resource"} <= names and {"type", "nativeType"} & set(
        mapping(fields["resource"]) or ()
    ):
        return "configuration"
    if {"id", "entitySnapshot"} <= names and {"sourceRule", "sourceRules", "control"} & names:
        return "issue"
    return None


def _read(given: object, pointer: str) -> Item:
    value = one_spelling(given)
    match _kind(given):
        case "row":
            return _of_row(value, pointer)
        case "vulnerability":
            return _of_vulnerability(value, pointer)
        case "configuration":
            return _of_configuration(value, pointer)
        case "webhook":
            around = mapping(given) or {}
            issue = mapping(around["issue"]) or {}
            entity = around.get("entitySnapshot") or around.get("resource")
            # The parts of a webhook's issue stand beside it.
            whole = {"entitySnapshot": entity, "control": around.get("control"), **issue}
            return _of_issue(one_spelling(whole), pointer)
        case _:
            return _of_issue(value, pointer)


def _of_issue(value: object, pointer: str) -> Item:
    read = shaped(Issue, value, pointer)
    if isinstance(read, Unusable):
        return read
    rule = read.rule or next(iter(read.rules or ()), None) or Rule()
    draft = _draft(pointer, ("issue", read.id), rule, read.entity or Entity(), read.status)
    return _told(
        structs.replace(
            draft,
            severity=_rating(read.severity or rule.severity),
            description=said(read.description) or rule.description,
            labels={**draft.labels, **labelled(type=said(read.type), resolution=said(read.resolution))},
            links=some((said(read.url),)),
            first_seen_at=moment(said(read.created)),
            last_seen_at=moment(said(read.updated)),
        )
    )


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
    return _told(
        structs.replace(
            draft,
            severity=_rating(read.severity or read.rule.severity),
            title=said(read.name) or draft.title,
            description=read.rule.description,
            first_seen_at=moment(said(read.seen)),
            last_seen_at=moment(said(read.analyzed)),
        )
    )


def _of_vulnerability(value: object, pointer: str) -> Item:
    read = shaped(Vulnerability, value, pointer)
    if isinstance(read, Unusable):
        return read
    package, path = said(read.package), said(read.path)
    rule = Rule(id=read.name, name=read.name)
    draft = _draft(pointer, ("vulnerability", read.id), rule, read.asset or Entity(), read.status)
    rating = _rating(read.severity)
    score = read.score if read.score is not None and 0 < read.score <= _TOP_SCORE else None
    return _told(
        structs.replace(
            draft,
            severity=rating if score is None else replace(rating, score=score),
            title=f"{read.name} in {package}" if package else read.name,
            description=said(read.of_cve) or said(read.description) or "",
            aliases=(read.name,),
            package=Package(purl=purl(None, package, said(read.version)), fixed_versions=some((said(read.fixed),)))
            if package
            else None,
            locations=(Spot(path=portable(path).path),) if path else (),
            links=some((said(read.portal), said(read.link))),
            first_seen_at=moment(said(read.seen)),
            last_seen_at=moment(said(read.seen_again)),
        )
    )


def _of_row(value: object, pointer: str) -> Item:
    read, entity = shaped(Row, value, pointer), shaped(Entity, value, pointer)
    if isinstance(read, Unusable):
        return read
    rule = Rule(id=read.control, name=read.title)
    about = entity if isinstance(entity, Entity) else Entity()
    draft = _draft(pointer, ("issue", read.id), rule, about, read.status)
    return _told(
        structs.replace(
            draft,
            severity=_rating(read.severity),
            description=said(read.description) or "",
            links=some((said(read.url),)),
            first_seen_at=moment(said(read.created)),
        )
    )


def _draft(pointer: str, identity: tuple[str, ...], rule: Rule, entity: Entity, status: str | None) -> Draft:
    """What all kinds have in common."""
    resource = entity.resource()
    rule_id = word(rule.short) or word(rule.id) or word(rule.name) or "unknown"
    state = word(status)
    return Draft(
        pointer=pointer,
        tool="wiz",
        identity=identity,
        unique=True,
        what=rule_id,
        severity=unknown("wiz severity"),
        status=_STATUS.get((state or "").lower(), FindingStatus.UNKNOWN),
        rule_id=rule_id,
        rule_name=word(rule.name) or rule_id,
        title=word(rule.name) or rule_id,
        resource=resource,
        account=entity.account or (resource.account if resource else None),
        region=said(entity.region) or (resource.region if resource else None),
        affected=aws.identity(resource),
        labels=labelled(platform=said(entity.platform), name=said(entity.name), status=state),
    )


def _rating(reported: str | None) -> SeverityRating:
    found = word(reported)
    return unknown("wiz severity") if found is None else by_word("wiz severity", found)


def _told(draft: Draft) -> Item:
    """The draft, unless somebody has rejected what it says."""
    return Suppressed(draft.pointer) if draft.status is FindingStatus.SUPPRESSED else draft
