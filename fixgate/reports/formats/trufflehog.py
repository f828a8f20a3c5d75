"""trufflehog 3: JSON lines with log lines among them, an array, or one object (`pkg/output/json.go`)."""

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import field

from fixgate.events import FindingStatus
from fixgate.reports import aws
from fixgate.reports.adapter import Draft, Exposed, Failed, Hints, Item, Remark
from fixgate.reports.document import Document, Unusable
from fixgate.reports.fields import Shape, Word, first_objects, labelled, mapping, results, said, shaped, some, word
from fixgate.reports.formats.trufflehog_places import Source, Where, holder, locations, where
from fixgate.reports.formats.trufflehog_raw import plain
from fixgate.reports.secrets import shown
from fixgate.reports.severity import unknown
from fixgate.targets import bare_access_key

_OWN: Final = frozenset({"SourceMetadata", "DetectorName"})
"""Names that only trufflehog gives."""
_CUSTOM: Final = "CustomRegex"
"""The detector whose rules are named by the extra data."""
_OWNERS: Final = ("account", "arn", "user_id", "resource_type", "is_canary", "username", "project", "scopes")
"""Extra data that says whose the secret is, and what it opens. The rest may hold anything, and is not kept."""


class _Result(Shape):
    detector: Word = field(name="DetectorName")
    source: Source | None = field(default=None, name="SourceMetadata")
    about: object = field(default=None, name="DetectorDescription")
    decoder: str | None = field(default=None, name="DecoderName")
    verified: bool | None = field(default=None, name="Verified")
    fault: object = field(default=None, name="VerificationError")
    raw: str | None = field(default=None, name="Raw")
    raw_v2: str | None = field(default=None, name="RawV2")
    redacted: str | None = field(default=None, name="Redacted")
    extra: Mapping[str, object] | None = field(default=None, name="ExtraData")


class Trufflehog:
    """See the module."""

    name = "trufflehog"

    def recognises(self, document: Document) -> bool:
        """By its own names, or by its log."""
        return any(r.keys() >= _OWN or (_is_log(r) and r.get("logger") == self.name) for r in first_objects(document))

    def read(self, document: Document, hints: Hints) -> Iterator[Item]:
        """See `Adapter.read`."""
        for pointer, value in results(document):
            fields = mapping(value)
            if fields is not None and _is_log(fields):
                yield from _logged(fields)
                continue
            read = shaped(_Result, value, pointer)
            yield read if isinstance(read, Unusable) else _draft(read, pointer, hints)


def _is_log(fields: Mapping[str, object]) -> bool:
    return "level" in fields and "msg" in fields and _OWN.isdisjoint(fields)


def _logged(fields: Mapping[str, object]) -> Iterator[Item]:
    """What a line of the log says of the scan; most say nothing of it."""
    level = said(fields.get("level"))
    if level in {"fatal", "panic", "dpanic"}:
        yield Failed("trufflehog ended with an error")
    elif level == "error":
        yield Remark("trufflehog logged an error: something may not have been scanned")
    elif fields.get("msg") == "finished scanning" and fields.get("chunks") == 0:
        yield Remark("trufflehog says that it scanned nothing")


def _draft(read: _Result, pointer: str, hints: Hints) -> Draft | Unusable:
    source = where(read.source, pointer)
    if isinstance(source, Unusable):
        return source
    kind, found = source
    extra = {name: text for name, value in (read.extra or {}).items() if (text := said(value)) is not None}
    rule = (extra.get("name") if read.detector == _CUSTOM else None) or read.detector
    link, commit, file, address = said(found.known.link), word(found.known.commit), found.place, found.address
    scope = found.scope(address)
    secret = shown(plain(read.raw, decoder=read.decoder, redacted=read.redacted))
    account = aws.account_id(extra.get("account"))
    identifier = aws.key_id(secret, read.raw_v2, read.redacted)
    named = bare_access_key(identifier, account) if identifier else aws.resource(extra.get("arn"), account, None)
    return Draft(
        pointer=pointer,
        tool="trufflehog",
        identity=(read.detector, rule, kind, *scope, file.identity if file else link or "", commit or ""),
        unique=False,
        what=rule,
        severity=unknown("trufflehog"),
        status=FindingStatus.OPEN,
        rule_id=read.detector,
        rule_name=rule,
        title=f"Secret found by {rule}",
        description=said(read.about) or "",
        confidence=_confidence(read),
        locations=locations(found, file, scope),
        resource=named or holder(kind, found),
        account=account,
        region=found.other("region"),
        repository=hints.repository or address,
        commit=commit,
        affected=aws.identity(named),
        secret=Exposed(kind=read.detector, value=secret),
        labels=_labels(read, kind, found, extra),
        links=some((link, extra.get("rotation_guide"))),
        last_seen_at=found.when,
    )


def _confidence(read: _Result) -> str | None:
    """What came of trying the secret out; the text of a fault may hold the secret."""
    if read.verified:
        return "verified"
    if said(read.fault) is not None:
        return "verification failed"
    return None if read.verified is None else "unverified"


def _labels(read: _Result, kind: str, found: Where, extra: Mapping[str, str]) -> dict[str, str]:
    owners = {name: extra[name] for name in _OWNERS if name in extra}
    return owners | labelled(
        source=kind,
        verified=None if read.verified is None else str(read.verified).lower(),
        decoder=read.decoder,
        author=found.other("author"),
        user=found.other("username") or found.other("user"),
        email=found.other("email"),
        layer=found.other("layer"),
    )
