"""Writes single records, each acknowledged by all replicas: for the desk, which answers no input."""

from threading import Event
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from fixgate.broker import Outbound, too_large
from fixgate.errors import Unavailable
from fixgate.kafka.deferred import Deferred
from fixgate.kafka.faults import error_of, translate
from fixgate.kafka.settings import PRODUCER, ClientConfig

WAIT_S: Final = 30.0
_SETTINGS: Final[ClientConfig] = {
    **{name: value for name, value in PRODUCER.items() if not name.startswith("transaction")},
    # Written once and in order, whatever is tried again.
    "enable.idempotence": True,
    "linger.ms": 0,
    "message.timeout.ms": int(WAIT_S * 1000),
}


class KafkaPublisher:
    """See `desk.Publisher`. `config` says how to connect and as whom."""

    def __init__(self, config: ClientConfig) -> None:
        self._made = Deferred(lambda: Producer({**config, **_SETTINGS}))

    @property
    def _producer(self) -> Producer:
        """The client; waits until it has been made."""
        return self._made.get()

    def publish(self, record: Outbound) -> int:
        """See `desk.Publisher.publish`."""
        topic, partition = record.target
        failed: list[KafkaError] = []
        offsets: list[int] = []
        told = Event()

        def take(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                failed.append(error)
            else:
                offsets.append(message.offset() or 0)
            told.set()

        try:
            self._producer.produce(
                topic, record.value, record.key, partition, headers=list(record.headers), on_delivery=take
            )
        except KafkaException as error:
            raise translate(error_of(error), f"writing to {topic}") from error
        self._producer.flush(WAIT_S)
        if failed:
            if failed[0].code() == KafkaError.MSG_SIZE_TOO_LARGE:
                raise too_large(record, "see its max.message.bytes")
            raise translate(failed[0], f"writing to {topic}")
        if not told.is_set():
            raise Unavailable(f"the broker did not acknowledge the record for {topic} in {WAIT_S:.0f} s")
        return offsets[0]

    def close(self) -> None:
        """Let go of the connection; nothing is waiting any more."""
        self._producer.purge()
        self._producer.flush(1.0)
