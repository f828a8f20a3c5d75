"""Merkle trees as RFC 6962 defines them (§2.1): hashing, and proofs made and checked.

Whoever makes a proof gives a function that knows the hashes of complete subtrees (`tiles.py` reads them from files);
whoever checks one needs nothing but the proof. Checking follows RFC 9162 §2.1.3.2 and §2.1.4.2.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

from fixgate.errors import Refused

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""The root of the tree without leaves (RFC 6962 §2.1)."""
PROOF_LIMIT: Final = 63
"""Hashes in a proof at most: no tree is larger than 2^63 (C2SP tlog-witness)."""

Subtree = Callable[[int, int], bytes]
"""The hash of the complete subtree of 2^level leaves that is the index-th of its level: `subtree(level, index)`."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf: SHA-256 of 0x00 and the entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256 of 0x01 and its two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def complete_root(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of neighbouring hashes."""
    level = list(hashes)
    while len(level) > 1:
        level = [node_hash(level[i], level[i + 1]) for i in range(0, len(level), 2)]
    return level[0]


def root(size: int, subtree: Subtree) -> bytes:
    """The Merkle tree hash of the first `size` leaves, MTH(D[0:size])."""
    return _range_root(0, size, subtree) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """PATH(index, D[0:size]) (RFC 6962 §2.1.1); raises ValueError when the tree has no such leaf."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    proof: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            proof.append(_range_root(middle, high, subtree))
            high = middle
        else:
            proof.append(_range_root(low, middle, subtree))
            low = middle
    return proof[::-1]


def consistency_proof(old: int, size: int, subtree: Subtree) -> list[bytes]:
    """PROOF(old, D[0:size]) (RFC 6962 §2.1.2), empty for old = 0; raises ValueError when `old` is out of range."""
    if not 0 <= old <= size:
        raise ValueError(f"a tree of {size} leaves was never one of {old}")
    if old in (0, size):
        return []
    proof: list[bytes] = []
    low, high, known = 0, size, True
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            proof.append(_range_root(middle, high, subtree))
            high = middle
        else:
            proof.append(_range_root(low, middle, subtree))
            low, known = middle, False
    if not known:
        proof.append(_range_root(low, high, subtree))
    return proof[::-1]


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes) -> None:
    """Check that the leaf hash `leaf` is at `index` of the tree with the root `expected` (RFC 9162 §2.1.3.2).

    Raises Refused when it is not proved.
    """
    _check_shape(proof)
    if not 0 <= index < size:
        raise Refused(f"the proof is for leaf {index} of a tree of {size} leaves")
    first, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise Refused("the inclusion proof is too long")
        if first & 1 or first == last:
            found = node_hash(sibling, found)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        first, last = first >> 1, last >> 1
    if last:
        raise Refused("the inclusion proof is too short")
    if found != expected:
        raise Refused("the inclusion proof does not lead to the checkpoint's root")


def check_consistency(old: int, old_root: bytes, size: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree of `old` leaves is the beginning of the one of `size` leaves (RFC 9162 §2.1.4.2).

    Raises Refused when it is not proved.
    """
    _check_shape(proof)
    if not 0 <= old <= size:
        raise Refused(f"a tree of {size} leaves cannot follow one of {old}")
    if old == 0 and old_root != EMPTY_ROOT:
        raise Refused("a tree without leaves has another root than the empty one")
    if old in (0, size):
        if proof or (old and old_root != new_root):
            raise Refused("two trees of the same size differ" if not proof else "the consistency proof must be empty")
        return
    _walk_consistency(old, old_root, size, new_root, proof)


def _walk_consistency(old: int, old_root: bytes, size: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    path = list(proof)
    if not old & (old - 1):
        path.insert(0, old_root)
    if not path:
        raise Refused("the consistency proof is empty")
    first, last = old - 1, size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise Refused("the consistency proof is too long")
        if first & 1 or first == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        first, last = first >> 1, last >> 1
    if last:
        raise Refused("the consistency proof is too short")
    if before != old_root or after != new_root:
        raise Refused("the consistency proof does not connect the two trees")


def _check_shape(proof: Sequence[bytes]) -> None:
    if len(proof) > PROOF_LIMIT or any(len(sibling) != HASH_BYTES for sibling in proof):
        raise Refused("this is no proof: too many hashes, or one of the wrong length")


def _split(leaves: int) -> int:
    """The largest power of two smaller than `leaves` (RFC 6962 §2.1)."""
    return 1 << ((leaves - 1).bit_length() - 1)


def _range_root(low: int, high: int, subtree: Subtree) -> bytes:
    """MTH(D[low:high]) of a range that stands in some tree: `low` is a multiple of every subtree inside."""
    parts: list[bytes] = []
    while high - low:
        level = (high - low).bit_length() - 1
        parts.append(subtree(level, low >> level))
        low += 1 << level
    found = parts.pop()
    while parts:
        found = node_hash(parts.pop(), found)
    return found
