"""Reads one partition in order and up to its end, without a group."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from threading import Lock
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka import TopicPartition as ClientPartition

from fixgate.broker import Inbound, TopicPartition
from fixgate.errors import Transient
from fixgate.kafka.deferred import Deferred
from fixgate.kafka.faults import error_of, translate
from fixgate.kafka.member import inbound, taken
from fixgate.kafka.settings import CONSUMER, FETCH_WAIT_MS, TRANSACTION_TIMEOUT_MS, ClientConfig

PATIENCE: Final = 2 * TRANSACTION_TIMEOUT_MS / 1000
"""Seconds without progress before giving up; an abandoned transaction ends well before."""
PASSING: Final = frozenset(
    {
        KafkaError._TRANSPORT,  # noqa: SLF001 - librdkafka's local codes are public under this name
        # The client looks for a coordinator although nothing is committed here; no grant is needed for that.
        KafkaError.GROUP_AUTHORIZATION_FAILED,
    }
)
ASK_TRIES: Final = 20
ASK_PAUSE: Final = 0.1
ASK_S: Final = 10.0
METADATA_S: Final = 5.0
LATEST: Final = -1
"""The time that stands for the end of the log (Kafka protocol, ListOffsets)."""


class Readers:
    """Consumers for tails, handed on from one that is done to the next: making one costs a second.

    The first is being made from the start. Safe to share between threads.
    """

    def __init__(self, config: ClientConfig, fetch_wait_ms: int = FETCH_WAIT_MS) -> None:
        # A group id is required by the client; nothing is committed under it.
        own = {"group.id": "fixgate-tail", "enable.partition.eof": True, "fetch.wait.max.ms": fetch_wait_ms}
        self._settings = {**config, **CONSUMER, **own}
        self._lock = Lock()
        self._idle = [self._made()]
        self._closed = False

    def take(self) -> Deferred[Consumer]:
        """A consumer that reads nothing."""
        with self._lock:
            return self._idle.pop() if self._idle else self._made()

    def give_back(self, reader: Deferred[Consumer]) -> None:
        """The tail that had it is done."""
        reader.get().unassign()
        with self._lock:
            if not self._closed:
                self._idle.append(reader)
                return
        reader.get().close()

    def close(self) -> None:
        """Let go of those that are idle, and of the others as they come back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for reader in idle:
            reader.get().close()

    def _made(self) -> Deferred[Consumer]:
        return Deferred(lambda: Consumer(self._settings))


class KafkaTail:
    """See `broker.Tail`."""

    def __init__(self, readers: Readers, bounds: Deferred[Consumer], partition: TopicPartition, start: int) -> None:
        self._readers = readers
        self._bounds = bounds
        self._partition = partition
        self._position = start
        self._end: int | None = None
        self._reader = readers.take()
        self._assigned = False

    def catch_up(self, limit: int = 10_000, end: int | None = None) -> Sequence[Inbound]:
        """See `broker.Tail.catch_up`."""
        if self._end is None:
            self._end = bounds_of(self._bounds.get(), self._partition)[1] if end is None else end
        records: list[Inbound] = []
        patience = time.monotonic() + PATIENCE
        while self._position < self._end and not records:
            before = self._position
            records = self._read(limit)
            if self._position > before:
                patience = time.monotonic() + PATIENCE
            elif time.monotonic() > patience:
                raise Transient(f"{self._partition.topic} could not be read up to its end")
        if not records:
            self._end = None
        return records

    def _read(self, limit: int) -> list[Inbound]:
        records: list[Inbound] = []
        try:
            messages = taken(self._consumer(), limit, 0.25)
        except KafkaException as error:
            raise translate(error_of(error), f"reading {self._partition.topic}") from error
        for message in messages:
            if (message.topic(), message.partition()) not in {self._partition, (None, None)}:
                continue  # of the tail that had this consumer before
            fault = message.error()
            if fault is None:
                record = inbound(message)
                records.append(record)
                self._position = record.offset + 1
            elif fault.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's local codes are public
                # Past the last record stand transaction markers, which only this position counts.
                self._position = max(self._position, message.offset() or 0)
            elif not fault.retriable() and fault.code() not in PASSING:
                failure = translate(fault, f"reading {self._partition.topic}")
                if not isinstance(failure, Transient):
                    raise failure
        return records

    def position(self) -> int:
        """See `broker.Tail.position`."""
        return self._position

    def close(self) -> None:
        """See `broker.Tail.close`."""
        self._readers.give_back(self._reader)

    def _consumer(self) -> Consumer:
        consumer = self._reader.get()
        if not self._assigned:
            self._assigned = True
            # A client that does not know the topic yet looks for its leader once a second only.
            with suppress(KafkaException):
                consumer.list_topics(self._partition.topic, METADATA_S)
            consumer.assign([ClientPartition(self._partition.topic, self._partition.partition, self._position)])
        return consumer


def bounds_of(bounds: Consumer, partition: TopicPartition) -> tuple[int, int]:
    """The first offset still there and the end of the log.

    `bounds` must read uncommitted, or open transactions would hide the end.
    """
    # The client answers None when it gave up waiting, whatever its type says.
    ask: Callable[[], Any] = partial(bounds.get_watermark_offsets, ClientPartition(*partition), timeout=ASK_S)
    found: tuple[int, int] = _answered(ask, lambda answer: answer is not None, partition.topic)
    return found


def ends_of(bounds: Consumer, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
    """The end of each one's log, for one request to each leader, where `bounds_of` takes two for each partition.

    `bounds` must read uncommitted, as above.
    """
    if not partitions:
        return {}
    # Asked by time, the protocol's name for "the end" is a time of its own.
    asked = [ClientPartition(*partition, LATEST) for partition in partitions]
    ask: Callable[[], Any] = partial(bounds.offsets_for_times, asked, timeout=ASK_S)
    answers: Sequence[ClientPartition] = _answered(ask, _all_there, partitions[0].topic)
    return {TopicPartition(answer.topic, answer.partition): answer.offset for answer in answers}


def _all_there(answers: Sequence[ClientPartition]) -> bool:
    return all(answer.error is None and answer.offset >= 0 for answer in answers)


def _answered(ask: Callable[[], Any], usable: Callable[[Any], bool], topic: str) -> Any:
    """The answer to a question for ends; asked again while there may soon be one."""
    for attempt in range(ASK_TRIES):
        try:
            answer = ask()
        except KafkaException as error:
            fault = error_of(error)
            # A topic that was just made, or a broker that was just restarted, has no leader for a moment.
            if attempt == ASK_TRIES - 1 or (
                not fault.retriable() and fault.code() != KafkaError.NOT_LEADER_FOR_PARTITION
            ):
                raise translate(fault, f"asking for the end of {topic}") from error
            time.sleep(ASK_PAUSE)
            continue
        if usable(answer):
            return answer
    raise Transient(f"the end of {topic} could not be learned in time")
