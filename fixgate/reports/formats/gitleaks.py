"""gitleaks: the JSON array of version 8 (`RuleID`) and of version 7 (`rule`, `offender`)."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from msgspec import field

from fixgate.events import AffectedIdentity, FindingStatus, Resource
from fixgate.reports.adapter import Draft, Exposed, Hints, Item, Spot
from fixgate.reports.aws import access_key, key_id
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import (
    Count,
    Shape,
    Word,
    first_objects,
    labelled,
    mapping,
    moment,
    results,
    shaped,
    some,
    word,
)
from fixgate.reports.paths import portable
from fixgate.reports.secrets import shown
from fixgate.reports.severity import unknown

_SEVERITY: Final = unknown("gitleaks")
_COMMIT: Final = re.compile(r"[0-9a-fA-F]{7,64}")


_ASSIGNED: Final = re.compile(r"""[\w.\-\[\]"' ]{1,80}?\s*(?::=|=>|=|:)\s*["'`]?([^\s"'`]{6,})["'`]?[,;]?""")
"""What version 7 calls the offender may be an assignment; the secret is its value."""


class _Version8(Shape):
    rule_id: Word = field(name="RuleID")
    file: str = field(name="File")
    description: str | None = field(default=None, name="Description")
    secret: str | None = field(default=None, name="Secret")
    match: str | None = field(default=None, name="Match")
    start_line: Count | None = field(default=None, name="StartLine")
    end_line: Count | None = field(default=None, name="EndLine")
    start_column: Count | None = field(default=None, name="StartColumn")
    end_column: Count | None = field(default=None, name="EndColumn")
    commit: str | None = field(default=None, name="Commit")
    link: str | None = field(default=None, name="Link")
    author: str | None = field(default=None, name="Author")
    email: str | None = field(default=None, name="Email")
    date: str | None = field(default=None, name="Date")
    tags: list[str] | None = field(default=None, name="Tags")
    symlink: str | None = field(default=None, name="SymlinkFile")


class _Version7(Shape):
    rule: Word
    file: str
    offender: str | None = None
    line: str | None = None
    line_number: Count | None = field(default=None, name="lineNumber")
    commit: str | None = None
    repository: str | None = field(default=None, name="repoURL")
    link: str | None = field(default=None, name="leakURL")
    author: str | None = None
    email: str | None = None
    date: str | None = None
    tags: str | None = None


class Gitleaks:
    """See the module."""

    name = "gitleaks"

    def recognises(self, document: Document) -> bool:
        """By the names that only gitleaks gives."""
        return any(
            ({"RuleID", "File"} <= r.keys() and bool({"Secret", "Match"} & r.keys()))
            or {"rule", "offender", "file"} <= r.keys()
            for r in first_objects(document)
        )

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        for pointer, value in results(document):
            if value is None and not pointer:
                continue  # gitleaks writes `null` when it found nothing
            old = "rule" in (mapping(value) or {})
            read = shaped(_Version7, value, pointer) if old else shaped(_Version8, value, pointer)
            match read:
                case _Version8():
                    yield _draft_8(read, pointer, hints)
                case _Version7():
                    yield _draft_7(read, pointer, hints)
                case Unusable():
                    yield read


def _draft_8(read: _Version8, pointer: str, hints: Hints) -> Draft:
    place = portable(read.file)
    location = Spot(
        path=place.path,
        start_line=read.start_line,
        end_line=read.end_line,
        start_column=read.start_column,
        end_column=read.end_column,
        snippet=read.match,
    )
    # What stands around the secret tells two of one rule in one file apart, and says nothing of the secret.
    around = (read.match or "").replace(read.secret, "*") if read.secret else ""
    return _draft(
        pointer=pointer,
        rule=read.rule_id,
        secret=read.secret,
        around=around,
        place=place.identity,
        location=location,
        commit=read.commit,
        repository=hints.repository or _repository(read.link),
        title=read.description or read.rule_id,
        labels=labelled(author=read.author, email=read.email, tags=" ".join(read.tags or ()), symlink=read.symlink),
        links=some((read.link,)),
        date=read.date,
        texts=(read.secret, read.match),
    )


def _draft_7(read: _Version7, pointer: str, hints: Hints) -> Draft:
    place = portable(read.file)
    # The whole line may hold more secrets than the one that was found: it is not kept.
    location = Spot(path=place.path, start_line=read.line_number or None, snippet=read.offender)
    return _draft(
        pointer=pointer,
        rule=read.rule,
        secret=assigned(read.offender),
        around="",
        place=place.identity,
        location=location,
        commit=read.commit,
        repository=hints.repository or word(read.repository) or _repository(read.link),
        title=read.rule,
        labels=labelled(author=read.author, email=read.email, tags=read.tags),
        links=some((read.link,)),
        date=read.date,
        texts=(read.offender, read.line),
    )


def _draft(
    *,
    pointer: str,
    rule: str,
    secret: str | None,
    around: str,
    place: str,
    location: Spot,
    commit: str | None,
    repository: str | None,
    title: str,
    labels: dict[str, str],
    links: tuple[str, ...],
    date: str | None,
    texts: tuple[str | None, ...],
) -> Draft:
    identifier = key_id(*texts)
    resource: Resource | None = None
    affected: AffectedIdentity | None = None
    if identifier is not None:
        resource, affected = access_key(identifier, None)
    revision = commit if commit and _COMMIT.fullmatch(commit) else None
    return Draft(
        pointer=pointer,
        tool="gitleaks",
        identity=(rule, place, revision or "", around),
        unique=False,
        what=rule,
        severity=_SEVERITY,
        status=FindingStatus.OPEN,
        rule_id=rule,
        rule_name=rule,
        title=title,
        locations=(location,),
        resource=resource,
        repository=repository,
        commit=revision,
        affected=affected,
        secret=Exposed(kind=rule, value=shown(secret)),
        labels=labels,
        links=links,
        last_seen_at=moment(date),
    )


def assigned(offender: str | None) -> str | None:
    """The secret in an offender, the same as version 8 gives."""
    if not offender or not (":" in offender or "=" in offender):
        return offender
    match = _ASSIGNED.fullmatch(offender.strip())
    return match[1] if match else offender


def _repository(link: str | None) -> str | None:
    """The repository of a link to a line on a git host: what stands before `/blob/`, `/-/blob/` or `/commit/`."""
    if not link:
        return None
    try:
        parts = urlsplit(link)
    except ValueError:
        return None
    whole = parts.path.replace("/-/", "/")
    path, found, _ = whole.partition("/blob/")
    if not found:
        path, found, _ = whole.partition("/commit/")
    if not found or parts.scheme != "https" or not (host := parts.hostname):
        return None
    return f"https://{host}{path}"
