"""What all tests share: the embedded stack, the guard of the network, the corpus of real reports."""

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import pytest_socket

from fixgate.local.stack import Stack
from fixgate.settings import ENV_PREFIX, Settings

# How fast this machine is says nothing about the code: timing belongs in benchmarks.
hypothesis.settings.register_profile("fixgate", deadline=None)
hypothesis.settings.load_profile("fixgate")

LOOPBACK = ["127.0.0.1", "::1"]
CORPUS = ENV_PREFIX + "TEST_CORPUS"
_KEPT = (ENV_PREFIX + "TEST_", ENV_PREFIX + "CACHE_DIR")


def pytest_configure() -> None:
    """Forget the deployment's settings: a test must not find somebody's real broker in the environment.

    And let Ctrl-C be what it is on a terminal: tests interrupt commands.
    """
    for name in list(os.environ):
        if name.startswith(ENV_PREFIX) and not name.startswith(_KEPT):
            del os.environ[name]
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # so it is in a script's background; children inherit it
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def loopback_only() -> None:
    """Refuse every connection that leaves this machine; the plugin lifts its restrictions at each test's end.

    Fixtures of the session are set up before it: the stack's may download the broker's jars.
    """
    pytest_socket.socket_allow_hosts(LOOPBACK, allow_unix_socket=True)


@pytest.fixture(autouse=True)
def no_export_left_behind() -> Iterator[None]:
    """Wait for exports that a test gave up on: their retries draw random numbers, which Hypothesis forbids."""
    yield
    for thread in threading.enumerate():
        if thread.name == "telemetry-shutdown":
            thread.join(30)


@pytest.fixture(scope="session")
def short_tmp() -> Iterator[Path]:
    """A folder with a short path, for unix sockets; gone when the session ends."""
    folder = Path(tempfile.mkdtemp(prefix="fg-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def stack(short_tmp: Path) -> Iterator[Stack]:
    """The embedded stack of the pipeline, started once per run; whoever kills one of its processes waits for it."""
    with Stack(short_tmp / "stack", settings=Settings(kafka_port=0)) as running:
        yield running


@pytest.fixture(scope="session")
def fixgate_corpus() -> Path:
    """The folder of real scanners' reports; skips where there is none."""
    folder = os.environ.get(CORPUS, "")
    if not folder:
        pytest.skip(f"{CORPUS} names no folder of reports")
    return Path(folder)
