"""One record's place in the log and the time that it proves, and a file by which others check both offline."""

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fixgate.errors import Refused
from fixgate.log import checkpoint, leaf, merkle
from fixgate.log.audit import Keys, current
from fixgate.log.checkpoint import Cosignature, SignedCheckpoint
from fixgate.log.history import History
from fixgate.log.leaf import Leaf, RecordLeaf
from fixgate.log.note import NOTE_LIMIT
from fixgate.log.storage import Store
from fixgate.log.tiles import WIDTH, Tree

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


def prove_at(store: Store, keys: Keys, index: int) -> bytes:
    """The proof for the leaf at `index`, whatever it is, in the earliest cosigned checkpoint; raises Refused."""
    newest = current(store, keys)
    tree = Tree(store.read, newest.head.size)
    dated = next(_cosigned(store, keys, tree, index), None)
    return _dump(store, dated[0] if dated else newest, index, leaf.decode(tree.entry(index)))


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
    document = {
        "format": FORMAT,
        "index": index,
        "leaf": leaf.encode(found).decode(),
        "proof": [base64.b64encode(h).decode() for h in _inclusion(store, signed, index)],
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
        proof = [base64.b64decode(text, validate=True) for text in document["proof"]]
        note_bytes = document["checkpoint"].encode()
        fits = document["format"] == FORMAT and type(index) is int and len(note_bytes) <= NOTE_LIMIT
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error):
        raise Refused(bad) from None
    if not fits:
        raise Refused(bad, remedy=f"Expected the format {FORMAT}.")
    return index, entry, proof, note_bytes
