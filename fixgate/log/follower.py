"""Follows every signed topic and makes each record a leaf: once, in order, and well within a minute.

One round of `Follower.step`:

(1) bundles: the authorities that are trusted now, when they differ from the newest bundle leaf
(2) read: what each partition has had since; a partition that must wait for a transaction does not delay the others
(3) append: one leaf for each record
(4) keep: value and certificate of what verifies go to the object store, all at once, which is what makes it cheap
(5) publish: a checkpoint, at most every `interval` seconds unless much is waiting, and never before (4) is done
(6) witness: ask for a cosignature of a checkpoint that has none

After any error the follower is of no use, and another one begins where the published log ends: a record is a leaf or
will be read again, and never both.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Final, Protocol

from fixgate.broker import Broker, Inbound, TopicPartition
from fixgate.errors import Refused, Transient, Unavailable
from fixgate.graph import MIB
from fixgate.log import positions, reading
from fixgate.log.checkpoint import SignedCheckpoint
from fixgate.log.client import RolledBack
from fixgate.log.leaf import BundleLeaf, Leaf, LostLeaf, authority_field, encode
from fixgate.log.note import NoteSignature
from fixgate.log.reading import Judge
from fixgate.log.tiles import Tree
from fixgate.log.writer import Log
from fixgate.trust import TrustBundle

_KEPT: Final = 1024
_logger = logging.getLogger(__name__)


class Archive(Protocol):
    """Keeps bytes by digest (`objects.ObjectStore`)."""

    def put_all(self, values: Sequence[bytes]) -> Sequence[str]:
        """Keep them all, durably, and return their digests; raises Transient."""
        ...


class Cosigner(Protocol):
    """Somebody who cosigns checkpoints (`client.WitnessClient`)."""

    def cosign(self, signed: SignedCheckpoint, tree: Tree) -> Sequence[NoteSignature]:
        """Its checked signature lines; raises Unavailable, Refused or RolledBack."""
        ...


Tell = Callable[[str], None]
"""Tells people that the log is not as it should be; does not block."""


def alarm(message: str) -> None:
    """An alarm in the process's log."""
    _logger.error("%s", message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often and how much: seconds, and records."""

    interval: float = 3.0
    idle: float = 0.25
    patience: float = 30.0
    """Seconds until a witness that failed is asked again."""
    read_limit: int = 500
    publish_at: int = 4000
    """Leaves that are published without waiting for the interval."""
    hold_bytes: int = 16 * MIB
    """What may wait in memory to be kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What is followed: the broker's topics (with the deployment's prefix), who judges them, and who is trusted."""

    broker: Broker
    topics: Sequence[str]
    judge: Judge
    trust: Callable[[], TrustBundle]


class Follower:
    """See the module. Making one asks the broker; raises Refused when a topic ends before what the log has read."""

    def __init__(
        self,
        log: Log,
        sources: Sources,
        archive: Archive,
        *,
        cache: Path,
        witness: Cosigner | None = None,
        pace: Pace | None = None,
        tell: Tell = alarm,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._sources = sources
        self._archive = archive
        self._cache = cache
        self._witness = witness
        self._pace = pace or Pace()
        self._tell = tell
        self._now_ms = now_ms
        self._monotonic = monotonic
        self._kept: set[str] = set()
        self._waiting: dict[str, bytes] = {}
        self._held = 0
        self._trust: TrustBundle | None = None
        self._published = self._asked = float("-inf")
        self._positions = positions.recover(log.tree(), cache)
        self._incarnations: Mapping[str, str] = {t: sources.broker.incarnation(t) for t in sources.topics}
        places = [TopicPartition(t, p) for t in sources.topics for p in range(sources.broker.partitions(t))]
        self._stream = sources.broker.stream({place: self._start(place) for place in places})

    def run(self, stop: Event) -> None:
        """Follow until `stop` is set, then publish what was read."""
        while not stop.is_set():
            # Few at a time would cost much for each; a leaf has time.
            if self.step() < self._pace.read_limit:
                stop.wait(self._pace.idle)
        self._publish()

    def step(self) -> int:
        """One round, as the module says; returns how many records were read."""
        # (1) bundles
        self._note_bundles()
        # (2) read
        records = self._stream.more(self._pace.read_limit)
        self._take(records)
        if self._monotonic() - self._published >= self._pace.interval:
            self._publish()
        # (6) witness
        self._cosign()
        return len(records)

    def close(self) -> None:
        """Let go of the topics."""
        self._stream.close()

    def _start(self, place: TopicPartition) -> int:
        """Where to read on; what is gone before it becomes a leaf. Raises Refused when the topic ends before it."""
        incarnation = self._incarnations[place.topic]
        first, end = self._sources.broker.bounds(place)
        position = self._positions.next.get((place.topic, incarnation, place.partition), 0)
        if position > end:
            raise Refused(
                f"{place.topic} partition {place.partition} ends at {end}, but the log has leaves up to {position - 1}",
                remedy="The broker has lost records. The log is the evidence: begin a new one for what comes.",
            )
        if first > position:
            self._tell(f"{place.topic} partition {place.partition}: offsets {position} to {first - 1} are gone")
            self._append(
                LostLeaf(
                    topic=place.topic,
                    incarnation=incarnation,
                    partition=place.partition,
                    first=position,
                    end=first,
                    seen_ms=self._now_ms(),
                )
            )
        return max(first, position)

    def _note_bundles(self) -> None:
        trust = self._sources.trust()
        if trust is self._trust:
            return
        for domain, authorities in sorted(trust.authorities.items()):
            present = tuple(sorted(authority_field(a.certificate) for a in authorities if a.withdrawn_ms is None))
            if self._positions.bundles.get(domain, ()) != present:
                self._append(BundleLeaf(trust_domain=domain, authorities=present, seen_ms=self._now_ms()))
        self._trust = trust

    def _take(self, records: Sequence[Inbound]) -> None:
        for record in records:
            found = reading.read(record, self._incarnations[record.source.topic], self._sources.judge)
            for value, name in zip(found.objects, (found.leaf.digest, found.leaf.certificate), strict=False):
                self._hold(value, name or "")
            # (3) append
            if not found.leaf.verified:
                self._tell(
                    f"{record.source.topic} partition {record.source.partition} offset {record.offset} does not "
                    f"verify: {found.leaf.verdict}"
                )
            # Whoever is trusted by now may have made it verify: that stands first.
            self._note_bundles()
            self._append(found.leaf)
        if self._log.pending >= self._pace.publish_at:
            self._publish()

    def _hold(self, value: bytes, name: str) -> None:
        """Remember to keep it; blocks when too much is held."""
        if name in self._kept or name in self._waiting:
            return
        self._waiting[name] = value
        self._held += len(value)
        if self._held >= self._pace.hold_bytes:
            self._keep()

    def _keep(self) -> None:
        """(4) keep."""
        names = tuple(self._waiting)
        for name, found in zip(names, self._archive.put_all(tuple(self._waiting.values())), strict=True):
            if found != name:
                raise Unavailable(f"the object store keeps {name} under another name")
        if len(self._kept) >= _KEPT:
            self._kept.clear()
        self._kept.update(names)
        self._waiting.clear()
        self._held = 0

    def _append(self, leaf: Leaf) -> None:
        self._log.append([encode(leaf)])
        self._positions.take(leaf)

    def _publish(self) -> None:
        if not self._log.pending:
            return
        # (4) keep
        self._keep()
        # (5) publish
        head = self._log.publish().head
        self._published = self._monotonic()
        positions.keep(self._positions, head.root, self._cache)

    def _cosign(self) -> None:
        signed = self._log.latest
        now = self._monotonic()
        if self._witness is None or len(signed.note.signatures) > 1 or not signed.head.size or now < self._asked:
            return
        try:
            self._log.keep_cosignatures(self._witness.cosign(signed, self._log.tree()))
        except RolledBack:
            raise
        except (Unavailable, Refused) as error:
            self._tell(f"the log goes on without its witness: {error.message}")
            self._asked = now + self._pace.patience


def follow(make: Callable[[], Follower], close: Callable[[], None], stop: Event, pause: float = 2.0) -> None:
    """Run followers, one after the other, until `stop` is set; `close` ends what `make` opened.

    What may recover (Transient, Unavailable) is tried again; everything else is raised.
    """
    while not stop.is_set():
        follower: Follower | None = None
        try:
            follower = make()
            follower.run(stop)
        except (Transient, Unavailable) as error:
            _logger.warning("the log begins again where it stands: %s", error.message)
            stop.wait(pause)
        finally:
            if follower is not None:
                follower.close()
            close()
