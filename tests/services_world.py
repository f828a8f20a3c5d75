"""The real topology in memory, with an identity for every party; services run in it on the real runtime.

world = ServicesWorld(tmp_path)
world.publish("findings", finding)                    # signed by ingest, keyed as the topology says
runtime = world.runtime(Workload(service="analyzer", ...))
world.work(runtime)
[assessment] = world.read("assessments", Assessment)
"""

from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeVar

from fixgate.broker import Inbound
from fixgate.codec import Codec, embedded
from fixgate.events import Approval, Envelope, Record, Rejected, Signed
from fixgate.graph import Key, Role, Topology
from fixgate.intake import KEY_FIELDS
from fixgate.memory import MemoryBroker
from fixgate.naming import Naming
from fixgate.outgoing import state_value
from fixgate.partitioning import partition_of
from fixgate.rejections import Sealer
from fixgate.runtime import Runtime, Wiring
from fixgate.signing import Signature, digest, signature_in
from fixgate.telemetry import Telemetry
from fixgate.topology import PIPELINE
from fixgate.verbs import Workload
from tests.fixgate.certificates import NOW, NOW_MS, Shape, leaf, self_signed, trust
from tests.runtime.world import Person

R = TypeVar("R", bound=Record)

NAMING: Final = Naming()
CODEC: Final = Codec()
START: Final = NOW
"""The moment at which every world begins; certificates hold for an hour around it."""
TRACE: Final = "a" * 32
PARENT: Final = "sha256:" + "0" * 64
"""Stands for a parent that no test looks at."""


def spiffe_id(party: str) -> str:
    """A party's identity in every world."""
    return NAMING.spiffe_id(PIPELINE.party(party))


