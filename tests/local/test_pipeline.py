"""The whole pipeline as `fixgate up` runs it: what each part is told, that all of it starts, and how it ends."""

import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from fixgate.errors import Misconfigured, Unavailable
from fixgate.graph import MIB
from fixgate.identity import WorkloadIdentity
from fixgate.local import account, authority, broker, statefile
from fixgate.local.account import STS_AUDIENCE
from fixgate.local.account.acme import SHOP
from fixgate.local.account.client import Control
from fixgate.local.account.roles import ISSUER_ROLE, READ_ROLE
from fixgate.local.pipeline import AWS, CEILING, GIT, ISSUER, SERVICES, WITNESS, pipeline_services
from fixgate.local.process import Restart, memory_bytes
from fixgate.local.stack import Stack
from fixgate.local.statefile import StackState, State
from fixgate.objects import open_objects
from fixgate.sealing import load_seal, load_unseal
from fixgate.settings import Settings
from fixgate.topology import RECEIVER

pytestmark = pytest.mark.broker
WAIT_S = 120.0
LIMIT = 2048 * MIB


def environments(stack: Stack) -> dict[str, Any]:
    """What each program is told, by its name."""
    return {program.name: program.env for program in pipeline_services(stack)}


def test_an_address_that_was_not_announced_is_not_known() -> None:
    """Nothing is made up."""
    with pytest.raises(Unavailable, match="no address for aws"):
        Stack(Path("nowhere")).address(AWS)


def test_each_service_is_told_only_what_it_needs(stack: Stack) -> None:
    """Its own identity; secrets and places only where they are used."""
    told = environments(stack)
    assert [*told] == [account.NAME, WITNESS, "log", *SERVICES, RECEIVER]
    for name in SERVICES:
        assert told[name]["FIXGATE_WORKLOAD_API"] == stack.socket(name)
    holders = {
        setting: {name for name in SERVICES if setting in told[name]}
        for setting in (
            "FIXGATE_HASH_KEY",
            "FIXGATE_SEALING_KEY",
            "FIXGATE_INTAKE_PRIVATE_KEY",
            "FIXGATE_SNAPSHOT_KEY",
            "FIXGATE_ISSUER",
            "FIXGATE_AWS_ENDPOINT",
            "FIXGATE_CEILING",
        )
    }
    assert holders == {
        "FIXGATE_HASH_KEY": {"ingest"},
        "FIXGATE_SEALING_KEY": {"ingest"},
        "FIXGATE_INTAKE_PRIVATE_KEY": {"ingest"},
        "FIXGATE_SNAPSHOT_KEY": {"executor"},
        "FIXGATE_ISSUER": {"issuer", "executor"},
        "FIXGATE_AWS_ENDPOINT": {"analyzer", "issuer", "executor"},
        "FIXGATE_CEILING": {"gate", "issuer"},
    }


def test_what_was_decided_yields_to_what_is_to_be_decided(stack: Stack) -> None:
    """Too few processors delay the keeping of records first, then changes, and decisions last."""
    niceness = {program.name: program.niceness for program in pipeline_services(stack)}
    deciding = (account.NAME, "ingest", "analyzer", "proposer", "gate", RECEIVER)
    assert {niceness[name] for name in deciding} == {0}
    assert 0 < niceness["executor"] == niceness["issuer"] < niceness["log"] == niceness[WITNESS]


def test_the_receiver_listens_on_this_machine_alone(stack: Stack) -> None:
    """Without TLS, under its own identity, and with nothing that opens or hashes."""
    told = environments(stack)[RECEIVER]
    assert told["FIXGATE_WORKLOAD_API"] == stack.socket(RECEIVER)
    assert told["FIXGATE_RECEIVER_TLS"] == "false"
    assert stack.address(RECEIVER) == f"http://{told['FIXGATE_RECEIVER']}"
    assert told["FIXGATE_RECEIVER"].startswith("127.0.0.1:")
    assert not {"FIXGATE_HASH_KEY", "FIXGATE_SEALING_KEY", "FIXGATE_INTAKE_PRIVATE_KEY"} & told.keys()


