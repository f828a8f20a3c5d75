"""Dead letters never become the norm: a bad deployment stops its service, a bad source is told of."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fixgate.errors import Misconfigured, Reason, RejectionLimit
from fixgate.events import Rejected
from fixgate.memory import MemoryBroker
from fixgate.rejections import Limits
from fixgate.runtime import Runtime, Wiring
from fixgate.verbs import Event, Facts, Output, Received, Result, Workload, gather_nothing
from tests.runtime.world import CODEC, NAMING, World, signal


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world with nothing in it yet."""
    world = World(tmp_path)
    yield world
    world.telemetry.shutdown()


def failing(event: Event, facts: Facts[Any]) -> Result:
    """A verb that was deployed broken."""
    raise KeyError("a secret that the record quotes")


class TransparentSealer:
    """Seals nothing, visibly."""

    key_id = "test"

    def seal(self, value: bytes, context: bytes) -> bytes:
        """Mark what would be sealed."""
        return b"sealed:" + context + b":" + value


def reading(event: Event, facts: Facts[Any]) -> Result:
    """Number the reports that say good; fail on all others."""
    assert isinstance(event, Received)
    if event.record != b"good":
        raise ValueError("no report")
    return Result(outputs=(Output(topic="numbers", key=b"k", record=signal("k")),))


def numberer(world: World, **wiring: Any) -> Runtime[Any]:
    """An instance of `numberer`, started."""
    given: dict[str, Any] = {
        "topology": world.topology,
        "naming": NAMING,
        "broker": world.broker,
        "codec": CODEC,
        "identity": world.person("numberer"),
        "telemetry": world.telemetry,
        "folder": world.folder,
        "keep": world.keep,
        "sealer": TransparentSealer(),
        "limits": Limits(source_strikes=3, quarantine=timedelta(minutes=1)),
        "batch": 1,
    }
    runtime = Runtime(Workload(service="numberer", verb=reading, gather=gather_nothing), Wiring(**(given | wiring)))
    runtime.start()
    return runtime


def test_a_bad_deployment_stops_before_it_rejects_everything(world: World) -> None:
    """Beyond the limit nothing more is rejected, and a good version finds every record still there."""
    for _ in range(40):
        world.publish("k")
    broken = world.runtime(failing, limits=Limits(rejections=5))
    with pytest.raises(RejectionLimit, match="numbers"):
        world.work(broken)
    assert len(world.rejected()) <= 5
    broken.close()
    world.work(world.runtime())
    assert len(world.rejected()) + sum(world.counts().values()) == 40


def test_a_defect_is_told_by_its_place_and_never_by_its_message(world: World) -> None:
    """An exception's text may quote the record: the dead letter and the log name only type and line."""
    world.publish("k")
    world.work(world.runtime(failing))
    (letter,) = world.rejected()
    assert letter.reason == Reason.DEFECT
    assert letter.detail.startswith("KeyError at test_limits.py:")
    assert "secret" not in letter.detail + world.logs.getvalue()


def test_a_reader_of_secrets_without_a_sealer_refuses_to_start(world: World) -> None:
    """Rejected reports may hold secrets: without a key to seal them the service does not run."""
    with pytest.raises(Misconfigured, match="seal"):
        numberer(world, sealer=None)


def test_rejected_reports_are_sealed(world: World) -> None:
    """The dead letter of a report holds its bytes, key and headers only sealed, bound to where it stood."""
    headers = (("authorization", b"Bearer xyz"),)
    world.broker.append(NAMING.topic("raw"), b"AKIA bad", key=b"s", headers=headers, partition=0)
    world.work(numberer(world))
    (record,) = world.broker.visible(NAMING.topic("numberer.rejected"))
    letter = CODEC.decode(record.value or b"", Rejected)
    assert (letter.sealed, letter.sealing_key) == (True, "test")
    assert letter.value == b"sealed:raw/0/0:AKIA bad"
    assert letter.digest is None
    assert letter.key is None
    (labels,) = letter.headers
    assert labels.name == "fixgate-sealed-labels"
    assert (labels.value or b"").startswith(b"sealed:raw/0/0#labels:")


