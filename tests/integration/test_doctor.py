"""`fixgate doctor` against the embedded broker: all is refused; and what was let in on purpose is found."""

# pyright: reportPrivateImportUsage=false
# confluent_kafka.admin re-exports its names without `as`, which strict checkers take for private.

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
import typer
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # see the first lines
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)
from typer.testing import CliRunner

from fixgate.admin import ClusterAdmin
from fixgate.cli.doctor import doctor
from fixgate.doctor import tokens
from fixgate.doctor.checks import EXPIRED, Patient, Verdict, examine
from fixgate.doctor.wire import Address, Closed, Connection
from fixgate.identity import WorkloadIdentity
from fixgate.local.stack import Stack
from fixgate.naming import Naming
from fixgate.topology import DOCTOR, PIPELINE, PROVISIONER

pytestmark = pytest.mark.broker

LIFE_S = 3
COMMAND = typer.Typer()
COMMAND.command()(doctor)


class Minter:
    """Makes tokens with the development authority's key: the only way to have a wrong one that is rightly signed."""

    def __init__(self, stack: Stack) -> None:
        identity = WorkloadIdentity(stack.socket(DOCTOR))
        genuine, _ = identity.jwt("kafka")
        identity.close()
        self._claims, self._header = tokens.claims(genuine), tokens.header(genuine)
        [key] = Path(stack.home.identity).glob("keys/*/jwt-key.pem")
        self.key = key.read_bytes()

    def __call__(self, audience: str = "kafka", life: float = LIFE_S, **claims: Any) -> tuple[str, float]:
        """A token that is right but for what is given."""
        now = int(time.time())
        said = {**self._claims, "aud": [audience], "iat": now, "exp": int(now + life), **claims}
        return jwt.encode(said, self.key, "ES256", headers=self._header), float(now + life)


@pytest.fixture(scope="module")
def minter(stack: Stack) -> Minter:
    """Makes tokens."""
    return Minter(stack)


@pytest.fixture
def address(stack: Stack) -> Address:
    """The broker."""
    host, port = stack.bootstrap.split(":")
    return Address(host, int(port))


@pytest.fixture
def as_doctor(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a command that is run as the doctor."""
    for name, value in stack.environment(DOCTOR).items():
        monkeypatch.setenv(name, value)


def let_in(address: Address, token: str) -> bool:
    """Whether the broker answers to who has the token."""
    with Connection(address) as connection:
        connection.authenticate(token)
        try:
            return bool(connection.brokers())
        except Closed:
            return False


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere.invalid"},
        {"iss": ""},
        {"aud": ["kafka-of-others"]},
        {"aud": []},
        {"exp": 1},
        {"nbf": 4102444800},
        {"iat": 4102444800},
        {"sub": ""},
    ],
    ids=str,
)
def test_a_rightly_signed_token_with_a_wrong_claim_is_refused(
    minter: Minter, address: Address, claims: dict[str, Any]
) -> None:
    """Issuer, audience, times and subject are each looked at, whoever signed; the control is accepted."""
    assert let_in(address, minter()[0])
    assert not let_in(address, minter(**claims)[0])


@pytest.mark.parametrize("missing", ["iss", "aud", "exp", "sub"])
def test_a_rightly_signed_token_without_a_claim_is_refused(minter: Minter, address: Address, missing: str) -> None:
    """What is not said is not assumed."""
    token = minter()[0]
    claims = {name: value for name, value in tokens.claims(token).items() if name != missing}
    bare = jwt.encode(claims, minter.key, "ES256", headers=tokens.header(token))
    assert not let_in(address, bare)


def test_the_embedded_broker_passes_every_check(minter: Minter, address: Address) -> None:
    """All that the doctor tries is refused, the end of its own token included, and its genuine token is accepted."""
    found = examine(Patient(bootstrap=[address], token=minter, topology=PIPELINE, naming=Naming(), wait_s=2.0 * LIFE_S))
    assert {f.check: (f.verdict, f.detail) for f in found if f.verdict is not Verdict.PASSED} == {}
    assert len(found) == 12
    assert found[-1].check == EXPIRED


@pytest.mark.usefixtures("as_doctor")
def test_the_command_says_what_it_found(stack: Stack) -> None:
    """The JSON has every check; without the time to wait for a token's end it says that this stayed unknown, with 3."""
    ended = CliRunner().invoke(COMMAND, ["--json", "--wait", "0", "--bootstrap", stack.bootstrap])
    told = json.loads(ended.stdout)
    assert ended.exit_code == told["exit_code"] == 3
    results = {check["check"]: check["result"] for check in told["checks"]}
    assert results.pop(EXPIRED) == "untested"
    assert set(results.values()) == {"passed"}
    assert "eyJ" not in ended.output


@pytest.fixture
def granted(stack: Stack) -> Iterator[str]:
    """A topic that somebody let the doctor read."""
    identity = WorkloadIdentity(stack.socket(PROVISIONER))
    admin = ClusterAdmin(identity.kafka_client_config(stack.bootstrap), 20.0)
    acl = AclBinding(
        ResourceType.TOPIC,
        "fixgate.requests",
        ResourcePatternType.LITERAL,
        "User:*",
        "*",
        AclOperation.READ,
        AclPermissionType.ALLOW,
    )
    admin.grant([acl])
    admin.await_visible((), frozenset({acl}), frozenset())
    yield "fixgate.requests"
    admin.revoke([acl])
    admin.await_visible((), frozenset(), frozenset({acl}))
    identity.close()


@pytest.mark.usefixtures("as_doctor")
def test_a_grant_too_many_is_found(stack: Stack, granted: str) -> None:
    """A topic that everybody may read is named, and the exit code is 1."""
    ended = CliRunner().invoke(COMMAND, ["--wait", "0", "--bootstrap", stack.bootstrap], env={"COLUMNS": "200"})
    assert ended.exit_code == 1
    assert "let in" in ended.stdout
    assert granted in ended.stdout


@pytest.mark.usefixtures("as_doctor")
def test_a_broker_that_is_not_there_stays_unknown() -> None:
    """Nothing can be said about a cluster that cannot be reached: exit code 3, not 0."""
    ended = CliRunner().invoke(COMMAND, ["--wait", "0", "--json", "--bootstrap", "127.0.0.1:1"])
    assert ended.exit_code == 3
    assert [check["result"] for check in json.loads(ended.stdout)["checks"]] == ["untested"]
