"""`fixgate up`, `down` and `status` as a person runs them: whatever happens, nothing is left behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from fixgate.local.home import Home, is_locked, take_lock
from fixgate.local.pipeline import SERVICES
from fixgate.local.ports import LOOPBACK
from fixgate.local.process import CODE_ROOT

WAIT_S = 120.0
_POLL_S = 0.02


class Terminal:
    """Runs the command line in one home; its processes are found by the home's name in their environment."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = Home(home)
        self.settings = {"FIXGATE_HOME": str(home), "FIXGATE_KAFKA_PORT": "0", **settings}

    def run(self, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        """A command to its end."""
        process = self.begin(*arguments, **settings)
        out, err = process.communicate(timeout=WAIT_S)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def begin(self, *arguments: str, **settings: str) -> "subprocess.Popen[str]":
        """A command under way."""
        return subprocess.Popen(
            [sys.executable, "-m", "fixgate.cli", *arguments],
            cwd=CODE_ROOT,
            env={**os.environ, **self.settings, **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def status(self) -> dict[str, Any]:
        """What `status --json` says."""
        found: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return found

    def processes(self) -> list[str]:
        """All that lives with this home in its environment."""
        found: list[str] = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("FIXGATE_HOME") == str(self.home.path):
                    found.append(" ".join(process.cmdline()))
            except psutil.Error:
                continue
        return found

    def await_nothing(self) -> None:
        """Return when nothing of this home lives any more; it must come to that by itself."""
        deadline = time.monotonic() + WAIT_S
        while found := self.processes():
            assert time.monotonic() < deadline, found
            time.sleep(_POLL_S)

    def await_process(self, name: str) -> None:
        """Return when a start has come as far as a process of that name."""
        deadline = time.monotonic() + WAIT_S
        while name not in [p["name"] for p in self.status()["processes"]]:
            assert time.monotonic() < deadline
            time.sleep(_POLL_S)


@pytest.fixture
def terminal(short_tmp: Path, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    """A terminal with a home of its own; the test must have stopped what it started."""
    made = Terminal(short_tmp / f"t{abs(hash(request.node.name)) % 10**8}")
    yield made
    left = made.processes()
    made.run("down")
    assert left == []


def test_a_port_in_use_is_refused(terminal: Terminal) -> None:
    """Before anything is started."""
    with socket.create_server((LOOPBACK, 0)) as other:
        said = terminal.run("up", FIXGATE_KAFKA_PORT=str(other.getsockname()[1]))
    assert said.returncode == 3
    assert "already in use" in said.stderr
    assert "FIXGATE_KAFKA_PORT" in said.stderr


def test_no_java_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    """Where none is found and none can be installed."""
    said = terminal.run(
        "up", PATH="", JAVA_HOME="", PIP_NO_INDEX="1", FIXGATE_CACHE_DIR=str(tmp_path), PIP_FIND_LINKS=""
    )
    assert said.returncode == 3
    assert "no Java 17 or later was found" in said.stderr
    assert "JAVA_HOME" in said.stderr


def test_a_changed_jar_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    """A check said no: exit code 1."""
    cache = tmp_path / "kafka-4.3.1"
    cache.mkdir()
    (cache / "slf4j-api-1.7.36.jar").write_bytes(b"somebody else's")
    said = terminal.run("up", FIXGATE_CACHE_DIR=str(tmp_path))
    assert said.returncode == 1
    assert "is not the jar that the lock names" in said.stderr


def test_a_home_with_too_long_a_path_is_refused(tmp_path: Path) -> None:
    """With the limit and what to do."""
    terminal = Terminal(tmp_path / ("x" * 90))
    said = terminal.run("up")
    assert said.returncode == 2
    assert "107" in said.stderr
    assert "shorter path" in said.stderr


def test_a_home_that_is_a_file_is_refused(terminal: Terminal) -> None:
    """Nothing is overwritten."""
    terminal.home.path.write_text("mine")
    said = terminal.run("up")
    assert said.returncode == 3
    assert "stands in the way" in said.stderr
    assert terminal.home.path.read_text() == "mine"
    terminal.home.path.unlink()


def test_down_and_status_without_a_stack(terminal: Terminal) -> None:
    """To stop what does not run is done; to look at it says that it is not there."""
    said = terminal.run("down")
    assert (said.returncode, said.stdout) == (0, "nothing was running\n")
    assert terminal.run("status").returncode == 3
    assert terminal.status()["phase"] == "stopped"


def test_two_ups_at_once_make_one_stack(terminal: Terminal) -> None:
    """The second is refused while the first is still starting."""
    terminal.home.prepare()
    lock = take_lock(terminal.home)
    said = terminal.run("up")
    os.close(lock)
    assert said.returncode == 3
    assert "already running" in said.stderr


@pytest.mark.broker
@pytest.mark.parametrize("reached", ["authority", "broker"])
def test_an_interrupted_up_leaves_nothing(terminal: Terminal, reached: str) -> None:
    """Ctrl-C at any step: exit code 130, no traceback, no process, no lock."""
    process = terminal.begin("up")
    terminal.await_process(reached)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=WAIT_S)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert terminal.processes() == []
    assert not is_locked(terminal.home)


@pytest.mark.broker
def test_a_killed_up_leaves_nothing(terminal: Terminal) -> None:
    """Whoever started the stack is gone before it was ready, so it stops."""
    process = terminal.begin("up")
    terminal.await_process("authority")
    process.kill()
    process.communicate()
    terminal.await_nothing()
    assert not is_locked(terminal.home)


@pytest.mark.broker
def test_a_stack_from_up_to_down(terminal: Terminal) -> None:
    """Up, looked at, refused a second time, its supervisor killed, up again on what was left, down."""
    said = terminal.run("up")
    assert said.returncode == 0, said.stderr
    assert [line.split()[0] for line in said.stderr.splitlines() if "done" in line] == [
        "java",
        "jars",
        "authority",
        "broker",
        "topics",
        "services",
    ]
    assert terminal.run("status").returncode == 0
    found = terminal.status()
    assert found["bootstrap"] in said.stdout
    assert [(p["name"], p["state"], p["restarts"]) for p in found["processes"]] == [
        ("supervisor", "running", 0),
        ("authority", "running", 0),
        ("broker", "running", 0),
        ("account", "running", 0),
        ("witness", "running", 0),
        ("log", "running", 0),
        *((name, "running", 0) for name in SERVICES),
        ("receiver", "running", 0),
    ]
    assert {*found["addresses"]} == {"aws", "git", "issuer", "witness", "receiver"}
    assert all(p["memory_bytes"] > 0 for p in found["processes"])

    second = terminal.run("up")
    assert second.returncode == 3
    assert "already running" in second.stderr

    os.kill(found["processes"][0]["pid"], signal.SIGKILL)
    terminal.await_nothing()
    assert terminal.status()["phase"] == "stopped"
    assert terminal.run("up").returncode == 0
    assert terminal.status()["phase"] == "ready"

    stopped = terminal.run("down")
    assert (stopped.returncode, stopped.stdout) == (0, "stopped\n")
    assert terminal.processes() == []
    assert not terminal.home.state.exists()
