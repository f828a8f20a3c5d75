"""The desk: how what people say gets onto Kafka, and how people read what stands there.

The desk signs what it carries with its own SVID, like every writer, but that lends no weight to it: a statement counts
by the person's signature inside. It writes no streams, and everything that it reads is verified like everywhere else.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from fixgate.broker import Broker, Headers, Outbound, TopicPartition
from fixgate.codec import Codec, envelope_of
from fixgate.errors import Misconfigured, Poison, Refused
from fixgate.events import Approval, Asset, Control, Decision, Envelope, Request, Signed
from fixgate.following import Following
from fixgate.graph import Topology
from fixgate.identity import WorkloadIdentity
from fixgate.intake import KEY_FIELDS, Intake
from fixgate.kafka import KafkaBroker
from fixgate.kafka.publisher import KafkaPublisher
from fixgate.kafka.settings import FETCH_WAIT_MS, READ_ONCE_WAIT_MS, quietly
from fixgate.naming import Naming
from fixgate.partitioning import partition_of
from fixgate.process import kafka_config
from fixgate.registry import codec_from
from fixgate.settings import Settings
from fixgate.signing import Signer, digest, signature_in
from fixgate.telemetry.context import TRACEPARENT
from fixgate.topology import DESK, PIPELINE
from fixgate.trust import TrustBundle
from fixgate.verbs import Broadcast, Received

Carried = Approval | Control | Asset | Request
"""What the desk writes."""
TOPICS: Final[Mapping[type[Carried], str]] = {
    Approval: "approvals",
    Control: "controls",
    Asset: "assets",
    Request: "requests",
}
LEAST_ID: Final = 4
"""Characters of a shortened id at least."""
FAULTS_KEPT: Final = 20


class Publisher(Protocol):
    """Writes one record outside any transaction."""

    def publish(self, record: Outbound) -> int:
        """Write it and answer with its offset, once the broker has it for good.

        Blocks. Raises Transient, Misconfigured when the topic may not be written, Unavailable.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Where a record stands now; `topic` without prefix."""

    topic: str
    partition: int
    offset: int
    digest: str


class Desk:
    """Writes and reads as the party `desk`. Blocks; to be used by one thread.

    `unreadable` counts, by topic, the records read so far that could not be used; `faults` says why, for some of them.
    """

    def __init__(
        self,
        *,
        broker: Broker,
        publisher: Publisher,
        codec: Codec,
        signer: Callable[[], Signer],
        trust: Callable[[], TrustBundle],
        naming: Naming,
        topology: Topology = PIPELINE,
    ) -> None:
        self.codec: Final = codec
        self.unreadable: Counter[str] = Counter()
        self.faults: list[str] = []
        self._broker = broker
        self._publisher = publisher
        self._signer = signer
        self._naming = naming
        self._topology = topology
        self._intake = Intake(topology, naming, codec, trust)

    def publish(self, record: Carried, *, parents: Iterable[str] = ()) -> Published:
        """Sign the record and write it under its key; `parents` are the digests of what it answers.

        Raises Poison when the record is not fit to be written, else as `Publisher.publish`.
        """
        topic = self._topology.topic(TOPICS[type(record)])
        key = key_of(record)
        target = TopicPartition(self._naming.topic(topic.name), partition_of(key, topic.partitions))
        trace, span = secrets.token_hex(16), secrets.token_hex(8)
        value = self.codec.encode(record, Envelope(trace_id=trace, parents=tuple(parents)))
        if len(value) > topic.max_bytes:
            raise Refused(f"the record has {len(value)} bytes; {topic.name} takes {topic.max_bytes}")
        headers = (*self._signer().sign(value).headers(), (TRACEPARENT, f"00-{trace}-{span}-01".encode()))
        offset = self._publisher.publish(Outbound(target, key, value, headers))
        return Published(topic=topic.name, partition=target.partition, offset=offset, digest=digest(value))

    def put_back(self, topic: str, value: bytes, headers: Headers) -> Published:
        """Write once more what a desk had written to a topic of ours, newly signed; people's signatures stay theirs.

        Raises Refused when no desk had signed it, else as `publish`.
        """
        kind = next((k for k, name in TOPICS.items() if name == topic), None)
        if kind is None:
            raise Refused(f"the desk does not write {topic}")
        try:
            signature = signature_in(headers)
            if signature is None:
                raise Refused("nobody signed the record")
            signed = Signed(value=value, signature=signature.signature, certificate=signature.certificate)
            record = self._intake.receive_carried(signed, kind)
        except Poison as fault:
            raise Refused(f"the record is not one that a desk wrote: {fault.message}") from None
        return self.publish(record, parents=envelope_of(record).parents)

    def read(self, topic: str) -> Iterator[Received]:
        """All records of a topic up to its end as of now, verified, in order within each partition.

        What cannot be used is passed over and counted in `unreadable`. Raises Transient, Misconfigured.
        """
        full = self._naming.topic(topic)
        for number in range(self._broker.partitions(full)):
            place = TopicPartition(full, number)
            tail = self._broker.tail(place, self._broker.bounds(place)[0])
            try:
                while records := tail.catch_up():
                    for record in records:
                        try:
                            yield self._intake.receive(record)
                        except Poison as fault:
                            self.unreadable[topic] += 1
                            if len(self.faults) < FAULTS_KEPT:
                                self.faults.append(f"{topic}/{number}/{record.offset}: {fault.message}")
            finally:
                tail.close()

    def follow(self, topics: Iterable[str]) -> Following:
        """The topics from their beginnings, to be read on; raises Transient, Misconfigured."""
        return Following(self._broker, self._intake, self._naming, topics)

    def broadcast(self, topic: str) -> Broadcast:
        """A broadcast topic as services see it; raises like `read`."""
        before = self.unreadable[topic]
        records = tuple(self.read(topic))
        if self._topology.topic(topic).compacted:
            records = tuple({r.key: r for r in records}.values())
        return Broadcast(records=records, unreadable=self.unreadable[topic] - before)

    def decisions(self) -> dict[str, Received]:
        """The last decision on each proposal, by the proposal's id; raises like `read`."""
        latest: dict[str, Received] = {}
        for received in self.read("decisions"):
            if isinstance(received.record, Decision):
                latest[received.record.proposal_id] = received
        return latest


