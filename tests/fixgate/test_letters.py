"""Dead letters read back, and put back: only what is whole, only where people or scanners write."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from fixgate.broker import Headers, Inbound, TopicPartition
from fixgate.cli.rejected import check_writable, described
from fixgate.desk import Desk
from fixgate.errors import Poison, Reason, Refused
from fixgate.events import Approval, Control, ControlKind, Rejected
from fixgate.letters import Original, original_of
from fixgate.rejections import INLINE_LIMIT, LABELS_LIMIT, SEALED_LABELS, DeadLetters
from fixgate.sealing import Seal, Unseal
from fixgate.signing import Signature, digest
from tests.people.persons import control, signed
from tests.services_desk import desk_of
from tests.services_world import NAMING, START, ServicesWorld

PRIVATE = X25519PrivateKey.from_private_bytes(b"p" * 32)
SEAL, UNSEAL = Seal(PRIVATE.public_key()), Unseal([PRIVATE])
FAULT = Poison(Reason.NOT_AVRO, "not a report")
HALT = Control(control_id="control-1", kind=ControlKind.HALT, statement=signed(control(), "ann"))


class Letters:
    """Letters of one service, with an object store."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.letters = DeadLetters("ingest", NAMING, sealer=SEAL, keep=self.keep)

    def keep(self, value: bytes) -> str:
        """Keep bytes by their digest."""
        self.kept[digest(value)] = value
        return digest(value)

    def write(
        self, value: bytes | None, *, topic: str = "findings.raw", key: bytes | None = b"k", headers: Headers = ()
    ) -> Rejected:
        """The letter about a record; reports are sealed."""
        place = TopicPartition(NAMING.topic(topic), 1)
        record = Inbound(source=place, offset=7, key=key, value=value, headers=headers, appended_ms=1)
        return self.letters.letter(record, FAULT, secret=topic == "findings.raw")[1]

    def read(self, letter: Rejected, unseal: Unseal | None = UNSEAL) -> Original:
        """The record again."""
        return original_of(letter, NAMING, self.kept.__getitem__, unseal)


@pytest.fixture
def letters() -> Letters:
    """A service's."""
    return Letters()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ServicesWorld]:
    """The pipeline in memory."""
    with ServicesWorld(tmp_path) as made:
        yield made


@pytest.fixture
def desk(world: ServicesWorld) -> Desk:
    """The desk of that world."""
    return desk_of(world)


def test_a_sealed_letter_needs_its_key(letters: Letters) -> None:
    """Without the private key, or with another one, a report stays sealed."""
    letter = letters.write(b"a report")
    with pytest.raises(Refused, match="it may hold secrets"):
        letters.read(letter, None)
    with pytest.raises(Refused, match="which is not here"):
        letters.read(letter, Unseal([X25519PrivateKey.generate()]))


def test_a_letter_of_another_place(letters: Letters) -> None:
    """What was sealed for one place does not open as the record of another."""
    letter = letters.write(b"a report")
    with pytest.raises(Refused, match="altered, or sealed for another place"):
        letters.read(replace(letter, origin_offset=8))


def test_a_letter_without_a_value(letters: Letters) -> None:
    """A record that had no value cannot be put back."""
    with pytest.raises(Refused, match="no value"):
        letters.read(letters.write(None))


def test_a_letter_with_other_bytes(letters: Letters) -> None:
    """Bytes that the letter does not name are refused."""
    letter = letters.write(b"bytes", topic="assets")
    with pytest.raises(Refused, match="not those that it names"):
        letters.read(replace(letter, value=b"other"))


def test_labels_that_cannot_be_read(letters: Letters) -> None:
    """Key and headers that were replaced by something else are refused."""
    letter = letters.write(b"bytes", topic="assets", headers=(("h", b"x" * LABELS_LIMIT),))
    name = (letter.headers[0].value or b"").decode()
    letters.kept[name] = b"[]"
    with pytest.raises(Refused, match="cannot be read"):
        letters.read(letter)


@pytest.mark.parametrize("size", [10, INLINE_LIMIT + 1])
@pytest.mark.parametrize("label", [b"x", b"x" * LABELS_LIMIT])
@pytest.mark.parametrize("topic", ["findings.raw", "approvals"])
def test_a_record_is_what_it_was(letters: Letters, size: int, label: bytes, topic: str) -> None:
    """Key, headers and bytes come back exactly, sealed or not, in the letter or beside it."""
    headers = (("fixgate-source", b"s"), ("other", label), ("other", b"twice"))
    found = letters.read(letters.write(b"r" * size, topic=topic, headers=headers))
    assert found == Original(key=b"k", headers=headers, value=b"r" * size)


def test_a_header_that_looks_like_ours_is_a_header(letters: Letters) -> None:
    """A scanner's header with our stand-in's name is no stand-in."""
    found = letters.read(letters.write(b"r", topic="approvals", headers=((SEALED_LABELS, b"x"),)))
    assert found.headers == ((SEALED_LABELS, b"x"),)


def test_a_listed_letter_says_nothing_of_what_it_holds(letters: Letters) -> None:
    """A list tells why, where and since when."""
    told = described("sha256:x", letters.write(b"a secret", key=b"secret"), NAMING)
    assert "secret" not in str(told)
    assert (told["origin"], told["reason"], told["sealed"]) == ("findings.raw/1/7", "not_avro", True)


@pytest.mark.parametrize("topic", ["findings", "decisions", "outcomes", "signals", "gate.state", "elsewhere"])
def test_what_a_service_wrote_is_not_put_back(topic: str) -> None:
    """Nobody does a service's step for it."""
    with pytest.raises(Refused, match="alone may write"):
        check_writable(topic)


@pytest.mark.parametrize("topic", ["findings.raw", "approvals", "controls", "assets", "requests"])
def test_what_people_and_scanners_wrote_is_put_back(topic: str) -> None:
    """Reports, and what people said."""
    check_writable(topic)


def test_only_what_a_desk_signed_is_put_back(world: ServicesWorld, desk: Desk) -> None:
    """The desk signs anew what a desk had signed; not bytes, not another party's, not another kind."""
    made = world.sign(HALT, "gate")
    headers = Signature(made.signature, made.certificate).headers()
    own = world.sign(HALT, "desk")
    good = Signature(own.signature, own.certificate).headers()
    for topic, value, given in (
        ("controls", made.value, headers),
        ("controls", own.value, ()),
        ("controls", own.value + b"x", good),
        ("controls", b"x", good),
        ("controls", own.value, good[:1]),
        ("approvals", own.value, good),
        ("decisions", own.value, good),
    ):
        with pytest.raises(Refused):
            desk.put_back(topic, value, given)
    assert not world.inbound("controls")


def test_what_people_said_is_put_back_with_their_signatures(world: ServicesWorld, desk: Desk) -> None:
    """It stands in its topic once more, signed by the desk of now, long after the first one's certificate ended."""
    made = world.sign(HALT, "desk")
    desk.put_back("controls", made.value, Signature(made.signature, made.certificate).headers())
    (found,) = desk.read("controls")
    assert isinstance(found.record, Control)
    assert found.record.statement == HALT.statement
    assert found.appended_at == START
    assert not world.read("approvals", Approval)
