"""A Kafka cluster as one identity sees it."""

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any, cast

from confluent_kafka import Consumer, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from fixgate.broker import Ownership, TopicPartition
from fixgate.errors import Misconfigured
from fixgate.kafka.deferred import Deferred
from fixgate.kafka.faults import error_of, translate
from fixgate.kafka.member import KafkaMember
from fixgate.kafka.settings import CONSUMER, FETCH_WAIT_MS, SHARED, ClientConfig
from fixgate.kafka.stream import KafkaStream
from fixgate.kafka.tail import KafkaTail, Readers, bounds_of, ends_of
from fixgate.kafka.transactor import KafkaTransactor

ASK_TIMEOUT = 10.0


class KafkaBroker:
    """See `broker.Broker`. `config` says how to connect and as whom; it must hold no tuning.

    `fetch_wait_ms` is how long the broker may hold a question of a tail for more.
    """

    def __init__(self, config: ClientConfig, *, fetch_wait_ms: int = FETCH_WAIT_MS) -> None:
        self._config = config
        # The futures of an AdminClient fail when it is collected: it is kept as long as this object.
        self._admin = Deferred(lambda: AdminClient({**config, **SHARED}))
        asking = {**config, **CONSUMER, "group.id": "fixgate-bounds", "isolation.level": "read_uncommitted"}
        self._bounds = Deferred(lambda: Consumer(asking))
        self._readers = Readers(config, fetch_wait_ms)
        self._lock = Lock()

    def incarnation(self, topic: str) -> str:
        """See `broker.Broker.incarnation`."""
        try:
            cluster = self._admin.get().list_topics(topic, timeout=ASK_TIMEOUT).cluster_id
            asked = cast("Any", self._admin.get().describe_topics)(
                TopicCollection([topic]), request_timeout=ASK_TIMEOUT
            )
            return f"{cluster}/{asked[topic].result().topic_id}"
        except KafkaException as error:
            raise translate(error_of(error), f"asking about {topic}") from error

    def partitions(self, topic: str) -> int:
        """See `broker.Broker.partitions`."""
        try:
            found = self._admin.get().list_topics(topic, timeout=ASK_TIMEOUT).topics[topic]
        except KafkaException as error:
            raise translate(error_of(error), f"asking about {topic}") from error
        if found.error is not None:
            raise Misconfigured(
                f"{topic}: {found.error.str()}",
                remedy="Run `fixgate topology apply`, or check this process's identity.",
            )
        return len(found.partitions)

    def bounds(self, partition: TopicPartition) -> tuple[int, int]:
        """See `broker.Broker.bounds`."""
        with self._lock:
            return bounds_of(self._bounds.get(), partition)

    def ends(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """See `broker.Broker.ends`."""
        with self._lock:
            return ends_of(self._bounds.get(), partitions)

    def join(self, group: str, instance: str, lease: str, ownership: Ownership) -> KafkaMember:
        """See `broker.Broker.join`."""
        return KafkaMember(self._config, group, instance, lease, ownership)

    def transactor(self, transactional_id: str) -> KafkaTransactor:
        """See `broker.Broker.transactor`."""
        return KafkaTransactor(self._config, transactional_id)

    def tail(self, partition: TopicPartition, start: int) -> KafkaTail:
        """See `broker.Broker.tail`."""
        return KafkaTail(self._readers, self._bounds, partition, start)

    def stream(self, starts: Mapping[TopicPartition, int]) -> KafkaStream:
        """See `broker.Broker.stream`."""
        return KafkaStream(self._config, starts)

    def close(self) -> None:
        """Let go of the connections; members, transactors, tails and streams are closed by whoever made them."""
        self._readers.close()
        self._bounds.get().close()
