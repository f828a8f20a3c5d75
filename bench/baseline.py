"""`python -m bench.baseline NAME COUNT`: a transactional consume-and-produce loop that touches nothing.

The clients' settings, the identity's kind and the batch are the runtime's; there is no record that is looked at, no
state and no error that is handled. What the runtime does beyond this is what it costs.
"""

import inspect
import sys
import time
from typing import Final

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition

from bench.clients import Told, connected, tell
from bench.pipeline import BASELINES, PREFIX
from fixgate.kafka.settings import MEMBER, PRODUCER
from fixgate.naming import Naming
from fixgate.runtime.wiring import Wiring

NAMING = Naming(prefix=PREFIX)
BATCH: Final[int] = inspect.signature(Wiring).parameters["batch"].default
PATIENCE_S = 60.0


def main(name: str, count: int) -> None:
    """Copy so many records from the baseline's topic, 500 in a transaction, as they are."""
    source, target = BASELINES[name]
    with connected() as (_, _, config):
        instance = NAMING.instance(name, 0)
        producer = Producer({**config, **PRODUCER, "transactional.id": instance})
        producer.init_transactions(30)
        # A group without a position begins at the beginning.
        group = {"group.id": NAMING.group(name), "group.instance.id": instance, "auto.offset.reset": "earliest"}
        consumer = Consumer({**config, **MEMBER, **group})
        consumer.subscribe([NAMING.topic(source)])
        try:
            tell(_copy(consumer, producer, NAMING.topic(target), count))
        finally:
            consumer.close()


def _copy(consumer: Consumer, producer: Producer, to: str, count: int) -> Told:
    done, began, cpu = 0, 0.0, 0.0
    limit = time.monotonic() + PATIENCE_S
    while done < count:
        messages = consumer.consume(BATCH, 0.2)
        if not messages:
            if time.monotonic() > limit:
                raise SystemExit(f"only {done} of {count} records came")
            continue
        if not done:
            began, cpu = time.time(), time.process_time()
        _transaction(consumer, producer, to, messages)
        done += len(messages)
        limit = time.monotonic() + PATIENCE_S
    return Told(began=began, cpu=time.process_time() - cpu)


def _transaction(consumer: Consumer, producer: Producer, to: str, messages: list[Message]) -> None:
    ends: dict[tuple[str, int], int] = {}
    producer.begin_transaction()
    for message in messages:
        error = message.error()
        if error is not None:
            raise KafkaException(error)
        partition = message.partition() or 0
        producer.produce(to, message.value(), message.key(), partition, headers=message.headers() or [])
        ends[message.topic() or "", partition] = (message.offset() or 0) + 1
    offsets = [TopicPartition(topic, partition, end) for (topic, partition), end in ends.items()]
    producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata())
    producer.commit_transaction()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
