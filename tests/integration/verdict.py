"""Whether the lab's pipeline was exact: what went in against what came out, read from the topics themselves."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from confluent_kafka import KafkaError, Message, Producer

from fixgate.broker import Broker, Inbound, TopicPartition
from fixgate.codec import Codec
from fixgate.events import Signal, StateEntry
from fixgate.identity import WorkloadIdentity
from fixgate.partitioning import partition_of
from tests.integration.conftest import Laboratory
from tests.integration.lab import SHARDS

CODEC = Codec()


@dataclass
class Feed:
    """Publishes reports, each a key, as the identity `scanner`, and knows what it published."""

    lab: Laboratory
    sent: Counter[str] = field(default_factory=Counter[str])

    def __post_init__(self) -> None:
        self._identity = WorkloadIdentity(self.lab.stack.socket("scanner"))
        self._producer = Producer(
            {
                **self._identity.kafka_client_config(self.lab.stack.bootstrap),
                "enable.idempotence": True,
                "linger.ms": 5,
                "message.timeout.ms": 300_000,
            }
        )
        self._failed: list[str] = []

    def publish(self, count: int, keys: int) -> None:
        """Queue `count` reports over `keys` keys."""
        for i in range(count):
            key = f"key-{i % keys}"
            partition = partition_of(key.encode(), SHARDS)
            self._producer.produce("fixgate.raw", key.encode(), key.encode(), partition, on_delivery=self._delivered)
            self.sent[key] += 1
            self._producer.poll(0)

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._failed.append(error.str())

    def flush(self) -> None:
        """Wait until the broker has everything."""
        assert self._producer.flush(120) == 0
        assert self._failed == []

    def close(self) -> None:
        """Let go of the connection."""
        self._producer.flush(5)
        self._identity.close()


class Reader:
    """Reads a topic whole, once, as it grows."""

    def __init__(self, broker: Broker, topic: str, partitions: int) -> None:
        self._tails = [broker.tail(TopicPartition(topic, p), 0) for p in range(partitions)]
        self.records: list[Inbound] = []

    def refresh(self) -> None:
        """Read up to the end as of now."""
        for tail in self._tails:
            while more := tail.catch_up():
                self.records += more

    def await_count(self, count: int, seconds: float) -> None:
        """Read until there are at least `count` records, or time is up."""
        limit = time.monotonic() + seconds
        self.refresh()
        while len(self.records) < count and time.monotonic() < limit:
            time.sleep(0.5)  # a topic offers nothing to wait for but another look
            self.refresh()

    def close(self) -> None:
        """Let go of the connections."""
        for tail in self._tails:
            tail.close()


def assert_exact(counts: list[Inbound], state: list[Inbound], sent: Mapping[str, int]) -> None:
    """None lost, none twice, state exact, sequences without a hole."""
    said: Counter[str] = Counter()
    streams: dict[tuple[str, int], list[int]] = {}
    for record in counts:
        signal = CODEC.decode(record.value or b"", Signal)
        said[signal.signal_id] += 1
        streams.setdefault((signal.envelope.stream, record.source.partition), []).append(signal.envelope.sequence)
    expected = Counter(f"{key}:{i + 1}" for key, n in sent.items() for i in range(n))
    lost, twice = expected - said, said - expected
    assert not lost, f"{lost.total()} lost, such as {lost.most_common(3)}"
    assert not twice, f"{twice.total()} twice or unknown, such as {twice.most_common(3)}"
    latest = {r.key: CODEC.decode(r.value, StateEntry).value for r in state if r.key and r.value}
    assert {k: v for k, v in latest.items() if not k.startswith(b"\x00")} == {
        k.encode(): str(n).encode() for k, n in sent.items()
    }
    assert all(s == list(range(1, len(s) + 1)) for s in streams.values())
