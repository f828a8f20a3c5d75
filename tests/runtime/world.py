"""A small pipeline in memory for the runtime's tests: `numberer` writes numbers, `counter` counts them per key."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any, Final

from fixgate.broker import Headers, Inbound
from fixgate.codec import Codec
from fixgate.events import Envelope, Rejected, Signal, SignalKind
from fixgate.graph import Key, Party, Role, Spread, Topic, Topology
from fixgate.memory import MemoryBroker
from fixgate.naming import Naming
from fixgate.outgoing import state_value
from fixgate.partitioning import partition_of
from fixgate.rejections import Limits
from fixgate.runtime import Runtime, Step, Wiring
from fixgate.signing import Signer, digest
from fixgate.telemetry import Telemetry
from fixgate.topology import build
from fixgate.trust import TrustBundle
from fixgate.verbs import Effects, Event, Facts, Output, Received, Result, Workload, gather_nothing, nothing_alone
from tests.fixgate.certificates import NOW_MS, Issued, Shape, leaf, self_signed, trust

SHARDS: Final = 2
PARENT: Final = "sha256:" + "0" * 64
NAMING: Final = Naming()
CODEC: Final = Codec()


def pipeline(shards: int) -> Topology:
    """The pipeline's topology, in so many partitions."""
    return build(
        (
            Topic(name="raw", record=None, key=Key.SOURCE, partitions=shards, signed=False, rooted=True),
            Topic(name="numbers", record="Signal", key=Key.LOCK, partitions=shards),
            Topic(name="counts", record="Signal", key=Key.LOCK, partitions=shards),
            Topic(name="notices", record="Signal", key=Key.CONTROL, spread=Spread.BROADCAST, partitions=1, rooted=True),
        ),
        (
            Party(name="scanner", role=Role.EXTERNAL, purpose="", writes=("raw",)),
            Party(name="receiver", role=Role.PROCESS, purpose="", writes=("raw",)),
            Party(name="numberer", role=Role.SERVICE, purpose="", reads=("raw",), writes=("numbers",)),
            Party(name="counter", role=Role.SERVICE, purpose="", reads=("numbers", "notices"), writes=("counts",)),
            Party(name="desk", role=Role.PEOPLE, purpose="", writes=("notices",)),
        ),
        {"numberer": shards, "counter": shards},
    )


TOPOLOGY: Final = pipeline(SHARDS)


class Crash(BaseException):
    """The process is gone: nothing may handle this."""


@dataclass
class Person:
    """An identity that does not need a Workload API."""

    issued: Issued
    bundle: TrustBundle

    def signer(self) -> Signer:
        """The signer of its only certificate."""
        return self.issued.signer()

    def trust(self) -> TrustBundle:
        """The bundle it was made with."""
        return self.bundle


def signal(key: str, number: int = 0) -> Signal:
    """A record with a key and a number; the rest does not matter here."""
    epoch = datetime(2026, 1, 1, tzinfo=UTC)
    return Signal(
        signal_id=f"{key}:{number}",
        kind=SignalKind.BURST,
        lock_key=key,
        subject="subject",
        count=number,
        threshold=1,
        window_start_at=epoch,
        window_end_at=epoch,
        expires_at=epoch,
    )


def counting(event: Event, facts: Facts[Any]) -> Result:
    """Count the numbers of each key, and say the new count."""
    assert isinstance(event, Received)
    assert isinstance(event.record, Signal)
    key = event.record.lock_key
    count = int(facts.state.get(key.encode()) or b"0") + 1
    return Result(
        outputs=(Output(topic="counts", key=key.encode(), record=signal(key, count)),),
        state={key.encode(): str(count).encode()},
    )


