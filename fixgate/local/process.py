"""One supervised process: what to run, how to start it so that it cannot be left behind, how to recognise it."""

import datetime as dt
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import psutil

import fixgate
from fixgate.errors import EXIT_REJECTION_LIMIT, EXIT_USAGE
from fixgate.graph import MIB
from fixgate.presence import Presence

STOPPED_FOR_GOOD = frozenset({EXIT_USAGE, EXIT_REJECTION_LIMIT})
"""Exit codes after which starting again would only repeat the fault: misconfigured, and the rejection limit."""
CODE_ROOT = Path(fixgate.__file__).parents[1]
"""Where `python -m fixgate…` and `python -m services…` are found, installed or not."""
_LEASH = Path(__file__).with_name("leash.py")
_BEGINNING = "=== start of "
_LOG_KEPT_BYTES = 16 * MIB
_SAME_START_S = 1.0


class Restart(StrEnum):
    """When a process that ended is started again; never after a code of `STOPPED_FOR_GOOD`."""

    ALWAYS = "always"
    ON_FAILURE = "on failure"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A named process: `env` is put over the supervisor's own environment."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    cwd: Path = CODE_ROOT
    restart: Restart = Restart.ALWAYS
    grace_s: float = 20.0
    """Seconds from SIGTERM until it is killed."""
    presence: Presence | None = None
    """Where it says which shards it has; it is ready when it has some."""
    port: int | None = None
    """Where it listens on the loopback interface; it is ready when it does."""
    niceness: int = 0
    """How far it lets others go first when there are too few processors (nice(2), 0 to 19)."""

    @property
    def tells(self) -> bool:
        """Whether it can be seen when it is ready."""
        return self.presence is not None or self.port is not None


def module(name: str, *arguments: str) -> tuple[str, ...]:
    """The command that runs a Python module with this interpreter."""
    return (sys.executable, "-m", name, *arguments)


def spawn(program: Program, log: Path) -> "subprocess.Popen[bytes]":
    """Start the program on a leash, in a process group of its own, its output appended to `log`.

    The leash holds for as long as the calling *thread* lives: call it from one that lives as long as the process
    should. Raises OSError.
    """
    if log.exists() and log.stat().st_size > _LOG_KEPT_BYTES:
        log.replace(log.with_suffix(".log.1"))
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, f"{_BEGINNING}{program.name} at {dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M:%S}Z\n".encode())
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(_LEASH), str(os.getpid()), str(program.niceness), *program.command],
            env={**os.environ, "PYTHONUNBUFFERED": "1", **program.env},
            cwd=program.cwd,
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    finally:
        os.close(descriptor)


def wait_exit(popen: "subprocess.Popen[bytes]") -> int:
    """Block until the process ends; then kill what it left in its group, and give its exit code."""
    if sys.platform == "linux":
        # Not reaped yet, so that its number, which is the group's too, cannot have become another's.
        os.waitid(os.P_PID, popen.pid, os.WEXITED | os.WNOWAIT)
        kill_group(popen.pid)
    return popen.wait()


def kill_group(pid: int, number: int = signal.SIGKILL) -> None:
    """Signal a process and all that it started; no error when they are gone."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def start_time(pid: int) -> float | None:
    """When the process began, in seconds since the epoch; with its number that names it for ever. None when gone."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.NoSuchProcess:
        return None


def is_same(pid: int, started: float) -> bool:
    """Whether the process that began at `started` still lives."""
    now = start_time(pid)
    return now is not None and abs(now - started) < _SAME_START_S


def memory_bytes(pid: int) -> int | None:
    """Resident memory, or None when the process is gone."""
    try:
        return psutil.Process(pid).memory_info().rss
    except psutil.Error:
        return None


def log_tail(log: Path, lines: int = 12) -> str:
    """The last lines that the process wrote since its last start, without Java's stack frames, for a message."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 8192))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    last_run = text.rpartition(_BEGINNING)[2].splitlines()[1:]
    return "\n".join([line for line in last_run if not line.startswith("\tat ")][-lines:])