@dataclass
class ServicesWorld(AbstractContextManager["ServicesWorld"]):
    """A broker with all topics of the pipeline, identities of all parties, and a clock that a test moves."""

    folder: Path
    topology: Topology = PIPELINE

    def __post_init__(self) -> None:
        topics = self.topology.topics.values()
        self.broker = MemoryBroker({NAMING.topic(t.name): t.partitions for t in topics})
        self.broker.now_ms = NOW_MS
        self.root = self_signed()
        self.sequences: Counter[tuple[str, int]] = Counter()
        self.kept: dict[str, bytes] = {}
        self.logs = StringIO()
        self.telemetry = Telemetry("services", libraries=False, environment={}, stream=self.logs)
        self._people: dict[str, Person] = {}
        self._runtimes: list[Runtime[Any]] = []

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for runtime in self._runtimes:
            runtime.close()
        self.telemetry.shutdown()

    # -- time and identity ---------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """The world's time, of the broker and of every service."""
        return datetime.fromtimestamp(self.broker.now_ms / 1000, UTC)

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self.broker.now_ms += int(by / timedelta(milliseconds=1))

    def person(self, party: str) -> Person:
        """The identity of a party, made once."""
        if party not in self._people:
            issued = leaf(self.root, replace(Shape(), uris=(spiffe_id(party),)))
            self._people[party] = Person(issued, trust(self.root))
        return self._people[party]

    # -- what goes in --------------------------------------------------------------------------------------------

    def sign(self, record: Record, party: str, **envelope: Any) -> Signed:
        """A record as that party would have sent it, for embedding in another; parents are what it embeds."""
        carried = tuple(digest(s.value) for s in embedded(record))
        made = Envelope(trace_id=TRACE, parents=carried or (PARENT,))
        value = CODEC.encode(record, replace(made, **envelope))
        signed = self.person(party).signer().sign(value)
        return Signed(value=value, signature=signed.signature, certificate=signed.certificate)

    def publish(self, topic: str, record: Record, *, party: str = "", key: bytes = b"", **envelope: Any) -> Inbound:
        """Append a record, signed by the topic's writer, keyed and numbered as its runtime would do it.

        `party`, `key` and fields of the envelope may be given, also wrong ones.
        """
        declared = self.topology.topic(topic)
        writer = party or self.topology.writers[topic][0]
        key = key or key_of(declared.key, record)
        partition = partition_of(key, declared.partitions)
        if self.topology.party(writer).role is Role.SERVICE and "sequence" not in envelope:
            self.sequences[topic, partition] += 1
            envelope = {"stream": f"{writer}/0", "sequence": self.sequences[topic, partition], **envelope}
        return self.append(topic, self.sign(record, writer, **envelope), key)

    def append(self, topic: str, signed: Signed, key: bytes) -> Inbound:
        """Append what was signed before, exactly as it is."""
        headers = Signature(signed.signature, signed.certificate).headers()
        return self.broker.append(NAMING.topic(topic), signed.value, key=key, headers=headers)

    def raw(self, topic: str, value: bytes, key: bytes = b"scanner") -> Inbound:
        """Append unsigned bytes, like a scanner's report."""
        return self.broker.append(NAMING.topic(topic), value, key=key)

    # -- work ----------------------------------------------------------------------------------------------------

    def runtime(
        self, workload: Workload[Any], *, slot: int = 0, sealer: Sealer | None = None, **wiring: Any
    ) -> Runtime[Any]:
        """An instance of a service, started; closed with the world."""
        given: dict[str, Any] = {
            "topology": self.topology,
            "naming": NAMING,
            "broker": self.broker,
            "codec": CODEC,
            "identity": self.person(workload.service),
            "telemetry": self.telemetry,
            "folder": self.folder,
            "keep": self.keep,
            "slot": slot,
            "sealer": sealer,
            "clock": lambda: self.now,
        }
        runtime = Runtime(workload, Wiring(**(given | wiring)))
        runtime.start()
        self._runtimes.append(runtime)
        return runtime

    def keep(self, original: bytes) -> str:
        """The object store."""
        self.kept[digest(original)] = original
        return digest(original)

    @staticmethod
    def work(*runtimes: Runtime[Any], idle_passes: int = 3) -> None:
        """Step all until nothing was left to do in so many passes."""
        idle = 0
        while idle < idle_passes:
            idle = 0 if sum(r.step() for r in runtimes) else idle + 1

    # -- what came of it -----------------------------------------------------------------------------------------

    def inbound(self, topic: str) -> list[Inbound]:
        """What a reader of committed records sees of a topic, partition by partition."""
        return list(self.broker.visible(NAMING.topic(topic)))

    def read(self, topic: str, kind: type[R]) -> list[R]:
        """The committed records of a topic, decoded."""
        return [CODEC.decode(r.value or b"", kind) for r in self.inbound(topic)]

    def signed(self, topic: str) -> list[Signed]:
        """The committed records of a topic as they were sent."""
        found: list[Signed] = []
        for record in self.inbound(topic):
            signature = signature_in(record.headers)
            assert signature is not None
            assert record.value is not None
            found.append(Signed(value=record.value, signature=signature.signature, certificate=signature.certificate))
        return found

    def rejected(self, service: str) -> list[Rejected]:
        """A service's dead letters."""
        return self.read(f"{service}.rejected", Rejected)

    def state(self, service: str) -> dict[bytes, bytes]:
        """What a service's state topic says in the end, the runtime's own entries left out."""
        value_of = state_value(CODEC)
        entries: dict[bytes, bytes] = {}
        for record in self.inbound(f"{service}.state"):
            if record.key is None or record.key.startswith(b"\x00"):
                continue
            if record.value is None:
                entries.pop(record.key, None)
            else:
                entries[record.key] = value_of(record.value)
        return entries


def key_of(key: Key, record: Record) -> bytes:
    """What a topic's records are keyed by."""
    if key is Key.PROPOSAL and isinstance(record, Approval):
        return record.proposal_id.encode()
    return str(getattr(record, KEY_FIELDS[key])).encode()
