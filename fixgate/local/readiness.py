"""When a process of the stack is ready: it runs; authority, broker and account answer, and services have shards."""

import time
from dataclasses import dataclass

from fixgate.errors import EXIT_USAGE, FixgateError, Misconfigured, Unavailable
from fixgate.local import account, broker
from fixgate.local.account.client import Control
from fixgate.local.authority import NAME as AUTHORITY
from fixgate.local.home import Home
from fixgate.local.probes import authority_answers, broker_answers, port_answers
from fixgate.local.process import log_tail
from fixgate.local.statefile import ProcessState, State
from fixgate.local.supervisor import Supervisor

READY_TIMEOUT_S = 120.0
_POLL_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Asks a stack's processes; `workload_api` is the socket of an identity that the broker lets in."""

    home: Home
    supervisor: Supervisor
    bootstrap: str
    workload_api: str

    def wait_first(self, name: str) -> None:
        """Block until a process that was just launched is ready.

        Raises Misconfigured or Unavailable as soon as it has ended, though it would be started again.
        """
        first = self.supervisor.process(name)
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not self._answers(name):
            now = self.supervisor.process(name)
            if now.state is not State.RUNNING or now.pid != first.pid:
                raise self._ended(now)
            self._check_time(name, deadline)

    def wait(self, name: str, after: ProcessState | None = None, timeout_s: float = READY_TIMEOUT_S) -> ProcessState:
        """Block until a process is ready; with `after`, until it is another one than that.

        Raises Misconfigured or Unavailable when it has stopped for good, Unavailable when it takes too long.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            state = self.supervisor.process(name)
            if state.state is State.STOPPED:
                raise self._ended(state)
            fresh = after is None or state.pid != after.pid
            if fresh and state.state is State.RUNNING and self._answers(name):
                return state
            self._check_time(name, deadline)

    def _check_time(self, name: str, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise Unavailable(f"{name} did not get ready in time", remedy=f"Its log is {self.home.log(name)}.")
        time.sleep(_POLL_S)

    def _answers(self, name: str) -> bool:
        if name == AUTHORITY:
            return authority_answers(self.workload_api)
        if name == broker.NAME:
            return broker_answers(self.bootstrap, self.workload_api)
        if name == account.NAME:
            return Control(self.home.account).answers()
        program = self.supervisor.program(name)
        if program.port is not None and not port_answers(program.port):
            return False
        return program.presence is None or bool(program.presence.shards(self.supervisor.process(name).pid))

    def _ended(self, state: ProcessState) -> FixgateError:
        log = self.home.log(state.name)
        tail = log_tail(log)
        if "No space left on device" in tail:
            return Unavailable(
                f"{state.name} ended: the disk is full", remedy="Free some space, or set FIXGATE_HOME to another disk."
            )
        if "Address already in use" in tail:
            return Unavailable(
                f"{state.name} ended: its port has just been taken by another program", remedy="Run it again."
            )
        kind = Misconfigured if state.exit_code == EXIT_USAGE else Unavailable
        return kind(f"{state.name} ended with code {state.exit_code}:\n{tail}", remedy=f"Its log is {log}.")
