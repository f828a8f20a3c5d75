"""trufflehog 2, and what trufflehog 3 writes with `--json-legacy`: one object for each commit, file and reason."""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import field

from fixgate.events import FindingStatus
from fixgate.reports import aws
from fixgate.reports.adapter import Draft, Exposed, Hints, Item, Spot
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import Shape, Word, first_objects, labelled, moment, results, said, shaped
from fixgate.reports.paths import portable
from fixgate.reports.secrets import shown
from fixgate.reports.severity import unknown

_SEVERITY: Final = unknown("trufflehog")
_COMMIT: Final = re.compile(r"[0-9a-fA-F]{7,64}")


class _Result(Shape):
    reason: Word
    path: str
    strings: list[str] = field(name="stringsFound")
    hashed: str | None = field(default=None, name="commitHash")
    branch: object = None
    date: object = None


class Trufflehog2:
    """See the module."""

    name = "trufflehog2"

    def recognises(self, document: Document) -> bool:
        """By the names that only these versions give."""
        return any({"reason", "stringsFound", "path"} <= r.keys() for r in first_objects(document))

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        for pointer, value in results(document):
            read = shaped(_Result, value, pointer)
            yield read if isinstance(read, Unusable) else _draft(read, pointer, hints)


def _draft(read: _Result, pointer: str, hints: Hints) -> Draft:
    file, identifier = portable(read.path), aws.key_id(*read.strings)
    resource, affected = aws.access_key(identifier, None) if identifier else (None, None)
    # Of several secrets none is the one: only a single one has a mark, unless one is the id of an access key.
    alone = read.strings[0] if len(read.strings) == 1 or len(set(read.strings)) == 1 else None
    commit = read.hashed if read.hashed and _COMMIT.fullmatch(read.hashed) else None
    return Draft(
        pointer=pointer,
        tool="trufflehog",
        identity=(read.reason, file.identity, commit or ""),
        unique=False,
        what=read.reason,
        severity=_SEVERITY,
        status=FindingStatus.OPEN,
        rule_id=read.reason,
        rule_name=read.reason,
        title=read.reason,
        locations=(Spot(path=file.path),),
        resource=resource,
        repository=hints.repository,
        commit=commit,
        affected=affected,
        secret=Exposed(kind=read.reason, value=identifier or shown(alone)),
        labels=labelled(branch=said(read.branch), strings=str(len(read.strings))),
        last_seen_at=moment(said(read.date)),
    )
