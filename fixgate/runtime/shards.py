"""The shards that this process owns, with their state: what the group's membership tells, and when."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fixgate.broker import Committed, TopicPartition
from fixgate.errors import Misconfigured
from fixgate.graph import state_topic
from fixgate.outgoing import state_value
from fixgate.presence import Presence
from fixgate.runtime.wiring import Wiring
from fixgate.state import RESERVED, ShardState, restore
from fixgate.telemetry import Alarm, Attribute, metrics

FRESH = frozenset({"", "absent"})
"""Why a copy was rebuilt when nothing is wrong."""


class Shards:
    """See `broker.Ownership`.

    `taken` is called when shards were taken over, with their state as it was left; `lost` when they are owned no more,
    before their state is closed.
    """

    def __init__(
        self,
        wiring: Wiring,
        service: str,
        taken: Callable[[Mapping[int, ShardState]], None],
        lost: Callable[[Sequence[int]], None],
    ) -> None:
        self._wiring = wiring
        self._service = service
        self._taken = taken
        self._lost = lost
        self._value_of = state_value(wiring.codec)
        self._presence = Presence(wiring.folder, service, wiring.slot)
        self._single = wiring.topology.shards(service) == 1
        self.owned: dict[int, ShardState] = {}
        self._incarnations: dict[str, bytes] = {}
        self.inputs: dict[TopicPartition, int] = {}
        """The position of each input partition: what the next transaction begins from."""

    def check(self) -> None:
        """Raise Misconfigured when the broker's partitions are not the topology's: keys would go astray."""
        topology, naming = self._wiring.topology, self._wiring.naming
        for name in (state_topic(self._service), *topology.party(self._service).reads):
            declared, found = topology.topic(name).partitions, self._wiring.broker.partitions(naming.topic(name))
            if declared != found:
                raise Misconfigured(
                    f"{naming.topic(name)} has {found} partitions, but the topology says {declared}",
                    remedy="Partitions are never added to a topic in use: check FIXGATE_PREFIX, or make it anew.",
                )

    def of(self, source: TopicPartition) -> int:
        """The shard that a record belongs to."""
        return 0 if self._single else source.partition

    def assigned(self, shards: Sequence[int], committed: Committed) -> Mapping[TopicPartition, int]:
        """See `broker.Ownership.assigned`.

        The positions are asked for first: once they are stable, nobody else's transaction can add to our state.
        """
        naming, topology = self._wiring.naming, self._wiring.topology
        inputs = [
            TopicPartition(naming.topic(topic), partition)
            for shard in shards
            for topic, partition in topology.input_partitions(self._service, shard)
        ]
        positions: Mapping[TopicPartition, int | None] = committed(inputs) if inputs else {}
        for shard in shards:
            self.owned[shard] = self._restore(shard)
        self._incarnations = {i.topic: self._wiring.broker.incarnation(i.topic).encode() for i in inputs}
        self.inputs = {i: self._start(i, positions[i]) for i in inputs}
        self._taken(self.owned)
        self._presence.tell(self.owned)
        return self.inputs

    def keep(self, positions: Mapping[TopicPartition, int]) -> None:
        """Write the positions to the state too: the broker forgets a group's after a time in which nothing came."""
        for source, position in positions.items():
            origin = f"{self._wiring.naming.bare(source.topic)}/{source.partition}/{position - 1}"
            value = position.to_bytes(8, "big") + self._incarnations[source.topic]
            self.owned[self.of(source)].put(self._kept(source), value, origin)

    def any_position(self) -> Mapping[TopicPartition, int]:
        """One input's position as it is: a transaction without any would not be checked against the group."""
        return dict(list(self.inputs.items())[:1])

    def _kept_position(self, source: TopicPartition) -> int | None:
        """The position that the state keeps, of this topic and not of one of the same name before it."""
        kept = self.owned[self.of(source)].get(self._kept(source))
        if kept is None or kept[8:] != self._incarnations[source.topic]:
            return None
        return int.from_bytes(kept[:8], "big")

    def _kept(self, source: TopicPartition) -> bytes:
        return RESERVED + f"at/{self._wiring.naming.bare(source.topic)}/{source.partition}".encode()

    def revoked(self, shards: Sequence[int]) -> None:
        """See `broker.Ownership.revoked`."""
        self._lost(shards)
        for shard in shards:
            state = self.owned.pop(shard, None)
            if state is not None:
                state.close()
        self.inputs = {}
        self._presence.tell(self.owned)

    def _start(self, partition: TopicPartition, committed: int | None) -> int:
        first, end = self._wiring.broker.bounds(partition)
        kept = self._kept_position(partition)
        known = [p for p in (committed, kept) if p is not None]
        start = max(known, default=first)
        if kept is not None and committed is not None and committed < kept:
            self._wiring.telemetry.log.alarm(
                Alarm.STATE, f"the group's position in {partition.topic} is behind the state's, which holds"
            )
        if start > end:
            raise Misconfigured(
                f"{partition.topic}-{partition.partition} ends at {end}, but was read up to {start}",
                remedy="It was made anew or has lost records: account for them, then delete the group's position.",
            )
        if start < first:
            raise Misconfigured(
                f"records {start} to {first - 1} of {partition.topic}-{partition.partition} were never read "
                "and have left the topic",
                remedy="They are in the archive; set the group's position by hand once they are accounted for.",
            )
        return start

    def _restore(self, shard: int) -> ShardState:
        wiring = self._wiring
        folder = wiring.folder / f"{self._service}.{wiring.slot}" / str(shard)
        source = TopicPartition(wiring.naming.lease(self._service), shard)
        state, rebuilt = restore(folder, wiring.broker, source, self._value_of, wiring.clock().timestamp())
        log = wiring.telemetry.log
        wiring.telemetry.metrics.record(metrics.REBUILD_DURATION, rebuilt.seconds, {Attribute.SHARD: str(shard)})
        said: dict[str, Any] = {
            "shard": shard,
            "records": rebuilt.records,
            "start": rebuilt.start,
            "seconds": round(rebuilt.seconds, 3),
        }
        if rebuilt.why in FRESH:
            log.info("the state is up to date", **said)
        else:
            log.alarm(Alarm.STATE, f"the local copy of the state was {rebuilt.why} and has been rebuilt", **said)
        return state
