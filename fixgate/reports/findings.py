"""From a report to `Finding` records: masked, hashed, keyed, and short enough for a message."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from fixgate.events import (
    AffectedIdentity,
    Finding,
    Location,
    Original,
    Package,
    Resource,
    SecretMark,
    SeverityRating,
    Source,
    Stored,
)
from fixgate.ids import derived_id
from fixgate.reports.adapter import Draft, Exposed, Spot
from fixgate.reports.fingerprints import Told
from fixgate.reports.masking import LEAST, Masker
from fixgate.reports.report import Report
from fixgate.reports.secrets import HashKey, secret_kind

TITLE_LIMIT: Final = 300
TEXT_LIMIT: Final = 4_000
SNIPPET_LIMIT: Final = 400
LABEL_LIMIT: Final = 500
LINK_LIMIT: Final = 1_000
ADDRESS_LIMIT: Final = 1_500
KEY_LIMIT: Final = 511
"""Characters of a problem key at most; a longer one is known by its SHA-256."""
LOCATIONS_KEPT: Final = 50
LABELS_KEPT: Final = 24
LINKS_KEPT: Final = 10
ALIASES_KEPT: Final = 50
_WEB: Final = re.compile(r"https?://[!-~]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What holds for every finding of a report: who sent it, its bytes, and when the broker got it."""

    source: str
    digest: str
    stored: Stored | None
    reported_at: datetime


def findings(
    report: Report, key: HashKey, origin: Origin, *, start: int = 0, stop: int | None = None
) -> tuple[Finding, ...]:
    """The report's findings from the one with number `start` until before `stop`, in its order.

    Pure; no secret of the whole report is in them.
    """
    masker = Masker(report.secrets)
    return tuple(_finding(told, report.format, masker, key, origin) for told in report.findings[start:stop])


def _finding(told: Told, form: str, masker: Masker, key: HashKey, origin: Origin) -> Finding:
    draft = told.draft
    # A secret of three characters is in every text: then no text is kept.
    quiet = draft.secret is not None and 0 < len(draft.secret.value) < LEAST
    # One that the report does not name, or only in part, may stand in what it shows of the file all the same.
    blind = draft.secret is not None and len(draft.secret.value) < LEAST
    mark = _mark(draft.secret, masker, key)
    resource = _resource(_or_file(draft), masker)
    affected = _affected(draft.affected, masker)
    source = masker.name(origin.source)
    repository = None if draft.repository is None else masker.name(draft.repository, ADDRESS_LIMIT)
    finding_id = derived_id("finding", source, repository or "", told.fingerprint)
    return Finding(
        finding_id=finding_id,
        problem_key=problem_key(mark, affected, resource, masker.name(draft.what), finding_id),
        fingerprint=told.fingerprint,
        source=Source(name=source),
        tool=masker.name(draft.tool),
        tool_version=_optional(draft.tool_version, masker),
        format=form,
        rule_id=masker.name(draft.rule_id) if draft.rule_id else "",
        rule_name=masker.name(draft.rule_name) if draft.rule_name else "",
        title=masker.text(draft.title, TITLE_LIMIT),
        description="" if quiet else masker.text(draft.description, TEXT_LIMIT),
        severity=_rating(draft.severity, masker),
        confidence=_optional(draft.confidence, masker),
        status=draft.status,
        aliases=tuple(masker.name(a) for a in draft.aliases[:ALIASES_KEPT]),
        locations=tuple(_location(place, masker, blind=blind) for place in draft.locations[:LOCATIONS_KEPT]),
        resource=resource,
        account=_optional(draft.account, masker),
        region=_optional(draft.region, masker),
        repository=repository,
        commit=_optional(draft.commit, masker),
        package=_package(draft.package, masker),
        identity=affected,
        secret=mark,
        labels=_labels(draft, masker),
        links=_links(draft.links, masker),
        original=Original(digest=origin.digest, pointer=_pointer(draft.pointer, masker), stored=origin.stored),
        first_seen_at=draft.first_seen_at,
        last_seen_at=draft.last_seen_at,
        reported_at=origin.reported_at,
    )


