"""A process may die at any step: afterwards nothing is lost, nothing is done twice, and the state is exact."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixgate.runtime import Step
from fixgate.verbs import Verb
from tests.runtime.world import Crash, World, counting, crashing

COMMIT_STEPS = ("begin", "write", "positions", "commit", "committed")
PLACES = (*(s.value for s in Step), *COMMIT_STEPS)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world with twenty numbers of three keys."""
    world = World(tmp_path)
    for i in range(20):
        world.publish(f"k{i % 3}")
    yield world
    world.telemetry.shutdown()


def crash_once(world: World, place: str, occurrence: int, verb: Verb[Any] = counting, **wiring: Any) -> None:
    """Run an instance that dies at the place; it never closes anything but what its death closes."""
    probe = crashing(place, occurrence)
    if place in COMMIT_STEPS:
        world.broker.probe = probe
        runtime = world.runtime(verb, **wiring)
    else:
        runtime = world.runtime(verb, probe=probe, **wiring)
    try:
        world.work(runtime)
    except Crash:
        pass
    finally:
        world.broker.probe = lambda _step: None
        # The kernel closes the dead process's files; the broker is told nothing.
        for state in runtime.shards.owned.values():
            state.close()


@pytest.mark.parametrize("occurrence", [1, 2, 3])
@pytest.mark.parametrize("place", PLACES)
def test_a_crash_at_any_step_leaves_all_or_nothing(world: World, place: str, occurrence: int) -> None:
    """After a crash at the step and a restart of the same slot everything is there exactly once."""
    crash_once(world, place, occurrence)
    world.work(world.runtime())
    world.assert_exact()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    crashes=st.lists(st.tuples(st.sampled_from(PLACES), st.integers(1, 4)), max_size=8),
    wiped=st.lists(st.booleans(), min_size=8, max_size=8),
    more=st.lists(st.sampled_from(["k0", "k1", "new"]), max_size=8),
)
def test_any_run_of_crashes_is_exact(
    tmp_path_factory: pytest.TempPathFactory, crashes: list[tuple[str, int]], wiped: list[bool], more: list[str]
) -> None:
    """Any sequence of crashes, with the local copy deleted at will and records coming in between, changes nothing."""
    world = World(tmp_path_factory.mktemp("world"))
    for i in range(12):
        world.publish(f"k{i % 3}")
    for (place, occurrence), wipe in zip(crashes, wiped, strict=False):
        crash_once(world, place, occurrence)
        if wipe:
            shutil.rmtree(world.folder, ignore_errors=True)
        if more:
            world.publish(more.pop())
    world.work(world.runtime())
    world.assert_exact()
    world.telemetry.shutdown()


def test_a_crash_between_commit_and_copy_is_made_good_from_the_topic(world: World) -> None:
    """The copy is behind after such a crash, and the next start reads only what it lacks."""
    crash_once(world, "committed", 2)
    runtime = world.runtime()
    world.work(runtime)
    world.assert_exact()
    assert "has been rebuilt" not in world.logs.getvalue()
