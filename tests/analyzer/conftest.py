"""An emulated account with an identity authority of its own, for what the analyzer reads."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.account.world import World, new_world


@pytest.fixture(scope="session")
def running_account(short_tmp: Path) -> Iterator[World]:
    """The account, started once."""
    world = new_world(short_tmp / "read")
    with world.account:
        yield world


@pytest.fixture
def account(running_account: World) -> World:
    """The account, put back to its start."""
    running_account.account.control.reset()
    return running_account
