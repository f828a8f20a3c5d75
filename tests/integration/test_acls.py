# pyright: reportPrivateImportUsage=false
# confluent_kafka.admin re-exports its names without `as`, which strict checkers take for private.
"""Law 1 on the wire: each identity's real credential tries everything, and only what is granted answers.

Done under a prefix of its own, so that what is written disturbs no other test. What each may do is taken from
`tests/fixgate/test_topology.py`, where it is written out by hand, and not from the code that derives the grants.
"""

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # see the first lines
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from fixgate.admin import ClusterAdmin
from fixgate.derived.acls import grants
from fixgate.doctor.wire import Address, Connection
from fixgate.errors import Misconfigured, Refused
from fixgate.graph import Role
from fixgate.identity import WorkloadIdentity
from fixgate.local.stack import Stack
from fixgate.naming import Naming
from fixgate.provisioning import provision
from fixgate.topology import PIPELINE, PROVISIONER
from tests.fixgate.test_topology import READS, WRITERS

pytestmark = pytest.mark.broker

NAMING = Naming(prefix="acls.")
TOPICS = sorted(WRITERS)
EVERYBODY = [name for name in PIPELINE.parties if name != PROVISIONER]
TOPIC_REFUSALS = {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED}
TIMEOUT = 20.0
QUIET = {"log_level": 0, "reconnect.backoff.ms": 50}


class Credentials:
    """Client configurations by identity, each from its own socket."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._identities: dict[str, WorkloadIdentity] = {}

    def __call__(self, party: str, **extra: object) -> dict[str, Any]:
        """A configuration with the party's identity."""
        if party not in self._identities:
            self._identities[party] = WorkloadIdentity(self._stack.socket(party))
        return {**self._identities[party].kafka_client_config(self._stack.bootstrap), **QUIET, **extra}

    @property
    def bootstrap(self) -> str:
        """The broker's address."""
        return self._stack.bootstrap

    def token(self, party: str) -> str:
        """A token of the party's for the broker."""
        self(party)
        return self._identities[party].jwt("kafka")[0]

    def close(self) -> None:
        """Let all identities go."""
        for identity in self._identities.values():
            identity.close()


@pytest.fixture(scope="module")
def credentials(stack: Stack) -> Iterator[Credentials]:
    """Everybody's credentials; topics and grants under the prefix are there."""
    made = Credentials(stack)
    provision(PIPELINE, NAMING.prefix, made(PROVISIONER), trust_domain=NAMING.trust_domain)
    yield made
    made.close()


def write_to_all(config: dict[str, Any]) -> dict[str, int]:
    """Write a record to each topic; the error code of each delivery, 0 for success."""
    codes: dict[str, int] = {}

    def delivered(error: KafkaError | None, message: Message) -> None:
        codes[str(message.topic()).removeprefix(NAMING.prefix)] = 0 if error is None else error.code()

    producer = Producer({**config, "message.timeout.ms": int(TIMEOUT * 1000), "enable.idempotence": False})
    for topic in TOPICS:
        producer.produce(NAMING.topic(topic), key=b"k", value=b"v", partition=0, on_delivery=delivered)
    producer.flush(TIMEOUT)
    return codes


def fetch_from_all(credentials: Credentials, party: str) -> dict[str, int]:
    """Fetch from each topic with the party's token; the broker's error code about each.

    By hand, because a consumer never asks for what it is not even told about.
    """
    host, port = credentials.bootstrap.split(":")
    with Connection(Address(host, int(port))) as connection:
        assert connection.authenticate(credentials.token(party))
        codes = connection.read(NAMING.topic(topic) for topic in TOPICS)
    return {NAMING.bare(topic): code for topic, code in codes.items()}


def consume(config: dict[str, Any], group: str, topics: Collection[str]) -> set[str]:
    """Read topics as a consumer does, from the beginning to the end; those that answered without an error."""
    answered: set[str] = set()
    consumer = Consumer({**config, "group.id": group, "enable.partition.eof": True, "enable.auto.commit": False})
    try:
        consumer.assign([TopicPartition(NAMING.topic(topic), 0, 0) for topic in topics])
        while answered != set(topics):
            message = consumer.poll(TIMEOUT)
            assert message is not None, f"no answer about {set(topics) - answered}"
            error = message.error()
            assert error is None or error.code() == KafkaError._PARTITION_EOF, error
            answered.add(NAMING.bare(str(message.topic())))
    finally:
        consumer.close()
    return answered


