"""An account with enough in it for every test of this folder to have something of its own to change."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.estate import estate
from tests.hostile.pair import Pair
from tests.hostile.targets import BUCKETS, SHOPS, STUBBORN, USERS, Targets
from tests.local.account.world import DOMAIN, World, new_world


@pytest.fixture(scope="module")
def account(short_tmp: Path) -> Iterator[World]:
    """The account, started once for a module."""
    scenario = estate(DOMAIN, buckets=BUCKETS, stubborn=STUBBORN, users=USERS, shops=SHOPS)
    made = new_world(short_tmp / "hostile", scenario)
    with made.account:
        yield made


@pytest.fixture(scope="module")
def targets(account: World) -> Targets:
    """Hands out what nobody has changed yet."""
    return Targets(account)


def deployed(folder: Path, account: World, seconds: int) -> Iterator[Pair]:
    """A deployment whose services are still to be started; faults that it made end with it."""
    account.account.control.clear()
    made = Pair(folder, account, credential_seconds=seconds)
    yield made
    account.account.control.clear()
    made.close()


@pytest.fixture
def pair(tmp_path: Path, account: World) -> Iterator[Pair]:
    """A deployment whose credentials live long enough for every change."""
    yield from deployed(tmp_path, account, 30)


@pytest.fixture
def brief_pair(tmp_path: Path, account: World) -> Iterator[Pair]:
    """A deployment whose credentials live so briefly that their ends can be waited for."""
    yield from deployed(tmp_path, account, 10)
