"""A desk for the follower's tests: a broker, a log that follows it, and what it tells."""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from typing import Any

from fixgate.broker import Inbound
from fixgate.errors import Transient
from fixgate.log.audit import current
from fixgate.log.follower import Cosigner, Follower, Pace, Sources
from fixgate.log.leaf import Leaf, RecordLeaf, decode
from fixgate.log.reading import Claim
from fixgate.log.tiles import Tree
from fixgate.log.writer import Log
from fixgate.memory import MemoryBroker
from fixgate.signing import digest
from fixgate.trust import TrustBundle
from tests.log.logs import KEYS, SIGNER, MemoryStore

ONE, TWO = "fixgate.one", "fixgate.two"


class Objects:
    """An object store in memory that can fail."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}
        self.failures = 0

    def put_all(self, values: Sequence[bytes]) -> Sequence[str]:
        """See `follower.Archive`; it fails in the middle."""
        names = [digest(value) for value in values]
        failing = bool(self.failures)
        self.failures -= failing
        self.held.update(list(zip(names, values, strict=True))[: len(names) // 2 if failing else None])
        if failing:
            raise Transient("no space")
        return names


def judge(record: Inbound) -> Claim:
    """Every record of these tests verifies and is of no stream."""
    del record
    return Claim("spiffe://fixgate.internal/fixgate/test", "", 0, "verified")


class Desk:
    """A broker with two topics, a log that follows them, and what it tells."""

    def __init__(self, folder: Path) -> None:
        self.broker = MemoryBroker({ONE: 2, TWO: 1})
        self.store = MemoryStore()
        self.objects = Objects()
        self.cache = folder / "cache"
        self.trust = TrustBundle()
        self.told: list[str] = []
        self.now = 0.0
        self.judge: Callable[[Inbound], Claim] = judge
        self.topics: Sequence[str] = (ONE, TWO)
        self.witness: Cosigner | None = None
        self.log: Log | None = None

    def follower(self, **pace: Any) -> Follower:
        """A new process."""
        self.store.held, self.store.writes = False, 0
        self.log = Log(self.store, SIGNER)
        return Follower(
            self.log,
            Sources(broker=self.broker, topics=self.topics, judge=self.judge, trust=lambda: self.trust),
            self.objects,
            cache=self.cache,
            witness=self.witness,
            pace=Pace(idle=0.0, **pace),
            tell=self.told.append,
            now_ms=lambda: 1_700_000_000_000,
            monotonic=lambda: self.now,
        )

    def drain(self) -> None:
        """Run a new process until there is nothing more to read, and end it well."""
        stop, follower = Event(), self.follower()
        while follower.step():
            self.now += 1
        stop.set()
        follower.run(stop)
        follower.close()
        assert self.log is not None
        self.log.close()

    def leaves(self) -> list[Leaf]:
        """All published leaves."""
        tree = Tree(self.store.read, current(self.store, KEYS).head.size)
        return [decode(entry) for bundle in range(-(-tree.size // 256)) for entry in tree.entries(bundle)]

    def records(self) -> list[tuple[str, int, int]]:
        """Topic, partition and offset of all record leaves."""
        return [(x.topic, x.partition, x.offset) for x in self.leaves() if isinstance(x, RecordLeaf)]

    def expected(self) -> list[tuple[str, int, int]]:
        """Topic, partition and offset of all committed records."""
        visible = [record for topic in (ONE, TWO) for record in self.broker.visible(topic)]
        return [(r.source.topic, r.source.partition, r.offset) for r in visible]
