"""Dead letters: what cannot be used is kept, with its bytes and the reason, and never becomes the norm.

On a topic of ours many rejections mean a bad deployment, here or upstream: the service stops before it rejects
everything. On `findings.raw`, which anybody's scanner writes, they mean a bad source: a person is told, and a source
whose name is proved, not merely claimed, is quarantined, so that it costs the others nothing.
"""

import json
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from fixgate.broker import Headers, Inbound
from fixgate.errors import Poison, Reason, RejectionLimit
from fixgate.events import Header, Rejected, Stored
from fixgate.naming import Naming
from fixgate.signing import digest

SOURCES_KEPT: Final = 10_000
LETTER_LIMIT: Final = 900 * 1024
"""Bytes of an encoded dead letter at most: its topic takes 1 MiB with signature and certificate. It is kept by the
limits below, which bound what grows with the record; all else takes less than 64 KiB."""
LABELS_LIMIT: Final = 64 * 1024
"""Bytes that a dead letter spends on key and headers, as they are encoded there."""
HEADER_FRAME: Final = 11
"""Bytes that Avro adds to a header at most: two lengths and the branch of a union."""
STORED_LABELS: Final = "fixgate-stored-labels"
"""The header that stands for a key and headers in the object store: JSON with their bytes in hexadecimal."""
SEALED_LABELS: Final = "fixgate-sealed-labels"
"""The header that holds the same JSON sealed: a scanner may have put a secret there too."""
LABELS_CONTEXT: Final = b"#labels"
DETAIL_LIMIT: Final = 2_000
INLINE_LIMIT: Final = 512 * 1024
"""Bytes of an original, sealed where it is, that a dead letter carries itself; larger ones go to the object store."""
NAMED_OFFENDERS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much may be rejected. Windows count records, not time, so that a replay comes to the same end."""

    rejections: int = 20
    window: int = 1_000
    source_strikes: int = 20
    quarantine: timedelta = timedelta(minutes=15)


class Sealer(Protocol):
    """Encrypts what may hold secrets, for whoever has the private key."""

    @property
    def key_id(self) -> str:
        """Which key."""
        ...

    def seal(self, value: bytes, context: bytes) -> bytes:
        """Only the holder of the private key can read the answer, and only with the same context."""
        ...


class DeadLetters:
    """Makes dead letters of one service."""

    def __init__(self, service: str, naming: Naming, *, sealer: Sealer | None, keep: Callable[[bytes], str]) -> None:
        self._service = service
        self._naming = naming
        self._sealer = sealer
        self._keep = keep

    def letter(self, record: Inbound, fault: Poison, *, secret: bool) -> tuple[bytes, Rejected]:
        """The dead letter for `record` and its key; `secret` says that the bytes may hold secrets and are sealed.

        Encoded it has `LETTER_LIMIT` bytes at most, whatever the record has. A sealed letter has no digest of what is
        in it: the digest of a short secret is as good as the secret to whoever can try them all.

        May write to the object store, and raises Transient when that cannot take the bytes.
        """
        topic = self._naming.bare(record.source.topic)
        origin = f"{topic}/{record.source.partition}/{record.offset}".encode()
        sealer = self._sealer_of_secrets() if secret else None
        sealing_key = None if sealer is None else sealer.key_id
        value = record.value
        if value is not None and sealer is not None:
            value = sealer.seal(value, origin)
        stored = None
        if value is not None and len(value) > INLINE_LIMIT:
            stored = Stored(digest=digest(value), location=self._keep(value), size=len(value), sealing_key=sealing_key)
            value = None
        key, headers = self._labels(record, origin, sealer)
        return origin, Rejected(
            service=self._service,
            reason=fault.reason.value,
            detail=fault.message[:DETAIL_LIMIT].encode(errors="replace").decode(),
            origin_topic=record.source.topic,
            origin_partition=record.source.partition,
            origin_offset=record.offset,
            appended_at=_time(record),
            key=key,
            headers=tuple(Header(name=n, value=v) for n, v in headers),
            digest=None if record.value is None or secret else digest(record.value),
            value=value,
            sealed=sealer is not None and value is not None,
            sealing_key=sealing_key,
            stored=stored,
        )

    def _labels(self, record: Inbound, origin: bytes, sealer: Sealer | None) -> tuple[bytes | None, Headers]:
        """The record's key and headers; where they cannot stand as they are, one header instead.

        It holds them sealed when they may be secret, or says where they are when a letter cannot hold them.
        """
        if sealer is None and _stands(record):
            return record.key, record.headers
        labels = json.dumps(
            {
                "key": None if record.key is None else record.key.hex(),
                "headers": [(n, v.hex()) for n, v in record.headers],
            }
        ).encode()
        if sealer is not None:
            labels = sealer.seal(labels, origin + LABELS_CONTEXT)
            if len(labels) <= LABELS_LIMIT:
                return None, ((SEALED_LABELS, labels),)
        return None, ((STORED_LABELS, self._keep(labels).encode()),)

    def _sealer_of_secrets(self) -> Sealer:
        if self._sealer is None:
            raise AssertionError("the runtime refuses to start a reader of secrets without a sealer")
        return self._sealer


def _stands(record: Inbound) -> bool:
    """Whether a letter can hold key and headers as they are, and nobody can take them for a stand-in of ours."""
    size = len(record.key or b"")
    for name, value in record.headers:
        if name in (STORED_LABELS, SEALED_LABELS):
            return False
        try:
            size += len(name.encode()) + len(value) + HEADER_FRAME
        except UnicodeEncodeError:
            return False
    return size <= LABELS_LIMIT


def _time(record: Inbound) -> datetime | None:
    return None if record.appended_ms is None else datetime.fromtimestamp(record.appended_ms / 1000, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one record ended.

    `source` is the label of its sender, `authenticated` whether the sender proved that it is his. `place` is
    topic/partition/offset and `reason` the word for why it was rejected; both are for people.
    """

    topic: str
    source: str
    rejected: bool
    at: datetime
    authenticated: bool = False
    place: str = ""
    reason: str = ""


