"""Starts and stops the detached supervisor, and reads what it says about itself: what the command line does."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager

from fixgate import errors
from fixgate.errors import FixgateError, Unavailable
from fixgate.local import statefile
from fixgate.local.home import Home, disk_errors, is_locked, take_lock
from fixgate.local.process import CODE_ROOT, is_same, kill_group, module
from fixgate.local.progress import Report, Step
from fixgate.local.statefile import Phase, StackState
from fixgate.settings import Settings

STOP_TIMEOUT_S = 120.0
_POLL_S = 0.05
_SUPERVISOR = "supervisor"


def up(settings: Settings, report: Report) -> str:
    """Start a detached stack and return the broker's address when it is ready.

    Raises what the start raised. When this is interrupted, everything that was started is stopped first.
    """
    home = Home(settings.home)
    with _locked(home) as lock:
        # So that from here on a state file is that of the stack being started.
        statefile.remove_stale(home)
        reading, writing = os.pipe()
        log = os.open(home.log(_SUPERVISOR), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            supervisor = subprocess.Popen(
                module("fixgate.local", str(lock), str(writing)),
                cwd=CODE_ROOT,
                env=_environment(settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(lock, writing),
                start_new_session=True,
            )
        finally:
            os.close(writing)
            os.close(log)
        try:
            with os.fdopen(reading) as lines:
                return _follow(lines, home, report)
        except BaseException:
            # Whatever it is, a fault or Ctrl-C: leave nothing behind.
            supervisor.terminate()
            supervisor.wait(STOP_TIMEOUT_S)
            raise


def down(settings: Settings) -> bool:
    """Stop the stack and wait until all of it has ended; False when none was running."""
    home = Home(settings.home)
    if not is_locked(home):
        return _clean_up(home)
    state = statefile.read(home)
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while state is None and is_locked(home) and time.monotonic() < deadline:
        # It is so young that it has not written its state yet.
        time.sleep(_POLL_S)
        state = statefile.read(home)
    if state is not None and is_same(state.supervisor_pid, state.supervisor_started):
        os.kill(state.supervisor_pid, signal.SIGTERM)
    while is_locked(home) or (state is not None and is_same(state.supervisor_pid, state.supervisor_started)):
        if time.monotonic() > deadline:
            if state is not None:
                kill_group(state.supervisor_pid)
            raise Unavailable(
                f"the stack in {home.path} did not stop within {STOP_TIMEOUT_S:g} s",
                remedy=f"Its supervisor has been killed; see {home.log(_SUPERVISOR)}.",
            )
        time.sleep(_POLL_S)
    return True


def status(settings: Settings) -> tuple[Phase | None, StackState | None]:
    """The phase of this home's stack, None when none runs, and what runs, None while it has only just begun."""
    home = Home(settings.home)
    if not is_locked(home):
        return None, None
    state = statefile.read(home)
    return (state.phase if state else Phase.STARTING), state


def _environment(settings: Settings) -> dict[str, str]:
    return {
        **os.environ,
        "FIXGATE_HOME": str(settings.home),
        "FIXGATE_CACHE_DIR": str(settings.cache_dir),
        "FIXGATE_KAFKA_PORT": str(settings.kafka_port),
        "PYTHONUNBUFFERED": "1",
    }


@contextmanager
def _locked(home: Home) -> Generator[int]:
    home.prepare()
    with disk_errors(home.path):
        lock = take_lock(home)
    try:
        yield lock
    finally:
        # The supervisor holds it from here on.
        os.close(lock)


def _follow(lines: Iterator[str], home: Home, report: Report) -> str:
    for line in lines:
        message = json.loads(line)
        if "step" in message:
            report(Step(**message["step"]))
        elif "ready" in message:
            return str(message["ready"])
        else:
            kind = getattr(errors, message["error"], FixgateError)
            raise kind(message["message"], remedy=message["remedy"])
    raise Unavailable("the supervisor ended unexpectedly", remedy=f"Its log is {home.log(_SUPERVISOR)}.")


def _clean_up(home: Home) -> bool:
    if not home.state.exists():
        return False
    with _locked(home):
        return bool(statefile.remove_stale(home))
