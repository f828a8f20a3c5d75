"""ggshield: the JSON of `ggshield secret scan` (`verticals/secret/output/schemas.py`), scans within scans."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec import field

from fixgate.events import FindingStatus
from fixgate.reports import aws
from fixgate.reports.adapter import Draft, Exposed, Failed, Hints, Item, Remark, Spot, Suppressed
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import (
    Shape,
    Word,
    first_objects,
    inside,
    labelled,
    mapping,
    results,
    said,
    sequence,
    shaped,
    some,
)
from fixgate.reports.paths import Place, portable
from fixgate.reports.secrets import shown
from fixgate.reports.severity import unknown

_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_BESIDE: Final = frozenset({"username", "user", "host", "port", "scheme", "database", "client_id"})
"""Kinds of matches that belong to a secret and are none."""
_SCANS_DEEP: Final = 20
"""Scans within scans; ggshield writes three levels."""


class _Occurrence(Shape):
    match: str | None = None
    match_type: str | None = None
    type: str | None = None  # its name until 1.20
    line_start: int | None = None
    line_end: int | None = None


class _Incident(Shape):
    type: Word
    occurrences: list[_Occurrence]
    policy: object = None
    validity: str | None = None
    ignore_reason: object = None
    known_secret: bool | None = None
    secret_vaulted: object = None
    incident_url: object = None
    documentation: object = field(default=None, name="detector_documentation")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scan:
    """What holds for what a scan found."""

    hints: Hints
    commit: str | None
    author: Mapping[str, str]
    """Labels that name whoever wrote the commit."""


class Ggshield:
    """See the module."""

    name = "ggshield"

    def recognises(self, document: Document) -> bool:
        """By its totals, which it writes when it found nothing too."""
        return any({"total_incidents", "total_occurrences", "type"} <= r.keys() for r in first_objects(document))

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        for pointer, value in results(document):
            listed = 0
            for item in _scan(value, pointer, _Scan(hints=hints, commit=None, author={}), 0):
                listed += not isinstance(item, Remark)
                yield item
            total = inside(value, "total_incidents")
            if isinstance(total, int) and total > listed:
                why = "ggshield counts incidents that are not in the report"
                yield Remark(why) if listed else Failed(why)


def _scan(value: object, pointer: str, above: _Scan, depth: int) -> Iterator[Item]:
    found = mapping(value)
    if found is None or depth > _SCANS_DEEP:
        yield Unusable(pointer, "it is no scan")
        return
    name, about = said(found.get("id")), found.get("extra_info")
    here = _Scan(
        hints=above.hints,
        commit=name if name and _COMMIT.fullmatch(name) else above.commit,
        author={**above.author, **labelled(author=said(inside(about, "author")), email=said(inside(about, "email")))},
    )
    for name in ("entities_with_incidents", "scans"):
        if found.get(name) is not None and sequence(found[name]) is None:
            yield Unusable(f"{pointer}/{name}", "it is no array")
    for number, entity in enumerate(sequence(found.get("entities_with_incidents")) or ()):
        yield from _entity(entity, f"{pointer}/entities_with_incidents/{number}", here)
    if faults := len(sequence(found.get("errors")) or ()):
        yield Remark(f"ggshield tells of {faults} errors: something was not scanned")
    for number, inner in enumerate(sequence(found.get("scans")) or ()):
        yield from _scan(inner, f"{pointer}/scans/{number}", here, depth + 1)


def _entity(value: object, pointer: str, scan: _Scan) -> Iterator[Item]:
    found: Mapping[str, object] = mapping(value) or {}
    filename, incidents = found.get("filename"), sequence(found.get("incidents"))
    if incidents is None:
        yield Unusable(pointer, "it has no array of incidents")
        return
    file = portable(filename) if isinstance(filename, str) else None
    for number, item in enumerate(incidents):
        place = f"{pointer}/incidents/{number}"
        read = shaped(_Incident, item, place)
        if isinstance(read, Unusable):
            yield read
        elif file is None:
            yield Unusable(place, "its file has no name")
        elif read.ignore_reason is not None:
            yield Suppressed(place)
        else:
            yield _draft(read, file, place, scan)


def _draft(read: _Incident, file: Place, pointer: str, scan: _Scan) -> Draft:
    identifier, secret = _secret(read.occurrences)
    validity = said(read.validity)
    made = Draft(
        pointer=pointer,
        tool="ggshield",
        # Not its `ignore_sha`: a hash of the secret without a key.
        identity=(read.type, file.identity, scan.commit or ""),
        unique=False,
        what=read.type,
        severity=unknown("ggshield"),
        status=FindingStatus.OPEN,
        rule_id=read.type,
        rule_name=read.type,
        title=f"{read.type} found",
        confidence=validity,
        locations=_locations(read.occurrences, file.path),
        repository=scan.hints.repository,
        labels=_labels(read, validity, scan),
        secret=Exposed(kind=read.type, value=secret),
    )
    made.commit = scan.commit
    made.links = some((said(read.incident_url), said(read.documentation)))
    if identifier is not None:
        made.resource, made.affected = aws.access_key(identifier, None)
    return made


def _labels(read: _Incident, validity: str | None, scan: _Scan) -> dict[str, str]:
    made: dict[str, str] = {}
    if (policy := said(read.policy)) is not None:
        made["policy"] = policy
    if validity is not None:
        made["validity"] = validity
    if read.known_secret is not None:
        made["known"] = "true" if read.known_secret else "false"
    if read.secret_vaulted is True:
        made["vaulted"] = "true"
    made.update(scan.author)
    return made


def _secret(occurrences: Sequence[_Occurrence]) -> tuple[str | None, str]:
    """The id of the access key, if it is one, and the secret as far as it is shown."""
    matches = [(match, o.match_type or o.type or "") for o in occurrences if (match := _visible(o.match))]
    if not matches:
        return None, ""
    identifier = aws.key_id(*[match for match, _ in matches])
    return identifier, identifier or next((match for match, kind in matches if kind not in _BESIDE), "")


def _visible(match: str | None) -> str:
    """The match, unless ggshield has put stars into it."""
    return "" if match is None or "**" in match else shown(match)


def _locations(found: Sequence[_Occurrence], path: str) -> tuple[Spot, ...]:
    """Each place once: the parts of a secret may stand in one line."""
    spots = [Spot(path=path, start_line=o.line_start or None, end_line=o.line_end or None) for o in found]
    return tuple(dict.fromkeys(spots) if len(spots) > 1 else spots) or (Spot(path=path),)
