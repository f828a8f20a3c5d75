"""Transactions under a stable transactional id."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final, NoReturn

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka import TopicPartition as ClientPartition

from fixgate.broker import Member, Outbound, TopicPartition, too_large
from fixgate.errors import FixgateError, Transient, Unavailable
from fixgate.kafka.faults import TAKEN_OVER, error_of, translate
from fixgate.kafka.member import KafkaMember
from fixgate.kafka.settings import PRODUCER, ClientConfig
from fixgate.kafka.watchdog import Watchdog

HANG_LIMIT: Final = 120.0
RETRY_PAUSE: Final = 0.05
WATCHED_BYTES: Final = 32 * 1024
"""No topic refuses a smaller record for its size: `derived/topics.py` gives each more headroom than this."""
LARGEST: Final = PRODUCER["message.max.bytes"]


class Reports:
    """What the broker said of one transaction's records: where partitions end, and which records failed."""

    def __init__(self) -> None:
        self.ends: dict[TopicPartition, int] = {}
        self.failed: dict[int, KafkaError] = {}

    def taker(self, i: int, ended: TopicPartition | None) -> Callable[[KafkaError | None, Message], None]:
        """What takes the report of record number `i`, the last one of the partition `ended`."""

        def take(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                # Kept and not looked at: the client may call this with an exception set, which any call trips over.
                self.failed[i] = error
            elif ended is not None:
                self.ends[ended] = (message.offset() or 0) + 1

        return take


class KafkaTransactor:
    """See `broker.Transactor`."""

    def __init__(self, config: ClientConfig, transactional_id: str, *, timeout: float = 60.0) -> None:
        self._producer = Producer({**config, **PRODUCER, "transactional.id": transactional_id})
        self._watchdog = Watchdog(HANG_LIMIT)
        self._deadline = timeout
        self._open = False
        self._retrying("becoming the transactional writer", lambda: self._producer.init_transactions(timeout))

    def commit(
        self, records: Sequence[Outbound], positions: Mapping[TopicPartition, int], member: Member
    ) -> Mapping[TopicPartition, int]:
        """See `broker.Transactor.commit`, whose numbers stand below."""
        if not isinstance(member, KafkaMember):
            raise TypeError("a Kafka transaction needs a Kafka member")
        if not positions:
            raise ValueError("a transaction without positions would not be checked against the group")
        reports = Reports()
        offsets = [ClientPartition(t.topic, t.partition, o) for t, o in positions.items()]
        with self._watchdog.guard():
            # (1) begin
            self._step("beginning", self._producer.begin_transaction)
            self._open = True
            # (2) write
            self._produce(records, reports)
            # (3) positions
            metadata = member.consumer.consumer_group_metadata()
            self._step("adding positions", lambda: self._producer.send_offsets_to_transaction(offsets, metadata, 10.0))
            # (4) commit
            self._step("committing", lambda: self._producer.commit_transaction(10.0))
            self._open = False
        return reports.ends

    def close(self) -> None:
        """See `broker.Transactor.close`."""
        self._watchdog.close()
        if self._open:
            # What cannot be aborted now is aborted by the broker, or by whoever takes the slot.
            with suppress(FixgateError):
                self._abort()
        self._producer.purge()
        self._producer.flush(1.0)

    def _produce(self, records: Sequence[Outbound], reports: Reports) -> None:
        # One report per partition is enough for its end; a record that failed fails the commit. Of a record that may be
        # too large a report is asked for as well, to tell that from what passes.
        last = {r.target: i for i, r in enumerate(records)}
        for i, record in enumerate(records):
            arguments: dict[str, object] = {}
            final = last[record.target] == i
            if final or record.size > WATCHED_BYTES:
                arguments["on_delivery"] = reports.taker(i, record.target if final else None)
            if record.headers:
                arguments["headers"] = list(record.headers)
            self._enqueue(record, arguments)
        self._flush(reports)
        for i, fault in reports.failed.items():
            if fault.code() == KafkaError.MSG_SIZE_TOO_LARGE:
                self._abort()
                raise too_large(records[i], "see its max.message.bytes")
        if reports.failed or set(reports.ends) != set(last):
            missing = ", ".join(f"{t.topic}-{t.partition}" for t in sorted(set(last) - set(reports.ends)))
            self._abort()  # raises Fenced when that is why
            raise Transient(f"the broker did not take the records for {missing}")

    def _enqueue(self, record: Outbound, arguments: Mapping[str, object]) -> None:
        topic, partition = record.target
        while True:
            try:
                self._producer.produce(topic, record.value, record.key, partition, **arguments)  # type: ignore[arg-type]  # some are absent
                break
            except BufferError:
                self._producer.poll(RETRY_PAUSE)
            except KafkaException as error:
                fault = error_of(error)
                if fault.code() == KafkaError.MSG_SIZE_TOO_LARGE:
                    self._abort()
                    raise too_large(record, f"this client sends {LARGEST} bytes at most") from error
                self._abort_and_raise(fault, "writing")

    def _flush(self, reports: Reports) -> None:
        limit = time.monotonic() + self._deadline
        try:
            while self._producer.flush(1.0) and not reports.failed:
                if time.monotonic() > limit:
                    self._abort()
                    raise Transient("the broker did not take the records in time")
        except KafkaException as error:
            self._abort_and_raise(error_of(error), "writing")

    def _step(self, doing: str, call: Callable[[], None]) -> None:
        try:
            self._retrying(doing, call)
        except KafkaException as error:
            self._abort_and_raise(error_of(error), doing)

    def _retrying(self, doing: str, call: Callable[[], None]) -> None:
        while True:
            try:
                return call()
            except KafkaException as error:
                fault = error_of(error)
                if fault.fatal():
                    raise translate(fault, doing) from error
                if not fault.retriable():
                    raise
                time.sleep(RETRY_PAUSE)

    def _abort_and_raise(self, fault: KafkaError, doing: str) -> NoReturn:
        if not fault.fatal():
            # Also when this instance must stop: what it leaves open would hide later records from readers.
            self._abort()
        if fault.txn_requires_abort() and fault.code() not in TAKEN_OVER:
            raise Transient(f"{doing}: {fault.str()}")
        raise translate(fault, doing)

    def _abort(self) -> None:
        self._open = False
        try:
            self._retrying("aborting", lambda: self._producer.abort_transaction(10.0))
        except KafkaException as error:
            raise Unavailable(f"aborting: {error_of(error).str()}") from error
