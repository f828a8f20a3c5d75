"""One emulated account for all of these tests; each finds it as it was at its start."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.account.world import World, new_world


@pytest.fixture(scope="session")
def running_world(short_tmp: Path) -> Iterator[World]:
    """The account, started once."""
    world = new_world(short_tmp / "acme")
    with world.account:
        yield world


@pytest.fixture
def world(running_world: World) -> World:
    """The account, put back to its start."""
    running_world.account.control.reset()
    return running_world


@pytest.fixture
def work(tmp_path: Path, world: World) -> Path:
    """A clone of the vulnerable repository, with one commit that is not pushed yet."""
    done = world.git("clone", "-q", f"{world.account.git}/acme/shop.git", "clone", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    clone = tmp_path / "clone"
    (clone / "README.md").write_text("# Changed\n")
    assert world.git("commit", "-qam", "A change", cwd=clone).returncode == 0
    return clone
