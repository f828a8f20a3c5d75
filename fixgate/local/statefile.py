"""`home/stack.json`: what runs, for whoever wants to know it without asking a process."""

import os
import signal
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import TypeAdapter, ValidationError

from fixgate.errors import Misconfigured
from fixgate.local.home import Home, write_atomically
from fixgate.local.process import is_same, kill_group


class Phase(StrEnum):
    """Where a whole stack stands."""

    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"


class State(StrEnum):
    """Where one process stands."""

    RUNNING = "running"
    RESTARTING = "restarting"
    """It ended and will be started again after a pause."""
    STOPPING = "stopping"
    STOPPED = "stopped"
    """It ended and will not be started again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessState:
    """One supervised process; `started` and `since` are seconds since the epoch."""

    name: str
    pid: int
    started: float
    state: State
    since: float
    restarts: int
    exit_code: int | None
    """Of its last end; negative for a signal, None when it has not ended yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackState:
    """A stack: `bootstrap` is empty until the broker's port is known."""

    phase: Phase
    bootstrap: str
    trust_domain: str
    supervisor_pid: int
    supervisor_started: float
    processes: tuple[ProcessState, ...]
    addresses: dict[str, str] = field(default_factory=dict[str, str])
    """Of what else listens, by name: `aws`, `git`, `issuer` (`pipeline.py`)."""


_ADAPTER = TypeAdapter(StackState)


def write(home: Home, state: StackState) -> None:
    """Replace the state file."""
    write_atomically(home.state, _ADAPTER.dump_json(state, indent=2) + b"\n")


def read(home: Home) -> StackState | None:
    """What the state file says, or None when there is none; the stack it tells of may be dead: see `is_locked`."""
    try:
        return _ADAPTER.validate_json(home.state.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise Misconfigured(
            f"{home.state} is not a state file: {error.error_count()} faults",
            remedy="Look for processes of this stack, stop them, and delete the file.",
        ) from None


def remove_stale(home: Home) -> tuple[str, ...]:
    """Kill what a dead supervisor left behind, and forget it; the names of what was killed.

    To be called only by the holder of the home's lock: then the supervisor of the file is dead.
    """
    state = read(home)
    if state is None:
        return ()
    left = [p for p in state.processes if is_same(p.pid, p.started)]
    for process in left:
        kill_group(process.pid, signal.SIGKILL)
    if is_same(state.supervisor_pid, state.supervisor_started) and state.supervisor_pid != os.getpid():
        # It gave up its lock and hangs.
        os.kill(state.supervisor_pid, signal.SIGKILL)
    home.state.unlink(missing_ok=True)
    return tuple(p.name for p in left)