class Breaker:
    """Counts rejections on topics of ours; see the module."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._recent: dict[str, deque[bool]] = {}

    def check(self, outcomes: list[Outcome]) -> None:
        """Raise RejectionLimit when committing these would reject too much of a topic.

        It names the first of them: they are in no dead letter, for nothing of their batch is committed.
        """
        rejected: dict[str, list[Outcome]] = {}
        for outcome in outcomes:
            if outcome.rejected:
                rejected.setdefault(outcome.topic, []).append(outcome)
        for topic, offenders in rejected.items():
            count = sum(self._recent.get(topic, ())) + len(offenders)
            if count > self._limits.rejections:
                first = ", ".join(f"{o.place}: {o.reason}" for o in offenders[:NAMED_OFFENDERS] if o.place)
                raise RejectionLimit(
                    f"{count} of the last {self._limits.window} records of {topic} would be rejected"
                    + (f"; of this batch first {first}" if first else ""),
                    remedy="Nothing of this batch was committed: its records are in no dead letter, look at them where "
                    "they stand. Look at earlier dead letters (<service>.rejected) and at what was deployed last.",
                )

    def settle(self, outcomes: list[Outcome]) -> None:
        """These are committed."""
        for outcome in outcomes:
            recent = self._recent.setdefault(outcome.topic, deque(maxlen=self._limits.window))
            recent.append(outcome.rejected)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """What is remembered of a source: rejections in a row, the time of the last, and when somebody was told."""

    strikes: int = 0
    last: datetime
    told: datetime | None = None


class Quarantine:
    """Counts the rejections in a row of each source of raw reports; kept in memory, learned anew after a restart.

    Only a source that proved its name is ever refused. A label that is merely claimed can be anybody's: refusing it
    would let whoever sends bad reports under it silence its owner, so a person is told and work goes on. Claims do not
    count against a source that proved the same name.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._sources: OrderedDict[tuple[str, bool], _Record] = OrderedDict()

    def check(self, source: str, at: datetime, *, authenticated: bool = False) -> None:
        """Raise Poison when the source is quarantined at that time; never when its name is only claimed."""
        record = self._sources.get((source, True)) if authenticated else None
        if record is None or record.strikes < self._limits.source_strikes:
            return
        until = record.last + self._limits.quarantine
        if at < until:
            raise Poison(Reason.QUARANTINED, f"the source {source!r} is quarantined until {until.isoformat()}")

    def settle(self, outcomes: list[Outcome]) -> list[str]:
        """These are committed; returns the sources of which a person should be told now.

        That is each one that sends nothing but what is rejected, once in `Limits.quarantine`. What was rejected because
        of a quarantine must not be among the outcomes, or a quarantine would feed itself.
        """
        tell: list[str] = []
        for outcome in outcomes:
            name = (outcome.source, outcome.authenticated)
            record = self._sources.pop(name, _Record(last=outcome.at))
            if outcome.rejected:
                record = replace(record, strikes=record.strikes + 1, last=outcome.at)
                if self._to_be_told(record):
                    tell.append(outcome.source)
                    record = replace(record, told=outcome.at)
            else:
                record = replace(record, strikes=0)
            if record.strikes or record.told is not None:
                self._sources[name] = record
            if len(self._sources) > SOURCES_KEPT:
                self._sources.popitem(last=False)
        return tell

    def _to_be_told(self, record: _Record) -> bool:
        if record.strikes < self._limits.source_strikes:
            return False
        return record.told is None or record.last >= record.told + self._limits.quarantine
