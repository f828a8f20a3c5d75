"""Keeps processes alive: starts them, notices their end, starts them again with growing pauses, stops them.

One thread, the watch, starts every process and changes every state; others ask it. Each process is on a leash to that
thread (`leash.py`): when the supervisor dies, by whatever signal, all its processes die.
"""

import logging
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TypeVar

from fixgate.errors import Misconfigured, Unavailable
from fixgate.local.home import Home
from fixgate.local.process import STOPPED_FOR_GOOD, Program, Restart, kill_group, spawn, start_time, wait_exit
from fixgate.local.statefile import ProcessState, State

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0
STEADY_S = 30.0
"""After running for so long, a process that ends is started again as if it had never failed."""
_KILL_TIMEOUT_S = 20.0

T = TypeVar("T")
_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Entry:
    """The watch's own record of one process; nobody else touches it."""

    program: Program
    popen: "subprocess.Popen[bytes]"
    started: float
    since: float
    state: State = State.RUNNING
    restarts: int = 0
    failures: int = 0
    exit_code: int | None = None
    due: float | None = None
    """When to start again, on the monotonic clock."""

    def send(self, number: int) -> None:
        # Once it is reaped its number may be another's.
        if self.popen.returncode is None:
            kill_group(self.popen.pid, number)

    def snapshot(self) -> ProcessState:
        return ProcessState(
            name=self.program.name,
            pid=self.popen.pid,
            started=self.started,
            state=self.state,
            since=self.since,
            restarts=self.restarts,
            exit_code=self.exit_code,
        )


