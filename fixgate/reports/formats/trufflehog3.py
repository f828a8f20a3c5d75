"""truffleHog3, a tool of its own: an array of secrets, each with its rule."""

import re
from collections.abc import Iterator
from typing import Final

from fixgate.events import FindingStatus
from fixgate.reports import aws
from fixgate.reports.adapter import Draft, Exposed, Hints, Item, Spot
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import Shape, Word, first_objects, labelled, mapping, moment, results, said, shaped, word
from fixgate.reports.paths import portable
from fixgate.reports.secrets import shown
from fixgate.reports.severity import rated

_COMMIT: Final = re.compile(r"[0-9a-fA-F]{7,64}")
_LINE: Final = re.compile(r"[1-9][0-9]{0,8}")


class _Rule(Shape):
    id: str | None = None
    message: str | None = None
    severity: str | None = None


class _Result(Shape):
    rule: _Rule
    path: Word
    secret: str | None = None
    line: str | int | None = None
    commit: str | None = None
    branch: object = None
    author: object = None
    date: object = None


class Trufflehog3:
    """See the module."""

    name = "trufflehog3"

    def recognises(self, document: Document) -> bool:
        """By a rule with a pattern or a message beside the secret and its file."""
        return any(
            {"rule", "path", "secret"} <= r.keys() and bool({"id", "message"} & (mapping(r["rule"]) or {}).keys())
            for r in first_objects(document)
        )

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        for pointer, value in results(document):
            read = shaped(_Result, value, pointer)
            yield read if isinstance(read, Unusable) else _draft(read, pointer, hints)


def _draft(read: _Result, pointer: str, hints: Hints) -> Draft:
    file, secret = portable(read.path), shown(read.secret)
    message = word(read.rule.message)
    rule = word(read.rule.id) or message or "unknown"
    identifier = aws.key_id(secret)
    resource, affected = aws.access_key(identifier, None) if identifier else (None, None)
    commit = read.commit if read.commit and _COMMIT.fullmatch(read.commit) else None
    line = _LINE.fullmatch(str(read.line))
    return Draft(
        pointer=pointer,
        tool="trufflehog3",
        identity=(rule, file.identity, commit or ""),
        unique=False,
        what=rule,
        severity=rated("trufflehog3", read.rule.severity),
        status=FindingStatus.OPEN,
        rule_id=rule,
        rule_name=message or rule,
        title=read.rule.message or rule,
        locations=(Spot(path=file.path, start_line=int(line[0]) if line else None),),
        resource=resource,
        repository=hints.repository,
        commit=commit,
        affected=affected,
        secret=Exposed(kind=rule, value=secret),
        labels=labelled(branch=said(read.branch), author=said(read.author)),
        last_seen_at=moment(said(read.date)),
    )
