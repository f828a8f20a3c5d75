"""Processes are killed at random, stopped and resumed, and lose their local state: the pipeline stays exact."""

import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fixgate.cache import Cache, Reflects
from fixgate.kafka.settings import SESSION_TIMEOUT_MS, TRANSACTION_TIMEOUT_MS
from tests.integration.conftest import Laboratory
from tests.integration.verdict import Feed, Reader, assert_exact

pytestmark = [pytest.mark.broker, pytest.mark.chaos, pytest.mark.timeout(900)]

RECORDS = 50_000
KILLS = 50
KEYS = 997
SERVICES = ("numberer.0", "counter.0", "counter.1")


@pytest.fixture(scope="module")
def feed(lab: Laboratory) -> Iterator[Feed]:
    """The reports published in this module; the services of the lab run."""
    for service, slot in (("numberer", 0), ("counter", 0), ("counter", 1)):
        lab.stack.add(lab.program(service, slot))
    feed = Feed(lab)
    yield feed
    for name in SERVICES:
        lab.stack.supervisor.stop(name)
    feed.close()


def settle(lab: Laboratory, feed: Feed, seconds: float = 240) -> None:
    """Wait until every report has been counted, and check that all of it is exact."""
    feed.flush()
    with lab.broker("desk") as broker:
        counts = Reader(broker, "fixgate.counts", 4)
        state = Reader(broker, "fixgate.counter.state", 4)
        counts.await_count(feed.sent.total(), seconds)
        state.refresh()
        assert_exact(counts.records, state.records, feed.sent)
        counts.close()
        state.close()


def victims(chance: random.Random) -> Iterator[str]:
    """Who is killed: mostly services, now and then the broker or the authority."""
    names = ["broker"] * 8 + ["authority"] * 6
    names += chance.choices(SERVICES, k=KILLS - len(names))
    chance.shuffle(names)
    yield from names


def test_fifty_kills_lose_and_double_nothing(lab: Laboratory, feed: Feed) -> None:
    """50 kill -9 over services, broker and authority, two instances and rebalances, through 50,000 records."""
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"chaos seed {seed}")  # noqa: T201 - shown when the test fails
    chance = random.Random(seed)  # noqa: S311 - reproducible on purpose
    for number, name in enumerate(victims(chance)):
        feed.publish(RECORDS // KILLS, KEYS)
        if number == KILLS // 3:
            lab.stack.add(lab.program("counter", 2))
        if number == 2 * KILLS // 3:
            lab.stack.supervisor.stop("counter.2")
        time.sleep(chance.uniform(0.2, 1.5))  # the moment of the blow is the point
        before = lab.stack.kill(name)
        if name in {"broker", "authority"}:
            lab.stack.wait_ready(name, after=before)
    settle(lab, feed)


def test_a_process_stopped_for_longer_than_its_transaction_does_no_harm(lab: Laboratory, feed: Feed) -> None:
    """SIGSTOP until session and transaction have timed out, work goes on elsewhere, SIGCONT: still exact."""
    feed.publish(2_000, KEYS)
    time.sleep(0.5)  # in the middle of its work
    lab.stack.kill("counter.0", signal.SIGSTOP)
    try:
        feed.publish(2_000, KEYS)
        time.sleep(max(SESSION_TIMEOUT_MS, TRANSACTION_TIMEOUT_MS) / 1000 + 3)  # the point is to outlast them
        settle(lab, feed)
    finally:
        lab.stack.kill("counter.0", signal.SIGCONT)
    feed.publish(2_000, KEYS)
    settle(lab, feed)


def deleted(folder: Path, earlier: Path) -> None:
    """The copy is gone."""
    shutil.rmtree(folder)


def behind(folder: Path, earlier: Path) -> None:
    """The copy is one of an earlier time, as from a backup."""
    shutil.rmtree(folder)
    shutil.copytree(earlier, folder)


def ahead(folder: Path, earlier: Path) -> None:
    """The copy holds what was never committed, and claims a position that the topic does not have."""
    cache = Cache(folder)
    reflects = cache.reflects()
    assert reflects is not None
    cache.write({b"key-1": b"999999"}, Reflects(reflects.incarnation, reflects.position + 10_000_000, reflects.written))
    cache.close()


def corrupt(folder: Path, earlier: Path) -> None:
    """Bytes of every file of the copy are other ones."""
    for file in folder.iterdir():
        data = bytearray(file.read_bytes())
        for i in range(0, len(data), 97):
            data[i] ^= 0x5A
        file.write_bytes(data)


@pytest.mark.parametrize("harm", [deleted, behind, ahead, corrupt])
def test_whatever_happens_to_the_local_copies_the_state_is_exact(
    lab: Laboratory, feed: Feed, tmp_path: Path, harm: Callable[[Path, Path], None]
) -> None:
    """With the local copies deleted, behind, ahead or corrupt, what comes next is counted on from where it was."""
    state = lab.stack.home.path / "state"
    for slot in (0, 1):
        lab.stack.supervisor.stop(f"counter.{slot}")
    copies = [c for slot in (0, 1) for c in (state / f"counter.{slot}").iterdir()]
    for copy in copies:
        shutil.copytree(copy, tmp_path / copy.parent.name / copy.name)
    for slot in (0, 1):
        lab.stack.add(lab.program("counter", slot))
    feed.publish(1_000, KEYS)
    settle(lab, feed)
    for slot in (0, 1):
        lab.stack.supervisor.stop(f"counter.{slot}")
    for copy in copies:
        harm(copy, tmp_path / copy.parent.name / copy.name)
    for slot in (0, 1):
        lab.stack.add(lab.program("counter", slot))
    feed.publish(1_000, KEYS)
    settle(lab, feed)
