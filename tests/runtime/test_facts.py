"""Facts are gathered before a transaction, kept until it is committed, and a failure of theirs loses nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fixgate.errors import Reason, Transient
from fixgate.events import Envelope, Signal
from fixgate.signing import SIGNATURE_HEADER, digest
from fixgate.verbs import Event, Facts, Output, Received, Result, Tick
from tests.fixgate.certificates import NOW
from tests.runtime.world import CODEC, NAMING, Crash, World, counting, crashing, signal


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world with nothing in it yet."""
    world = World(tmp_path)
    yield world
    world.telemetry.shutdown()


@dataclass
class Outside:
    """A system that is asked about records, and fails at will."""

    fails: int = 0
    asked: int = 0

    def gather(self, event: Event, deadline: float) -> int:
        """How often it was asked."""
        assert deadline > 0
        self.asked += 1
        if self.fails:
            self.fails -= 1
            raise Transient("the system is down")
        return self.asked


def saying_facts(event: Event, facts: Facts[int]) -> Result:
    """Say the gathered fact."""
    assert isinstance(event, Received)
    assert isinstance(event.record, Signal)
    return Result(outputs=(Output(topic="counts", key=b"k", record=signal(event.record.lock_key, facts.gathered)),))


def test_a_failing_system_delays_records_and_loses_none(world: World) -> None:
    """While facts cannot be gathered nothing is committed; then everything is, once."""
    for _ in range(6):
        world.publish("k")
    outside = Outside(fails=5)
    runtime = world.runtime(gather=outside.gather)
    for _ in range(20):
        runtime.step()
    world.assert_exact()


def test_what_comes_before_the_failure_is_committed(world: World) -> None:
    """A batch is cut at the first record whose facts are missing."""
    for i in range(3):
        world.publish("k", i)

    def gather(event: Event, deadline: float) -> None:
        assert isinstance(event, Received)
        assert isinstance(event.record, Signal)
        if event.record.count == 1:
            raise Transient("not this one")

    runtime = world.runtime(gather=gather)
    for _ in range(4):
        runtime.step()
    assert world.counts() == {"k:1": 1}
    assert runtime.failures > 0


def test_a_retry_sees_the_same_facts(world: World) -> None:
    """When the commit fails after gathering, the outside is not asked again."""
    world.publish("k")
    outside = Outside()
    runtime = world.runtime(saying_facts, gather=outside.gather)

    failures = [3]

    def refuse(step: str) -> None:
        if step == "positions" and failures[0]:
            failures[0] -= 1
            transaction = world.broker.writers[NAMING.instance("counter", 0)].transaction
            world.broker.end(transaction, "aborted")
            raise Transient("the broker said no")

    world.broker.probe = refuse
    for _ in range(8):
        runtime.step()
    assert outside.asked == 1
    assert world.counts() == {"k:1": 1}


def test_controls_written_before_a_decision_are_seen_by_it(world: World) -> None:
    """A broadcast topic is read up to its end as of each decision, not as of the start."""
    seen: list[int] = []

    def looking(event: Event, facts: Facts[Any]) -> Result:
        seen.append(len(facts.broadcasts["notices"].records))
        return counting(event, facts)

    runtime = world.runtime(looking)
    for _ in range(3):
        world.notice("n")
        world.publish("k")
        world.work(runtime)
    assert seen == [1, 2, 3]


def test_a_bad_control_is_counted_and_rejected_once(world: World) -> None:
    """A broadcast record that does not verify reaches no verb, is told as unreadable, and has one dead letter."""
    unreadable: list[int] = []

    def looking(event: Event, facts: Facts[Any]) -> Result:
        unreadable.append(facts.broadcasts["notices"].unreadable)
        return counting(event, facts)

    value, headers = world.seal(signal("n"), Envelope(trace_id="b" * 32), "numberer")
    world.broker.append(NAMING.topic("notices"), value, key=b"n", headers=headers)
    for _ in range(3):
        world.publish("k")
        runtime = world.runtime(looking)
        world.work(runtime)
        runtime.close()
    assert unreadable == [1, 1, 1]
    assert [r.reason for r in world.rejected()] == [Reason.WRONG_SIGNER]
    assert world.rejected()[0].origin_topic == NAMING.topic("notices")


def test_many_old_controls_that_do_not_verify_do_not_stop_a_new_instance(world: World) -> None:
    """Controls are read whole at each start: what was signed under an authority long gone is unreadable, not a stop."""
    for number in range(40):
        world.broker.append(NAMING.topic("notices"), b"x", key=b"n%d" % number, headers=((SIGNATURE_HEADER, b"x"),))
    world.publish("k")
    world.work(world.runtime())
    assert len(world.rejected()) == 40
    world.assert_exact()


def test_a_crash_while_a_bad_control_is_rejected_repeats_nothing(world: World) -> None:
    """The dead letter of a broadcast record and the memory of it are one transaction."""
    world.broker.append(NAMING.topic("notices"), b"x", key=b"n", headers=((SIGNATURE_HEADER, b"x"),))
    world.publish("k")
    world.broker.probe = crashing("committed", 1)
    runtime = world.runtime()
    with pytest.raises(Crash):
        world.work(runtime)
    world.broker.probe = lambda _step: None
    for state in runtime.shards.owned.values():
        state.close()
    world.work(world.runtime())
    assert len(world.rejected()) == 1
    world.assert_exact()


def test_a_tick_comes_to_each_shard_when_it_is_due(world: World) -> None:
    """Time alone makes a service act only by ticks, each with the time as a value."""
    ticks: list[Tick] = []

    def ticking(event: Event, facts: Facts[Any]) -> Result:
        if not isinstance(event, Tick):
            return counting(event, facts)
        ticks.append(event)
        count = len(ticks)
        return Result(
            outputs=(Output(topic="counts", key=b"t", record=signal("tick", count), parents=("sha256:" + "1" * 64,)),),
            state={b"last": event.now.isoformat().encode()},
        )

    runtime = world.runtime(ticking, ticks=timedelta(seconds=10))
    for _ in range(4):
        runtime.step()
    assert {t.shard for t in ticks} == {0, 1}
    assert len(ticks) == 2
    assert all(t.now == NOW for t in ticks)
    world.broker.now_ms += 10_000
    for _ in range(3):
        runtime.step()
    assert len(ticks) == 4
    assert world.state()[b"last"] == (NOW + timedelta(seconds=10)).isoformat().encode()


def test_an_output_follows_its_cause_and_names_its_parents(world: World) -> None:
    """The trace goes on, and the digest of the record that caused it is among the parents."""
    given = world.publish("k")
    world.work(world.runtime())
    (record,) = world.broker.visible(NAMING.topic("counts"))
    envelope = CODEC.decode(record.value or b"", Signal).envelope
    assert envelope.parents == (digest(given.value or b""),)
    assert any(name == "traceparent" and envelope.trace_id.encode() in value for name, value in record.headers)


def test_after_a_wait_a_new_trace_begins(world: World) -> None:
    """An output that follows an ended trace has another trace id than its cause."""
    waited = "00-" + "c" * 32 + "-" + "d" * 16 + "-01"
    world.publish("k")
    world.work(
        world.runtime(
            lambda _e, _f: Result(outputs=(Output(topic="counts", key=b"k", record=signal("k"), follows=(waited,)),))
        )
    )
    (record,) = world.broker.visible(NAMING.topic("counts"))
    given = world.broker.visible(NAMING.topic("numbers"))[0]
    assert (
        CODEC.decode(record.value or b"", Signal).envelope.trace_id
        != CODEC.decode(given.value or b"", Signal).envelope.trace_id
    )
