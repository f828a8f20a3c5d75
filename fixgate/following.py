"""Topics followed from their beginnings, as they grow, verified: for whoever shows what happens and writes nothing."""

from collections.abc import Iterable

from fixgate.broker import Broker, TopicPartition
from fixgate.errors import Poison
from fixgate.intake import Intake
from fixgate.naming import Naming
from fixgate.verbs import Received


class Following:
    """Several topics, read on at each `more`. To be used by one thread; `unreadable` counts what was passed over."""

    def __init__(self, broker: Broker, intake: Intake, naming: Naming, topics: Iterable[str]) -> None:
        self._intake = intake
        self.unreadable = 0
        names = [naming.topic(topic) for topic in topics]
        places = [TopicPartition(name, number) for name in names for number in range(broker.partitions(name))]
        self._stream = broker.stream({place: broker.bounds(place)[0] for place in places})

    def more(self) -> list[Received]:
        """What has come since the last answer, oldest first; waits for nothing. Raises Transient."""
        found: list[Received] = []
        while records := self._stream.more():
            for record in records:
                try:
                    found.append(self._intake.receive(record))
                except Poison:
                    self.unreadable += 1
        return sorted(found, key=lambda received: received.appended_at)

    def close(self) -> None:
        """Let go of the topics."""
        self._stream.close()