def test_only_the_granted_writer_can_write_each_topic(credentials: Credentials) -> None:
    """Everybody writes to every topic with real credentials: one gets through, all others are told "not authorized"."""
    with ThreadPoolExecutor(len(EVERYBODY)) as pool:
        results = dict(zip(EVERYBODY, pool.map(write_to_all, map(credentials, EVERYBODY)), strict=True))
    for party, codes in results.items():
        assert codes.keys() == set(TOPICS), party
        written = {topic for topic, code in codes.items() if code == 0}
        assert written == {topic for topic, writers in WRITERS.items() if party in writers}, party
        assert {code for code in codes.values() if code} <= TOPIC_REFUSALS, party


@pytest.mark.parametrize("party", EVERYBODY)
def test_only_granted_readers_can_read_each_topic(credentials: Credentials, party: str) -> None:
    """Everybody reads every topic with its real token: what is granted answers, everything else is refused."""
    codes = fetch_from_all(credentials, party)
    assert codes.keys() == set(TOPICS)
    assert {topic for topic, code in codes.items() if code == 0} == set(READS[party])
    assert {code for code in codes.values() if code} <= TOPIC_REFUSALS


def test_what_is_granted_can_be_consumed(credentials: Credentials) -> None:
    """With its grants and no other, each reader consumes all that it is to read, in the group of its own name."""
    readers = [party for party in EVERYBODY if READS[party]]
    with ThreadPoolExecutor(len(readers)) as pool:
        answered = pool.map(
            consume, map(credentials, readers), map(NAMING.group, readers), [READS[party] for party in readers]
        )
        assert dict(zip(readers, answered, strict=True)) == {party: set(READS[party]) for party in readers}


def test_anothers_group_is_refused(credentials: Credentials) -> None:
    """The issuer reads decisions too, but not in the executor's group, where it could take its records away."""
    consumer = Consumer(credentials("issuer", **{"group.id": NAMING.group("executor"), "session.timeout.ms": 6000}))
    try:
        consumer.subscribe([NAMING.topic("decisions")])
        message = consumer.poll(TIMEOUT)
        assert message is not None
        error = message.error()
        assert error is not None
        assert error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED
    finally:
        consumer.close()


@pytest.mark.parametrize("party", ["issuer", "desk", "doctor"])
def test_anothers_transactional_id_is_refused(credentials: Credentials, party: str) -> None:
    """Nobody can fence the gate by opening a transaction under its id."""
    producer = Producer(credentials(party, **{"transactional.id": NAMING.instance("gate", 0)}))
    with pytest.raises(KafkaException) as refused:
        producer.init_transactions(TIMEOUT)
    assert refused.value.args[0].code() == KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED


@pytest.mark.parametrize("slot", [0, 12])
def test_a_services_own_transaction_goes_through(credentials: Credentials, slot: int) -> None:
    """With its grants and no other, the gate writes decisions and state and moves its group in one transaction."""
    consumer = Consumer(credentials("gate", **{"group.id": NAMING.group("gate"), "enable.auto.commit": False}))
    try:
        consumer.subscribe([NAMING.lease("gate")])
        consumer.poll(0.1)
        producer = Producer(credentials("gate", **{"transactional.id": NAMING.instance("gate", slot)}))
        producer.init_transactions(TIMEOUT)
        producer.begin_transaction()
        for topic in ("decisions", "gate.state", "gate.rejected"):
            producer.produce(NAMING.topic(topic), b"v", b"k")
        offsets = [TopicPartition(NAMING.topic("proposals"), 0, 1)]
        producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata(), TIMEOUT)
        producer.commit_transaction(TIMEOUT)
    finally:
        consumer.close()


def test_a_refused_write_takes_its_transaction_along(credentials: Credentials) -> None:
    """A service that is taken over and writes another's topic in a transaction commits nothing."""
    producer = Producer(credentials("proposer", **{"transactional.id": NAMING.instance("proposer", 0)}))
    producer.init_transactions(TIMEOUT)
    producer.begin_transaction()
    producer.produce(NAMING.topic("proposals"), b"v", b"k")
    producer.produce(NAMING.topic("decisions"), b"v", b"k")
    with pytest.raises(KafkaException):
        producer.commit_transaction(TIMEOUT)
    producer.abort_transaction(TIMEOUT)


@pytest.mark.parametrize("party", ["gate", "doctor"])
def test_a_service_cannot_provision(credentials: Credentials, party: str) -> None:
    """Nobody but the provisioner can give anybody anything, and the refusal says whom to ask."""
    with pytest.raises(Refused, match="refused to be provisioned"):
        provision(PIPELINE, "mine.", credentials(party), trust_domain=NAMING.trust_domain)


