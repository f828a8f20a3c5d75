"""The state file tells the truth about what runs, and what a dead supervisor left is found by it."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fixgate.errors import Misconfigured
from fixgate.local import statefile
from fixgate.local.home import Home
from fixgate.local.process import start_time
from fixgate.local.statefile import Phase, ProcessState, StackState, State


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home that is prepared."""
    made = Home(tmp_path / "home")
    made.prepare()
    return made


@pytest.fixture
def sleeper() -> "Iterator[subprocess.Popen[bytes]]":
    """A process in a group of its own."""
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as process:
        yield process
        process.kill()


def describe(pid: int, started: float) -> StackState:
    """A stack with one process, whose supervisor is gone."""
    process = ProcessState(
        name="broker", pid=pid, started=started, state=State.RUNNING, since=started, restarts=0, exit_code=None
    )
    return StackState(
        phase=Phase.READY,
        bootstrap="127.0.0.1:1",
        trust_domain="example.org",
        supervisor_pid=2**22 - 1,
        supervisor_started=1.0,
        processes=(process,),
    )


def test_a_broken_state_file_is_refused(home: Home) -> None:
    """What cannot be read is not taken for "nothing runs"."""
    home.state.write_text('{"phase": "dancing"}')
    with pytest.raises(Misconfigured, match="is not a state file"):
        statefile.read(home)


def test_a_process_that_only_has_the_same_number_is_left_alone(home: Home, sleeper: "subprocess.Popen[bytes]") -> None:
    """Numbers are used again; the time of its start says who it is."""
    statefile.write(home, describe(sleeper.pid, (start_time(sleeper.pid) or 0) - 60))
    assert statefile.remove_stale(home) == ()
    assert sleeper.poll() is None


def test_what_a_dead_supervisor_left_is_killed(home: Home, sleeper: "subprocess.Popen[bytes]") -> None:
    """The next start ends it and forgets it."""
    statefile.write(home, describe(sleeper.pid, start_time(sleeper.pid) or 0))
    assert statefile.remove_stale(home) == ("broker",)
    assert sleeper.wait(10) == -9
    assert statefile.read(home) is None


def test_the_reader_itself_is_never_killed(home: Home) -> None:
    """A stack started and stopped in one process leaves its own number in the file."""
    own = replace(describe(1, 1.0), supervisor_pid=os.getpid(), supervisor_started=start_time(os.getpid()) or 0)
    statefile.write(home, own)
    statefile.remove_stale(home)
    assert statefile.read(home) is None


def test_no_file_is_no_stack(home: Home) -> None:
    """Nothing was started here."""
    assert statefile.read(home) is None
    assert statefile.remove_stale(home) == ()


def test_what_is_written_is_read(home: Home) -> None:
    """All fields survive."""
    state = describe(7, 1.5)
    statefile.write(home, state)
    assert statefile.read(home) == state
