"""A record that could be used in part: its outputs are written, and all of it is a dead letter too, at once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fixgate.errors import FixgateError, Poison, Reason
from fixgate.verbs import Event, Facts, Received, Result
from tests.runtime.world import Crash, World, counting, crashing


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world with nothing in it yet."""
    world = World(tmp_path)
    yield world
    world.telemetry.shutdown()


def partly(event: Event, facts: Facts[Any]) -> Result:
    """Count, and say that a part could not be used."""
    fault = Poison(Reason.INVALID, "one of its parts is broken")
    if not isinstance(event, Received):
        return Result(partly=fault)
    return replace(counting(event, facts), partly=fault)


def test_time_cannot_be_unusable_in_part(world: World) -> None:
    """What is no record has no bytes for the dead letters: such an answer is a defect."""
    runtime = world.runtime(partly, ticks=timedelta(seconds=1))
    world.broker.now_ms += 1000
    with pytest.raises(FixgateError, match="only a record"):
        world.work(runtime)


def test_the_rest_of_the_record_is_written_and_all_of_it_kept(world: World) -> None:
    """One count and one dead letter with the bytes and the reason."""
    sent = world.publish("k")
    world.work(world.runtime(partly))
    world.assert_exact()
    (letter,) = world.rejected()
    assert (letter.reason, letter.detail, letter.value) == ("invalid", "one of its parts is broken", sent.value)


def test_more_of_them_than_may_be_rejected_stop_nothing(world: World) -> None:
    """They were used: they do not count as rejections."""
    for number in range(30):
        world.publish(f"k{number}")
    world.work(world.runtime(partly))
    world.assert_exact()
    assert len(world.rejected()) == 30


def test_a_crash_neither_loses_nor_doubles_the_letter(world: World) -> None:
    """Outputs and letter are of one transaction."""
    world.publish("k")
    dying = world.runtime(partly, probe=crashing("commit", 1))
    with pytest.raises(Crash):
        world.work(dying)
    # The kernel closes the dead process's files.
    for state in dying.shards.owned.values():
        state.close()
    world.work(world.runtime(partly))
    world.assert_exact()
    assert len(world.rejected()) == 1


def test_what_became_of_a_records_parts_is_told_once_it_is_committed(world: World) -> None:
    """A crash before the commit has told nothing, and nothing is told twice."""

    def counted(event: Event, facts: Facts[Any]) -> Result:
        return replace(counting(event, facts), counted={"passed": 7})

    world.publish("k")
    dying = world.runtime(counted, probe=crashing("commit", 1))
    with pytest.raises(Crash):
        world.work(dying)
    assert '"passed"' not in world.logs.getvalue()
    for state in dying.shards.owned.values():
        state.close()
    world.work(world.runtime(counted))
    assert world.logs.getvalue().count('"passed": 7') == 1