class Supervisor:
    """The processes of one stack; `on_change` is told all states after each change, by the watch: it must be quick."""

    def __init__(self, home: Home, on_change: Callable[[Sequence[ProcessState]], None]) -> None:
        self._home = home
        self._on_change = on_change
        self._entries: dict[str, _Entry] = {}
        self._asked: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._snapshots: tuple[ProcessState, ...] = ()
        self._changed = threading.Condition()
        self._watch = threading.Thread(target=self._run, name="watch", daemon=True)
        self._watch.start()

    def processes(self) -> tuple[ProcessState, ...]:
        """All processes, in the order in which they were launched."""
        return self._snapshots

    def process(self, name: str) -> ProcessState:
        """One process; raises Misconfigured when there is none of that name."""
        for state in self._snapshots:
            if state.name == name:
                return state
        known = ", ".join(s.name for s in self._snapshots) or "none"
        raise Misconfigured(f"there is no process {name} in this stack", remedy=f"There are: {known}.")

    def program(self, name: str) -> Program:
        """What a process runs; raises Misconfigured when there is none of that name."""
        self.process(name)
        return self._ask(lambda: self._entries[name].program)

    def launch(self, program: Program) -> ProcessState:
        """Start a program, or start again one of that name that has stopped; returns when the process exists.

        Raises Misconfigured when one of that name runs, Unavailable when it cannot be started.
        """
        return self._ask(lambda: self._launch(program))

    def signal(self, name: str, number: int = signal.SIGKILL) -> ProcessState:
        """Send a signal to a process's group; the state from before. It is started again like after any other end."""
        self.process(name)
        return self._ask(lambda: self._signal(name, number))

    def stop(self, *names: str) -> None:
        """Ask processes to end, kill those that do not within their grace; returns when all have ended."""
        chosen = [self.process(name).name for name in names]
        grace = self._ask(lambda: self._begin_stop(chosen))
        if self._wait(lambda: self._all_stopped(chosen), grace):
            return
        self._ask(lambda: self._kill(chosen))
        if not self._wait(lambda: self._all_stopped(chosen), _KILL_TIMEOUT_S):
            raise Unavailable(f"could not be killed: {', '.join(chosen)}")

    def wait_for(self, accept: Callable[[ProcessState], bool], name: str, timeout_s: float) -> ProcessState:
        """Block until the process's state is acceptable; raises Unavailable when it is not in time."""
        if not self._wait(lambda: accept(self.process(name)), timeout_s):
            raise Unavailable(f"{name} did not get there within {timeout_s:g} s; it is {self.process(name).state}")
        return self.process(name)

    def close(self, *, last: Sequence[str] = ()) -> None:
        """Stop everything and end the watch: all others at once, then those of `last`, one after the other."""
        present = [state.name for state in self._snapshots]
        self.stop(*(name for name in present if name not in last))
        for name in last:
            if name in present:
                self.stop(name)
        self._asked.put(None)
        self._watch.join()

    # What follows runs in the watch.

    def _run(self) -> None:
        while True:
            try:
                task = self._asked.get(timeout=self._pause())
            except Empty:
                self._start_due()
                continue
            if task is None:
                return
            task()

    def _pause(self) -> float | None:
        dues = [e.due for e in self._entries.values() if e.due is not None]
        return max(0.0, min(dues) - time.monotonic()) if dues else None

    def _start_due(self) -> None:
        now = time.monotonic()
        for entry in self._entries.values():
            if entry.due is not None and entry.due <= now:
                self._start_again(entry)
        self._publish()

    def _start_again(self, entry: _Entry) -> None:
        entry.restarts += 1
        try:
            entry.popen = self._spawn(entry.program)
        except Unavailable:
            # The disk may be full for a while; it is tried again like any failure.
            entry.failures += 1
            entry.due = time.monotonic() + backoff(entry.failures)
            return
        entry.started = start_time(entry.popen.pid) or time.time()
        entry.due = None
        self._enter(entry, State.RUNNING)

    def _launch(self, program: Program) -> ProcessState:
        known = self._entries.get(program.name)
        if known is not None and known.state is not State.STOPPED:
            raise Misconfigured(f"a process {program.name} runs already")
        popen = self._spawn(program)
        now = time.time()
        entry = _Entry(program=program, popen=popen, started=start_time(popen.pid) or now, since=now)
        if known is not None:
            entry.restarts, entry.exit_code = known.restarts + 1, known.exit_code
        self._entries[program.name] = entry
        self._publish()
        return entry.snapshot()

    def _spawn(self, program: Program) -> "subprocess.Popen[bytes]":
        try:
            popen = spawn(program, self._home.log(program.name))
        except OSError as error:
            raise Unavailable(f"{program.name} could not be started: {error}") from error
        name = f"wait-{program.name}"
        threading.Thread(target=self._await_exit, args=(program.name, popen), name=name, daemon=True).start()
        return popen

    def _ended(self, name: str, popen: "subprocess.Popen[bytes]", code: int) -> None:
        entry = self._entries[name]
        if entry.popen is not popen:
            return
        entry.exit_code = code
        stopping = entry.state is State.STOPPING
        policy = entry.program.restart
        if (
            stopping
            or code in STOPPED_FOR_GOOD
            or policy is Restart.NEVER
            or (policy is Restart.ON_FAILURE and code == 0)
        ):
            self._enter(entry, State.STOPPED)
            if not stopping:
                _logger.warning("%s ended with code %d and is not started again", name, code)
        else:
            steady = time.time() - entry.since > STEADY_S
            entry.failures = 1 if steady else entry.failures + 1
            pause = backoff(entry.failures)
            entry.due = time.monotonic() + pause
            self._enter(entry, State.RESTARTING)
            _logger.warning("%s ended with code %d and is started again in %.1f s", name, code, pause)
        self._publish()

    def _begin_stop(self, names: Sequence[str]) -> float:
        for entry in (self._entries[n] for n in names):
            entry.due = None
            if entry.state is State.RUNNING:
                self._enter(entry, State.STOPPING)
                entry.send(signal.SIGTERM)
                # One that is stopped (SIGSTOP) would not see it.
                entry.send(signal.SIGCONT)
            elif entry.state is State.RESTARTING:
                self._enter(entry, State.STOPPED)
        self._publish()
        return max((self._entries[n].program.grace_s for n in names), default=0.0)

    def _kill(self, names: Sequence[str]) -> None:
        for entry in (self._entries[n] for n in names):
            if entry.state is State.STOPPING:
                entry.send(signal.SIGKILL)

    def _signal(self, name: str, number: int) -> ProcessState:
        entry = self._entries[name]
        before = entry.snapshot()
        if entry.state is State.RUNNING:
            entry.send(number)
        return before

    @staticmethod
    def _enter(entry: _Entry, state: State) -> None:
        entry.state, entry.since = state, time.time()

    def _publish(self) -> None:
        with self._changed:
            self._snapshots = tuple(e.snapshot() for e in self._entries.values())
            self._changed.notify_all()
        self._on_change(self._snapshots)

    # What follows runs in the callers' threads.

    def _await_exit(self, name: str, popen: "subprocess.Popen[bytes]") -> None:
        code = wait_exit(popen)
        self._asked.put(lambda: self._ended(name, popen, code))

    def _all_stopped(self, names: Sequence[str]) -> bool:
        return all(self.process(n).state is State.STOPPED for n in names)

    def _wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        with self._changed:
            return self._changed.wait_for(condition, timeout_s)

    def _ask(self, action: Callable[[], T]) -> T:
        answer: Future[T] = Future()

        def run() -> None:
            try:
                answer.set_result(action())
            except Exception as error:  # noqa: BLE001 - handed to whoever asked, who raises it
                answer.set_exception(error)

        self._asked.put(run)
        return answer.result()


def backoff(failures: int) -> float:
    """Seconds to wait after so many failures in a row."""
    return min(FIRST_PAUSE_S * 2.0 ** (failures - 1), LONGEST_PAUSE_S)