def _pointer(pointer: str, masker: Masker) -> str:
    """Where it stands; names of fields in it are text of the report like any other."""
    return masker.name(pointer, ADDRESS_LIMIT) if pointer else ""


def _mark(secret: Exposed | None, masker: Masker, key: HashKey) -> SecretMark | None:
    return None if secret is None else key.mark(secret.value, secret_kind(masker.name(secret.kind), secret.value))


def problem_key(
    secret: SecretMark | None, identity: AffectedIdentity | None, resource: Resource | None, what: str, finding_id: str
) -> str:
    """What makes two findings the same problem, less than 512 characters.

    A finding that names nothing is a problem of its own.
    """
    if secret is not None:
        made = f"secret:{secret.hash}"
    elif identity is not None:
        made = f"identity:{identity.kind}:{identity.id}"
    elif resource is not None:
        made = f"resource:{resource.kind}:{resource.id}:{what}"
    else:
        made = f"resource:unknown:{finding_id}:{what}"
    return made if len(made) <= KEY_LIMIT else f"sha256:{sha256(made.encode()).hexdigest()}"


def _or_file(draft: Draft) -> Resource | None:
    """The draft's resource; the file in its repository where it has none."""
    path = next((place.path for place in draft.locations if place.path), None)
    if draft.resource is not None or draft.repository is None or path is None:
        return draft.resource
    return Resource(kind="git.file", id=f"{draft.repository}#{path}")


def _resource(found: Resource | None, masker: Masker) -> Resource | None:
    if found is None:
        return None
    return Resource(
        kind=masker.name(found.kind),
        id=masker.name(found.id, ADDRESS_LIMIT),
        account=_optional(found.account, masker),
        region=_optional(found.region, masker),
    )


def _affected(found: AffectedIdentity | None, masker: Masker) -> AffectedIdentity | None:
    if found is None:
        return None
    return AffectedIdentity(
        kind=masker.name(found.kind),
        id=masker.name(found.id, ADDRESS_LIMIT),
        credential=_optional(found.credential, masker),
    )


def _rating(found: SeverityRating, masker: Masker) -> SeverityRating:
    return SeverityRating(
        normalised=found.normalised,
        reported=_optional(found.reported, masker),
        score=found.score,
        derivation=found.derivation,
    )


def _location(found: Spot, masker: Masker, *, blind: bool) -> Location:
    return Location(
        path=None if found.path is None else masker.name(found.path, ADDRESS_LIMIT),
        start_line=_line(found.start_line),
        end_line=_line(found.end_line),
        start_column=_line(found.start_column),
        end_column=_line(found.end_column),
        logical=_optional(found.logical, masker),
        snippet=None if blind or found.snippet is None else masker.text(found.snippet, SNIPPET_LIMIT),
    )


def _line(number: int | None) -> int | None:
    """The number if it can be one of a file."""
    return number if number is not None and 0 <= number < 1 << 31 else None


def _package(found: Package | None, masker: Masker) -> Package | None:
    if found is None:
        return None
    fixed = tuple(masker.name(v) for v in found.fixed_versions[:LINKS_KEPT])
    return Package(purl=masker.name(found.purl, ADDRESS_LIMIT), fixed_versions=fixed)


def _labels(draft: Draft, masker: Masker) -> Mapping[str, str]:
    kept = {name: masker.text(value, LABEL_LIMIT) for name, value in sorted(draft.labels.items())[:LABELS_KEPT]}
    if len(draft.locations) > LOCATIONS_KEPT:
        kept["locations"] = f"{len(draft.locations)}, of which {LOCATIONS_KEPT} are kept"
    return kept


def _links(links: Iterable[str], masker: Masker) -> tuple[str, ...]:
    """Web addresses alone: a person may click on them."""
    good = [link for link in links if _WEB.fullmatch(link) and len(link) <= LINK_LIMIT]
    return tuple(masker.text(link, LINK_LIMIT) for link in good[:LINKS_KEPT])


def _optional(text: str | None, masker: Masker) -> str | None:
    return None if text is None else masker.name(text)
