"""From a broker's record to something that a verb may look at: step 2 of the runtime.

Nothing looks inside a record before its signature, certificate, signer and digest have been checked. What fails is
Poison with a precise reason; its bytes stay untouched for the dead letters.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final, TypeVar

from fixgate.broker import Inbound
from fixgate.codec import Codec, embedded, envelope_of, record_type
from fixgate.errors import Poison, Reason
from fixgate.events import Record, Signed
from fixgate.graph import Key, Role, Topic, Topology
from fixgate.naming import Naming
from fixgate.partitioning import partition_of
from fixgate.signing import digest, signature_in
from fixgate.state import RESERVED
from fixgate.telemetry.context import context_of
from fixgate.trust import TrustBundle
from fixgate.verbs import Received, StateView
from fixgate.verification import LATEST_MS, Verifier, check_parents
from fixgate.vouching import HEADER, Voucher, Vouching, verify, voucher_in

R = TypeVar("R", bound=Record)

SOURCE_HEADER: Final = "fixgate-source"
LABEL_PREFIX: Final = "fixgate-"
LABEL_LIMIT: Final = 2_000
"""Characters of a label that are kept."""
UNKNOWN_SOURCE: Final = "unknown"
KEY_FIELDS: Final[Mapping[Key, str]] = {
    Key.PROBLEM: "problem_key",
    Key.LOCK: "lock_key",
    Key.ASSET: "asset_id",
    Key.CONTROL: "control_id",
}
"""Where a record says itself what it is keyed by."""
CARRIED_DEPTH: Final = 8
"""The longest chain of the pipeline, from a decision to a finding, is four."""


class Intake:
    """Verifies and decodes the records of a deployment's topics, for whoever reads them."""

    def __init__(self, topology: Topology, naming: Naming, codec: Codec, trust: Callable[[], TrustBundle]) -> None:
        self._codec = codec
        self._trust = trust
        self._verifier = Verifier()
        self._topics: Mapping[str, Topic] = {naming.topic(t.name): t for t in topology.topics.values()}
        self._signers = {
            name: frozenset(naming.spiffe_id(topology.party(w)) for w in topology.writers[topic.name])
            for name, topic in self._topics.items()
        }
        self._carriable: dict[str, tuple[frozenset[str], bool]] = {}
        """Who may have signed a carried record, and whether it may begin a chain, by the record's name."""
        for topic in topology.topics.values():
            if topic.record is not None and topic.signed and topic.key is not Key.ORIGIN:
                signers, rooted = self._carriable.get(topic.record, (frozenset[str](), False))
                known = self._signers[naming.topic(topic.name)]
                self._carriable[topic.record] = signers | known, rooted or topic.rooted
        self._everybody = frozenset(s for signers, _ in self._carriable.values() for s in signers)
        self._vouching = {
            naming.topic(t.name): _vouching(topology, naming, t) for t in topology.topics.values() if t.record is None
        }
        self._streamed = {
            name: next((w for w in topology.writers[t.name] if topology.party(w).role is Role.SERVICE), None)
            for name, t in self._topics.items()
        }

    def receive(self, record: Inbound) -> Received:
        """The record, verified and decoded; raises Poison."""
        topic = self._topics[record.source.topic]
        value = record.value
        if record.unreadable:
            raise Poison(Reason.INVALID, f"the record's headers cannot be read: {record.unreadable}")
        if value is None:
            raise Poison(Reason.INVALID, "the record has no value")
        if len(value) > topic.max_bytes:
            raise Poison(Reason.OVERSIZED, f"the value has {len(value)} bytes; {topic.name} takes {topic.max_bytes}")
        if record.appended_ms is None or not 0 <= record.appended_ms <= LATEST_MS:
            raise Poison(Reason.UNTIMED, "the broker did not assert when the record was appended")
        if topic.record is None:
            name = digest(value)
            voucher = self._vouched(record, name, record.appended_ms)
            return self._received(topic, record, value, value, name=name, voucher=voucher)
        if not topic.signed:
            return self._received(topic, record, value, self._decode(topic, record, value))
        signature = signature_in(record.headers)
        if signature is None:
            raise Poison(Reason.UNSIGNED, "the record carries no signature")
        verified = self._verifier.verify(
            value,
            signature.signature,
            signature.certificate,
            signers=self._signers[record.source.topic],
            at_ms=record.appended_ms,
            trust=self._trust(),
        )
        decoded = self._decode(topic, record, value)
        self._check_chain(topic, record, decoded)
        return self._received(
            topic,
            record,
            value,
            decoded,
            name=verified.digest,
            signer=verified.signer,
            signed=Signed(value=value, signature=signature.signature, certificate=signature.certificate),
        )

    def receive_carried(self, signed: Signed, kind: type[R], *, at_ms: int | None = None) -> R:
        """A record that came another way than by its topic, verified with all that it carries; raises Poison.

        Its signer must be one that may write such a record. With `at_ms` (milliseconds since 1970) its certificate must
        hold at that time; without, nothing is said of time.
        """
        signers, rooted = self._carriable.get(kind.__name__, (frozenset[str](), False))
        if at_ms is None:
            self._verifier.verify_carried(signed, signers=signers, trust=self._trust())
        else:
            self._verifier.verify_embedded(signed, signers=signers, at_ms=at_ms, trust=self._trust())
        decoded = self._codec.decode(signed.value, kind)
        self._check_carried(decoded, rooted=rooted)
        return decoded

    def _vouched(self, record: Inbound, name: str, at_ms: int) -> Voucher | None:
        """What is said of a report's sender; None when nobody says anything. A voucher that does not hold is Poison."""
        envelope = voucher_in(record.headers)
        if envelope is None:
            return None
        vouching = self._vouching[record.source.topic]
        return verify(envelope, name, verifier=self._verifier, vouching=vouching, at_ms=at_ms, trust=self._trust())

    def _decode(self, topic: Topic, record: Inbound, value: bytes) -> Record:
        decoded = self._codec.decode(value, record_type(topic.record or ""))
        own = getattr(decoded, KEY_FIELDS.get(topic.key, ""), None)
        if own is None:
            return decoded
        # The signature covers the value alone: who moved the record elsewhere must not change what it is about.
        key = str(own).encode()
        if record.key != key or record.source.partition != partition_of(key, topic.partitions):
            raise Poison(
                Reason.INVALID, f"the record stands under another key or in another partition than its {topic.key}"
            )
        return decoded

    def _check_chain(self, topic: Topic, record: Inbound, decoded: Record) -> None:
        envelope = envelope_of(decoded)
        self._check_carried(decoded, rooted=topic.rooted)
        writer = self._streamed[record.source.topic]
        if writer is None:
            if envelope.stream or envelope.sequence:
                raise Poison(Reason.INVALID, f"{topic.name} has no streams, but the record claims {envelope.stream!r}")
        elif not envelope.stream.startswith(f"{writer}/") or envelope.sequence < 1:
            raise Poison(Reason.INVALID, f"the stream {envelope.stream!r} {envelope.sequence} is not one of {writer}")

    def _check_carried(self, record: Record, *, rooted: bool, depth: int = 0) -> None:
        """Verify what the record carries, and what that carries, by everything but time: nothing proves that here."""
        if depth > CARRIED_DEPTH:
            raise Poison(Reason.INVALID, f"records are carried inside each other more than {CARRIED_DEPTH} deep")
        carried = embedded(record)
        check_parents(envelope_of(record).parents, [digest(s.value) for s in carried], rooted=rooted)
        for signed in carried:
            verified = self._verifier.verify_carried(signed, signers=self._everybody, trust=self._trust())
            inner = self._codec.decode_any(signed.value)
            signers, inner_rooted = self._carriable.get(type(inner).__name__, (frozenset[str](), False))
            if verified.signer not in signers:
                raise Poison(Reason.WRONG_SIGNER, f"a carried {type(inner).__name__} is signed by {verified.signer}")
            self._check_carried(inner, rooted=inner_rooted, depth=depth + 1)

    @staticmethod
    def _received(
        topic: Topic,
        record: Inbound,
        value: bytes,
        decoded: Record | bytes,
        *,
        name: str = "",
        signer: str = "",
        signed: Signed | None = None,
        voucher: Voucher | None = None,
    ) -> Received:
        name = name or digest(value)  # what was verified has been digested
        context = context_of(record.headers, name.encode())
        return Received(
            topic=topic.name,
            partition=record.source.partition,
            offset=record.offset,
            key=record.key,
            record=decoded,
            digest=name,
            appended_at=datetime.fromtimestamp((record.appended_ms or 0) / 1000, UTC),
            signer=signer,
            signed=signed,
            source=source_of(record) if voucher is None else voucher.source,
            trace_id=context.trace_id,
            context=context.traceparent,
            labels={} if topic.signed else labels_of(record),
            voucher=voucher,
        )