def test_a_second_time_changes_nothing(credentials: Credentials) -> None:
    """Provisioning is idempotent."""
    report = provision(PIPELINE, NAMING.prefix, credentials(PROVISIONER), trust_domain=NAMING.trust_domain)
    assert not report.changed
    assert report.foreign == ()


def acl(who: str, topic: str, permission: AclPermissionType = AclPermissionType.ALLOW) -> AclBinding:
    """Somebody may, or may not, write a topic."""
    return AclBinding(
        ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, f"User:{who}", "*", AclOperation.WRITE, permission
    )


def test_what_is_granted_by_hand_is_taken_away(credentials: Credentials) -> None:
    """A grant that the topology does not know is gone after provisioning: also for a party that is no more."""
    ours, former = "spiffe://fixgate.internal/fixgate/proposer", "spiffe://fixgate.internal/fixgate/forgotten"
    cluster = AclBinding(
        ResourceType.BROKER,
        "kafka-cluster",
        ResourcePatternType.LITERAL,
        f"User:{ours}",
        "*",
        AclOperation.ALTER,
        AclPermissionType.ALLOW,
    )
    extra = [acl(ours, "acls.decisions"), acl(former, "acls.controls"), acl(ours, "*"), cluster]
    admin = ClusterAdmin(credentials(PROVISIONER), TIMEOUT)
    admin.grant(extra)
    admin.await_visible((), frozenset(extra), frozenset())
    report = provision(PIPELINE, NAMING.prefix, credentials(PROVISIONER), trust_domain=NAMING.trust_domain)
    assert len(report.revoked) == 4
    assert report.granted == ()
    assert not set(extra) & admin.acls()


def test_what_is_not_ours_is_left_and_reported(credentials: Credentials) -> None:
    """Grants to others, denials, and our own identities' grants under another prefix are never touched."""
    ours = "spiffe://fixgate.internal/fixgate/gate"
    kept = [
        acl("spiffe://elsewhere/app", "acls.decisions"),
        acl(ours, "acls.decisions", AclPermissionType.DENY),
        acl(ours, "another-stack.decisions"),
        acl("spiffe://fixgate.internal/fixgate/provisioner", "acls.decisions"),
    ]
    admin = ClusterAdmin(credentials(PROVISIONER), TIMEOUT)
    admin.grant(kept)
    admin.await_visible((), frozenset(kept), frozenset())
    try:
        report = provision(PIPELINE, NAMING.prefix, credentials(PROVISIONER), trust_domain=NAMING.trust_domain)
        assert not report.changed
        assert len(report.foreign) == 3
        assert set(kept) <= admin.acls()
    finally:
        admin.revoke(kept)


def test_a_topic_of_other_partitions_is_refused_before_anything_changes(credentials: Credentials) -> None:
    """Partitions decide where a key's records go, so a difference is never papered over."""
    from dataclasses import replace  # noqa: PLC0415  # only this test changes a topology

    from fixgate.topology import PARTIES, SHARDS, TOPICS, build  # noqa: PLC0415  # likewise

    wider = [replace(t, partitions=2) if t.name == "grants" else t for t in TOPICS]
    before = ClusterAdmin(credentials(PROVISIONER), TIMEOUT).acls()
    with pytest.raises(Misconfigured, match=r"acls\.grants has 4 partitions, the topology says 2"):
        provision(
            build(wider, PARTIES, SHARDS), NAMING.prefix, credentials(PROVISIONER), trust_domain=NAMING.trust_domain
        )
    with pytest.raises(Misconfigured, match="has 1 replicas, not 3"):
        provision(PIPELINE, NAMING.prefix, credentials(PROVISIONER), 3, trust_domain=NAMING.trust_domain)
    assert ClusterAdmin(credentials(PROVISIONER), TIMEOUT).acls() == before


def test_a_prefix_that_covers_anothers_is_refused(credentials: Credentials) -> None:
    """An empty prefix would take every deployment's grants for its own and remove them."""
    with pytest.raises(Misconfigured, match="another deployment's"):
        provision(PIPELINE, "", credentials(PROVISIONER), trust_domain=NAMING.trust_domain)


def test_the_broker_holds_exactly_the_grants(credentials: Credentials) -> None:
    """What the broker keeps for this prefix is what the topology derives: one by one, and no more."""
    held = {
        (a.principal, a.name)
        for a in ClusterAdmin(credentials(PROVISIONER), TIMEOUT).acls()
        if a.name.startswith("acls.")
    }
    assert held == {(f"User:{g.principal}", g.name) for g in grants(PIPELINE, NAMING)}
    assert {p.name for p in PIPELINE.parties.values() if p.role is Role.SERVICE} <= {
        who.rsplit("/", 1)[1] for who, _ in held
    }
