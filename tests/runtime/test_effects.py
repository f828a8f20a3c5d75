"""Work outside: orders come only from what is committed, and what is told is kept exactly once or refused."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fixgate.errors import Fenced, FixgateError, Poison, Reason, Transient, Unavailable
from fixgate.events import Signal
from fixgate.partitioning import partition_of
from fixgate.runtime import Runtime
from fixgate.runtime.effects import Queue
from fixgate.signing import digest
from fixgate.telemetry import derived_context
from fixgate.verbs import Committed, Event, Facts, Inbox, Order, Output, Received, Result, Tick, Told
from tests.runtime.world import CODEC, NAMING, SHARDS, Crash, World, counting, crashing, signal

PLACES = ("poll", "verify", "trace", "gather", "decide", "sign", "commit", "begin", "write", "positions")
"""Where a crash or an abort comes before the commit."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world with nothing in it yet."""
    world = World(tmp_path)
    yield world
    world.telemetry.shutdown()


@dataclass
class Work:
    """Effects that remember in which order they were told what."""

    prefix: bytes = b"order/"
    log: list[object] = field(default_factory=list[object])
    inbox: Inbox | None = None

    def start(self, inbox: Inbox) -> None:
        """See `verbs.Effects`; likewise below."""
        self.inbox = inbox
        self.log.append("start")

    def committed(self, orders: Sequence[Order]) -> None:
        """Remember the orders."""
        self.log += orders

    def lost(self, shards: Sequence[int]) -> None:
        """Remember the shards."""
        self.log.append(("lost", *shards))

    def close(self) -> None:
        """Remember the end."""
        self.log.append("close")

    def tell(self, name: str = "step", shard: int = 0, **told: Any) -> "Future[Committed]":
        """Tell something about the order `order/a`."""
        assert self.inbox is not None
        given: dict[str, Any] = {"order": b"order/a", "payload": name, "id": f"id-{name}"} | told
        return self.inbox.put(Told(shard=shard, name=name, **given))

    @property
    def orders(self) -> list[Order]:
        """Only the orders."""
        return [o for o in self.log if isinstance(o, Order)]


def working(event: Event, facts: Facts[Any]) -> Result:
    """A record begins an order, what is told changes it and says so; `refuse` is refused, and `end` ends it."""
    match event:
        case Told(name="refuse"):
            raise Poison(Reason.INVALID, "not in this stage")
        case Told(name="break"):
            raise KeyError("a secret")
        case Told(name="linger"):
            return Result(state={event.order: b"more"}, unfinished=True)
        case Told(name=name):
            said = Output(topic="counts", key=b"a", record=signal("a", 1), parents=("sha256:" + "1" * 64,))
            return Result(outputs=(said,), state={event.order: None if name == "end" else name.encode()})
        case Received(record=Signal(lock_key=key)):
            return Result(state={f"order/{key}".encode(): b"begun", b"other": b"1"})
        case _:
            return Result()


def started(world: World, **given: Any) -> tuple[Runtime[Any], Work]:
    """An instance with effects that owns its shards."""
    work = Work()
    runtime = world.runtime(working, effects=work, **given)
    for _ in range(3):
        runtime.step()
    return runtime, work


@pytest.mark.parametrize(
    ("name", "reason"), [("refuse", Reason.INVALID), ("break", Reason.DEFECT), ("linger", Reason.DEFECT)]
)
def test_what_the_verb_refuses_writes_nothing_and_is_answered(world: World, name: str, reason: Reason) -> None:
    """A refusal is the teller's to hear: there is no record, no state, no dead letter, and the loop goes on."""
    runtime, work = started(world)
    refused, kept = work.tell(name), work.tell("step")
    runtime.step()
    error = refused.exception(0)
    assert isinstance(error, Poison)
    assert error.reason is reason
    assert "secret" not in error.message
    assert kept.result(0).result.state == {b"order/a": b"step"}
    assert world.rejected() == []
    assert world.state() == {b"order/a": b"step"}


def test_what_is_told_about_a_shard_of_another_is_fenced(world: World) -> None:
    """Nobody decides about a shard that somebody else owns, or that does not exist."""
    runtime, work = started(world)
    foreign = work.tell("step", shard=7)
    runtime.step()
    assert isinstance(foreign.exception(0), Fenced)
    assert world.state() == {}


