"""A dead letter: a record that a service could not use, whole, with the reason.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fixgate.events.envelope import Envelope, datum_envelope, envelope_of
from fixgate.events.rejected_parts import Header, datum_header, header_of
from fixgate.events.stored import Stored, datum_stored, stored_of
from fixgate.forms import digest, key, micros, moment, natural, truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A dead letter: a record that a service could not use, whole, with the reason."""

    envelope: Envelope = Envelope()
    """Trace, parents and sequence; filled in by the runtime."""
    service: str
    """Who rejected it."""
    reason: str
    """Why, one of the stable words."""
    detail: str = ""
    """Why, in words, without any of its content."""
    origin_topic: str
    """The topic that it was read from, as on the broker."""
    origin_partition: int
    """Its partition."""
    origin_offset: int
    """Its offset."""
    appended_at: datetime | None = None
    """When the broker appended it; null when the broker does not say."""
    key: bytes | None = None
    """Its key."""
    headers: tuple[Header, ...] = ()
    """Its headers, in order."""
    digest: str | None = None
    """Digest of its value; null when it had none, or is sealed: it could be guessed from."""
    value: bytes | None = None
    """Its value, sealed if so marked; null when it had none or is in the store."""
    sealed: bool = False
    """True when value is here and sealed."""
    sealing_key: str | None = None
    """Id of the key that sealed value, key and headers; null when nothing is sealed."""
    stored: Stored | None = None
    """Where the value is when it is too large to be here."""


def datum_rejected(record: Rejected) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "envelope": datum_envelope(record.envelope),
        "service": key(record.service),
        "reason": key(record.reason),
        "detail": record.detail,
        "origin_topic": key(record.origin_topic),
        "origin_partition": natural(record.origin_partition),
        "origin_offset": natural(record.origin_offset),
        "appended_at": None if record.appended_at is None else ("long", micros(record.appended_at)),
        "key": None if record.key is None else ("bytes", record.key),
        "headers": list(map(datum_header, record.headers)),
        "digest": None if record.digest is None else ("string", digest(record.digest)),
        "value": None if record.value is None else ("bytes", record.value),
        "sealed": truth(record.sealed),
        "sealing_key": None if record.sealing_key is None else ("string", record.sealing_key),
        "stored": None if record.stored is None else ("fixgate.Stored", datum_stored(record.stored)),
    }


def rejected_of(datum: Mapping[str, Any]) -> Rejected:
    """The record in what fastavro read."""
    return Rejected(
        envelope=envelope_of(datum["envelope"]),
        service=key(datum["service"]),
        reason=key(datum["reason"]),
        detail=datum["detail"],
        origin_topic=key(datum["origin_topic"]),
        origin_partition=natural(datum["origin_partition"]),
        origin_offset=natural(datum["origin_offset"]),
        appended_at=None if (value := datum["appended_at"]) is None else moment(value),
        key=datum["key"],
        headers=tuple(map(header_of, datum["headers"])),
        digest=None if (value := datum["digest"]) is None else digest(value),
        value=datum["value"],
        sealed=datum["sealed"],
        sealing_key=datum["sealing_key"],
        stored=None if (value := datum["stored"]) is None else stored_of(value),
    )
