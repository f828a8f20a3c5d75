"""A report as it was read: every result counted as exactly one thing.

`results = findings + suppressed + passed + repeated + rejected`, always.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from typing import Final

from fixgate.reports.adapter import Draft, Failed, Hints, Item, Passed, Remark, Suppressed
from fixgate.reports.document import REPORT_LIMIT, Document, Unusable, document
from fixgate.reports.fields import mapping, sequence
from fixgate.reports.masking import Masker
from fixgate.reports.registry import adapter_of

VERSION: Final = "v1"
"""Of fingerprints: another one when the same result would get another fingerprint."""
NO_FORMAT: Final = "none"
"""The format of a report that holds nothing by which to tell."""
WARNINGS_KEPT: Final = 20


class Scan(StrEnum):
    """What a report says of its scan. Nothing found, nothing looked at and nothing written are three things."""

    CLEAN = "clean"
    FINDINGS = "findings"
    FAILED = "failed"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Told:
    """A draft with its fingerprint."""

    draft: Draft
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """See the module. `rejected` are the results that cannot be used, with the reasons."""

    format: str
    scan: Scan
    findings: tuple[Told, ...] = ()
    suppressed: int = 0
    passed: int = 0
    repeated: int = 0
    rejected: tuple[Unusable, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def results(self) -> int:
        """How many results are in it."""
        return len(self.findings) + self.suppressed + self.passed + self.repeated + len(self.rejected)


@dataclass(slots=True)
class _Tally:
    drafts: list[Draft] = field(default_factory=list[Draft])
    suppressed: int = 0
    passed: int = 0
    rejected: list[Unusable] = field(default_factory=list[Unusable])
    warnings: list[str] = field(default_factory=list[str])
    failed: bool = False

    def add(self, item: Item) -> None:
        """Count one thing that an adapter said."""
        match item:
            case Draft():
                self.drafts.append(item)
            case Suppressed():
                self.suppressed += 1
            case Passed():
                self.passed += 1
            case Unusable():
                self.rejected.append(item)
            case Remark():
                self.warnings.append(item.text)
            case Failed():
                self.warnings.append(item.text)
                self.failed = True


def read(data: bytes, hints: Hints | None = None, *, limit: int = REPORT_LIMIT) -> Report:
    """The report in these bytes; raises Poison when as a whole it cannot be used. Pure."""
    hints = hints or Hints()
    read_as = document(data, limit=limit)
    if not read_as.values and not read_as.unusable:
        return Report(format=hints.format or NO_FORMAT, scan=Scan.EMPTY, warnings=("there is nothing in the report",))
    adapter = adapter_of(read_as, hints.format)
    if adapter is None:
        told = "there is no result, and nothing that tells which scanner found none"
        return Report(format=NO_FORMAT, scan=Scan.CLEAN, warnings=(told,))
    tally = _Tally(rejected=list(read_as.unusable))
    for item in adapter.read(read_as, hints):
        tally.add(item)
    return _report(adapter.name, tally, read_as)


def _report(name: str, tally: _Tally, read_as: Document) -> Report:
    drafts = _without_repeats(tally.drafts, read_as)
    found = tuple(_fingerprinted(name, drafts))
    failed = tally.failed or (bool(tally.rejected) and not found)
    warnings = list(dict.fromkeys(tally.warnings))
    if tally.rejected:
        warnings.append(f"{len(tally.rejected)} results cannot be used")
    if len(warnings) > WARNINGS_KEPT:
        warnings = [*warnings[:WARNINGS_KEPT], f"and {len(warnings) - WARNINGS_KEPT} more"]
    return Report(
        format=name,
        scan=Scan.FAILED if failed else Scan.FINDINGS if found else Scan.CLEAN,
        findings=found,
        suppressed=tally.suppressed,
        passed=tally.passed,
        repeated=len(tally.drafts) - len(drafts),
        rejected=tuple(tally.rejected),
        warnings=tuple(warnings),
    )


def _without_repeats(drafts: Iterable[Draft], read_as: Document) -> list[Draft]:
    """The drafts without exact repeats: results of which every field is equal, also those that are not read."""
    kept: list[Draft] = []
    first: dict[str, Draft] = {}
    whole: dict[str, set[str]] = {}
    roots = dict(read_as.values)
    for draft in drafts:
        content = _content(draft)
        if content not in first:
            first[content] = draft
        else:
            alike = whole.setdefault(content, {_whole(roots, first[content].pointer)})
            own = _whole(roots, draft.pointer)
            if own in alike:
                continue
            alike.add(own)
        kept.append(draft)
    return kept


def _content(draft: Draft) -> str:
    secret = draft.secret.value if draft.secret else ""
    return f"{replace(draft, pointer='')!r} {secret}"


def _whole(roots: Mapping[str, object], pointer: str) -> str:
    """All of a result, by the pointer that an adapter gave, with the names in one order."""
    root, *parts = pointer.split("/")
    found = roots.get(root)
    for part in parts:
        items, fields = sequence(found), mapping(found)
        found = items[int(part)] if items is not None else (fields or {}).get(part)
    return json.dumps(found, sort_keys=True)


def _fingerprinted(name: str, drafts: Iterable[Draft]) -> Iterable[Told]:
    """Each draft with its fingerprint, in order.

    Results that their identity does not tell apart are numbered by where they stand: so the lines may move and the
    report may be in another order.
    """
    identities = [(draft, _identity(name, draft)) for draft in drafts]
    groups: dict[tuple[str, ...], list[Draft]] = {}
    for draft, identity in identities:
        groups.setdefault(identity, []).append(draft)
    places: Mapping[int, int] = {
        id(draft): number
        for group in groups.values()
        if len(group) > 1
        for number, draft in enumerate(sorted(group, key=_position))
    }
    for draft, identity in identities:
        number = 0 if draft.unique else places.get(id(draft), 0)
        yield Told(draft, f"{VERSION}:{name}:{_hashed((*identity, str(number)) if number else identity)}")


def _identity(name: str, draft: Draft) -> tuple[str, ...]:
    # A hash without a key must not be of anything secret.
    masker = Masker([draft.secret.value] if draft.secret and draft.secret.value else [])
    return (name, draft.tool.lower(), *(masker.identity(part) for part in draft.identity))


def _position(draft: Draft) -> tuple[int, int, str]:
    first = draft.locations[0] if draft.locations else None
    return (first.start_line or 0, first.start_column or 0, _content(draft)) if first else (0, 0, _content(draft))


def _hashed(parts: tuple[str, ...]) -> str:
    """SHA-256 of the parts, each with its length, so that no two lists of parts run together."""
    hashed = sha256()
    for part in parts:
        encoded = part.encode(errors="surrogatepass")
        hashed.update(b"%d:" % len(encoded) + encoded)
    return hashed.hexdigest()