def test_losing_a_shard_fences_what_waits(world: World) -> None:
    """What was told but not committed when the shard went away is not done, and its teller knows."""
    runtime, work = started(world)
    world.broker.expire(NAMING.group("counter"), NAMING.instance("counter", 0))
    waiting = work.tell("step")
    other = world.runtime(working, slot=1, effects=Work())
    world.work(other, runtime)
    assert isinstance(waiting.exception(0), Fenced)
    assert ("lost", 0, 1) in work.log
    assert world.state() == {}


def test_closing_fails_what_waits_and_what_comes_after(world: World) -> None:
    """Nobody waits for ever for a process that ends; effects end while the shards are still held."""
    runtime, work = started(world)
    waiting = work.tell("step")
    runtime.close()
    assert isinstance(waiting.exception(0), Unavailable)
    assert isinstance(work.tell("step").exception(0), Unavailable)
    assert work.log == ["start", "close"]


def test_an_answer_is_there_only_after_the_commit(world: World) -> None:
    """The future holds the result and the records exactly as they were signed and are to be seen."""
    runtime, work = started(world)
    answer = work.tell("step")
    open_at: list[bool] = []
    world.broker.probe = lambda step: open_at.append(answer.done()) if step != "committed" else None
    runtime.step()
    assert open_at == [False] * 4
    committed = answer.result(0)
    (record,) = world.broker.visible(NAMING.topic("counts"))
    (signed,) = committed.records
    assert signed.value == record.value
    assert dict(record.headers)["fixgate-signature"] == signed.signature
    assert committed.result.state == {b"order/a": b"step"}


@pytest.mark.parametrize("place", PLACES[2:])
def test_an_abort_keeps_what_was_told(world: World, place: str) -> None:
    """A transaction that failed for a passing reason is tried again with the same, in the same order."""
    failed: list[str] = []

    def refuse(step: object) -> None:
        if str(step) == place and work.inbox is not None and armed and not failed:
            failed.append(place)
            if place in {"write", "positions"}:
                world.broker.end(world.broker.writers[NAMING.instance("counter", 0)].transaction, "aborted")
            raise Transient("not now")

    armed: list[bool] = []
    world.broker.probe = refuse
    runtime, work = started(world, probe=refuse)
    armed.append(True)
    first, second = work.tell("one"), work.tell("two")
    runtime.step()
    assert failed
    assert not first.done()
    world.work(runtime)
    assert first.result(0).result.state == {b"order/a": b"one"}
    assert second.result(0).result.state == {b"order/a": b"two"}
    assert [o.value for o in work.orders] == [b"one", b"two"]
    assert len(world.broker.visible(NAMING.topic("counts"))) == 2


def test_orders_come_after_the_commit_in_its_order_with_their_records(world: World) -> None:
    """What begins, changes and ends an order is handed over as it was committed; other state is not."""
    runtime, work = started(world)
    world.publish("a")
    runtime.step()
    work.tell("step")
    work.tell("end")
    runtime.step()
    assert [(o.key, o.value, o.resumed, len(o.records)) for o in work.orders] == [
        (b"order/a", b"begun", False, 0),
        (b"order/a", b"step", False, 1),
        (b"order/a", None, False, 1),
    ]
    records = world.broker.visible(NAMING.topic("counts"))
    assert [digest(o.records[0].value) for o in work.orders[1:]] == [digest(r.value or b"") for r in records]


def test_a_takeover_gives_every_order_before_anything_else(world: World) -> None:
    """Whoever takes a shard over hears first what is under way in it, and only then of anything new."""
    first, _ = started(world)
    for key in ("a", "b", "c"):
        world.publish(key)
    world.work(first)
    first.close()
    world.publish("d")
    work = Work()
    second = world.runtime(working, effects=work)
    world.work(second)
    assert work.log[0] == "start"
    assert [(o.key, o.resumed) for o in work.orders] == [
        *((f"order/{k}".encode(), True) for k in sorted("abc", key=lambda k: (shard(k), k))),
        (b"order/d", False),
    ]
    assert all(o.shard == shard(o.key.decode().removeprefix("order/")) for o in work.orders)


def shard(key: str) -> int:
    """The shard of a key."""
    return partition_of(key.encode(), SHARDS)


