"""Dead letters fit their topic and lose nothing; the limits say what is wrong and act on proved names only."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fixgate.broker import Headers, Inbound, TopicPartition
from fixgate.codec import Codec
from fixgate.errors import Poison, Reason, RejectionLimit
from fixgate.events import Envelope, Rejected
from fixgate.naming import Naming
from fixgate.rejections import LETTER_LIMIT, Breaker, DeadLetters, Limits, Outcome, Quarantine
from fixgate.sealing import Seal, Unseal
from fixgate.signing import digest

CODEC = Codec()
KEY = X25519PrivateKey.generate()
UNSEAL = Unseal([KEY])
ENVELOPE = Envelope(trace_id="a" * 32, parents=("sha256:" + "0" * 64,), stream="ingest/" + "9" * 9, sequence=2**63 - 1)
ORIGIN = b"raw/3/41"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
LIMITS = Limits(rejections=5, source_strikes=3, quarantine=timedelta(minutes=15))
STORED, SEALED = "fixgate-stored-labels", "fixgate-sealed-labels"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A writer of dead letters and the store that it uses."""

    letters: DeadLetters
    kept: dict[str, bytes]


def mail() -> Mail:
    """A writer with an empty store."""
    kept: dict[str, bytes] = {}

    def keep(value: bytes) -> str:
        kept[digest(value)] = value
        return digest(value)

    return Mail(letters=DeadLetters("ingest", Naming(prefix="p."), sealer=Seal(KEY.public_key()), keep=keep), kept=kept)


def record(value: bytes | None, key: bytes | None = None, headers: Headers = ()) -> Inbound:
    """A record that stands at `ORIGIN`."""
    return Inbound(TopicPartition("p.raw", 3), 41, key, value, headers, 1_700_000_000_000)


def recovered(letter: Rejected, kept: dict[str, bytes]) -> tuple[bytes | None, bytes | None, Headers]:
    """Value, key and headers, as whoever holds the letter, the store and the private key gets them."""

    def opened(value: bytes, context: bytes) -> bytes:
        return value if letter.sealing_key is None else UNSEAL.open(value, context)

    value = letter.value
    if letter.stored is not None:
        value = kept[letter.stored.location]
        assert (letter.stored.digest, letter.stored.size) == (digest(value), len(value))
    if value is not None:
        value = opened(value, ORIGIN)
    headers = tuple((h.name, h.value or b"") for h in letter.headers)
    match headers:
        case ((name, labels),) if name in (STORED, SEALED):
            plain = kept[labels.decode()] if name == STORED else labels
            found = json.loads(opened(plain, ORIGIN + b"#labels"))
            key = None if found["key"] is None else bytes.fromhex(found["key"])
            return value, key, tuple((n, bytes.fromhex(v)) for n, v in found["headers"])
        case _:
            return value, letter.key, headers


def sizes(largest: int) -> st.SearchStrategy[int]:
    """Lengths, many of them small or next to a limit."""
    near = [limit + d for limit in (65_536, 524_288, 921_600) for d in (-80, -63, -1, 0, 1) if limit + d <= largest]
    return st.one_of(st.integers(0, 64), st.sampled_from(near), st.integers(0, largest))


def filled(size: int, fill: bytes) -> bytes:
    """That many bytes, quickly."""
    return fill * size


def repeated(name: str, value: bytes, times: int) -> list[tuple[str, bytes]]:
    """The same header over and over."""
    return [(name, value)] * times


LONG = st.builds(filled, sizes(9 << 20), st.sampled_from([b"\0", b"\xff"]))
BYTES = st.one_of(st.none(), LONG)
NAMES = st.one_of(st.text(max_size=20), st.sampled_from([STORED, SEALED, "traceparent"]))
FEW = st.lists(st.tuples(NAMES, st.binary(max_size=50)), max_size=8)
MANY = st.builds(
    repeated,
    st.sampled_from(["", "a", "é", "\x00", "\U0001f600"]),
    st.sampled_from([b"", b"v", b"\xff" * 40]),
    st.one_of(st.integers(0, 8_000), st.sampled_from([65_000, 120_000])),
)
ONE = st.builds(repeated, st.sampled_from(["h", STORED]), LONG, st.just(1))
HEADERS = st.one_of(FEW, MANY, ONE).map(tuple)


@pytest.mark.parametrize("secret", [True, False], ids=["sealed", "plain"])
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(value=BYTES, key=BYTES, headers=HEADERS, detail=st.text(max_size=3_000))
@example(value=b"x" * 500_000, key=b"k", headers=(("a", b""),) * 65_000, detail="")
@example(value=b"\xff", key=b"k", headers=(("", b""),) * 120_000, detail="")
@example(value=b"x" * 524_288, key=bytes(65_000), headers=(), detail="\U0001f600" * 3_000)
@example(value=bytes(9 << 20), key=bytes(9 << 20), headers=(("h", bytes(9 << 20)),), detail="")
def test_every_letter_fits_its_topic_and_loses_nothing(
    secret: bool,  # noqa: FBT001 - a parameter of the test
    value: bytes | None,
    key: bytes | None,
    headers: Headers,
    detail: str,
) -> None:
    """Whatever a record has, its letter has 900 KiB at most, and with the store everything can be had back."""
    post = mail()
    where, letter = post.letters.letter(record(value, key, headers), Poison(Reason.INVALID, detail), secret=secret)
    encoded = CODEC.encode(letter, ENVELOPE)
    assert where == ORIGIN
    assert len(encoded) <= LETTER_LIMIT
    assert recovered(CODEC.decode(encoded, Rejected), post.kept) == (value, key, headers)


