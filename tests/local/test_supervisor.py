"""Processes are kept alive, stopped for good when starting again would not help, and never left behind."""

import os
import select
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from fixgate.errors import EXIT_REJECTION_LIMIT, EXIT_USAGE, Misconfigured, Unavailable
from fixgate.local import supervisor as supervisor_module
from fixgate.local.home import Home
from fixgate.local.process import CODE_ROOT, Program, Restart, log_tail, start_time
from fixgate.local.statefile import ProcessState, State
from fixgate.local.supervisor import Supervisor

WAIT_S = 20.0


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home that is prepared."""
    made = Home(tmp_path / "home")
    made.prepare()
    return made


@pytest.fixture
def supervisor(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisor]:
    """A supervisor that hardly pauses before it starts something again."""
    monkeypatch.setattr(supervisor_module, "FIRST_PAUSE_S", 0.01)
    made = Supervisor(home, lambda _states: None)
    yield made
    made.close()


def shell(script: str, name: str = "it", *, restart: Restart = Restart.ALWAYS, grace_s: float = 20.0) -> Program:
    """A program that runs a shell script."""
    return Program(name=name, command=("sh", "-c", script), restart=restart, grace_s=grace_s)


def is_stopped(state: ProcessState) -> bool:
    """Whether it will not be started again."""
    return state.state is State.STOPPED


def wait_for_another(supervisor: Supervisor, before: ProcessState) -> ProcessState:
    """The state once another process has taken the place of an earlier one."""
    return supervisor.wait_for(lambda state: state.pid != before.pid, before.name, WAIT_S)


def wait_line(home: Home, name: str, process: ProcessState) -> str:
    """The first line that a process writes; it must write one."""
    while not (text := log_tail(home.log(name))):
        assert start_time(process.pid) is not None
    return text.splitlines()[0]


def await_end(pidfd: int) -> None:
    """Return when a process that is not our child has ended; `pidfd` was opened while it lived."""
    try:
        assert select.select([pidfd], [], [], WAIT_S)[0]
    finally:
        os.close(pidfd)


def test_an_unknown_process_is_refused(supervisor: Supervisor) -> None:
    """The error says which there are."""
    supervisor.launch(shell("sleep 600", "known"))
    for act in (supervisor.process, supervisor.stop, supervisor.signal, supervisor.program):
        with pytest.raises(Misconfigured, match="no process nobody") as error:
            act("nobody")
        assert "known" in error.value.remedy


def test_a_program_that_does_not_exist_is_an_error(supervisor: Supervisor, home: Home) -> None:
    """Its end is seen like any other, and its log says why."""
    supervisor.launch(Program(name="it", command=("/nowhere/at/all",), restart=Restart.NEVER))
    assert supervisor.wait_for(is_stopped, "it", WAIT_S).exit_code == 127
    assert "No such file" in log_tail(home.log("it"))


def test_a_folder_that_does_not_exist_is_an_error(supervisor: Supervisor) -> None:
    """What the system refuses to start is refused to the caller."""
    with pytest.raises(Unavailable, match="could not be started"):
        supervisor.launch(Program(name="it", command=("true",), cwd=Path("/nowhere/at/all")))


def test_a_name_runs_once(supervisor: Supervisor) -> None:
    """Two processes of one name would write one log and be one in every table."""
    supervisor.launch(shell("sleep 600"))
    with pytest.raises(Misconfigured, match="runs already"):
        supervisor.launch(shell("sleep 600"))


@pytest.mark.parametrize("code", [EXIT_USAGE, EXIT_REJECTION_LIMIT])
def test_a_process_that_stopped_itself_is_not_started_again(supervisor: Supervisor, code: int) -> None:
    """Misconfigured, or at its rejection limit: a restart would repeat the fault, so a person has to look."""
    supervisor.launch(shell(f"exit {code}"))
    state = supervisor.wait_for(is_stopped, "it", WAIT_S)
    assert (state.exit_code, state.restarts) == (code, 0)


def test_a_process_that_did_its_work_is_not_started_again(supervisor: Supervisor) -> None:
    """`ON_FAILURE` leaves a good end alone."""
    supervisor.launch(shell("exit 0", restart=Restart.ON_FAILURE))
    assert supervisor.wait_for(is_stopped, "it", WAIT_S).restarts == 0


def test_a_process_that_crashes_is_started_again(supervisor: Supervisor) -> None:
    """Each end counts, whatever the signal."""
    first = supervisor.launch(shell("sleep 600"))
    for restarts in (1, 2, 3):
        before = supervisor.signal("it")
        after = wait_for_another(supervisor, before)
        assert after.restarts == restarts
        assert after.exit_code == -signal.SIGKILL
    assert supervisor.process("it").started >= first.started


def test_pauses_grow_up_to_a_limit() -> None:
    """A process that fails at once is not started a thousand times a minute."""
    pauses = [supervisor_module.backoff(failures) for failures in range(1, 9)]
    assert pauses == sorted(pauses)
    assert pauses[0] == supervisor_module.FIRST_PAUSE_S
    assert pauses[-1] == supervisor_module.LONGEST_PAUSE_S


def test_a_process_that_does_not_heed_is_killed(supervisor: Supervisor, home: Home) -> None:
    """SIGTERM first; after its grace it is killed."""
    state = supervisor.launch(shell("trap '' TERM; echo deaf; while :; do sleep 1; done", grace_s=0.2))
    assert wait_line(home, "it", state) == "deaf"
    supervisor.stop("it")
    assert supervisor.process("it").exit_code == -signal.SIGKILL


def test_a_process_that_is_paused_can_be_stopped(supervisor: Supervisor) -> None:
    """SIGSTOP does not keep it from its end."""
    supervisor.launch(shell("sleep 600"))
    supervisor.signal("it", signal.SIGSTOP)
    supervisor.stop("it")
    assert is_stopped(supervisor.process("it"))


def test_a_process_waiting_to_be_started_again_can_be_stopped(supervisor: Supervisor) -> None:
    """Stopping wins over starting again."""
    supervisor.launch(shell("exit 1"))
    supervisor.wait_for(lambda s: s.restarts > 0, "it", WAIT_S)
    supervisor.stop("it")
    assert is_stopped(supervisor.process("it"))


def test_what_a_process_started_ends_with_it(supervisor: Supervisor, home: Home) -> None:
    """A process's own children are in its group, and the group is ended with it."""
    state = supervisor.launch(shell("sleep 600 & echo $!; wait", restart=Restart.NEVER))
    grandchild = os.pidfd_open(int(wait_line(home, "it", state)))
    supervisor.signal("it", signal.SIGTERM)
    await_end(grandchild)