def test_keys_are_made_once_and_are_private(stack: Stack) -> None:
    """What ingest is given cannot open what it seals."""
    told = environments(stack)
    public = Path(told["ingest"]["FIXGATE_SEALING_KEY"])
    sealed = load_seal(public).seal(b"report", b"here")
    with pytest.raises(Misconfigured):
        load_unseal(public)
    assert environments(stack)["ingest"] == told["ingest"]
    for path in (stack.home.keys, *stack.home.keys.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    assert load_unseal(stack.home.keys / "reports.key").open(sealed, b"here") == b"report"


def test_what_is_sealed_for_ingest_ingest_can_open(stack: Stack) -> None:
    """A publisher finds the public half in the home, the receiver is told of it; it opens nothing."""
    told = environments(stack)
    assert told[RECEIVER]["FIXGATE_INTAKE_KEY"] == str(stack.home.intake)
    sealed = load_seal(stack.home.intake).seal(b"report", b"here")
    with pytest.raises(Misconfigured):
        load_unseal(stack.home.intake)
    assert load_unseal(Path(told["ingest"]["FIXGATE_INTAKE_PRIVATE_KEY"])).open(sealed, b"here") == b"report"


@pytest.mark.parametrize("named", ["", "elsewhere"])
def test_what_the_receiver_or_a_publisher_stores_ingest_can_find(stack: Stack, tmp_path: Path, named: str) -> None:
    """All mean the same folder: that of the settings, which the commands read too, else the home's."""
    update = {"objects": str(tmp_path / named) if named else ""}
    own, stack.settings = stack.settings, stack.settings.model_copy(update=update)
    try:
        told = environments(stack)
        kept = open_objects(stack.settings.objects, stack.home.path).put(b"sealed")
        for name in (RECEIVER, "ingest", "executor"):
            place = told[name].get("FIXGATE_OBJECTS", "")
            assert open_objects(place, Path(told[name]["FIXGATE_HOME"])).get(kept) == b"sealed"
    finally:
        stack.settings = own


def test_a_roster_and_a_ceiling_of_the_home_are_passed_on(stack: Stack) -> None:
    """Without them services start, and nobody counts."""
    assert environments(stack)["gate"]["FIXGATE_ROSTER"] == ""
    assert environments(stack)["gate"]["FIXGATE_CEILING"] == ""
    pin, ceiling = stack.home.path / "roster" / "pin", stack.home.path / CEILING
    pin.parent.mkdir()
    try:
        pin.write_text("sha256:00\n")
        ceiling.write_text("{}")
        for name in ("gate", "issuer"):
            assert environments(stack)[name]["FIXGATE_ROSTER"] == "sha256:00"
            assert environments(stack)[name]["FIXGATE_CEILING"] == str(ceiling)
    finally:
        ceiling.unlink()
        pin.unlink()
        pin.parent.rmdir()


def test_the_account_keeps_its_ports_and_is_never_started_again(stack: Stack) -> None:
    """Addresses of repositories stay; an account from its beginning would hide what was changed."""
    programs = pipeline_services(stack)
    before = (stack.address(AWS), stack.address(GIT))
    pipeline_services(stack)
    assert (stack.address(AWS), stack.address(GIT)) == before
    assert programs[0].restart is Restart.NEVER


@pytest.fixture(scope="module")
def seen_states() -> list[StackState]:
    """Every state that the whole stack's file told of."""
    return []


@pytest.fixture(scope="module")
def whole(short_tmp: Path, seen_states: list[StackState]) -> Iterator[Stack]:
    """All of it, each service with its state up to date."""
    write = statefile.write
    with pytest.MonkeyPatch.context() as patch:

        def noted(home: Any, state: StackState) -> None:
            seen_states.append(state)
            write(home, state)

        patch.setattr(statefile, "write", noted)
        with Stack(short_tmp / "all", settings=Settings(kafka_port=0), services=pipeline_services) as running:
            deadline = time.monotonic() + WAIT_S
            for name in SERVICES:
                while "the state is up to date" not in running.home.log(name).read_text():
                    assert time.monotonic() < deadline, running.home.log(name).read_text()
                    time.sleep(0.05)
            yield running


def taken(stack: Stack, party: str, role: str) -> str:
    """Take a role of the account with the identity that the stack gives to a party."""
    identity = WorkloadIdentity(stack.socket(party))
    session: Any = boto3.session.Session()
    try:
        sts = session.client(
            "sts",
            region_name="us-east-1",
            endpoint_url=stack.address(AWS),
            config=Config(signature_version=UNSIGNED),
        )
        answer = sts.assume_role_with_web_identity(
            RoleArn=f"arn:aws:iam::123456789012:role/{role}",
            RoleSessionName="test",
            WebIdentityToken=identity.jwt(STS_AUDIENCE)[0],
        )
    finally:
        identity.close()
    return str(answer["AssumedRoleUser"]["Arn"])


def test_the_account_believes_the_stacks_own_identities(whole: Stack) -> None:
    """Each its own role and no other."""
    with pytest.raises(ClientError, match="AccessDenied"):
        taken(whole, "executor", ISSUER_ROLE)
    assert taken(whole, "issuer", ISSUER_ROLE).endswith(f"{ISSUER_ROLE}/test")
    assert taken(whole, "analyzer", READ_ROLE).endswith(f"{READ_ROLE}/test")


def test_all_of_it_runs_within_two_gigabytes(whole: Stack) -> None:
    """Without a restart; the state file says where everything is."""
    state = statefile.read(whole.home)
    assert state is not None
    assert {*state.addresses} == {AWS, GIT, ISSUER, WITNESS, RECEIVER}
    beside = {authority.NAME, broker.NAME, account.NAME, WITNESS, "log", RECEIVER}
    assert {p.name for p in state.processes} == beside | {*SERVICES}
    assert all(p.state is State.RUNNING and p.restarts == 0 for p in state.processes)
    assert SHOP in Control(whole.home.account).state()["refs"]
    assert sum(memory_bytes(p.pid) or 0 for p in state.processes) < LIMIT


def test_services_stop_before_the_account_and_that_before_the_broker(
    whole: Stack, seen_states: list[StackState]
) -> None:
    """Whatever a service still does at its end, it can."""
    whole.stop()
    order: list[str] = []
    for state in seen_states:
        order += [p.name for p in state.processes if p.state is State.STOPPED and p.name not in order]
    assert {*order[:-3]} == {WITNESS, "log", RECEIVER, *SERVICES}
    assert order[-3:] == [account.NAME, broker.NAME, authority.NAME]
    assert all(p.exit_code in (0, 143) for p in seen_states[-1].processes), seen_states[-1]
