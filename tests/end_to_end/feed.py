"""Everything that stands on the topics, verified, as it comes: what a test waits for instead of sleeping."""

import threading
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from fixgate.codec import Codec
from fixgate.errors import Poison
from fixgate.identity import WorkloadIdentity
from fixgate.intake import Intake
from fixgate.kafka.member import inbound
from fixgate.kafka.settings import CONSUMER
from fixgate.naming import Naming
from fixgate.topology import PIPELINE
from fixgate.verbs import Received

T = TypeVar("T")
R = TypeVar("R")
PATIENCE_S = 120.0


class Feed:
    """Follows topics as the party whose identity it is given. `refused` holds why records could not be believed."""

    def __init__(self, identity: WorkloadIdentity, bootstrap: str, naming: Naming, topics: Iterable[str]) -> None:
        self.refused: list[Poison] = []
        self._records: list[Received] = []
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._intake = Intake(PIPELINE, naming, Codec(), identity.trust)
        settings: dict[str, Any] = {**identity.kafka_client_config(bootstrap), **CONSUMER, "group.id": "fixgate-tail"}
        self._consumer = Consumer(settings)
        self._consumer.assign(
            [
                TopicPartition(naming.topic(name), number, OFFSET_BEGINNING)
                for name in topics
                for number in range(PIPELINE.topic(name).partitions)
            ]
        )
        self._thread = threading.Thread(target=self._read, name="feed", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop following."""
        self._stop.set()
        self._thread.join()
        self._consumer.close()

    def all(self, kind: type[R]) -> list[tuple[Received, R]]:
        """The records of a kind so far, with where they stood, in the order of their coming."""
        with self._changed:
            return [(r, r.record) for r in self._records if isinstance(r.record, kind)]

    def wait(self, look: Callable[[], T | None], what: str) -> T:
        """Block until `look` answers something; asked again whenever a record comes."""
        found: list[T] = []

        def happened() -> bool:
            answer = look()
            if answer:
                found.append(answer)
            return bool(answer)

        with self._changed:
            if not self._changed.wait_for(happened, PATIENCE_S):
                seen = ", ".join(f"{r.topic} {type(r.record).__name__}" for r in self._records[-12:])
                raise AssertionError(f"waited {PATIENCE_S:.0f} s for {what} in vain; the last were {seen}")
        return found[0]

    def _read(self) -> None:
        while not self._stop.is_set():
            new: list[Received] = []
            for message in self._consumer.consume(500, 0.2):
                if message.error() is None:
                    try:
                        new.append(self._intake.receive(inbound(message)))
                    except Poison as fault:
                        self.refused.append(fault)
            if new:
                with self._changed:
                    self._records += new
                    self._changed.notify_all()