def test_text_that_is_no_unicode_does_not_stop_a_letter() -> None:
    """A header's name or a message that no UTF-8 can hold is kept all the same."""
    post = mail()
    headers = (("\udc80", b"v"),)
    _, letter = post.letters.letter(record(b"v", b"k", headers), Poison(Reason.INVALID, "\udc80"), secret=False)
    found = CODEC.decode(CODEC.encode(letter, ENVELOPE), Rejected)
    assert recovered(found, post.kept) == (b"v", b"k", headers)


@pytest.mark.parametrize("name", [STORED, SEALED])
def test_a_sender_cannot_pass_its_header_off_as_ours(name: str) -> None:
    """A header by the name of a stand-in is not written as it came: it would point wherever its sender likes."""
    post = mail()
    _, letter = post.letters.letter(
        record(b"v", headers=((name, b"elsewhere"),)), Poison(Reason.INVALID, ""), secret=False
    )
    assert [(h.name, (h.value or b"").decode() in post.kept) for h in letter.headers] == [(STORED, True)]


@pytest.mark.parametrize("size", [8, 600_000])
def test_a_sealed_letter_has_no_digest_of_its_secret(size: int) -> None:
    """The digest of a short secret gives it away to whoever tries them all: there is only that of sealed bytes."""
    post = mail()
    value = b"hunter22"[:size].ljust(size, b"x")
    _, letter = post.letters.letter(record(value, b"hunter22"), Poison(Reason.INVALID, ""), secret=True)
    encoded = CODEC.encode(letter, Envelope())
    assert letter.digest is None
    for secret in (value, b"hunter22"):
        assert digest(secret).encode() not in encoded
        assert digest(secret) not in post.kept
        assert secret not in encoded


def test_an_unsealed_letter_has_the_digest_of_its_value() -> None:
    """What is no secret can be found by its digest."""
    _, letter = mail().letters.letter(record(b"v"), Poison(Reason.INVALID, ""), secret=False)
    assert letter.digest == digest(b"v")


def bad(place: int, **changed: Any) -> Outcome:
    """A rejected record of `numbers`."""
    outcome = Outcome(
        topic="numbers", source="s", rejected=True, at=NOW, place=f"numbers/0/{place}", reason=Reason.NOT_AVRO.value
    )
    return replace(outcome, **changed)


def test_the_limit_names_the_first_offenders_of_a_batch() -> None:
    """A batch that is refused whole leaves no dead letters: the message says where its bad records stand, and why."""
    with pytest.raises(RejectionLimit) as told:
        Breaker(LIMITS).check([bad(n) for n in range(30)])
    assert told.value.message == (
        "30 of the last 1000 records of numbers would be rejected; of this batch first "
        "numbers/0/0: not_avro, numbers/0/1: not_avro, numbers/0/2: not_avro"
    )
    assert "no dead letter" in told.value.remedy


def test_the_limit_counts_what_was_committed_before_and_each_topic_by_itself() -> None:
    """Rejections add up over batches; those of another topic do not."""
    breaker = Breaker(LIMITS)
    breaker.check([bad(n) for n in range(5)])
    breaker.settle([bad(n) for n in range(5)])
    breaker.check([bad(n, topic="other") for n in range(5)])
    with pytest.raises(RejectionLimit, match=r"numbers/0/9: not_avro$"):
        breaker.check([bad(9)])


def test_a_source_that_proved_its_name_is_quarantined_for_a_while() -> None:
    """After its strikes it is refused until its time is over; another source is not."""
    quarantine = Quarantine(LIMITS)
    assert quarantine.settle([bad(n, authenticated=True) for n in range(3)]) == ["s"]
    with pytest.raises(Poison, match="quarantined until"):
        quarantine.check("s", NOW + timedelta(minutes=14), authenticated=True)
    quarantine.check("s", NOW + timedelta(minutes=15), authenticated=True)
    quarantine.check("other", NOW, authenticated=True)


def test_a_claimed_label_is_never_refused() -> None:
    """Whoever sends bad reports under a label silences neither it nor the source that proved the same name."""
    quarantine = Quarantine(LIMITS)
    assert quarantine.settle([bad(n) for n in range(20)]) == ["s"]
    quarantine.check("s", NOW)
    quarantine.check("s", NOW, authenticated=True)


def test_a_label_is_told_of_once_in_a_window() -> None:
    """More rejections, or good reports in between, raise no second alarm before the window is over."""
    quarantine = Quarantine(LIMITS)
    assert quarantine.settle([bad(n) for n in range(3)]) == ["s"]
    assert quarantine.settle([bad(3), bad(4, rejected=False), *(bad(n) for n in range(5, 9))]) == []
    later = NOW + LIMITS.quarantine
    assert quarantine.settle([bad(9, at=later), bad(10, at=later)]) == ["s"]


def test_a_source_with_a_good_report_in_between_is_not_told_of() -> None:
    """Only rejections in a row count."""
    quarantine = Quarantine(LIMITS)
    assert quarantine.settle([bad(n, rejected=n != 2) for n in range(5)]) == []
    assert quarantine.settle([bad(5)]) == ["s"]
