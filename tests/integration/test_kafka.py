"""The real broker, with ACLs on, keeps the same contract as the one in memory."""

import ctypes
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import confluent_kafka
import pytest
from confluent_kafka import KafkaError, Message, Producer

from fixgate import provisioning
from fixgate.broker import Broker, Inbound, Member, TopicPartition
from fixgate.identity import WorkloadIdentity
from fixgate.partitioning import partition_of
from tests.fixgate.broker_contract import BrokerContract, Recorder
from tests.integration.conftest import Laboratory
from tests.integration.lab import LAB

pytestmark = pytest.mark.broker


@pytest.fixture
def admin(lab: Laboratory) -> Iterator[WorkloadIdentity]:
    """The provisioner's identity."""
    identity = WorkloadIdentity(lab.stack.socket("provisioner"))
    yield identity
    identity.close()


class TestKafka(BrokerContract):
    """The contract, on the wire, as the identity `worker`."""

    producer: Producer

    @pytest.fixture
    def prefix(self) -> str:
        """Topics of its own for each test."""
        return f"t{uuid.uuid4().hex[:8]}."

    @pytest.fixture
    def broker(self, lab: Laboratory, admin: WorkloadIdentity, prefix: str) -> Iterator[Broker]:
        """The broker as `worker` sees it."""
        config = admin.kafka_client_config(lab.stack.bootstrap)
        provisioning.provision(LAB, prefix, config, trust_domain=lab.stack.settings.trust_domain)
        self.producer = Producer(config)
        with lab.broker("worker") as broker:
            yield broker

    def append(self, broker: Broker, partition: TopicPartition, value: bytes) -> None:
        """Append without a transaction."""
        self.producer.produce(partition.topic, value, b"k", partition.partition)
        assert self.producer.flush(10) == 0

    def usurp(self, broker: Broker, prefix: str, member: Member) -> None:
        """Join with the same static membership elsewhere."""
        recorder = Recorder(prefix + "in")
        other = broker.join(prefix + "worker", prefix + "worker.0", prefix + "worker.state", recorder)
        self.settle((other, recorder))
        other.close()


def test_the_partitioner_is_the_clients_murmur2(lab: Laboratory, admin: WorkloadIdentity) -> None:
    """Our partition of a key is the one that librdkafka's Java-compatible partitioner chooses."""
    producer = Producer({**admin.kafka_client_config(lab.stack.bootstrap), "partitioner": "murmur2"})
    wrong: list[bytes] = []

    def delivered(key: bytes) -> Callable[[KafkaError | None, Message], None]:
        def check(_error: KafkaError | None, message: Message) -> None:
            if message.partition() != partition_of(key, 4):
                wrong.append(key)

        return check

    keys = [bytes(range(i % 256, min(256, i % 256 + i % 70 + 1))) for i in range(1_000)]
    for key in keys:
        producer.produce("fixgate.raw", b"", key, on_delivery=delivered(key))
    assert producer.flush(10) == 0
    assert wrong == []


def test_a_record_whose_header_name_is_not_utf8_is_handed_on_as_unreadable(
    lab: Laboratory, admin: WorkloadIdentity
) -> None:
    """The client cannot decode such a name; the record still comes, flagged, and so does the one behind it."""
    place = TopicPartition("fixgate.counts", 3)
    # Enough good ones in a row make the interpreter specialise its calls, which hides the client's fault from it.
    names = [b"name"] * 100 + [b"\xff\xfe"] + [b"name"]
    write_raw(admin, lab.stack.bootstrap, place, names)
    with lab.broker("desk") as broker:
        tail = broker.tail(place, broker.bounds(place)[1] - len(names))
        found: list[Inbound] = []
        while more := tail.catch_up():
            found += more
        tail.close()
    assert [r.value for r in found] == names
    good, odd = (("name", b"v"),), found[100]
    assert [r.headers for r in found] == [good] * 100 + [(), good]
    assert "UTF-8" in odd.unreadable
    assert [r for r in found if r.unreadable] == [odd]


TOPIC, PARTITION, VALUE, HEADER, END = 1, 3, 4, 9, 0
"""librdkafka's `rd_kafka_vtype_t`."""


def write_raw(who: WorkloadIdentity, bootstrap: str, place: TopicPartition, names: list[bytes]) -> None:
    """Write, for each name, a record with that value and header, by librdkafka itself: it takes any bytes."""
    folder = Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs"
    client: Any = ctypes.CDLL(str(next(folder.glob("librdkafka*"))))
    client.rd_kafka_conf_new.restype = client.rd_kafka_new.restype = ctypes.c_void_p
    text, size = ctypes.c_char_p, ctypes.c_size_t
    why = ctypes.create_string_buffer(512)
    config = ctypes.c_void_p(client.rd_kafka_conf_new())
    settings = {"bootstrap.servers": bootstrap, "security.protocol": "SASL_PLAINTEXT", "sasl.mechanisms": "OAUTHBEARER"}
    for name, setting in settings.items():
        assert client.rd_kafka_conf_set(config, name.encode(), setting.encode(), why, size(512)) == 0, why.value
    handle = ctypes.c_void_p(client.rd_kafka_new(0, config, why, size(512)))
    token, expires = who.jwt("kafka")
    until, principal = ctypes.c_int64(int(expires * 1000)), who.spiffe_id.encode()
    told = (handle, token.encode(), until, principal, None, size(0), why, size(512))
    assert client.rd_kafka_oauthbearer_set_token(*told) == 0, why.value
    tags = [ctypes.c_int(t) for t in (TOPIC, PARTITION, VALUE, HEADER, END)]
    for value in names:
        parts = (
            (tags[0], text(place.topic.encode())),
            (tags[1], ctypes.c_int32(place.partition)),
            (tags[2], text(value), size(len(value))),
            (tags[3], text(value), text(b"v"), ctypes.c_ssize_t(1)),
            (tags[4],),
        )
        assert client.rd_kafka_producev(handle, *(a for part in parts for a in part)) == 0
    assert client.rd_kafka_flush(handle, 10_000) == 0
    client.rd_kafka_destroy(handle)
