"""Verifies a whole log, as a stranger would who has its files and its key.

(1) the checkpoint is signed by the log's key, for its origin
(2) every entry hashes to its place in a tile, every tile to its place in the one above, and all of it to the root
(3) every entry is a leaf in its one encoding
(4) offsets and sequences are in order (`sequences.py`)
(5) an older checkpoint, if one is given, is of the same tree when it was smaller
(6) the checkpoints that witnesses cosigned are signed by the log, of the same tree, and cosigned as they say
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from fixgate.errors import Refused
from fixgate.log import checkpoint, leaf, merkle
from fixgate.log.checkpoint import Checkpoint, Cosignature, SignedCheckpoint
from fixgate.log.history import History
from fixgate.log.leaf import Leaf
from fixgate.log.note import VerifierKey
from fixgate.log.sequences import Fault, Orders, Problem
from fixgate.log.storage import Store
from fixgate.log.tiles import CHECKPOINT, WIDTH, Tree, bundle_path, tile_path

Progress = Callable[[int, int], None]
ASSERTED: Final = "time asserted by the operator"
_BITS: Final = 8
_PROBLEM_LIMIT: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Whose words count: the log's keys for its origin, and the witnesses."""

    origin: str
    log: tuple[VerifierKey, ...]
    witnesses: tuple[VerifierKey, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """A cosignature that verifies, and the size of the tree that it is for."""

    size: int
    cosignature: Cosignature


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found. The log verifies when there are no problems; `warnings` are what a person should know."""

    head: Checkpoint | None
    records: int
    bundles: int
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]
    cosignatures: tuple[Witnessed, ...]

    @property
    def verified(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    @property
    def time(self) -> str:
        """What bounds the newest leaf's time from above, in words."""
        size = self.head.size if self.head else 0
        covering = [w for w in self.cosignatures if w.size >= size]
        if covering:
            first = min(covering, key=lambda w: w.cosignature.time)
            return f"cosigned by {first.cosignature.witness} at {iso(first.cosignature.time)}"
        if self.cosignatures:
            last = max(self.cosignatures, key=lambda w: w.size)
            return (
                f"cosigned up to leaf {last.size - 1} by {last.cosignature.witness} at {iso(last.cosignature.time)}; "
                f"{ASSERTED} for the {size - last.size} leaves since"
            )
        return ASSERTED


def iso(seconds: int) -> str:
    """A time in UTC, to the second."""
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return f"{seconds} s after 1970"


def current(store: Store, keys: Keys) -> SignedCheckpoint:
    """The published checkpoint, verified; raises Refused."""
    data = store.read(CHECKPOINT)
    if data is None:
        raise Refused(f"there is no log at {store.location}", remedy="Give its folder or s3://bucket/prefix.")
    return checkpoint.open_checkpoint(data, keys.origin, keys.log)


def audit(store: Store, keys: Keys, *, older: bytes | None = None, progress: Progress | None = None) -> Report:
    """Verify everything; reads the whole log. Raises Unavailable when the store cannot be read."""
    # (1) the checkpoint
    try:
        signed = current(store, keys)
    except Refused as error:
        return Report(
            head=None,
            records=0,
            bundles=0,
            problems=(Problem(fault=Fault.CHECKPOINT, message=error.message),),
            warnings=(),
            cosignatures=(),
        )
    return _Audit(store, keys, signed, progress).run(older)


class _Audit:
    def __init__(self, store: Store, keys: Keys, signed: SignedCheckpoint, progress: Progress | None) -> None:
        self._store = store
        self._keys = keys
        self._signed = signed
        self._progress = progress
        self._tree = Tree(store.read, signed.head.size)
        self._problems: list[Problem] = []
        self._cosignatures: list[Witnessed] = []

    def run(self, older: bytes | None) -> Report:
        head = self._signed.head
        # (2) hashes
        orders = self._entries()
        self._tiles()
        self._check_root(head, "the published checkpoint")
        # (4) orders
        self._problems += orders.problems(self._leaves())
        # (5) an older checkpoint
        if older is not None:
            self._older(older)
        # (6) witnesses
        self._note_cosignatures(self._signed)
        self._history()
        return Report(
            head=head,
            records=orders.records,
            bundles=orders.bundles,
            problems=tuple(self._problems[:_PROBLEM_LIMIT]),
            warnings=tuple(_warnings(orders)),
            cosignatures=tuple(
                sorted(set(self._cosignatures), key=lambda w: (w.size, w.cosignature.time, w.cosignature.witness))
            ),
        )

    def _fault(self, fault: Fault, message: str, *indices: int) -> None:
        self._problems.append(Problem(fault=fault, message=message, indices=indices))

    def _entries(self) -> Orders:
        orders = Orders()
        size = self._signed.head.size
        for bundle in range(-(-size // WIDTH)):
            first = bundle * WIDTH
            try:
                entries = self._tree.entries(bundle)
                hashes = self._tree.tile(0, bundle)
            except Refused as error:
                self._fault(Fault.FILE, error.message, first)
                continue
            for index, (entry, expected) in enumerate(zip(entries, hashes, strict=True), first):
                if merkle.leaf_hash(entry) != expected:
                    self._fault(Fault.FILE, f"the entry of leaf {index} in {bundle_path(bundle)} was altered", index)
                # (3) leaves
                try:
                    orders.take(index, leaf.decode(entry))
                except Refused as error:
                    self._fault(Fault.LEAF, f"leaf {index}: {error.message}", index)
            if self._progress is not None:
                self._progress(min(first + WIDTH, size), size)
        return orders

    def _tiles(self) -> None:
        level, count = 1, self._tree.size >> _BITS
        while count:
            for index in range(count):
                try:
                    below = merkle.complete_root(self._tree.tile(level - 1, index))
                    here = self._tree.tile(level, index // WIDTH)[index % WIDTH]
                except Refused as error:
                    self._fault(Fault.FILE, error.message)
                    continue
                if below != here:
                    self._fault(
                        Fault.FILE,
                        f"{tile_path(level - 1, index)} and its hash in {tile_path(level, index // WIDTH)} differ",
                        (index * WIDTH) << (_BITS * (level - 1)),
                    )
            level, count = level + 1, count >> _BITS

    def _check_root(self, head: Checkpoint, what: str) -> bool:
        """Whether this tree began with the one of `head`."""
        try:
            same = head.size <= self._tree.size and self._tree.root(head.size) == head.root
        except Refused as error:
            # The file that is missing has been told of, or will be.
            self._fault(Fault.FILE, error.message)
            return False
        if not same:
            self._fault(Fault.CHECKPOINT, f"{what} ({head.size} leaves) is not of this tree of {self._tree.size}")
        return same

    def _leaves(self) -> Iterator[tuple[int, Leaf]]:
        """All leaves that can be read, once more."""
        for bundle in range(-(-self._tree.size // WIDTH)):
            try:
                entries = self._tree.entries(bundle)
            except Refused:
                continue
            for index, entry in enumerate(entries, bundle * WIDTH):
                try:
                    yield index, leaf.decode(entry)
                except Refused:
                    continue

    def _older(self, data: bytes) -> None:
        try:
            older = checkpoint.open_checkpoint(data, self._keys.origin, self._keys.log)
        except Refused as error:
            self._fault(Fault.CHECKPOINT, f"the older checkpoint: {error.message}")
            return
        if self._check_root(older.head, "the older checkpoint"):
            self._note_cosignatures(older)

    def _history(self) -> None:
        history = History(self._store.read)
        for name in history.names(self._store):
            try:
                for _, data in history.notes(name):
                    signed = checkpoint.open_checkpoint(data, self._keys.origin, self._keys.log)
                    if self._check_root(signed.head, f"a checkpoint in {name}"):
                        self._note_cosignatures(signed)
            except Refused as error:
                self._fault(Fault.CHECKPOINT, f"{name}: {error.message}")

    def _note_cosignatures(self, signed: SignedCheckpoint) -> None:
        try:
            found = signed.cosignatures(self._keys.witnesses)
        except Refused as error:
            self._fault(Fault.CHECKPOINT, error.message)
            return
        self._cosignatures += (Witnessed(size=signed.head.size, cosignature=c) for c in found)


def _warnings(orders: Orders) -> Sequence[str]:
    found = [
        f"leaf {index}: {record.topic} partition {record.partition} offset {record.offset} did not verify: "
        f"{record.verdict}"
        for index, record in orders.unverified
    ]
    found += [
        f"leaf {index}: {lost.topic} partition {lost.partition} offsets {lost.first} to {lost.end - 1} were gone "
        "before the log read them"
        for index, lost in orders.lost
    ]
    return found