def test_a_stopped_process_can_be_launched_again(supervisor: Supervisor) -> None:
    """Its count goes on."""
    program = shell("sleep 600")
    supervisor.launch(program)
    supervisor.stop("it")
    assert supervisor.launch(program).restarts == 1
    assert supervisor.program("it") == program


def test_the_environment_and_the_log_are_the_processes_own(supervisor: Supervisor, home: Home) -> None:
    """Output of all its lives is kept in one file, closed to other users; a message quotes the last life alone."""
    program = Program(name="it", command=("sh", "-c", "echo $WORD; exit 2"), env={"WORD": "hello"})
    for _ in range(2):
        supervisor.launch(program)
        supervisor.wait_for(is_stopped, "it", WAIT_S)
    assert log_tail(home.log("it")) == "hello"
    assert home.log("it").read_text().count("hello") == 2
    assert home.log("it").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("niceness", [0, 7])
def test_a_program_lets_others_go_first_as_far_as_it_says(supervisor: Supervisor, home: Home, niceness: int) -> None:
    """Against its own session's processes and, where Linux weighs sessions, against other sessions."""
    script = "import os; print(os.nice(0), open('/proc/self/autogroup').read().split('nice ')[-1].strip() or 0)"
    if not Path("/proc/self/autogroup").exists():
        script = f"import os; print(os.nice(0), {niceness})"
    own = os.nice(0)
    command = (sys.executable, "-c", script)
    supervisor.launch(Program(name="it", command=command, restart=Restart.NEVER, niceness=niceness))
    supervisor.wait_for(is_stopped, "it", WAIT_S)
    assert log_tail(home.log("it")).split() == [str(own + niceness), str(niceness)]


def test_every_change_is_told(home: Home) -> None:
    """Who keeps the state file sees each state once it holds."""
    told: list[tuple[State, ...]] = []
    supervisor = Supervisor(home, lambda states: told.append(tuple(s.state for s in states)))
    supervisor.launch(shell("sleep 600"))
    supervisor.close()
    assert told == [(State.RUNNING,), (State.STOPPING,), (State.STOPPED,)]


def test_what_others_need_is_stopped_last(home: Home) -> None:
    """Services end while the broker is there to be told; what is not there is not waited for."""
    told: list[list[str]] = []

    def note(states: Sequence[ProcessState]) -> None:
        told.append([s.name for s in states if s.state is not State.STOPPED])

    supervisor = Supervisor(home, note)
    for name in ("authority", "broker", "one", "two"):
        supervisor.launch(shell("sleep 600", name))
    supervisor.close(last=("broker", "authority", "nobody"))
    left = [sorted(names) for names in told[4:]]
    assert left.index(["authority", "broker"]) < left.index(["authority"]) < left.index([])


def test_nothing_outlives_a_killed_supervisor(home: Home) -> None:
    """Kill -9 of the supervisor ends every process of it: the kernel sees to that."""
    script = f"""
        import sys, time
        from pathlib import Path
        from fixgate.local.home import Home
        from fixgate.local.process import Program
        from fixgate.local.supervisor import Supervisor
        supervisor = Supervisor(Home(Path({str(home.path)!r})), lambda _states: None)
        # Deaf to everything that can be ignored.
        command = ("sh", "-c", "trap '' TERM HUP INT; echo deaf; while :; do sleep 1; done")
        state = supervisor.launch(Program(name="it", command=command))
        print(state.pid, flush=True)
        time.sleep(600)
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    with subprocess.Popen(command, cwd=CODE_ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
        await_end(child)
