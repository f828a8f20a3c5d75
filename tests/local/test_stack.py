"""The embedded stack as a whole, on the real broker."""

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from fixgate.errors import Misconfigured, Refused, Unavailable
from fixgate.graph import Key, Party, Role, Topic, Topology
from fixgate.local import authority, broker
from fixgate.local.credentials import kafka_credentials
from fixgate.local.home import LEAST_FREE_BYTES, Home, is_locked
from fixgate.local.process import Program, Restart, start_time
from fixgate.local.stack import Stack
from fixgate.local.statefile import Phase, ProcessState, State
from fixgate.local.statefile import read as read_state
from fixgate.settings import Settings
from fixgate.topology import PIPELINE, PROVISIONER

pytestmark = pytest.mark.broker
WAIT_S = 30.0

SMALL = Topology(
    {"words": Topic(name="words", record=None, key=Key.SOURCE, partitions=2)},
    {
        "speaker": Party(name="speaker", role=Role.EXTERNAL, purpose="speaks", writes=("words",)),
        "listener": Party(name="listener", role=Role.EXTERNAL, purpose="listens", reads=("words",)),
        PROVISIONER: Party(name=PROVISIONER, role=Role.PROCESS, purpose="creates topics and grants"),
    },
)


@pytest.fixture
def seen_pids() -> list[int]:
    """Where a test notes the processes that it saw."""
    return []


def topics(stack: Stack) -> set[str]:
    """The topics that the provisioner sees."""
    with kafka_credentials(stack.bootstrap, stack.socket(PROVISIONER)) as credentials:
        return set(AdminClient(credentials).list_topics(timeout=WAIT_S).topics)


def speakers(stack: Stack) -> Sequence[Program]:
    """A service that says who it is, and ends well."""
    script = 'echo "$FIXGATE_WORKLOAD_API $FIXGATE_BOOTSTRAP_SERVERS"'
    environment = stack.environment("speaker")
    return [Program(name="speaker", command=("sh", "-c", script), env=environment, restart=Restart.ON_FAILURE)]


def test_a_second_stack_in_one_home_is_refused(stack: Stack) -> None:
    """Two stacks never share a folder, and the first one does not notice."""
    with pytest.raises(Unavailable, match="already running"):
        Stack(stack.home.path, settings=stack.settings).start()
    assert stack.wait_ready(broker.NAME).state is State.RUNNING
    assert read_state(stack.home) is not None


def test_an_unknown_party_has_no_socket(stack: Stack) -> None:
    """Only what the topology declares has an identity."""
    with pytest.raises(Misconfigured, match="no party"):
        stack.socket("nobody")


def test_an_unknown_process_cannot_be_killed(stack: Stack) -> None:
    """The error says which there are."""
    with pytest.raises(Misconfigured, match="no process nobody"):
        stack.kill("nobody")


def test_a_stack_that_was_not_started_has_no_address(tmp_path: Path) -> None:
    """Nothing is answered that is not known yet."""
    stack = Stack(tmp_path)
    for ask in (lambda: stack.bootstrap, lambda: stack.processes, lambda: stack.environment("gate")):
        with pytest.raises(Unavailable):
            ask()
    stack.stop()


