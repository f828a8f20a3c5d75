"""gosec: its JSON (`report/json`, `issue.Issue`) of versions 1 and 2."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from fixgate.events import FindingStatus
from fixgate.reports.adapter import Draft, Exposed, Failed, Hints, Item, Remark, Spot, Suppressed
from fixgate.reports.code import lines_of
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import Shape, Word, alone, first_objects, inside, mapping, said, sequence, shaped
from fixgate.reports.paths import portable
from fixgate.reports.severity import rated
from fixgate.reports.unread import total, unlisted

_CREDENTIALS: Final = "G101"
"""The rule whose code holds a secret."""
_LINES: Final = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?")
_LONGEST_LINE: Final = 20
"""Characters of that which are looked at; what is longer is neither."""
_LONGEST: Final = 1_000
"""Lines of code that an issue may be about; a longer range is the mistake of a tool."""


class _Weakness(Shape):
    id: str | None = None
    url: object = None


class _Issue(Shape):
    rule_id: Word
    file: str
    details: str | None = None
    severity: str | None = None
    confidence: str | None = None
    cwe: _Weakness | None = None
    code: str | None = None
    line: str | int | None = None
    nosec: bool | None = None
    suppressions: object = None


class Gosec:
    """See the module."""

    name = "gosec"

    def recognises(self, document: Document) -> bool:
        """By issues beside the counts of files and of what was found."""
        return any(
            "Issues" in r and {"files", "found"} <= (mapping(r.get("Stats")) or {}).keys()
            for r in first_objects(document)
        )

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        for pointer, value in document.values:
            whole = mapping(value) or {}
            issues = sequence(whole.get("Issues")) or ()
            version = said(whole.get("GosecVersion"))
            for number, item in enumerate(issues):
                yield _item(item, f"{pointer}/Issues/{number}", version, hints)
            yield from _scan(whole, len(issues))


def _scan(whole: Mapping[str, object], listed: int) -> Iterator[Item]:
    """What the report says of its scan; the array of issues is `null` where there is none."""
    errors, files = len(mapping(whole.get("Golang errors")) or ()), inside(whole, "Stats", "files")
    counted = total(whole.get("Stats"), "found")
    if counted and not listed:
        yield Failed("gosec counts issues, and none is in the report")
    else:
        yield from unlisted(counted, listed, "gosec")
    if errors:
        yield Remark(f"{errors} files could not be scanned")
    if files == 0 and not listed:
        yield Failed("gosec could scan none of its files") if errors else Remark("gosec scanned no file")


def _item(value: object, pointer: str, version: str | None, hints: Hints) -> Item:
    read = shaped(_Issue, value, pointer)
    if isinstance(read, Unusable):
        return read
    if read.nosec or sequence(read.suppressions):
        return Suppressed(pointer)
    return _draft(read, pointer, version, hints)


def _draft(read: _Issue, pointer: str, version: str | None, hints: Hints) -> Draft:
    file, rule, lines = portable(read.file), read.rule_id, _lines(str(read.line)[:_LONGEST_LINE])
    secret = rule == _CREDENTIALS
    code = "" if secret else lines_of(read.code or "", lines)
    place = Spot(
        path=file.path,
        start_line=lines[0] if lines else None,
        end_line=lines[-1] if lines else None,
        snippet=code or None,
    )
    made = Draft(
        pointer=pointer,
        tool="gosec",
        tool_version=version,
        identity=(rule, file.identity, " ".join(code.split())),
        unique=False,
        what=rule,
        severity=rated("gosec", read.severity),
        status=FindingStatus.OPEN,
        rule_id=rule,
        rule_name=rule,
        title=read.details or rule,
        confidence=said(read.confidence),
        locations=(place,),
        repository=hints.repository,
    )
    if read.cwe is not None:
        made.aliases = alone(f"CWE-{read.cwe.id}") if read.cwe.id else ()
        made.links = alone(read.cwe.url)
    if secret:
        made.secret = Exposed(kind=rule, value="")
    return made


@lru_cache(maxsize=4096)
def _lines(text: str) -> range:
    """The lines that it is about: a number, or two with a dash between them."""
    match = _LINES.fullmatch(text)
    if match is None:
        return range(0)
    first, last = int(match[1]), int(match[2] or match[1])
    return range(first, min(last, first + _LONGEST) + 1) if 0 < first <= last else range(0)
