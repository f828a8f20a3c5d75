"""Membership in a consumer group that is held through the partitions of one topic, the service's state."""

from collections.abc import Callable, Mapping, Sequence
from operator import methodcaller
from typing import Final

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, Consumer, KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as ClientPartition

from fixgate.broker import Headers, Inbound, Ownership, TopicPartition
from fixgate.errors import Transient
from fixgate.kafka.deferred import Deferred
from fixgate.kafka.faults import error_of, translate
from fixgate.kafka.settings import MEMBER, ClientConfig

COMMITTED_TIMEOUT: Final = 2.0
COMMITTED_TRIES: Final = 30

_read_headers: Final[Callable[[Message], list[tuple[str, str | bytes | None]] | None]] = methodcaller("headers")
"""`message.headers()`, checked: see `_headers`."""


def inbound(message: Message) -> Inbound:
    """The record in a client's message."""
    kind, appended = message.timestamp()
    headers, unreadable = _headers(message)
    return Inbound(
        source=TopicPartition(message.topic() or "", message.partition() or 0),
        offset=message.offset() or 0,
        key=_bytes(message.key()),
        value=_bytes(message.value()),
        headers=headers,
        appended_ms=appended if kind == TIMESTAMP_LOG_APPEND_TIME else None,
        unreadable=unreadable,
    )


def _headers(message: Message) -> tuple[Headers, str]:
    # Whoever may write to a topic chooses the headers' names, bytes to the broker. At one that is not UTF-8 the client
    # returns a broken list with the decoder's exception set. Of that the interpreter makes a SystemError, but only
    # where it checks a call: once `message.headers()` stands in code that has run often, it does not any more, and the
    # exception surfaces anywhere. A call from C, as a methodcaller's, is always checked.
    try:
        read = _read_headers(message) or ()
    except UnicodeDecodeError as error:
        return (), f"a header's name is not UTF-8: {error.reason}"
    except SystemError as error:
        if not isinstance(error.__cause__, UnicodeDecodeError):
            raise
        return (), f"a header's name is not UTF-8: {error.__cause__.reason}"
    return tuple((n, _bytes(v) or b"") for n, v in read), ""


def taken(consumer: Consumer, limit: int, timeout: float) -> list[Message]:
    """What has come, at most `limit`; waits for the first one only.

    Asked for all at once, the client would wait for the whole time-out unless so many came.
    """
    messages = consumer.consume(1, timeout)
    return messages + consumer.consume(limit - 1, 0.0) if messages and limit > 1 else messages


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value


class KafkaMember:
    """See `broker.Member`. The group subscribes to the lease topic only; the inputs are assigned by hand."""

    def __init__(self, config: ClientConfig, group: str, instance: str, lease: str, ownership: Ownership) -> None:
        self._ownership = ownership
        self._next: dict[TopicPartition, int] = {}
        self._shards: list[int] = []
        self._held: frozenset[TopicPartition] | None = frozenset()
        self._failure: BaseException | None = None
        settings = {**config, **MEMBER, "group.id": group, "group.instance.id": instance}
        self._consumer = Deferred(lambda: Consumer(settings))
        self._lease = lease
        self._subscribed = False

    @property
    def consumer(self) -> Consumer:
        """The client; waits until it has been made."""
        return self._consumer.get()

    def poll(self, limit: int, timeout: float) -> Sequence[Inbound]:
        """See `broker.Member.poll`."""
        if not self._subscribed:
            self._subscribed = True
            told = {"on_assign": self._on_assign, "on_revoke": self._on_revoke, "on_lost": self._on_revoke}
            self.consumer.subscribe([self._lease], **told)
        try:
            messages = taken(self.consumer, limit, timeout)
        except KafkaException as error:
            raise translate(error_of(error), "reading") from error
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        records: list[Inbound] = []
        for message in messages:
            fault = message.error()
            if fault is not None:
                self._raise_unless_passing(fault)
                continue
            record = inbound(message)
            # What was fetched under an earlier assignment is not ours any more.
            if record.offset >= self._next.get(record.source, record.offset + 1):
                self._next[record.source] = record.offset + 1
                records.append(record)
        return records

    @staticmethod
    def _raise_unless_passing(error: KafkaError) -> None:
        if error.retriable() or error.code() in {
            KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001 - librdkafka's local codes are public under this name
            KafkaError._TRANSPORT,  # noqa: SLF001 - as above
            KafkaError._MAX_POLL_EXCEEDED,  # noqa: SLF001 - as above; on_lost follows
        }:
            return
        raise translate(error, "reading")

    def hold(self, partitions: frozenset[TopicPartition] | None = None) -> None:
        """See `broker.Member.hold`."""
        before, self._held = self._kept_back(), partitions
        # Asked before every poll, fifty times a second where work outside is waited for; mostly nothing changes.
        self._pause(self._kept_back() - before)
        self._resume(before - self._kept_back())

    def _kept_back(self) -> frozenset[TopicPartition]:
        owned = frozenset(self._next)
        return owned if self._held is None else self._held & owned

    def _pause(self, partitions: frozenset[TopicPartition]) -> None:
        if partitions:
            self.consumer.pause([ClientPartition(*p) for p in partitions])

    def _resume(self, partitions: frozenset[TopicPartition]) -> None:
        if partitions:
            self.consumer.resume([ClientPartition(*p) for p in partitions])

    def close(self) -> None:
        """See `broker.Member.close`."""
        self.consumer.close()
        if self._shards:
            self._release()

    def _on_assign(self, consumer: Consumer, partitions: list[ClientPartition]) -> None:
        def assign() -> None:
            self._shards = sorted(p.partition for p in partitions)
            self._next = dict(self._ownership.assigned(self._shards, self.committed))
            consumer.assign([ClientPartition(t.topic, t.partition, o) for t, o in self._next.items()])
            # The client remembers across assignments what was paused, also when it was let go while it was not ours.
            self._resume(frozenset(self._next) - self._kept_back())
            self._pause(self._kept_back())

        self._guarded(assign)

    def _on_revoke(self, consumer: Consumer, partitions: list[ClientPartition]) -> None:
        del partitions  # assignments are eager: all of them
        self._guarded(self._release)
        consumer.unassign()

    def _release(self) -> None:
        shards, self._shards, self._next = self._shards, [], {}
        self._ownership.revoked(shards)

    def _guarded(self, call: Callable[[], None]) -> None:
        # An exception inside the client's callback would be lost or end the process; poll() raises it instead.
        try:
            call()
        except BaseException as error:  # noqa: BLE001 - raised again by poll()
            self._failure = error

    def committed(self, inputs: Sequence[TopicPartition]) -> Mapping[TopicPartition, int | None]:
        """See `broker.Committed`: the broker answers only when no open transaction holds newer positions."""
        asked = [ClientPartition(*i) for i in inputs]
        for _ in range(COMMITTED_TRIES):
            try:
                answers = self.consumer.committed(asked, COMMITTED_TIMEOUT)
            except KafkaException as error:
                fault = error_of(error)
                if fault.code() == KafkaError._TIMED_OUT or fault.retriable():  # noqa: SLF001 - as above
                    continue
                raise translate(fault, "reading committed positions") from error
            if all(a.error is None for a in answers):
                return {TopicPartition(a.topic, a.partition): a.offset if a.offset >= 0 else None for a in answers}
        raise Transient("the group's committed positions stayed open for too long")