def _vouching(topology: Topology, naming: Naming, topic: Topic) -> Vouching:
    writers = [topology.party(name) for name in topology.writers[topic.name]]
    return Vouching(
        takers=frozenset(naming.spiffe_id(w) for w in writers if w.role is not Role.EXTERNAL),
        scanners=frozenset(naming.spiffe_id(w) for w in writers if w.role is Role.EXTERNAL),
    )


def source_of(record: Inbound) -> str:
    """Who says to have sent a raw record: a header, else the key. A label, not an identity."""
    for name, value in record.headers:
        if name == SOURCE_HEADER:
            return value.decode(errors="replace")[:200]
    return record.key.decode(errors="replace")[:200] if record.key else UNKNOWN_SOURCE


def labels_of(record: Inbound) -> dict[str, str]:
    """What the sender of an unsigned record says of it, in headers that begin with `fixgate-`; the last one counts."""
    named = ((name, value) for name, value in record.headers if name.startswith(LABEL_PREFIX) and name != HEADER)
    return {name: value.decode(errors="replace")[:LABEL_LIMIT] for name, value in named}


def check_sequence(state: StateView, received: Received) -> tuple[bytes, bytes, int] | None:
    """What has been seen of each stream, so that a record cannot come twice and none go missing unnoticed.

    Returns the state entry that remembers this record, and how many are missing before it; None without a stream.

    Raises Poison REPLAYED when it, or a later one of its stream, was seen before. The first record that is ever
    seen of a stream may have any sequence: what came before it was never this reader's.
    """
    if isinstance(received.record, bytes):
        return None
    envelope = envelope_of(received.record)
    if not envelope.stream:
        return None
    key = f"in/{received.topic}/{received.partition}/{envelope.stream}".encode()
    seen = state.get(RESERVED + key)
    last = int.from_bytes(seen or b"", "big")
    if seen is not None and envelope.sequence <= last:
        raise Poison(
            Reason.REPLAYED,
            f"{envelope.stream} has sent {last} records to {received.topic}-{received.partition}; "
            f"this one is number {envelope.sequence} again",
        )
    missing = 0 if seen is None else envelope.sequence - last - 1
    return RESERVED + key, envelope.sequence.to_bytes(8, "big"), missing