@dataclass
class World:
    """A broker, identities and what was published so far."""

    folder: Path
    broker: MemoryBroker = field(
        default_factory=lambda: MemoryBroker({NAMING.topic(t.name): t.partitions for t in TOPOLOGY.topics.values()})
    )
    topology: Topology = TOPOLOGY

    def __post_init__(self) -> None:
        self.broker.now_ms = NOW_MS
        self.root = self_signed()
        self.sequences: Counter[tuple[str, int]] = Counter()
        self.published: Counter[str] = Counter()
        self.kept: dict[str, bytes] = {}
        self.logs = StringIO()
        self.telemetry = Telemetry("counter", libraries=False, environment={}, stream=self.logs)
        self._people: dict[str, Person] = {}

    def person(self, name: str, **shape: Any) -> Person:
        """The identity of a party, made once; with `shape`, one of its own."""
        if name not in self._people or shape:
            uri = f"spiffe://fixgate.internal/fixgate/{name}"
            made = Person(leaf(self.root, replace(Shape(uris=(uri,)), **shape)), trust(self.root))
            if shape:
                return made
            self._people[name] = made
        return self._people[name]

    def seal(self, record: Signal, envelope: Envelope, writer: str = "numberer") -> tuple[bytes, Headers]:
        """A record's value and headers, signed by a party."""
        value = CODEC.encode(record, envelope)
        return value, self.person(writer).signer().sign(value).headers()

    def publish(self, key: str, number: int = 0, **envelope: Any) -> Inbound:
        """A good record on `numbers`, in sequence unless `envelope` says otherwise."""
        partition = partition_of(key.encode(), self.topology.topic("numbers").partitions)
        stream = envelope.pop("stream", "numberer/0")
        sequence = envelope.pop("sequence", None)
        if sequence is None:
            self.sequences[stream, partition] += 1
            sequence = self.sequences[stream, partition]
        made = Envelope(trace_id="a" * 32, parents=(PARENT,), stream=stream, sequence=sequence)
        value, headers = self.seal(signal(key, number), replace(made, **envelope))
        self.published[key] += 1
        return self.broker.append(NAMING.topic("numbers"), value, key=key.encode(), headers=headers)

    def notice(self, key: str) -> Inbound:
        """A good record on the broadcast topic."""
        value, headers = self.seal(signal(key), Envelope(trace_id="b" * 32), "desk")
        return self.broker.append(NAMING.topic("notices"), value, key=key.encode(), headers=headers)

    def runtime(
        self,
        verb: Callable[[Event, Facts[Any]], Result] = counting,
        *,
        gather: Callable[[Event, float], Any] = gather_nothing,
        ticks: timedelta | None = None,
        effects: Effects | None = None,
        alone: Callable[[Received], bool] = nothing_alone,
        **wiring: Any,
    ) -> Runtime[Any]:
        """An instance of `counter`, started."""
        given: dict[str, Any] = {
            "topology": self.topology,
            "naming": NAMING,
            "broker": self.broker,
            "codec": CODEC,
            "identity": self.person("counter"),
            "telemetry": self.telemetry,
            "folder": self.folder,
            "keep": self.keep,
            "batch": 4,
            "clock": lambda: datetime.fromtimestamp(self.broker.now_ms / 1000, UTC),
        }
        workload = Workload(service="counter", verb=verb, gather=gather, ticks=ticks, effects=effects, alone=alone)
        runtime = Runtime(workload, Wiring(**(given | wiring)))
        runtime.start()
        return runtime

    def keep(self, original: bytes) -> str:
        """An object store."""
        self.kept[digest(original)] = original
        return digest(original)

    def work(self, *runtimes: Runtime[Any]) -> None:
        """Step all until nothing is left to do."""
        idle = 0
        while idle < 3:
            idle = 0 if sum(r.step() for r in runtimes) else idle + 1

    # -- what came of it -----------------------------------------------------------------------------------------

    def counts(self) -> Counter[str]:
        """How often each count was said."""
        records = (CODEC.decode(r.value or b"", Signal) for r in self.broker.visible(NAMING.topic("counts")))
        return Counter(r.signal_id for r in records)

    def rejected(self) -> list[Rejected]:
        """The dead letters of `counter`."""
        return [CODEC.decode(r.value or b"", Rejected) for r in self.broker.visible(NAMING.topic("counter.rejected"))]

    def state(self) -> dict[bytes, bytes]:
        """What the state topic says, the runtime's own entries left out."""
        value_of = state_value(CODEC)
        entries: dict[bytes, bytes] = {}
        for record in self.broker.visible(NAMING.topic("counter.state")):
            if record.key is None or record.key.startswith(b"\x00"):
                continue
            if record.value is None:
                entries.pop(record.key, None)
            else:
                entries[record.key] = value_of(record.value)
        return entries

    def assert_exact(self) -> None:
        """None lost, none twice, state exact, and sequences without a hole."""
        assert self.counts() == Counter(f"{k}:{i + 1}" for k, n in self.published.items() for i in range(n))
        assert self.state() == {k.encode(): str(n).encode() for k, n in self.published.items()}
        streams: dict[tuple[str, int], list[int]] = {}
        for record in self.broker.visible(NAMING.topic("counts")):
            envelope = CODEC.decode(record.value or b"", Signal).envelope
            streams.setdefault((envelope.stream, record.source.partition), []).append(envelope.sequence)
        assert all(s == list(range(1, len(s) + 1)) for s in streams.values())


def crashing(step: str, occurrence: int) -> Callable[[object], None]:
    """A probe that crashes at the nth time that `step` is reached."""
    left = [occurrence]

    def probe(reached: object) -> None:
        if str(reached) == step:
            left[0] -= 1
            if left[0] == 0:
                raise Crash

    return probe


__all__ = [
    "CODEC",
    "NAMING",
    "TOPOLOGY",
    "Crash",
    "Limits",
    "Step",
    "World",
    "counting",
    "crashing",
    "digest",
    "signal",
]
