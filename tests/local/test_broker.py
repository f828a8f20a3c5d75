"""The embedded broker refuses every token but the authority's own, and comes back after kill -9."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import jwt
import pytest
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from cryptography.hazmat.primitives.asymmetric import ec

from fixgate.local import broker
from fixgate.local.authority import NAME as AUTHORITY
from fixgate.local.authority.issue import ALGORITHM
from fixgate.local.credentials import kafka_credentials
from fixgate.local.stack import Stack
from fixgate.topology import DOCTOR, PROVISIONER
from tests.local.authority_process import Client, claims

pytestmark = pytest.mark.broker
WAIT_S = 30.0
Forge = Callable[[Mapping[str, Any], Mapping[str, Any], str], str]
"""Makes a token of the true one's claims and header, and the authority's private key."""


def forged(change: Mapping[str, Any], *, foreign: bool = False) -> Forge:
    """A token with changed claims, signed by the authority's key or by another under the same name."""

    def make(said: Mapping[str, Any], header: Mapping[str, Any], key: str) -> str:
        signer = ec.generate_private_key(ec.SECP256R1()) if foreign else key
        return jwt.encode({**said, **change}, signer, ALGORITHM, {"kid": header["kid"]})

    return make


def unsigned(said: Mapping[str, Any], header: Mapping[str, Any], _key: str) -> str:
    """A token that says it needs no signature."""
    return jwt.encode(dict(said), "", "none", {"kid": header["kid"]})


FORGERIES: Mapping[str, Forge] = {
    "signed by a foreign key": forged({}, foreign=True),
    "not signed": unsigned,
    "for another audience": forged({"aud": ["vault"]}),
    "of another issuer": forged({"iss": "spiffe://elsewhere.example"}),
    "expired": forged({"exp": int(time.time()) - 60}),
}


def ask(bootstrap: str, token: str) -> set[str]:
    """The topics that the token's bearer sees; raises KafkaException when the broker does not let it in."""
    problems: list[KafkaError] = []

    def note(error: KafkaError) -> None:
        problems.append(error)

    def give(_config: str) -> tuple[str, float]:
        return token, time.time() + 300

    config: dict[str, Any] = {
        "bootstrap.servers": bootstrap,
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanisms": "OAUTHBEARER",
        "oauth_cb": give,
        "error_cb": note,
        "log_level": 0,
    }
    client = AdminClient(config)
    deadline = time.monotonic() + WAIT_S
    while True:
        client.poll(0.05)
        if any(error.code() == KafkaError._AUTHENTICATION for error in problems):
            raise KafkaException(KafkaError(KafkaError._AUTHENTICATION))
        try:
            return set(client.list_topics(timeout=0.5).topics)
        except KafkaException:
            assert time.monotonic() < deadline, problems


@pytest.mark.parametrize("what", FORGERIES)
def test_a_false_token_is_refused(stack: Stack, what: str) -> None:
    """On the wire, by the broker itself; and the token is not in its log."""
    with Client(stack.home.socket(PROVISIONER)) as client:
        token = client.token(broker.AUDIENCE)
    key = next((stack.home.identity / "keys").glob("*/jwt-key.pem")).read_text()
    false = FORGERIES[what](claims(token), jwt.get_unverified_header(token), key)
    with pytest.raises(KafkaException):
        ask(stack.bootstrap, false)
    assert false not in stack.home.log(broker.NAME).read_text()
    assert ask(stack.bootstrap, token)


def test_a_client_without_a_token_is_refused(stack: Stack) -> None:
    """The listener for clients takes no plain connection and no password."""
    for how in (
        {"security.protocol": "PLAINTEXT"},
        {"sasl.mechanisms": "PLAIN", "sasl.username": "broker", "sasl.password": "x"},
    ):
        config: dict[str, Any] = {
            "bootstrap.servers": stack.bootstrap,
            "security.protocol": "SASL_PLAINTEXT",
            "log_level": 0,
            **how,
        }
        with pytest.raises(KafkaException):
            AdminClient(config).list_topics(timeout=1)


def test_a_true_token_without_grants_sees_nothing_and_writes_nothing(stack: Stack) -> None:
    """Being somebody is not being allowed something."""
    errors: list[KafkaError | None] = []
    with kafka_credentials(stack.bootstrap, stack.socket(DOCTOR)) as credentials:
        assert AdminClient(credentials).list_topics(timeout=WAIT_S).topics == {}
        producer = Producer({**credentials, "message.timeout.ms": 10_000})
        producer.produce("fixgate.findings", b"x", on_delivery=lambda error, _message: errors.append(error))
        producer.flush(WAIT_S)
    assert [error.code() for error in errors if error] == [KafkaError.TOPIC_AUTHORIZATION_FAILED]


def test_the_broker_comes_back_where_it_was_after_a_kill(stack: Stack) -> None:
    """Same address, same data, same grants, without anybody's help."""
    with kafka_credentials(stack.bootstrap, stack.socket(PROVISIONER)) as credentials:
        before = AdminClient(credentials).list_topics(timeout=WAIT_S)
        killed = stack.kill(broker.NAME)
        assert stack.wait_ready(broker.NAME, after=killed).restarts == killed.restarts + 1
        after = AdminClient(credentials).list_topics(timeout=WAIT_S)
    assert after.cluster_id == before.cluster_id
    assert set(after.topics) == set(before.topics)


def test_a_restart_in_good_order_is_ready_when_it_returns(stack: Stack) -> None:
    """`restart` waits until the process answers."""
    before = stack.supervisor.process(AUTHORITY)
    assert stack.restart(AUTHORITY).pid != before.pid
    with Client(stack.home.socket(PROVISIONER)) as client:
        assert ask(stack.bootstrap, client.token(broker.AUDIENCE))


def test_keys_are_rotated_without_a_restart(stack: Stack) -> None:
    """The broker takes tokens of the new key, then those of the old one no more, and is the same process still."""
    process = stack.supervisor.process(broker.NAME)
    with Client(stack.home.socket(PROVISIONER)) as client:
        stream = client.jwt_bundles()
        next(stream)
        old = client.token(broker.AUDIENCE)
        generation = stack.configure_authority(
            lambda config: config.model_copy(update={"generation": config.generation + 1})
        ).generation
        next(stream)
        new = client.token(broker.AUDIENCE)
        assert ask(stack.bootstrap, new)
        assert ask(stack.bootstrap, old)
        stack.configure_authority(lambda config: config.model_copy(update={"retire": tuple(range(1, generation))}))
        next(stream)
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            ask(stack.bootstrap, old)
        except KafkaException:
            break
        assert time.monotonic() < deadline
    assert ask(stack.bootstrap, new)
    assert stack.supervisor.process(broker.NAME).pid == process.pid
