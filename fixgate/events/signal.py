"""Something that a window of time shows. A signal can only add caution.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fixgate.events.envelope import Envelope, datum_envelope, envelope_of
from fixgate.events.signal_parts import SignalKind
from fixgate.forms import key, micros, moment, natural


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Something that a window of time shows. A signal can only add caution."""

    envelope: Envelope = Envelope()
    """Trace, parents and sequence; filled in by the runtime."""
    signal_id: str
    """Derived id."""
    kind: SignalKind
    """What was seen."""
    lock_key: str
    """The aggregate that it concerns."""
    subject: str
    """What was counted: an identity, a secret's keyed hash, a repository."""
    count: int
    """How many were counted."""
    threshold: int
    """From how many on it is a signal."""
    window_start_at: datetime
    """Beginning of the window."""
    window_end_at: datetime
    """End of the window."""
    expires_at: datetime
    """When the signal stops adding caution."""
    detail: str = ""
    """The same in words, for people."""


def datum_signal(record: Signal) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "envelope": datum_envelope(record.envelope),
        "signal_id": key(record.signal_id),
        "kind": record.kind,
        "lock_key": key(record.lock_key),
        "subject": key(record.subject),
        "count": natural(record.count),
        "threshold": natural(record.threshold),
        "window_start_at": micros(record.window_start_at),
        "window_end_at": micros(record.window_end_at),
        "expires_at": micros(record.expires_at),
        "detail": record.detail,
    }


def signal_of(datum: Mapping[str, Any]) -> Signal:
    """The record in what fastavro read."""
    return Signal(
        envelope=envelope_of(datum["envelope"]),
        signal_id=key(datum["signal_id"]),
        kind=SignalKind(datum["kind"]),
        lock_key=key(datum["lock_key"]),
        subject=key(datum["subject"]),
        count=natural(datum["count"]),
        threshold=natural(datum["threshold"]),
        window_start_at=moment(datum["window_start_at"]),
        window_end_at=moment(datum["window_end_at"]),
        expires_at=moment(datum["expires_at"]),
        detail=datum["detail"],
    )