def test_bad_reports_under_a_label_silence_nobody_and_raise_one_alarm(world: World) -> None:
    """Anybody can claim a label: a person is told once, and good reports under it and others are served all along."""

    def send(source: bytes, report: bytes) -> None:
        world.broker.append(NAMING.topic("raw"), report, key=source, partition=0)

    runtime = numberer(world)
    for _ in range(5):
        send(b"victim", b"junk")
    world.work(runtime)
    send(b"victim", b"good")
    send(b"other", b"good")
    world.work(runtime)
    letters = [CODEC.decode(r.value or b"", Rejected) for r in world.broker.visible(NAMING.topic("numberer.rejected"))]
    assert [r.reason for r in letters] == [Reason.DEFECT] * 5
    assert len(world.broker.visible(NAMING.topic("numbers"))) == 2
    assert world.logs.getvalue().count('"kind": "quarantined"') == 1


@pytest.mark.parametrize(
    "result",
    [
        Result(outputs=(Output(topic="numbers", key=b"k", record=signal("k")),)),
        Result(outputs=(Output(topic="counter.state", key=b"k", record=signal("k")),)),
        Result(outputs=(Output(topic="counter.rejected", key=b"k", record=signal("k")),)),
        Result(
            outputs=(
                Output(
                    topic="counts",
                    key=b"k",
                    record=Rejected(service="x", reason="x", origin_topic="t", origin_partition=0, origin_offset=0),
                ),
            )
        ),
        Result(state={b"\x00out/counts/0": b"1"}),
        Result(state={b"": b"1"}),
    ],
    ids=["another's topic", "its state", "its dead letters", "another record", "a reserved key", "an empty key"],
)
def test_a_verb_can_write_only_what_the_topology_gives_it(world: World, result: Result) -> None:
    """An answer that goes elsewhere is a defect, and nothing of it is written."""
    world.publish("k")
    world.work(world.runtime(lambda _event, _facts: result))
    assert [r.reason for r in world.rejected()] == [Reason.DEFECT]
    assert not world.counts()
    assert not world.state()


def test_an_answer_too_large_for_its_topic_is_rejected(world: World) -> None:
    """The record that caused it goes to the dead letters; the broker is never asked."""
    big = replace(signal("k"), detail="x" * 2_000_000)
    world.publish("k")
    world.work(world.runtime(lambda _e, _f: Result(outputs=(Output(topic="counts", key=b"k", record=big),))))
    assert [r.reason for r in world.rejected()] == [Reason.OVERSIZED]


def test_other_partitions_than_the_topologys_are_refused(world: World) -> None:
    """Keys would go to other shards than their state."""
    counts = {NAMING.topic(t.name): t.partitions for t in world.topology.topics.values()}
    world.broker = MemoryBroker({**counts, NAMING.topic("numbers"): 3})
    with pytest.raises(Misconfigured, match="3 partitions"):
        world.runtime()


def test_a_sealed_letter_names_nothing_that_could_be_guessed_from(world: World) -> None:
    """Neither its digest nor its parents hold the plain hash of what may be one short secret."""
    world.broker.append(NAMING.topic("raw"), b"hunter2", key=b"s", partition=0)
    world.work(numberer(world))
    (record,) = world.broker.visible(NAMING.topic("numberer.rejected"))
    assert hashlib.sha256(b"hunter2").hexdigest().encode() not in (record.value or b"")


def test_the_limit_names_what_would_have_been_rejected(world: World) -> None:
    """A batch that is all bad leaves no dead letter to look at, so the error says where to look."""
    for _ in range(10):
        world.broker.append(NAMING.topic("numbers"), b"junk", key=b"k")
    with pytest.raises(RejectionLimit, match=r"numbers/./.*unsigned"):
        world.work(world.runtime(limits=Limits(rejections=5), batch=100))


def test_a_report_without_the_brokers_time_is_rejected(world: World) -> None:
    """Where no certificate is judged, time is needed all the same: for order, quarantine and age."""
    world.broker.append(NAMING.topic("raw"), b"good", key=b"s", partition=0, timed=False)
    world.work(numberer(world))
    (record,) = world.broker.visible(NAMING.topic("numberer.rejected"))
    assert CODEC.decode(record.value or b"", Rejected).reason == Reason.UNTIMED
