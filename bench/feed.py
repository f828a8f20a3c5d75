"""Fills topics with what is to be measured, at the speed of the broker."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from bench.pipeline import FEEDER, SHARDS, VALUE_BYTES, as_json, record
from fixgate.broker import Headers, Outbound, TopicPartition
from fixgate.codec import Codec
from fixgate.events import Envelope, StateEntry
from fixgate.kafka.settings import PRODUCER
from fixgate.naming import Naming
from fixgate.partitioning import partition_of
from fixgate.signing import Signer, digest
from fixgate.telemetry import derived_context

PARENT: Final = digest(b"what came before")
NOT_FOR_PLAIN: Final = frozenset({"transaction.timeout.ms"})
FLUSH_S: Final = 60.0


def keys(round_number: int, count: int) -> Iterable[tuple[str, int]]:
    """So many keys with their number; each comes twice, half of the records apart."""
    half = count // 2
    for number in range(count):
        yield f"r{round_number}-{number % half:07d}", number


class Feeder:
    """Goes on counting each topic's stream from one round to the next: a sequence that was seen is refused."""

    def __init__(self, codec: Codec, naming: Naming) -> None:
        self._codec = codec
        self._naming = naming
        self._sequences: Counter[tuple[str, int]] = Counter()
        bare = codec.encode(record("r0-0000000", 0), Envelope(trace_id="0" * 32, parents=(PARENT,), stream="feeder/0"))
        self._padding = VALUE_BYTES - len(bare) - 4

    def records(self, topic: str, round_number: int, count: int, signer: Signer | None) -> Iterable[Outbound]:
        """A round's records of a topic, signed when there is a signer."""
        for key, number in keys(round_number, count):
            partition = partition_of(key.encode(), SHARDS)
            self._sequences[topic, partition] += 1
            context = derived_context(f"{topic}/{key}/{number}".encode())
            envelope = Envelope(
                trace_id=context.trace_id,
                parents=(PARENT,),
                stream=f"{FEEDER}/{partition}",
                sequence=self._sequences[topic, partition],
            )
            value = self._codec.encode(record(key, number, self._padding), envelope)
            headers: Headers = () if signer is None else signer.sign(value).headers()
            target = TopicPartition(self._naming.topic(topic), partition)
            yield Outbound(target, key.encode(), value, (*headers, *context.headers()))

    @staticmethod
    def reports(topic: str, round_number: int, count: int) -> Iterable[Outbound]:
        """The same as JSON; `topic` is the broker's name."""
        for key, number in keys(round_number, count):
            target = TopicPartition(topic, partition_of(key.encode(), SHARDS))
            yield Outbound(target, key.encode(), as_json(key, number))

    def entries(self, lease: str, count: int) -> Iterable[Outbound]:
        """So many keys of state, on partition 0."""
        target = TopicPartition(lease, 0)
        for number in range(count):
            entry = StateEntry(value=b"%064d" % number, input=f"signed/0/{number}")
            yield Outbound(target, f"key-{number:08d}".encode(), self._codec.encode(entry))


def publish(config: Mapping[str, Any], records: Iterable[Outbound], progress: Callable[[int], None]) -> None:
    """Write all records; raises KafkaException when one could not be written."""
    settings = {k: v for k, v in PRODUCER.items() if k not in NOT_FOR_PLAIN}
    producer = Producer({**config, **settings, "enable.idempotence": True})
    failures: list[KafkaError] = []

    def delivered(error: KafkaError | None, message: Message) -> None:
        del message
        if error is not None:
            failures.append(error)

    for number, item in enumerate(records):
        while True:
            try:
                producer.produce(
                    item.target.topic,
                    item.value,
                    item.key,
                    item.target.partition,
                    headers=list(item.headers),
                    on_delivery=delivered,
                )
                break
            except BufferError:
                producer.poll(0.1)
        if not number % 1000:
            producer.poll(0)
            progress(number)
    if producer.flush(FLUSH_S) or failures:
        raise KafkaException(failures[0] if failures else KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001 - librdkafka's local codes are public under this name
