"""What the codec tells about records: their classes, their envelopes, and what they embed."""

import dataclasses
from datetime import UTC, datetime

import pytest

from fixgate.codec import embedded, envelope_of, record_type
from fixgate.errors import Misconfigured
from fixgate.events import Envelope, Review, ReviewKind, Signal, SignalKind, Signed, StateEntry

NOW = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)
DIGEST = "sha256:" + "ab" * 32
ENVELOPE = Envelope(trace_id="4bf92f3577b34da6a3ce929d0e0e4736", parents=(DIGEST,), stream="gate/0", sequence=7)
SIGNAL = Signal(
    signal_id="sg-1",
    kind=SignalKind.BURST,
    lock_key="lock",
    subject="who",
    count=3,
    threshold=2,
    window_start_at=NOW,
    window_end_at=NOW,
    expires_at=NOW,
)
EMBEDDED = Signed(value=b"value", signature=b"signature", certificate=b"certificate")


def test_records_are_found_by_name() -> None:
    """An unknown name is a mistake in the topology."""
    with pytest.raises(Misconfigured, match="Payment"):
        record_type("Payment")
    assert record_type("Signal") is Signal


def test_envelopes_are_found() -> None:
    """A record without one has an empty one."""
    assert envelope_of(dataclasses.replace(SIGNAL, envelope=ENVELOPE)) == ENVELOPE
    assert envelope_of(StateEntry(value=b"", input="tick")) == Envelope()


def test_embedded_records_are_found() -> None:
    """Those that are there, in the schema's order."""
    review = Review(
        review_id="re-1",
        kind=ReviewKind.MOVED,
        proposal_id="pr-1",
        proposal_digest=DIGEST,
        revision=1,
        lock_key="lock",
        finding_ids=("fg-1",),
    )
    other = Signed(value=b"other", signature=b"", certificate=b"")
    assert embedded(SIGNAL) == embedded(review) == ()
    assert embedded(dataclasses.replace(review, outcome=EMBEDDED)) == (EMBEDDED,)
    assert embedded(dataclasses.replace(review, approval=other, outcome=EMBEDDED)) == (other, EMBEDDED)
