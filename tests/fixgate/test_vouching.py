"""Vouchers: what is refused, by whom, for what and when; and that one that holds says who sent the report."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgate.attestation import envelope_of, read
from fixgate.errors import Poison, Reason
from fixgate.signing import Signer, digest
from fixgate.verification import Verifier
from fixgate.vouching import FRESH, HEADER, LIMIT, PAYLOAD_TYPE, Voucher, Vouching, Way, make, verify, voucher_in
from tests.fixgate.certificates import HOUR, NOW, NOW_MS, Shape, leaf, self_signed, trust

RECEIVER = "spiffe://fixgate.internal/fixgate/receiver"
SCANNER = "spiffe://fixgate.internal/fixgate/scanner"
ROOT = self_signed()
REPORT = digest(b"a report")
SAID = Voucher(
    report=REPORT, source="shop-ci", principal="token:shop-ci", way=Way.HTTP, received_at=NOW, delivery="d-1"
)
BY_ITSELF = replace(SAID, principal=SCANNER, way=Way.KAFKA)


def signer(uri: str, **shape: Any) -> Signer:
    """Signs as this party."""
    return leaf(ROOT, replace(Shape(), uris=(uri,), **shape)).signer()


def judged(envelope: bytes, report: str = REPORT, at_ms: int = NOW_MS) -> Voucher:
    """What a reader makes of it."""
    return verify(
        envelope,
        report,
        verifier=Verifier(),
        vouching=Vouching(takers={RECEIVER}, scanners={SCANNER}),
        at_ms=at_ms,
        trust=trust(ROOT),
    )


def refused(envelope: bytes, report: str = REPORT, at_ms: int = NOW_MS) -> Reason:
    """Why a reader refuses it."""
    with pytest.raises(Poison) as error:
        judged(envelope, report, at_ms)
    return error.value.reason


def restated(**changed: object) -> bytes:
    """A voucher whose statement was changed (None leaves something out), signed anew by whoever may."""
    by = signer(RECEIVER)
    statement = json.loads(read(make(SAID, by), PAYLOAD_TYPE).payload) | changed
    payload = json.dumps({name: value for name, value in statement.items() if value is not None}).encode()
    return envelope_of(payload, by.attest(PAYLOAD_TYPE, payload), PAYLOAD_TYPE)


def test_a_voucher_of_another_report_is_refused() -> None:
    """It cannot be taken from one record and put beside another."""
    assert refused(make(SAID, signer(RECEIVER)), digest(b"another")) is Reason.BAD_SIGNATURE


@pytest.mark.parametrize("party", ["ingest", "desk", "executor", "log", "doctor"])
def test_a_voucher_by_a_party_that_takes_no_reports_is_refused(party: str) -> None:
    """Whoever may not write the topic may not say who did."""
    assert refused(make(SAID, signer(f"spiffe://fixgate.internal/fixgate/{party}"))) is Reason.WRONG_SIGNER


@pytest.mark.parametrize(
    "said",
    [
        SAID,
        replace(SAID, principal=SCANNER),
        replace(SAID, way=Way.KAFKA),
        replace(BY_ITSELF, principal=RECEIVER),
        replace(BY_ITSELF, way=Way.SQS),
    ],
)
def test_a_scanner_vouches_for_nobody_but_itself(said: Voucher) -> None:
    """It cannot be another's token, another's identity, or have come another way."""
    assert refused(make(said, signer(SCANNER))) is Reason.WRONG_SIGNER


@pytest.mark.parametrize("at", [NOW + FRESH + timedelta(seconds=1), NOW - FRESH - timedelta(seconds=1)])
def test_a_voucher_that_was_kept_for_later_is_refused(at: datetime) -> None:
    """What was seen on the topic cannot be sent again, later, as if the source had sent it."""
    assert refused(make(SAID, signer(RECEIVER)), at_ms=int(at.timestamp() * 1000)) is Reason.REPLAYED


def test_a_voucher_under_a_certificate_that_has_ended_is_refused() -> None:
    """By the broker's time, not the sender's."""
    ended = signer(RECEIVER, start=NOW - 2 * HOUR, end=NOW - HOUR)
    assert refused(make(SAID, ended)) is Reason.EXPIRED_CERTIFICATE


def test_a_voucher_of_a_foreign_authority_is_refused() -> None:
    """Whoever can sign anything at home is nobody here."""
    foreign = leaf(self_signed(), replace(Shape(), uris=(RECEIVER,))).signer()
    assert refused(make(SAID, foreign)) is Reason.BAD_CERTIFICATE


def test_a_changed_statement_is_refused() -> None:
    """The signature is over the exact statement."""
    envelope = json.loads(make(SAID, signer(RECEIVER)))
    statement = base64.b64decode(envelope["payload"]).replace(b"token:shop-ci", b"token:shop-cd")
    envelope["payload"] = base64.b64encode(statement).decode()
    altered = json.dumps(envelope, sort_keys=True, separators=(",", ":")).encode()
    assert refused(altered) is Reason.BAD_SIGNATURE


def test_a_signature_made_for_something_else_is_refused() -> None:
    """The same statement, signed as a record or as an attestation, is no voucher."""
    by = signer(RECEIVER)
    payload = read(make(SAID, by), PAYLOAD_TYPE).payload
    for signature in (by.sign(payload), by.attest("application/vnd.in-toto+json", payload)):
        assert refused(envelope_of(payload, signature, PAYLOAD_TYPE)) is Reason.BAD_SIGNATURE
    assert refused(envelope_of(payload, by.attest(PAYLOAD_TYPE, payload))) is Reason.UNSIGNED


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"role": "administrator"},
        {"principal": None},
        {"principal": ""},
        {"principal": "x" * 2_049},
        {"source": ""},
        {"source": "two\nlines"},
        {"source": "x" * 201},
        {"way": "pigeon"},
        {"received_at": "yesterday"},
        {"received_at": "2026-03-01T12:00:00"},
        {"delivery": "\x1b[2J"},
        {"report": "sha256:0"},
    ],
)
def test_a_statement_that_says_more_or_less_is_refused(change: dict[str, Any]) -> None:
    """Even where whoever may vouch signed it: nothing of it is guessed."""
    assert refused(restated(**change)) is Reason.UNSIGNED


@given(st.binary(max_size=400))
def test_any_bytes_are_refused(envelope: bytes) -> None:
    """Without another error than the one that says so."""
    assert refused(envelope) is Reason.UNSIGNED


def test_two_vouchers_are_refused() -> None:
    """Each of two readers might believe another one."""
    with pytest.raises(Poison, match="2 times"):
        voucher_in(((HEADER, b"a"), (HEADER, b"a")))


def test_a_voucher_without_an_end_is_refused() -> None:
    """Before anything of it is read."""
    with pytest.raises(Poison, match="over"):
        voucher_in(((HEADER, b"x" * (LIMIT + 1)),))


def test_nothing_that_a_reader_would_refuse_is_made() -> None:
    """A source's name with a line's end does not come so far."""
    with pytest.raises(ValueError, match="source"):
        make(replace(SAID, source="a\nb"), signer(RECEIVER))


def test_no_voucher_is_none() -> None:
    """Other headers are not looked at."""
    assert voucher_in((("fixgate-source", b"x"),)) is None


@pytest.mark.parametrize("said", [SAID, replace(SAID, way=Way.SQS, delivery=""), replace(SAID, source="A scanner, 2")])
def test_the_receivers_voucher_names_the_principal(said: Voucher) -> None:
    """And proves the source's name, which belongs to the principal by configuration."""
    assert judged(make(said, signer(RECEIVER))) == said
    assert said.proves_source


def test_a_scanners_voucher_names_the_scanner() -> None:
    """It proves who wrote the report, not the name that it chose for itself."""
    found = judged(make(BY_ITSELF, signer(SCANNER)))
    assert (found.principal, found.proves_source) == (SCANNER, False)


def test_times_are_in_utc() -> None:
    """Wherever the receiver stands."""
    elsewhere = NOW.astimezone(tz=None)
    assert judged(make(replace(SAID, received_at=elsewhere), signer(RECEIVER))).received_at.tzinfo is UTC
