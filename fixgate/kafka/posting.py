"""Writes single records from many threads at once, each acknowledged by all replicas or told not to be.

For whoever answers somebody that waits: `KafkaPublisher` writes one after the other and is patient.
"""

import threading
from concurrent.futures import Future
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from fixgate.broker import Outbound, too_large
from fixgate.errors import Transient
from fixgate.kafka.deferred import Deferred
from fixgate.kafka.faults import error_of, translate
from fixgate.kafka.settings import PRODUCER, ClientConfig

WAIT_S: Final = 4.0
"""Seconds in which the broker must have a record. EventBridge waits five for an answer, GitHub ten."""
_SETTINGS: Final[ClientConfig] = {
    **{name: value for name, value in PRODUCER.items() if not name.startswith("transaction")},
    "enable.idempotence": True,
    "linger.ms": 0,
    "message.timeout.ms": int(WAIT_S * 1000),
    # What waits here is in memory twice: better to tell senders to come again.
    "queue.buffering.max.messages": 1_000,
    "queue.buffering.max.kbytes": 65_536,
}
_POLL_S: Final = 0.1


class KafkaPosting:
    """Posts records; `config` says how to connect and as whom. Safe to share between threads."""

    def __init__(self, config: ClientConfig) -> None:
        self._made = Deferred(lambda: Producer({**config, **_SETTINGS}))
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="kafka-posting", daemon=True)
        self._thread.start()

    def post(self, record: Outbound) -> "Future[int]":
        """Write it; waits at most until the client has been made.

        The future has the offset once the broker has the record for good. It raises Transient when the broker did not
        say so in time (the record may have arrived all the same), Misconfigured when it may not be written,
        Unavailable when it never can be.
        """
        future: Future[int] = Future()
        future.set_running_or_notify_cancel()  # nobody can take back what the client has
        topic, partition = record.target

        def take(error: KafkaError | None, message: Message) -> None:
            if error is None:
                future.set_result(message.offset() or 0)
            elif error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
                future.set_exception(too_large(record, "see its max.message.bytes"))
            else:
                future.set_exception(translate(error, f"writing to {topic}"))

        try:
            headers: list[tuple[str, str | bytes | None]] = [*record.headers]
            self._made.get().produce(topic, record.value, record.key, partition, headers=headers, on_delivery=take)
        except KafkaException as error:
            future.set_exception(translate(error_of(error), f"writing to {topic}"))
        except BufferError:
            future.set_exception(Transient(f"too much waits to be written to {topic}"))
        return future

    def close(self) -> None:
        """Wait for what is under way, then let go of the connection; blocks for `WAIT_S` and a little at most."""
        self._made.get().flush(WAIT_S + 1)
        self._closing.set()
        self._thread.join()

    def _serve(self) -> None:
        producer = self._made.get()
        while not self._closing.is_set():
            producer.poll(_POLL_S)
