"""The emulated account for the executor's tests, on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from tests.executor.lab import Lab
from tests.services_world import ServicesWorld


@pytest.fixture(scope="session")
def account() -> Iterator[str]:
    """The address of an emulated account."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def lab(tmp_path: Path, account: str) -> Iterator[Lab]:
    """A user with an active key, and everything to deactivate it with."""
    with ServicesWorld(tmp_path) as world:
        yield Lab(world, account, tmp_path)
