"""A deployment's log in memory with the objects beside it, for whoever tampers with it; see `telling.py`."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from fixgate.codec import embedded
from fixgate.errors import Unavailable
from fixgate.events import (
    Record,
    Signed,
)
from fixgate.graph import Role
from fixgate.log import checkpoint
from fixgate.log.audit import Keys
from fixgate.log.leaf import BundleLeaf, RecordLeaf, authority_field, encode, signature_field
from fixgate.log.proof import Prover
from fixgate.log.writer import Log
from fixgate.objects import OBJECT_LIMIT
from fixgate.provenance.archive import Archive
from fixgate.provenance.checks import Verdicts
from fixgate.provenance.collecting import collect
from fixgate.provenance.evidence import Evidence
from fixgate.provenance.people import Approvers
from fixgate.provenance.verify import EvidenceVerifier
from fixgate.signing import digest
from fixgate.topology import PIPELINE
from tests.fixgate.certificates import DOMAIN
from tests.log.logs import KEYS, SIGNER, WITNESS, MemoryStore
from tests.services_people import FIRST
from tests.services_world import CODEC, NAMING, START, ServicesWorld, spiffe_id

SECOND: Final = timedelta(seconds=1)
TOPICS: Final = {
    t.record: t.name for t in PIPELINE.topics.values() if t.record and t.signed and not t.name.endswith(".rejected")
}


class Objects:
    """An object store in memory; `files` may be tampered with."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def put(self, value: bytes) -> str:
        """See `objects.ObjectStore.put`."""
        self.files[digest(value)] = value
        return digest(value)

    def put_all(self, values: Sequence[bytes]) -> Sequence[str]:
        """See `objects.ObjectStore.put_all`."""
        return [self.put(value) for value in values]

    def get(self, name: str, *, limit: int = OBJECT_LIMIT) -> bytes:
        """See `objects.ObjectStore.get`."""
        if name not in self.files:
            raise Unavailable(f"the object {name} is not here")
        return self.files[name]

    def has(self, name: str) -> bool:
        """See `objects.ObjectStore.has`."""
        return name in self.files


@dataclass
class Book:
    """A deployment's log, a second passing with each record; the witness cosigns at each `checkpoint`."""

    folder: Path
    first_roster: str = FIRST.digest
    shared: ServicesWorld | None = None
    """Whose identities it uses; its own otherwise."""

    def __post_init__(self) -> None:
        self.world = self.shared or ServicesWorld(self.folder)
        self.store = MemoryStore()
        self.objects = Objects()
        self.log = Log(self.store, SIGNER)
        self.offsets: Counter[str] = Counter()
        self.now = START
        self.bundle()

    def bundle(self, *authorities: bytes, domain: str = DOMAIN) -> None:
        """Note who is trusted: the world's authority, unless others are given."""
        listed = tuple(sorted(map(authority_field, authorities or (self.world.root.der,))))
        leaf = BundleLeaf(trust_domain=domain, authorities=listed, seen_ms=self._ms())
        self.log.append([encode(leaf)])

    def record(
        self, record: Record, *, party: str = "", parents: Collection[str] = (), leaf_topic: str = "", **leaf: Any
    ) -> Signed:
        """Sign a record as its topic's writer and make it a leaf; `leaf` are fields of that to change."""
        topic = TOPICS[type(record).__name__]
        writer = party or PIPELINE.writers[topic][0]
        carried = tuple(digest(s.value) for s in embedded(record))
        envelope: dict[str, Any] = {"parents": tuple(dict.fromkeys((*parents, *carried)))}
        self.offsets[topic] += 1
        if PIPELINE.party(PIPELINE.writers[topic][0]).role is Role.SERVICE:
            envelope |= {"stream": f"{writer}/0", "sequence": self.offsets[topic]}
        made = self.world.sign(record, writer, **envelope)
        self.leaf(made, topic, writer, envelope, **(leaf | ({"topic": leaf_topic} if leaf_topic else {})))
        return made

    def leaf(self, made: Signed, topic: str, writer: str, envelope: Mapping[str, Any], /, **changed: Any) -> None:
        """Make a signed record a leaf."""
        fields: dict[str, Any] = {
            "topic": NAMING.topic(topic),
            "incarnation": "cluster/topic",
            "partition": 0,
            "offset": self.offsets[topic],
            "appended_ms": self._ms(),
            "digest": self.objects.put(made.value),
            "stream": envelope.get("stream", ""),
            "sequence": envelope.get("sequence", 0),
            "signer": spiffe_id(writer),
            "signature": signature_field(made.signature),
            "certificate": self.objects.put(made.certificate),
            "verdict": "verified",
        }
        self.log.append([encode(RecordLeaf(**(fields | changed)))])
        self.now += SECOND

    def checkpoint(self, *, cosigned: bool = True) -> None:
        """Publish what was appended; a witness sees it now."""
        self.log.publish()
        if cosigned:
            seconds = int(self.now.timestamp())
            self.log.keep_cosignatures([checkpoint.cosign(self.log.latest.note.text, seconds, WITNESS)])
        self.now += SECOND

    def seen_again(self) -> None:
        """The witness sees the tree that is there once more, now."""
        self.bundle(self.world.root.der)
        self.checkpoint()

    def prove(self, index: int) -> bytes:
        """The proof of one leaf."""
        return Prover(self.store, KEYS).prove(index)

    # -- what comes of it ----------------------------------------------------------------------------------------

    def archive(self, keys: Keys = KEYS) -> Archive:
        """All of it, read back."""
        return Archive(self.store, self.objects, keys, CODEC)

    def evidence(self, *finding_ids: str) -> Evidence:
        """The evidence about the finding, as it is written and read."""
        collected = collect(self.archive(), self.store, self.objects, KEYS, finding_ids or ("finding-1",))
        return Evidence.load(collected.dump())

    def verify(self, evidence: Evidence, keys: Keys = KEYS, *, operators_time: bool = False) -> Verdicts:
        """Judge it as a stranger does."""
        return EvidenceVerifier(
            keys=keys,
            topology=PIPELINE,
            naming=NAMING,
            codec=CODEC,
            people=Approvers(codec=CODEC, first_roster=self.first_roster),
            operators_time=operators_time,
        ).verify(evidence)

    def _ms(self) -> int:
        return int(self.now.timestamp() * 1000)