@pytest.mark.parametrize("place", [*PLACES, "committed", "cache"])
def test_a_crash_leaves_what_was_told_done_or_not_and_the_orders_right(world: World, place: str) -> None:
    """After a crash anywhere the next owner's orders are what was committed, neither more nor less."""
    world.publish("a")
    probes = [crashing("never", 1)]

    def probe(step: object) -> None:
        probes[0](step)

    runtime, work = started(world, probe=probe)
    owner = shard("a")
    answer = work.tell("step", shard=owner)
    probes[0] = world.broker.probe = crashing(place, 1)
    with pytest.raises(Crash):
        world.work(runtime)
    world.broker.probe = lambda _step: None
    for state in runtime.shards.owned.values():
        state.close()
    assert not answer.done()
    committed = place in {"committed", "cache"}
    after = Work()
    world.work(world.runtime(working, effects=after))
    assert [(o.value, o.resumed) for o in after.orders] == [(b"step" if committed else b"begun", True)]
    assert len(world.broker.visible(NAMING.topic("counts"))) == committed


def test_a_told_event_waits_for_its_facts(world: World) -> None:
    """What is told has facts gathered for it like a record, and what its gatherer refuses is answered."""
    failing = [True]

    def gather(event: Event, deadline: float) -> None:
        if isinstance(event, Told) and event.name == "refuse":
            raise Poison(Reason.INVALID, "no such thing")
        if isinstance(event, Told) and failing[0]:
            raise Transient("down")

    runtime, work = started(world, gather=gather)
    answer, refused = work.tell("step"), work.tell("refuse")
    runtime.step()
    assert runtime.failures == 1
    failing[0] = False
    world.work(runtime)
    assert answer.result(0).result.state
    assert isinstance(refused.exception(0), Poison)


def test_a_told_event_goes_on_in_its_trace(world: World) -> None:
    """What is told carries a context on, or begins a trace of its own; a verb sees the one that it is in."""
    seen: list[str] = []

    def looking(event: Event, facts: Facts[Any]) -> Result:
        seen.append(facts.context)
        return working(event, facts)

    work = Work()
    runtime = world.runtime(looking, effects=work)
    runtime.step()
    context = derived_context(b"somewhere").traceparent
    work.tell("step", context=context)
    work.tell("step", context="nonsense", id="id-2")
    runtime.step()
    assert seen == [context, derived_context(b"id-2").traceparent]
    records = world.broker.visible(NAMING.topic("counts"))
    traces = [CODEC.decode(r.value or b"", Signal).envelope.trace_id for r in records]
    assert traces == [c[3:35] for c in seen]


def test_a_record_keeps_the_context_that_it_came_with(world: World) -> None:
    """An answer that comes later can be linked to what it answers."""
    seen: list[str] = []

    def looking(event: Event, facts: Facts[Any]) -> Result:
        assert isinstance(event, Received)
        seen.append(event.context)
        return counting(event, facts)

    made = world.publish("a")
    world.work(world.runtime(looking))
    assert seen == [derived_context(digest(made.value or b"").encode()).traceparent]


def test_time_goes_on_beside_what_is_told(world: World) -> None:
    """Ticks, records and what is told stand in one batch; a tick that fails is still the end of the process."""

    def failing(event: Event, facts: Facts[Any]) -> Result:
        if isinstance(event, Tick) and armed:
            raise Poison(Reason.INVALID, "a tick")
        return working(event, facts)

    armed: list[bool] = []
    work = Work()
    runtime = world.runtime(failing, effects=work, ticks=timedelta(seconds=1))
    runtime.step()
    world.publish("a")
    answer = work.tell("step")
    world.broker.now_ms += 1_000
    assert runtime.step() == 4
    assert answer.done()
    armed.append(True)
    world.broker.now_ms += 1_000
    waiting = work.tell("step")
    with pytest.raises(FixgateError, match="a tick failed"):
        runtime.step()
    runtime.close()
    assert isinstance(waiting.exception(0), Unavailable)


def test_effects_that_cannot_start_end_the_process(world: World) -> None:
    """A port that is taken is found before the group is joined, and everything is let go of."""

    @dataclass
    class Broken(Work):
        def start(self, inbox: Inbox) -> None:
            raise Unavailable("the port is taken")

    with pytest.raises(Unavailable):
        world.runtime(working, effects=Broken())


def test_the_front_of_the_queue_holds_nothing_of_a_strange_shard() -> None:
    """Who is a stranger is looked at in the same moment in which the front is taken, so that none slips in between."""
    queue = Queue()
    ours = Told(shard=0, name="step", order=b"order/a", payload=None, id="1")
    strange = queue.put(replace(ours, shard=7, id="2"))
    queue.put(ours)
    assert queue.front(10, lambda shard: shard == 7) == [ours]
    with pytest.raises(Fenced):
        strange.result(0)
