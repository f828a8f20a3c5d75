"""Reads many partitions with one consumer, without a group and without a promise about their ends."""

from collections.abc import Mapping, Sequence

from confluent_kafka import Consumer, KafkaException
from confluent_kafka import TopicPartition as ClientPartition

from fixgate.broker import Inbound, TopicPartition
from fixgate.errors import Transient
from fixgate.kafka.deferred import Deferred
from fixgate.kafka.faults import error_of, translate
from fixgate.kafka.member import inbound, taken
from fixgate.kafka.settings import STREAM, ClientConfig
from fixgate.kafka.tail import PASSING


class KafkaStream:
    """See `broker.Stream`."""

    def __init__(self, config: ClientConfig, starts: Mapping[TopicPartition, int]) -> None:
        # A group id is required by the client; nothing is committed under it.
        settings = {**config, **STREAM, "group.id": "fixgate-stream"}
        self._consumer = Deferred(lambda: Consumer(settings))
        self._starts = [ClientPartition(p.topic, p.partition, start) for p, start in starts.items()]
        self._assigned = False

    def more(self, limit: int = 10_000) -> Sequence[Inbound]:
        """See `broker.Stream.more`."""
        consumer = self._consumer.get()
        records: list[Inbound] = []
        try:
            if not self._assigned:
                consumer.assign(self._starts)
                self._assigned = True
            messages = taken(consumer, limit, 0.0)
        except KafkaException as error:
            raise translate(error_of(error), "reading what has come") from error
        for message in messages:
            fault = message.error()
            if fault is None:
                records.append(inbound(message))
            elif not fault.retriable() and fault.code() not in PASSING:
                failure = translate(fault, f"reading {message.topic() or 'what has come'}")
                if not isinstance(failure, Transient):
                    raise failure
        return records

    def close(self) -> None:
        """See `broker.Stream.close`."""
        self._consumer.get().close()
