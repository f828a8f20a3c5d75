"""Whatever arrives on a topic, it ends where it must, with its bytes, and what comes after it is not held up."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fixgate.broker import Headers
from fixgate.errors import Reason
from fixgate.events import Envelope, StateEntry
from fixgate.partitioning import partition_of
from fixgate.signing import CERTIFICATE_HEADER, SIGNATURE_HEADER
from tests.fixgate.certificates import HOUR, NOW, authority_shape, leaf, self_signed
from tests.runtime.world import CODEC, NAMING, PARENT, Person, World, signal

GOOD = Envelope(trace_id="a" * 32, parents=(PARENT,), stream="numberer/0", sequence=1)
Value = tuple[bytes | None, Headers]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world with nothing in it yet."""
    world = World(tmp_path)
    yield world
    world.telemetry.shutdown()


def sealed_by(world: World, person: Person, value: bytes) -> Value:
    """The value, signed by somebody."""
    return value, person.signer().sign(value).headers()


def good(world: World) -> tuple[bytes, Headers]:
    """A record as it should be."""
    return world.seal(signal("k"), GOOD)


def stranger(world: World) -> Person:
    """Somebody with the right name from another authority."""
    other = self_signed(authority_shape(subject="elsewhere"))
    return Person(leaf(other), world.person("counter").bundle)


def altered(world: World) -> Value:
    """One byte of the value is another."""
    value, headers = good(world)
    return value[:-1] + bytes([value[-1] ^ 1]), headers


def cut(world: World) -> Value:
    """The last byte is missing, and the rest is signed as it is."""
    return sealed_by(world, world.person("numberer"), good(world)[0][:-1])


CASES: dict[Reason, list[tuple[str, Callable[[World], Value]]]] = {
    Reason.INVALID: [
        ("a tombstone", lambda w: (None, ())),
        ("a stream of somebody else", lambda w: w.seal(signal("k"), replace(GOOD, stream="counter/0"))),
        ("no stream", lambda w: w.seal(signal("k"), replace(GOOD, stream="", sequence=0))),
        ("a stream without a number", lambda w: w.seal(signal("k"), replace(GOOD, sequence=0))),
    ],
    Reason.OVERSIZED: [("two MiB", lambda w: sealed_by(w, w.person("numberer"), bytes(2 * 1024 * 1024)))],
    Reason.UNSIGNED: [
        ("no signature", lambda w: (good(w)[0], ())),
        ("no certificate", lambda w: (good(w)[0], good(w)[1][:1])),
        ("an empty signature", lambda w: (good(w)[0], ((SIGNATURE_HEADER, b""), good(w)[1][1]))),
    ],
    Reason.BAD_SIGNATURE: [
        ("an altered byte", altered),
        ("another's signature", lambda w: (good(w)[0], w.seal(signal("other"), GOOD)[1])),
        ("two signatures", lambda w: (good(w)[0], (*good(w)[1], good(w)[1][0]))),
    ],
    Reason.BAD_CERTIFICATE: [
        ("another authority", lambda w: sealed_by(w, stranger(w), good(w)[0])),
        ("a certificate that is none", lambda w: (good(w)[0], (good(w)[1][0], (CERTIFICATE_HEADER, b"no")))),
    ],
    Reason.EXPIRED_CERTIFICATE: [
        ("expired", lambda w: sealed_by(w, w.person("numberer", start=NOW - 2 * HOUR, end=NOW - HOUR), good(w)[0])),
        ("not yet", lambda w: sealed_by(w, w.person("numberer", start=NOW + HOUR, end=NOW + 2 * HOUR), good(w)[0])),
    ],
    Reason.WRONG_SIGNER: [
        ("the reader itself", lambda w: sealed_by(w, w.person("counter"), good(w)[0])),
        ("the right signer of another topic", lambda w: w.seal(signal("k"), GOOD, writer="desk")),
    ],
    Reason.NOT_AVRO: [
        ("garbage", lambda w: sealed_by(w, w.person("numberer"), b"not avro")),
        ("nothing", lambda w: sealed_by(w, w.person("numberer"), b"\x00")),
        ("cut short", cut),
        ("a byte too many", lambda w: sealed_by(w, w.person("numberer"), good(w)[0] + b"\x00")),
    ],
    Reason.UNKNOWN_SCHEMA: [
        ("an unknown id", lambda w: sealed_by(w, w.person("numberer"), b"\x00\xff\xff\xff\xff" + good(w)[0][5:]))
    ],
    Reason.WRONG_RECORD: [
        (
            "a signed record of another topic",
            lambda w: sealed_by(w, w.person("numberer"), CODEC.encode(StateEntry(value=b"v", input="tick"))),
        )
    ],
    Reason.MISSING_PARENT: [
        ("no parent", lambda w: w.seal(signal("k"), replace(GOOD, parents=()))),
    ],
}


