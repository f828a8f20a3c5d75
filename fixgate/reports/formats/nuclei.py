"""nuclei's matches: JSON lines and the exported array, of version 3 (`template-id`) and the older (`templateID`)."""

import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from msgspec import field

from fixgate.events import FindingStatus, Resource, SeverityRating
from fixgate.reports.adapter import Draft, Exposed, Hints, Item, Passed, Remark, Spot
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import (
    Shape,
    Word,
    first_objects,
    labelled,
    mapping,
    moment,
    respelled,
    results,
    said,
    sequence,
    shaped,
    some,
    texts,
)
from fixgate.reports.paths import Place, portable
from fixgate.reports.secrets import about_secrets, shown
from fixgate.reports.severity import by_word, unknown

_TEMPLATES: Final = ("template-id", "templateID", "template_id")
_SPELLINGS: Final[Mapping[str, str]] = {
    "templateID": "template-id",
    "template_id": "template-id",
    "matcher_name": "matcher-name",
    "extractor_name": "extractor-name",
    "matched_at": "matched-at",
    "matched": "matched-at",
    "extracted_results": "extracted-results",
}
"""What other versions call the same."""
_SECRETS: Final = frozenset({"token", "tokens", "key", "keys", "secret", "secrets", "credential", "credentials"})
"""Tags of templates whose extract is a secret."""
_HOST: Final = "network.host"
_NAME: Final = re.compile(r"[a-z0-9._-]+")
"""A host's name, which needs no taking apart."""
_LINES_OF_LINKS: Final = re.compile(r"https?://[!-~]+")
_LINKS_LOOKED_AT: Final = 10_000
"""Characters of a text of references that are looked at."""


class _Info(Shape):
    name: str | None = None
    severity: str | None = None
    description: object = None
    tags: object = None
    reference: object = None
    classification: object = None


class _Match(Shape):
    template: Word = field(name="template-id")
    info: _Info | None = None
    matcher: object = field(default=None, name="matcher-name")
    extractor: object = field(default=None, name="extractor-name")
    type: object = None
    host: object = None
    at: object = field(default=None, name="matched-at")
    ip: object = None
    extracted: object = field(default=None, name="extracted-results")
    lines: object = field(default=None, name="matched-line")
    parameter: object = field(default=None, name="fuzzing_parameter")
    matched: bool = field(default=True, name="matcher-status")
    error: object = None
    timestamp: object = None


class Nuclei:
    """See the module."""

    name = "nuclei"

    def recognises(self, document: Document) -> bool:
        """By a template, what it says of itself, and where it was tried."""
        return any(
            any(n in r for n in _TEMPLATES) and mapping(r.get("info")) is not None and bool({"type", "host"} & r.keys())
            for r in first_objects(document)
        )

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        for pointer, value in results(document):
            read = shaped(_Match, respelled(value, _SPELLINGS), pointer)
            if isinstance(read, Unusable):
                yield read
            elif not read.matched:
                if said(read.error):
                    yield Remark("nuclei could not try some templates: it says nothing of what they look for")
                yield Passed(pointer)
            else:
                yield _draft(read, pointer, hints)


def _draft(read: _Match, pointer: str, hints: Hints) -> Draft:
    info = read.info or _Info()
    name, matcher = said(info.name) or read.template, said(read.matcher)
    sort, host, tags, seen = said(read.type), said(read.host), texts(info.tags), moment(said(read.timestamp))
    address = _plain(said(read.at) or host or "")
    file = portable(address) if sort == "file" and address else None
    classification = mapping(info.classification) or {}
    return Draft(
        pointer=pointer,
        tool="nuclei",
        identity=(
            read.template,
            matcher or "",
            said(read.extractor) or "",
            file.identity if file else address,
            said(read.parameter) or "",
        ),
        unique=False,
        what=read.template,
        severity=_rating(info.severity),
        status=FindingStatus.OPEN,
        rule_id=read.template,
        rule_name=name,
        title=f"{name}: {matcher}" if matcher else name,
        description=said(info.description) or "",
        aliases=some(t.upper() for t in texts(classification.get("cve-id"))),
        locations=_locations(read, file, address),
        resource=None if file else _resource(address, host),
        repository=hints.repository,
        secret=_secret(read, tags),
        labels=labelled(
            type=sort,
            host=host,
            ip=said(read.ip),
            matcher=matcher,
            tags=" ".join(tags),
            cwe=" ".join(texts(classification.get("cwe-id"))),
        ),
        links=_links(info.reference),
        first_seen_at=seen,
        last_seen_at=seen,
    )


def _locations(read: _Match, file: Place | None, address: str) -> tuple[Spot, ...]:
    """The first matched line of a file, else the address."""
    if file is None:
        return (Spot(logical=address),) if address else ()
    line = next((n for n in sequence(read.lines) or () if isinstance(n, int) and not isinstance(n, bool)), None)
    return (Spot(path=file.path, start_line=line or None),)


def _secret(read: _Match, tags: tuple[str, ...]) -> Exposed | None:
    """What was extracted, where the template looks for secrets."""
    found = texts(read.extracted)
    if not found:
        return None
    words = {tag.strip().lower() for text in tags for tag in text.split(",")}
    if words.isdisjoint(_SECRETS) and not about_secrets(read.template):
        return None
    return Exposed(kind=read.template, value=shown(found[0]))


def _rating(reported: str | None) -> SeverityRating:
    found = said(reported)
    return unknown("nuclei severity") if found is None else by_word("nuclei severity", found)


def _plain(address: str) -> str:
    """An address without user, password, query and fragment: what was tried may hold a secret, or differ each time."""
    if "://" not in address:
        return address.partition("?")[0]
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path}"


def _resource(address: str, host: str | None) -> Resource | None:
    """The server that answered, by its name and port."""
    text = address or _plain(host or "")
    if _NAME.fullmatch(text):
        return Resource(kind=_HOST, id=text)
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        name, port = parts.hostname, parts.port
    except ValueError:
        return None
    return Resource(kind=_HOST, id=f"{name}:{port}" if port else name) if name else None


def _links(reference: object) -> tuple[str, ...]:
    """References, which older templates wrote as one text."""
    text = said(reference)
    return some(_LINES_OF_LINKS.findall(text[:_LINKS_LOOKED_AT])) if text else texts(reference)
