"""Appends leaves and publishes checkpoints, so that a crash at any moment leaves a log that verifies and goes on.

`Log.publish` takes these steps, and the code names them:

(1) journal: in one file, the entries to add and the root that the tree will have. This decides what the tree is:
    everything below follows from it, byte by byte, and whoever opens the log next finishes it
(2) entries: the bundles
(3) tiles: the hashes
(4) sign: the checkpoint, Ed25519, so the same one whoever signs
(5) publish: the checkpoint in one step; everything that it refers to is on the disk
(6) tidy: partial files whose full ones have come are removed

Nothing is signed before (1), so the log never signs two trees that disagree, and no published file ever changes.
"""

import hashlib
import json
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fixgate.errors import Refused, Unavailable
from fixgate.log import checkpoint, merkle
from fixgate.log.checkpoint import Checkpoint, SignedCheckpoint
from fixgate.log.history import History
from fixgate.log.note import NoteSignature, NoteSigner
from fixgate.log.storage import Store
from fixgate.log.tiles import CHECKPOINT, ENTRY_LIMIT, Edge, Growth, Tree, join_entries, split_entries

JOURNAL: Final = "journal"
_DAMAGED: Final = "Something else wrote here, or files were lost. Keep it as evidence and restore a whole copy."


class Step(StrEnum):
    """The steps of `Log.publish`, by name."""

    JOURNAL = "journal"
    ENTRIES = "entries"
    TILES = "tiles"
    SIGN = "sign"
    PUBLISH = "publish"
    TIDY = "tidy"


Probe = Callable[[Step], None]


def unwatched(step: Step) -> None:
    """The probe of a log that nobody watches."""
    del step


@dataclass(frozen=True, slots=True)
class _Journal:
    start: int
    end: int
    root: bytes
    entries: tuple[bytes, ...]

    def dump(self) -> bytes:
        head = {"from": self.start, "to": self.end, "root": self.root.hex()}
        return json.dumps(head).encode() + b"\n" + join_entries(self.entries)

    @staticmethod
    def load(data: bytes) -> "_Journal":
        head, _, rest = data.partition(b"\n")
        try:
            fields = json.loads(head)
            found = _Journal(fields["from"], fields["to"], bytes.fromhex(fields["root"]), tuple(split_entries(rest)))
        except (ValueError, KeyError, TypeError, Refused):
            raise Refused("the log's journal is damaged") from None
        if found.end - found.start != len(found.entries):
            raise Refused("the log's journal has lost entries")
        return found