@pytest.mark.parametrize(
    ("reason", "make"),
    [pytest.param(reason, make, id=f"{reason}: {name}") for reason, cases in CASES.items() for name, make in cases],
)
def test_bad_records_become_dead_letters_with_their_bytes(
    world: World, reason: Reason, make: Callable[[World], Value]
) -> None:
    """A bad record is rejected for the precise reason, whole, and the good one behind it is counted."""
    value, headers = make(world)
    bad = world.broker.append(NAMING.topic("numbers"), value, key=b"k", headers=headers)
    world.publish("k")
    world.work(world.runtime())
    (letter,) = world.rejected()
    assert letter.reason == reason.value
    assert (letter.value if letter.stored is None else world.kept[letter.stored.location]) == value
    assert letter.key == b"k"
    assert tuple((h.name, h.value) for h in letter.headers) == headers
    assert (letter.origin_topic, letter.origin_partition, letter.origin_offset) == (*bad.source, bad.offset)
    assert world.counts() == {"k:1": 1}


def test_a_record_without_the_brokers_time_is_rejected(world: World) -> None:
    """No certificate can be judged when nobody asserts when the record was written."""
    value, headers = good(world)
    world.broker.append(NAMING.topic("numbers"), value, key=b"k", headers=headers, timed=False)
    world.work(world.runtime())
    assert [r.reason for r in world.rejected()] == [Reason.UNTIMED]


def test_a_replayed_record_is_rejected_and_raises_an_alarm(world: World) -> None:
    """The same signed bytes a second time change nothing, in this process or after a restart without a copy."""
    world.publish("k")
    again = world.broker.visible(NAMING.topic("numbers"))[0]
    world.broker.append(again.source.topic, again.value, key=b"k", headers=again.headers)
    world.work(world.runtime())
    world.broker.append(again.source.topic, again.value, key=b"k", headers=again.headers)
    world.folder = world.folder / "elsewhere"
    world.work(world.runtime(slot=0, telemetry=world.telemetry))
    assert [r.reason for r in world.rejected()] == [Reason.REPLAYED] * 2
    assert world.counts() == {"k:1": 1}
    assert world.logs.getvalue().count('"kind": "replayed"') == 2


def test_a_gap_raises_an_alarm_and_work_goes_on(world: World) -> None:
    """A record that never came is noticed at the next one of its stream."""
    world.publish("k")
    world.publish("k", sequence=4)
    world.work(world.runtime())
    assert world.counts() == {"k:1": 1, "k:2": 1}
    assert '"kind": "gap"' in world.logs.getvalue()
    assert "2 records are missing" in world.logs.getvalue()


def test_the_first_record_that_is_seen_of_a_stream_may_have_any_number(world: World) -> None:
    """A reader that comes late raises no alarm about what was before its time."""
    world.publish("k", sequence=17)
    world.work(world.runtime())
    assert '"alarm": true' not in world.logs.getvalue()


def test_huge_headers_do_not_stop_the_service(world: World) -> None:
    """A key and headers too large for a dead letter are kept in the store, and the letter says where."""
    headers = (("h", bytes(900_000)),)
    world.broker.append(NAMING.topic("numbers"), b"x", key=b"k", headers=headers)
    world.publish("k")
    world.work(world.runtime())
    (letter,) = world.rejected()
    assert [h.name for h in letter.headers] == ["fixgate-stored-labels"]
    assert (letter.headers[0].value or b"").decode() in world.kept
    assert world.counts() == {"k:1": 1}


def test_a_record_under_another_key_is_rejected(world: World) -> None:
    """The signature covers the value: whoever moves a record under another key must not change what it is about."""
    value, headers = good(world)
    world.broker.append(NAMING.topic("numbers"), value, key=b"other", headers=headers, partition=0)
    world.work(world.runtime())
    assert [r.reason for r in world.rejected()] == [Reason.INVALID]


def test_a_record_in_another_partition_is_rejected(world: World) -> None:
    """Order holds within a partition only: a record that stands elsewhere has left the order of its key."""
    value, headers = good(world)
    elsewhere = 1 - partition_of(b"k", 2)
    world.broker.append(NAMING.topic("numbers"), value, key=b"k", headers=headers, partition=elsewhere)
    world.work(world.runtime())
    assert [r.reason for r in world.rejected()] == [Reason.INVALID]
