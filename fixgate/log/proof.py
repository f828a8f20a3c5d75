"""One record's place in the log and the time that it proves, and a file by which others check both offline."""

import base64
import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fixgate.errors import Refused
from fixgate.log import checkpoint, leaf, merkle
from fixgate.log.audit import Keys, current
from fixgate.log.checkpoint import Cosignature, SignedCheckpoint
from fixgate.log.history import History, first_size
from fixgate.log.leaf import Leaf, RecordLeaf
from fixgate.log.note import NOTE_LIMIT
from fixgate.log.storage import Store
from fixgate.log.tiles import WIDTH, Tree
from fixgate.strict64 import strictly

FORMAT: Final = "fixgate-log-proof/1"
FILE_LIMIT: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Dated:
    """A record's leaf, and the earliest checkpoint that covers it and was cosigned by a witness.

    `cosignature` None means that there is none: then the time is what the operator asserts. The certificate that
    signed the record is judged by `cosignature.time` (seconds since 1970): the record was written before it.
    """

    index: int
    leaf: RecordLeaf
    signed: SignedCheckpoint
    cosignature: Cosignature | None


def time_of(store: Store, keys: Keys, digest: str) -> Dated:
    """The first verified leaf of the record `digest`, and its time; reads through the log.

    Raises Refused when no leaf has it, or when what is found does not verify. Of the log, only what leads from the
    leaf to the checkpoint is verified: `audit` verifies all of it.
    """
    newest = current(store, keys)
    tree = Tree(store.read, newest.head.size)
    index, found = _find(tree, digest)
    dated = next(_cosigned(store, keys, tree, index), None)
    signed, cosignature = dated or (newest, None)
    _inclusion(store, signed, index)
    return Dated(index, found, signed, cosignature)


def prove(store: Store, keys: Keys, digest: str) -> bytes:
    """The proof for `time_of` as a file's bytes (JSON); raises Refused."""
    dated = time_of(store, keys, digest)
    return _dump(store, dated.signed, dated.index, dated.leaf)


class Prover:
    """Proofs of many leaves of one log: the checkpoint, the tree and each file of the history are read once.

    Making one raises Refused when the log's checkpoint does not verify. Not to be shared between threads.
    """

    def __init__(self, store: Store, keys: Keys) -> None:
        self._store = store
        self._keys = keys
        self._newest = current(store, keys)
        self._tree = Tree(store.read, self._newest.head.size)
        self._history = History(store.read)
        self._names = self._history.names(store)
        self._firsts = [first_size(name) for name in self._names]
        self._notes: dict[str, Sequence[tuple[int, bytes]]] = {}
        self._opened: dict[bytes, SignedCheckpoint | None] = {}
        self._trees: dict[int, Tree] = {}

    def prove(self, index: int) -> bytes:
        """The proof of the leaf at `index`, whatever it is, in the earliest cosigned checkpoint; raises Refused."""
        entry = self._tree.entry(index)
        signed = next(self._covering(index), self._newest)
        tree = self._trees.setdefault(signed.head.size, Tree(self._store.read, signed.head.size))
        proof = tree.inclusion_proof(index)
        merkle.check_inclusion(merkle.leaf_hash(entry), index, tree.size, proof, signed.head.root)
        return _document(signed, index, entry, proof)

    def before(self, index: int) -> bytes | None:
        """The newest cosigned checkpoint whose tree ends at or before the leaf `index`; None when there is none."""
        for number in range(bisect_right(self._firsts, index) - 1, -1, -1):
            for size, data in reversed(self._file(number)):
                if size <= index and self._witnessed(data) is not None:
                    return data
        return None

    def _covering(self, index: int) -> Iterator[SignedCheckpoint]:
        for number in range(max(bisect_right(self._firsts, index + 1) - 1, 0), len(self._names)):
            for size, data in self._file(number):
                signed = self._witnessed(data) if size > index else None
                if signed is not None:
                    yield signed

    def _file(self, number: int) -> Sequence[tuple[int, bytes]]:
        name = self._names[number]
        if name not in self._notes:
            self._notes[name] = tuple(self._history.notes(name))
        return self._notes[name]

    def _witnessed(self, data: bytes) -> SignedCheckpoint | None:
        """The checkpoint, when a known witness cosigned it; raises Refused when it is not one of this tree."""
        if data not in self._opened:
            signed = checkpoint.open_checkpoint(data, self._keys.origin, self._keys.log)
            if signed.head.size > self._tree.size or self._tree.root(signed.head.size) != signed.head.root:
                raise Refused(f"a cosigned checkpoint of {signed.head.size} leaves is not of this tree")
            self._opened[data] = signed if signed.cosignatures(self._keys.witnesses) else None
        return self._opened[data]


