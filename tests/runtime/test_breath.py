"""A busy service's transactions begin a breath apart, and nobody waits for one who comes after a silence."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fixgate.runtime import Runtime
from fixgate.runtime.breath import Breath
from fixgate.verbs import Committed, Event, Facts, Result, Tick
from tests.runtime.test_effects import started
from tests.runtime.world import SHARDS, Step, World, counting


@dataclass
class Time:
    """A clock that sleeping moves on; `meanwhile` happens in the next sleep."""

    now: float = 100.0
    slept: list[float] = field(default_factory=list[float])
    meanwhile: Callable[[], object] = lambda: None

    def sleep(self, seconds: float) -> None:
        """See `time.sleep`."""
        self.slept.append(round(seconds, 6))
        self.now += seconds
        self.meanwhile()

    def breath(self, seconds: float = 1.0) -> Breath:
        """Breaths by this clock."""
        return Breath(seconds, monotonic=lambda: self.now, sleep=self.sleep)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world with nothing in it yet."""
    world = World(tmp_path)
    yield world
    world.telemetry.shutdown()


def test_after_a_silence_nothing_waits() -> None:
    """Neither the first batch ever, nor one that comes a breath after the one before it began."""
    time = Time()
    breath = time.breath()
    assert not breath.take()
    breath.begin()
    time.now += 1.0
    assert not breath.take()
    assert time.slept == []


def test_the_next_batch_waits_for_what_is_left_of_the_breath() -> None:
    """It is counted from where the batch before began: whoever works for longer than a breath never waits."""
    time = Time()
    breath = time.breath()
    breath.begin()
    time.now += 0.75
    assert breath.take()
    assert time.slept == [0.25]
    assert not breath.take()


def test_no_breath_is_no_wait() -> None:
    """A runtime that was not told to breathe does not."""
    time = Time()
    breath = time.breath(0.0)
    breath.begin()
    assert not breath.take()


def test_what_comes_within_a_breath_is_one_transaction(world: World) -> None:
    """The first record at once, the others together, each counted once."""
    time, commits = Time(), list[Step]()

    def probe(step: Step) -> None:
        commits.extend([step] if step is Step.COMMIT else [])

    runtime = world.runtime(breath=time.breath(), probe=probe)
    world.work(runtime)
    world.publish("a")
    assert runtime.step() == 1
    world.publish("a")
    time.meanwhile = lambda: [world.publish(key) for key in "ab"]
    assert runtime.step() == 3
    assert len(commits) == 2
    assert len(time.slept) == 1
    runtime.close()
    world.assert_exact()


def test_a_batch_is_never_larger_than_it_may_be(world: World) -> None:
    """However many come while it waits."""
    time = Time()
    runtime = world.runtime(breath=time.breath(), batch=4)
    world.work(runtime)
    world.publish("a")
    runtime.step()
    world.publish("a")
    time.meanwhile = lambda: [world.publish("a") for _ in range(9)]
    assert runtime.step() == 4
    time.meanwhile = lambda: None
    world.work(runtime)
    runtime.close()
    world.assert_exact()


def test_a_shard_that_is_lost_within_a_breath_is_its_new_owners(world: World) -> None:
    """What was in hand is forgotten, and nobody writes anything twice."""
    time = Time()
    first = world.runtime(breath=time.breath())
    world.work(first)
    for key in "abcdef":
        world.publish(key)
    first.step()
    for key in "abcdef":
        world.publish(key)
    others = list[Runtime[Any]]()

    def join() -> None:
        others.append(world.runtime(slot=1, folder=world.folder / "second"))
        others[0].step()

    time.meanwhile = join
    first.step()
    time.meanwhile = lambda: None
    (second,) = others
    world.work(first, second)
    assert len(first.shards.owned) < SHARDS
    first.close()
    second.close()
    world.assert_exact()


def test_what_is_told_within_a_breath_is_one_transaction_too(world: World) -> None:
    """Several changes under way tell each a little: that is committed together, with the records that came."""
    time, commits = Time(), list[Step]()

    def probe(step: Step) -> None:
        commits.extend([step] if step is Step.COMMIT else [])

    runtime, work = started(world, breath=time.breath(), probe=probe)
    first = work.tell()
    assert runtime.step() == 1
    assert time.slept == []
    second, more = work.tell(), list[Future[Committed]]()
    time.meanwhile = lambda: more.append(work.tell())
    assert runtime.step() == 2
    assert [future.done() for future in (first, second, *more)] == [True] * 3
    assert len(commits) == 2
    runtime.close()


def test_time_alone_does_not_breathe(world: World) -> None:
    """A tick holds up no record behind it."""
    time = Time()

    def verb(event: Event, facts: Facts[Any]) -> Result:
        return Result() if isinstance(event, Tick) else counting(event, facts)

    runtime = world.runtime(verb, breath=time.breath(), ticks=timedelta(seconds=1))
    world.work(runtime)
    world.broker.now_ms += 2000
    assert runtime.step() > 0
    world.publish("a")
    runtime.step()
    assert time.slept == []
    runtime.close()


def test_time_in_which_nothing_is_due_writes_nothing(world: World) -> None:
    """A transaction a second would be the broker's for nothing; what a tick does write is committed as ever."""
    answers, commits = [Result(), Result(state={b"a": b"1"})], list[str]()

    def verb(event: Event, _facts: Facts[Any]) -> Result:
        return answers[0] if isinstance(event, Tick) and event.shard == 0 else Result()

    runtime = world.runtime(verb, ticks=timedelta(seconds=1))
    world.broker.probe = commits.append
    world.work(runtime)
    world.broker.now_ms += 2000
    runtime.step()
    assert commits == []
    answers.reverse()
    world.broker.now_ms += 2000
    runtime.step()
    assert "commit" in commits
    assert world.state() == {b"a": b"1"}
    runtime.close()
