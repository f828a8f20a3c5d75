"""Writes single records from many threads at once, each acknowledged by all replicas or told not to be.

For whoever answers somebody that waits: `KafkaPublisher` writes one after the other and is patient.
"""

import threading
from concurrent.futures import Future
from contextlib import suppress
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from fixgate.broker import Outbound, too_large
from fixgate.errors import FixgateError, Transient, Unavailable
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
    """Posts records; `config` says how to connect and as whom. Safe to share between threads.

    A client that has failed for good does not mend by itself: `check` says so, and the process has to end.
    """

    def __init__(self, config: ClientConfig) -> None:
        self._over: Unavailable | None = None
        self._made = Deferred(lambda: Producer({**config, **_SETTINGS, "error_cb": self._noted}))
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="kafka-posting", daemon=True)
        self._thread.start()

    def post(self, record: Outbound) -> "Future[int]":
        """Write it; waits at most until the client has been made.

        The future has the offset once the broker has the record for good. It raises Transient when the broker did not
        say so in time (the record may have arrived all the same), Misconfigured when it may not be written,
        Unavailable when it never can be, or when the client has failed for good.
        """
        future: Future[int] = Future()
        future.set_running_or_notify_cancel()  # nobody can take back what the client has
        topic, partition = record.target

        def take(error: KafkaError | None, message: Message) -> None:
            if error is None:
                future.set_result(message.offset() or 0)
            else:
                future.set_exception(self._fault(error, record))

        try:
            headers: list[tuple[str, str | bytes | None]] = [*record.headers]
            self._made.get().produce(topic, record.value, record.key, partition, headers=headers, on_delivery=take)
        except KafkaException as error:
            future.set_exception(self._fault(error_of(error), record))
        except BufferError:
            future.set_exception(Transient(f"too much waits to be written to {topic}"))
        return future

    def check(self) -> None:
        """Raise Unavailable when the client cannot go on."""
        if self._over is not None:
            raise self._over

    def close(self) -> None:
        """Wait for what is under way, then let go of the connection; blocks for `WAIT_S` and a little at most."""
        with suppress(KafkaException):  # a client that has failed for good says it again
            self._made.get().flush(WAIT_S + 1)
        self._closing.set()
        self._thread.join()

    def _fault(self, error: KafkaError, record: Outbound) -> FixgateError:
        if error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
            return too_large(record, "see its max.message.bytes")
        if error.fatal() or error.code() == KafkaError._FATAL:  # noqa: SLF001 - public under this name
            self._over = self._over or self._failed(error)
            return self._over
        return translate(error, f"writing to {record.target.topic}")

    def _noted(self, error: KafkaError) -> None:
        # Everything but a fatal error mends by itself, and is told by the records that it hits.
        if error.fatal():
            self._over = self._failed(error)

    @staticmethod
    def _failed(error: KafkaError) -> Unavailable:
        return Unavailable(
            f"the client of the broker cannot go on: {error.str()}",
            remedy="The process has to be started again; check its identity and `fixgate topology apply`.",
        )

    def _serve(self) -> None:
        producer = self._made.get()
        while not self._closing.is_set():
            try:
                producer.poll(_POLL_S)
            except KafkaException as error:
                # What waits is told of it by the next polls, each of which may say it again.
                self._noted(error_of(error))
                self._closing.wait(_POLL_S)
