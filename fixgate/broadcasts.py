"""Topics that every instance reads whole, up to their end as of the moment when facts are gathered (law 10)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fixgate.broker import Broker, Inbound, Tail, TopicPartition
from fixgate.errors import Poison
from fixgate.graph import Topic, Topology
from fixgate.intake import Intake
from fixgate.naming import Naming
from fixgate.verbs import Broadcast, Received


@dataclass(slots=True)
class _View:
    topic: Topic
    tail: Tail
    records: list[Received] = field(default_factory=list[Received])
    latest: dict[bytes, Received] = field(default_factory=dict[bytes, Received])
    unreadable: int = 0
    _now: Broadcast | None = None

    def take(self, received: Received) -> None:
        self._now = None
        if self.topic.compacted:
            self.latest[received.key or b""] = received
        else:
            self.records.append(received)

    def refuse(self) -> None:
        self._now = None
        self.unreadable += 1

    def now(self) -> Broadcast:
        """The very same as before when nothing has come: whoever works something out of it remembers it by that."""
        if self._now is None:
            records = tuple(self.latest.values()) if self.topic.compacted else tuple(self.records)
            self._now = Broadcast(records=records, unreadable=self.unreadable)
        return self._now


class Broadcasts:
    """What a service's broadcast topics say now, verified like everything else.

    A tombstone cannot be signed, so it deletes nothing here: what is taken back is taken back by a signed record.
    """

    def __init__(self, topology: Topology, naming: Naming, service: str, broker: Broker, intake: Intake) -> None:
        self._intake = intake
        self._broker = broker
        places = {name: TopicPartition(naming.topic(name), 0) for name in topology.broadcasts(service)}
        self._views = {name: _View(topology.topic(name), broker.tail(place, 0)) for name, place in places.items()}
        self._places = [(view, places[name]) for name, view in self._views.items()]
        self.rejected: list[tuple[Inbound, Poison]] = []

    def refresh(self) -> Mapping[str, Broadcast]:
        """All that had been appended when this was called. May block; raises Transient when it cannot be read."""
        ends = self._broker.ends([place for _, place in self._places])
        for view, place in self._places:
            while records := view.tail.catch_up(end=ends[place]):
                self._take(view, records)
        return {name: view.now() for name, view in self._views.items()}

    def _take(self, view: _View, records: Sequence[Inbound]) -> None:
        for record in records:
            try:
                view.take(self._intake.receive(record))
            except Poison as fault:
                view.refuse()
                self.rejected.append((record, fault))

    def close(self) -> None:
        """Let go of the connections."""
        for view in self._views.values():
            view.tail.close()