class Log:
    """The one writer of a log whose origin is the name of its key.

    Opening finishes what a crash left undone, or publishes the empty tree. It raises Fenced when another writer is
    there and Refused when what is stored does not fit together: then nothing is written. All methods may block. After
    an error of `publish` or `keep_cosignatures` this object is of no use: close it and open another.
    """

    def __init__(self, store: Store, signer: NoteSigner, *, probe: Probe = unwatched) -> None:
        self._store = store
        self._signer = signer
        self._probe = probe
        self._pending: list[bytes] = []
        self._usable = False
        self._edge = Edge(0, (), ())
        # The empty tree is the beginning of every other: saying so decides nothing.
        self._latest = checkpoint.sign(Checkpoint(signer.verifier.name, 0, merkle.EMPTY_ROOT), signer)
        self._journal: bytes | None = None
        self._checkpoint: bytes | None = None
        self._exit = ExitStack()
        self._exit.enter_context(store.hold())
        try:
            self._open()
        except BaseException:
            self._exit.close()
            raise

    @property
    def latest(self) -> SignedCheckpoint:
        """The newest published checkpoint."""
        return self._latest

    @property
    def pending(self) -> int:
        """How many leaves were appended since."""
        return len(self._pending)

    @property
    def store(self) -> Store:
        """Where the log is."""
        return self._store

    def tree(self) -> Tree:
        """The published tree."""
        return Tree(self._store.read, self._latest.head.size)

    def append(self, entries: Sequence[bytes]) -> range:
        """Add leaves, and return the indices that they will have once published; nothing is stored yet.

        Raises ValueError when an entry is longer than a bundle can hold.
        """
        if any(len(entry) > ENTRY_LIMIT for entry in entries):
            raise ValueError(f"an entry of a log has at most {ENTRY_LIMIT} bytes")
        first = self._latest.head.size + len(self._pending)
        self._pending += entries
        return range(first, first + len(entries))

    def publish(self) -> SignedCheckpoint:
        """Make everything that was appended durable and public; returns the newest checkpoint."""
        if not self._pending:
            return self._latest
        with self._once():
            growth = self._edge.grown(self._pending)
            journal = _Journal(self._edge.size, growth.edge.size, growth.edge.root(), tuple(self._pending)).dump()
            # (1) journal
            self._probe(Step.JOURNAL)
            self._store.swap(JOURNAL, self._journal, journal)
            self._journal = _hash(journal)
            self._finish(growth)
            self._pending.clear()
        return self._latest

    def keep_cosignatures(self, signatures: Sequence[NoteSignature]) -> None:
        """Add witnesses' signatures, which the caller has checked, to the newest checkpoint."""
        signed = self._latest.with_signatures(signatures)
        if signed == self._latest:
            return
        with self._once():
            History(self._store.read).add(self._store, signed)
            self._store.swap(CHECKPOINT, self._checkpoint, signed.note.dump())
            self._latest, self._checkpoint = signed, _hash(signed.note.dump())

    def close(self) -> None:
        """Let go of the log; what was appended and not published is forgotten."""
        self._usable = False
        self._exit.close()

    @contextmanager
    def _once(self) -> Generator[None]:
        """An error inside leaves what is stored unknown; only opening anew finds out."""
        if not self._usable:
            raise Unavailable("the log was closed after an error", remedy="Open it again.")
        self._usable = False
        yield
        self._usable = True

    def _finish(self, growth: Growth) -> None:
        # (2) entries
        self._probe(Step.ENTRIES)
        self._store.write(growth.bundles)
        # (3) tiles
        self._probe(Step.TILES)
        self._store.write(growth.tiles)
        # (4) sign
        self._probe(Step.SIGN)
        head = Checkpoint(self._signer.verifier.name, growth.edge.size, growth.edge.root())
        signed = checkpoint.sign(head, self._signer)
        # (5) publish
        self._probe(Step.PUBLISH)
        self._store.swap(CHECKPOINT, self._checkpoint, signed.note.dump())
        self._latest, self._edge = signed, growth.edge
        self._checkpoint = _hash(signed.note.dump())
        # (6) tidy
        self._probe(Step.TIDY)
        for path in growth.completed:
            self._store.remove(self._store.names(f"{path}.p/"))

    def _open(self) -> None:
        stored, journal = self._store.read(CHECKPOINT), self._store.read(JOURNAL)
        self._journal, self._checkpoint = _hash(journal), _hash(stored)
        if stored is not None:
            verifier = self._signer.verifier
            self._latest = checkpoint.open_checkpoint(stored, verifier.name, [verifier])
            self._edge = Edge.of(self.tree())
            if self._edge.root() != self._latest.head.root:
                raise Refused("the log's tiles are not those that its checkpoint was signed over", remedy=_DAMAGED)
        found = self._begin(stored) if journal is None else _Journal.load(journal)
        self._resume(found, published=stored is not None)
        self._usable = True

    def _begin(self, stored: bytes | None) -> _Journal:
        if stored is not None or self._store.names("tile/"):
            raise Refused("the log's journal is missing", remedy=_DAMAGED)
        journal = _Journal(0, 0, merkle.EMPTY_ROOT, ())
        self._store.swap(JOURNAL, None, journal.dump())
        self._journal = _hash(journal.dump())
        return journal

    def _resume(self, journal: _Journal, *, published: bool) -> None:
        """Do what the journal decided, as far as it is not done."""
        if published and journal.end == self._edge.size:
            if journal.root != self._edge.root():
                raise Refused("the log's journal and its checkpoint disagree", remedy=_DAMAGED)
            return
        if journal.start != self._edge.size:
            raise Refused(
                f"the log was published with {self._edge.size} leaves, but its journal begins at {journal.start}",
                remedy=_DAMAGED,
            )
        growth = self._edge.grown(journal.entries)
        if growth.edge.root() != journal.root:
            raise Refused("the log's journal does not lead to the root that it names", remedy=_DAMAGED)
        self._finish(growth)


def _hash(data: bytes | None) -> bytes | None:
    return None if data is None else hashlib.sha256(data).digest()