def key_of(record: Carried) -> bytes:
    """What the record is keyed by, as its topic declares."""
    if isinstance(record, Approval):
        return record.proposal_id.encode()
    key = PIPELINE.topic(TOPICS[type(record)]).key
    return str(getattr(record, KEY_FIELDS[key])).encode()


def find(wanted: str, ids: Iterable[str], what: str) -> str:
    """The one id that `wanted` shortens: its beginning, or the beginning of what follows its kind (`decision-4f1c…`).

    Raises Refused when there is none or there are several, with the candidates.
    """
    known = list(dict.fromkeys(ids))
    if wanted in known:
        return wanted
    if len(wanted) < LEAST_ID:
        raise Refused(f"{wanted!r} is too short for an id", remedy=f"Give at least {LEAST_ID} characters.")
    found = [i for i in known if i.startswith(wanted) or _bare(i).startswith(wanted)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise Refused(f"there is no {what} {wanted}")
    shown = "\n".join(found[:10]) + ("\n…" if len(found) > 10 else "")  # noqa: PLR2004 - enough to choose from
    raise Refused(f"{wanted} may be any of {len(found)} {what}s", remedy=shown)


def _bare(name: str) -> str:
    """An id without its kind: what stands after `sha256:`, or after the last dash."""
    return name.removeprefix("sha256:") if name.startswith("sha256:") else name.rpartition("-")[2]


@contextmanager
def opened(settings: Settings, *, staying: bool = False) -> Generator[Desk]:
    """The desk on the cluster that the settings name, with the identity that their Workload API gives.

    Reads topics to their ends as fast as can be; with `staying` it is for going on reading, and asks less often.
    Raises Misconfigured when one of the two is missing or the identity is not the desk's, Unavailable.
    """
    if not settings.bootstrap_servers or not settings.workload_api:
        raise Misconfigured("there is no cluster or no identity to be had", remedy="Run `fixgate up`.")
    naming = Naming(prefix=settings.prefix, trust_domain=settings.trust_domain)
    identity = WorkloadIdentity(settings.workload_api)
    try:
        expected = naming.spiffe_id(PIPELINE.party(DESK))
        if identity.spiffe_id != expected:
            raise Misconfigured(
                f"this is {identity.spiffe_id}, but the desk must be {expected}",
                remedy="Check FIXGATE_WORKLOAD_API and FIXGATE_TRUST_DOMAIN.",
            )
        config = quietly(kafka_config(identity, settings))
        broker = KafkaBroker(config, fetch_wait_ms=FETCH_WAIT_MS if staying else READ_ONCE_WAIT_MS)
        publisher = KafkaPublisher(config)
        try:
            yield Desk(
                broker=broker,
                publisher=publisher,
                codec=codec_from(settings),
                signer=identity.signer,
                trust=identity.trust,
                naming=naming,
            )
        finally:
            publisher.close()
            broker.close()
    finally:
        identity.close()