def test_too_little_space_is_refused(short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is started; the folder is free again afterwards."""

    def nearly_full(_path: Path) -> Any:
        return type("Usage", (), {"free": LEAST_FREE_BYTES - 1})

    monkeypatch.setattr("fixgate.local.home.shutil.disk_usage", nearly_full)
    home = short_tmp / "full"
    with pytest.raises(Unavailable, match="MiB are free"):
        Stack(home, settings=Settings(kafka_port=0)).start()
    assert not is_locked(Home(home))


def test_a_start_that_fails_leaves_nothing(short_tmp: Path, seen_pids: list[int]) -> None:
    """When the topics cannot be made, authority and broker are stopped again, and the error is the caller's."""
    home = short_tmp / "fails"

    def refuse(_topology: Topology, _settings: Settings, _admin: Mapping[str, Any]) -> None:
        state = read_state(Home(home))
        assert state is not None
        assert state.phase is Phase.STARTING
        seen_pids.extend(process.pid for process in state.processes)
        raise Refused("the topics cannot be made")

    with pytest.raises(Refused, match="cannot be made"):
        Stack(home, settings=Settings(kafka_port=0), topology=SMALL, provision=refuse).start()
    assert len(seen_pids) == 2
    assert [start_time(pid) for pid in seen_pids] == [None, None]
    assert read_state(Home(home)) is None
    assert not is_locked(Home(home))


@pytest.fixture(scope="module")
def small(short_tmp: Path, stack: Stack) -> Iterator[Stack]:
    """A second stack beside the first, with a topology and a service of its own."""
    settings = Settings(kafka_port=0, trust_domain="small.example", prefix="tiny.")
    with Stack(short_tmp / "small", settings=settings, topology=SMALL, services=speakers) as running:
        assert running.bootstrap != stack.bootstrap
        yield running


def test_two_stacks_stand_side_by_side(stack: Stack, small: Stack) -> None:
    """Each has its own topics, prefix and identities; neither lets the other's in."""
    assert "tiny.words" in topics(small)
    assert {f"fixgate.{name}" for name in PIPELINE.topics} <= topics(stack)
    assert "tiny.words" not in topics(stack)
    with kafka_credentials(small.bootstrap, stack.socket(PROVISIONER)) as credentials:
        client = AdminClient(credentials)
        with pytest.raises(KafkaException, match="_TRANSPORT"):
            client.list_topics(timeout=2)


def test_a_service_is_given_its_identity_and_the_broker(small: Stack) -> None:
    """By its environment; and one that ended well stays ended."""
    state = small.supervisor.wait_for(lambda s: s.state is State.STOPPED, "speaker", WAIT_S)
    assert state.exit_code == 0
    said = small.home.log("speaker").read_text().splitlines()[-1]
    assert said == f"{small.socket('speaker')} {small.bootstrap}"


def test_a_service_can_be_added_and_comes_back(small: Stack) -> None:
    """Tests add processes of their own; they are kept alive like all others."""
    small.add(Program(name="sleeper", command=("sleep", "600")))
    killed = small.kill("sleeper")
    assert small.wait_ready("sleeper", after=killed).restarts == 1
    assert [p.name for p in small.processes] == [authority.NAME, broker.NAME, "speaker", "sleeper"]


def test_a_service_that_stopped_for_good_is_not_waited_for(small: Stack) -> None:
    """The error quotes its log."""
    small.add(Program(name="wrong", command=("sh", "-c", "echo 'no such setting'; exit 2")))
    small.supervisor.wait_for(lambda s: s.state is State.STOPPED, "wrong", WAIT_S)
    with pytest.raises(Misconfigured, match="no such setting"):
        small.wait_ready("wrong")


def test_a_paused_broker_goes_on(small: Stack) -> None:
    """SIGSTOP and SIGCONT through the stack's handle: the process is the same."""
    before = small.kill(broker.NAME, signal.SIGSTOP)
    small.kill(broker.NAME, signal.SIGCONT)
    assert small.wait_ready(broker.NAME).pid == before.pid


def test_the_state_file_says_what_runs(small: Stack) -> None:
    """For whoever has only the folder."""
    state = read_state(small.home)
    assert state is not None
    assert (state.phase, state.bootstrap, state.trust_domain) == (Phase.READY, small.bootstrap, "small.example")
    assert state.supervisor_pid == os.getpid()
    assert living(state.processes) >= {authority.NAME, broker.NAME}


def living(processes: Sequence[ProcessState]) -> set[str]:
    """The names of those that run as the very processes of the file."""
    return {p.name for p in processes if p.state is State.RUNNING and start_time(p.pid) is not None}
