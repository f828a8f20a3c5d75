"""Topics followed from their beginnings, as they grow, verified: for whoever shows what happens and writes nothing."""

from collections.abc import Iterable

from fixgate.broker import Broker, Tail, TopicPartition
from fixgate.errors import Poison
from fixgate.intake import Intake
from fixgate.naming import Naming
from fixgate.verbs import Received


class Following:
    """Several topics, read on at each `more`. To be used by one thread; `unreadable` counts what was passed over."""

    def __init__(self, broker: Broker, intake: Intake, naming: Naming, topics: Iterable[str]) -> None:
        self._intake = intake
        self.unreadable = 0
        self._tails: list[Tail] = []
        for topic in topics:
            full = naming.topic(topic)
            for number in range(broker.partitions(full)):
                place = TopicPartition(full, number)
                self._tails.append(broker.tail(place, broker.bounds(place)[0]))

    def more(self) -> list[Received]:
        """What stands there now and was not answered before, oldest first; raises Transient."""
        found: list[Received] = []
        for tail in self._tails:
            while records := tail.catch_up():
                for record in records:
                    try:
                        found.append(self._intake.receive(record))
                    except Poison:
                        self.unreadable += 1
        return sorted(found, key=lambda received: received.appended_at)

    def close(self) -> None:
        """Let go of the topics."""
        for tail in self._tails:
            tail.close()
