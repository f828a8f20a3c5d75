"""bandit: its JSON (`bandit/formatters/json.py`), also against a baseline."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from fixgate.events import FindingStatus
from fixgate.reports.adapter import Draft, Exposed, Failed, Hints, Item, Remark, Spot
from fixgate.reports.code import lines_of
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import (
    Count,
    Shape,
    Word,
    alone,
    first_objects,
    inside,
    mapping,
    moment,
    said,
    sequence,
    shaped,
)
from fixgate.reports.paths import portable
from fixgate.reports.severity import rated

_PASSWORDS: Final = frozenset({"B105", "B106", "B107"})
"""Tests whose text and code are the password."""
_PASSWORD: Final = re.compile(r"Possible hardcoded password: '(.*)'", re.DOTALL)


class _Weakness(Shape):
    id: int | None = None


class _Issue(Shape):
    test_id: Word
    filename: str
    test_name: str | None = None
    issue_severity: str | None = None
    issue_confidence: str | None = None
    issue_text: str | None = None
    issue_cwe: _Weakness | None = None
    line_number: Count | None = None
    line_range: list[int] | None = None
    col_offset: int | None = None
    code: str | None = None
    more_info: object = None


class Bandit:
    """See the module."""

    name = "bandit"

    def recognises(self, document: Document) -> bool:
        """By results beside metrics with totals."""
        return any(
            sequence(r.get("results")) is not None and mapping(inside(r, "metrics", "_totals")) is not None
            for r in first_objects(document)
        )

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        for pointer, value in document.values:
            whole = mapping(value) or {}
            issues = sequence(whole.get("results"))
            if issues is None:
                yield Unusable(pointer, "there is no array of results")
                continue
            when = moment(said(whole.get("generated_at")))
            for number, item in enumerate(issues):
                place = f"{pointer}/results/{number}"
                read = shaped(_Issue, item, place)
                yield read if isinstance(read, Unusable) else _draft(read, place, when, hints)
            yield from _scan(whole, found=bool(issues))


def _scan(whole: Mapping[str, object], *, found: bool) -> Iterator[Item]:
    """What the report says of its scan; its totals by severity also count what its thresholds leave out."""
    errors, lines = len(sequence(whole.get("errors")) or ()), inside(whole, "metrics", "_totals", "loc")
    if errors:
        yield Remark(f"{errors} files could not be scanned")
    if lines == 0 and not found:
        yield Failed("bandit could scan none of its files") if errors else Remark("bandit scanned no line of code")


def _draft(read: _Issue, pointer: str, when: datetime | None, hints: Hints) -> Draft:
    file, rule, about = portable(read.filename), read.test_id, read.issue_text or ""
    secret, numbers = rule in _PASSWORDS, read.line_range or ()
    lines = "" if secret else lines_of(read.code or "", {*numbers, read.line_number})
    place = Spot(
        path=file.path,
        start_line=read.line_number or None,
        end_line=max(numbers) if numbers else None,
        snippet=lines or None,
    )
    made = Draft(
        pointer=pointer,
        tool="bandit",
        identity=(rule, file.identity, " ".join(lines.split())),
        unique=False,
        what=rule,
        severity=rated("bandit", read.issue_severity),
        status=FindingStatus.OPEN,
        rule_id=rule,
        rule_name=read.test_name or rule,
        title="Possible hardcoded password" if secret else about,
        confidence=said(read.issue_confidence),
        locations=(place,),
        repository=hints.repository,
        links=alone(read.more_info),
        last_seen_at=when,
    )
    if read.issue_cwe is not None and read.issue_cwe.id:
        made.aliases = (f"CWE-{read.issue_cwe.id}",)
    if secret:
        password = _PASSWORD.fullmatch(about)
        made.secret = Exposed(kind=made.rule_name, value=password[1] if password else "")
    return made