def check(data: bytes, keys: Keys) -> Dated:
    """Check what `prove` made, with nothing but the keys; raises Refused."""
    index, found, signed, cosignature = check_any(data, keys)
    if not isinstance(found, RecordLeaf):
        raise Refused("the proof is of a leaf that is no record")
    return Dated(index, found, signed, cosignature)


def check_any(data: bytes, keys: Keys) -> tuple[int, Leaf, SignedCheckpoint, Cosignature | None]:
    """As `check`, for a leaf of any kind: its index, the leaf, the checkpoint, and the first good cosignature."""
    index, entry, proof, note_bytes = _parse(data)
    signed = checkpoint.open_checkpoint(note_bytes, keys.origin, keys.log)
    merkle.check_inclusion(merkle.leaf_hash(entry), index, signed.head.size, proof, signed.head.root)
    return index, leaf.decode(entry), signed, next(iter(signed.cosignatures(keys.witnesses)), None)


def _dump(store: Store, signed: SignedCheckpoint, index: int, found: Leaf) -> bytes:
    return _document(signed, index, leaf.encode(found), _inclusion(store, signed, index))


def _document(signed: SignedCheckpoint, index: int, entry: bytes, proof: Sequence[bytes]) -> bytes:
    document = {
        "format": FORMAT,
        "index": index,
        "leaf": entry.decode(),
        "proof": [base64.b64encode(h).decode() for h in proof],
        "checkpoint": signed.note.dump().decode(),
    }
    return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"


def _find(tree: Tree, digest: str) -> tuple[int, RecordLeaf]:
    wanted = digest.encode()
    refused: RecordLeaf | None = None
    for bundle in range(-(-tree.size // WIDTH)):
        for index, entry in enumerate(tree.entries(bundle), bundle * WIDTH):
            if wanted not in entry:
                continue
            found = leaf.decode(entry)
            if isinstance(found, RecordLeaf) and found.digest == digest:
                if found.verified:
                    return index, found
                refused = found
    if refused is not None:
        raise Refused(f"the log has {digest}, but the record did not verify: {refused.verdict}")
    raise Refused(f"the log has no record {digest}", remedy="Give the whole digest: sha256: and 64 hexadecimal digits.")


def _cosigned(store: Store, keys: Keys, tree: Tree, index: int) -> Iterator[tuple[SignedCheckpoint, Cosignature]]:
    """Cosigned checkpoints of this tree that cover the leaf, smallest first."""
    for data in History(store.read).covering(store, index):
        signed = checkpoint.open_checkpoint(data, keys.origin, keys.log)
        if signed.head.size > tree.size or tree.root(signed.head.size) != signed.head.root:
            raise Refused(f"a cosigned checkpoint of {signed.head.size} leaves is not of this tree")
        for cosignature in signed.cosignatures(keys.witnesses)[:1]:
            yield signed, cosignature


def _inclusion(store: Store, signed: SignedCheckpoint, index: int) -> Sequence[bytes]:
    tree = Tree(store.read, signed.head.size)
    proof = tree.inclusion_proof(index)
    merkle.check_inclusion(merkle.leaf_hash(tree.entry(index)), index, tree.size, proof, signed.head.root)
    return proof


def _parse(data: bytes) -> tuple[int, bytes, list[bytes], bytes]:
    bad = "this is no proof of a record in the log"
    if len(data) > FILE_LIMIT:
        raise Refused(f"{bad}: it has {len(data)} bytes")
    try:
        document: Any = json.loads(data)
        index = document["index"]
        entry = document["leaf"].encode()
        proof = [strictly(text) for text in document["proof"]]
        note_bytes = document["checkpoint"].encode()
        fits = document["format"] == FORMAT and type(index) is int and len(note_bytes) <= NOTE_LIMIT
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Refused(bad) from None
    if not fits:
        raise Refused(bad, remedy=f"Expected the format {FORMAT}.")
    return index, entry, proof, note_bytes
