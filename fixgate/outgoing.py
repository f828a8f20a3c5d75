"""From a verb's result to signed records: step 6 of the runtime."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fixgate.broker import Headers, Outbound, TopicPartition
from fixgate.codec import Codec, embedded, record_type
from fixgate.errors import Poison, Reason
from fixgate.events import Envelope, Record, StateEntry
from fixgate.findings import findings_of, label_of
from fixgate.graph import Topology, rejected_topic
from fixgate.naming import Naming
from fixgate.partitioning import partition_of
from fixgate.signing import Signer, digest
from fixgate.state import RESERVED, ShardState
from fixgate.telemetry import Attribute, Span, Tracer, parse_traceparent
from fixgate.verbs import Output
from fixgate.verification import check_parents


@dataclass(slots=True)
class Written:
    """What one event causes: records for the broker, not signed yet, and the counters that stood behind them."""

    records: list[Outbound]
    counters: dict[bytes, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What an output comes from: the event's digest (empty for a tick) and the span of its processing.

    `finding` says what the event is about, for a record that does not say it itself.
    """

    digest: str
    span: Span
    finding: str = ""


class Outgoing:
    """Numbers and encodes what a service writes, and signs it.

    `signed` may be called from several threads at once, everything else from one.
    """

    def __init__(
        self,
        topology: Topology,
        naming: Naming,
        service: str,
        codec: Codec,
        signer: Callable[[], Signer],
        tracer: Tracer,
    ) -> None:
        self._codec = codec
        self._signer = signer
        self._tracer = tracer
        self._service = service
        self._rejected = rejected_topic(service)
        self._lease = naming.lease(service)
        self._topics = {n: (topology.topic(n), naming.topic(n)) for n in topology.party(service).writes}
        self._unsigned = frozenset(full for topic, full in self._topics.values() if not topic.signed)
        self._counters: dict[tuple[str, int], bytes] = {}

    def write(self, into: Written, state: ShardState, shard: int, output: Output, cause: Cause) -> None:
        """Add the output to `into`; raises Poison when the service may not write it."""
        if output.topic not in self._topics or output.topic in {f"{self._service}.state", self._rejected}:
            raise Poison(Reason.DEFECT, f"{self._service} may not write {output.topic}")
        partition = partition_of(output.key, self._topics[output.topic][0].partitions)
        self._seal(into, state, shard, output, partition, cause)

    def reject(self, into: Written, state: ShardState, shard: int, key: bytes, record: Record, cause: Cause) -> None:
        """Add a dead letter to `into`; it goes to the shard's own partition."""
        output = Output(topic=self._rejected, key=key, record=record)
        self._seal(into, state, shard, output, shard, cause)

    def _seal(self, into: Written, state: ShardState, shard: int, output: Output, partition: int, cause: Cause) -> None:
        topic, full = self._topics[output.topic]
        if type(output.record) is not record_type(topic.record or ""):
            raise Poison(Reason.DEFECT, f"{topic.name} carries {topic.record}, not {type(output.record).__name__}")
        counter = self._counter(topic.name, partition)
        last = into.counters.get(counter) or state.get(counter) or b""
        sequence = int.from_bytes(last, "big") + 1
        carried = [digest(s.value) for s in embedded(output.record)]
        parents = tuple(dict.fromkeys(p for p in (cause.digest, *output.parents, *carried) if p))
        try:
            check_parents(parents, carried, rooted=topic.rooted)
        except Poison as error:
            raise Poison(Reason.DEFECT, error.message) from error
        stream = f"{self._service}/{shard}/{state.epoch}"
        trace_id, trace_headers = self._trace(output, full, cause, f"{stream}/{topic.name}/{partition}/{sequence}")
        envelope = Envelope(trace_id=trace_id, parents=parents, stream=stream, sequence=sequence)
        value = self._codec.encode(output.record, envelope)
        if len(value) > topic.max_bytes:
            raise Poison(Reason.OVERSIZED, f"the answer has {len(value)} bytes; {topic.name} takes {topic.max_bytes}")
        into.records.append(Outbound(TopicPartition(full, partition), output.key, value, trace_headers))
        into.counters[counter] = sequence.to_bytes(8, "big")

    def signed(self, record: Outbound) -> Outbound:
        """The record as it goes out: signed, unless its topic is declared unsigned. Raises Transient."""
        if record.target.topic in self._unsigned:
            return record
        if record.value is None:
            raise AssertionError("what a service writes has a value")
        headers = (*self._signer().sign(record.value).headers(), *record.headers)
        return Outbound(record.target, record.key, record.value, headers)

    def _counter(self, topic: str, partition: int) -> bytes:
        """The state key that counts what was written to a partition."""
        found = self._counters.get((topic, partition))
        if found is None:
            found = self._counters[topic, partition] = RESERVED + f"out/{topic}/{partition}".encode()
        return found

    def _trace(self, output: Output, topic: str, cause: Cause, seed: str) -> tuple[str, Headers]:
        """The output's trace: its cause's, or, after a wait, a new one that is linked to what waited."""
        finding = label_of(findings_of(output.record)) or cause.finding
        if not output.follows:
            return cause.span.context.trace_id, cause.span.send(topic, finding)
        links = [c for c in map(parse_traceparent, output.follows) if c is not None]
        with self._tracer.root_span(f"resume {topic}", seed.encode(), links) as span:
            if finding:
                span.set(Attribute.FINDING_ID, finding)
            return span.context.trace_id, span.send(topic, finding)

    def state(self, shard: int, state: ShardState) -> Iterator[Outbound]:
        """The records that keep what the open transaction wrote to a shard's state."""
        target = TopicPartition(self._lease, shard)
        for key, value, origin in state.pending():
            entry = None if value is None else self._codec.encode(StateEntry(value=value, input=origin))
            yield Outbound(target, key, entry)


def state_value(codec: Codec) -> Callable[[bytes], bytes]:
    """How a service's value is taken out of a state record; what it returns raises Poison."""

    def value_of(record: bytes) -> bytes:
        return codec.decode(record, StateEntry).value

    return value_of
