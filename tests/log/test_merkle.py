"""RFC 6962 trees against known vectors and a naive reference, and what the checks refuse."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgate.errors import Refused
from fixgate.log import merkle

# The inputs and roots of the reference test data of RFC 6962 (certificate-transparency, `merkletree`).
INPUTS = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def naive_root(entries: Sequence[bytes]) -> bytes:
    """MTH as RFC 6962 §2.1 writes it down."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return hashlib.sha256(b"\x01" + naive_root(entries[:k]) + naive_root(entries[k:])).digest()


def naive_path(m: int, entries: Sequence[bytes]) -> list[bytes]:
    """PATH as RFC 6962 §2.1.1 writes it down."""
    if len(entries) == 1:
        return []
    k = 1
    while k * 2 < len(entries):
        k *= 2
    if m < k:
        return [*naive_path(m, entries[:k]), naive_root(entries[k:])]
    return [*naive_path(m - k, entries[k:]), naive_root(entries[:k])]


def naive_proof(m: int, entries: Sequence[bytes], *, known: bool = True) -> list[bytes]:
    """SUBPROOF as RFC 6962 §2.1.2 writes it down."""
    if m == len(entries):
        return [] if known else [naive_root(entries)]
    k = 1
    while k * 2 < len(entries):
        k *= 2
    if m <= k:
        return [*naive_proof(m, entries[:k], known=known), naive_root(entries[k:])]
    return [*naive_proof(m - k, entries[k:], known=False), naive_root(entries[:k])]


class Leaves:
    """A tree whose subtrees are computed from its leaves each time."""

    def __init__(self, count: int) -> None:
        self.entries = [i.to_bytes(4, "big") for i in range(count)]

    def subtree(self, level: int, index: int) -> bytes:
        """See `merkle.Subtree`."""
        part = self.entries[index << level : (index + 1) << level]
        assert len(part) == 1 << level
        return naive_root(part)


SIZES = st.integers(1, 70)


@given(SIZES, st.data())
def test_an_altered_inclusion_proof_is_refused(size: int, data: st.DataObject) -> None:
    """Any change of leaf, index, size, root or of one hash makes an inclusion proof worthless."""
    leaves = Leaves(size)
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, size, leaves.subtree)
    leaf, root = merkle.leaf_hash(leaves.entries[index]), naive_root(leaves.entries)
    refused: list[tuple[bytes, int, int, list[bytes], bytes]] = [
        (merkle.leaf_hash(b"other"), index, size, proof, root),
        (leaf, index, size, proof, bytes(32)),
        (leaf, index, size, [*proof, bytes(32)], root),
        (leaf, size, size, proof, root),
        (leaf, -1, size, proof, root),
    ]
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        altered = [*proof[:at], bytes(b ^ 1 for b in proof[at]), *proof[at + 1 :]]
        refused += [
            (leaf, index, size, altered, root),
            (leaf, index, size, proof[:-1], root),
            (leaf, index, size, [proof[0][:31], *proof[1:]], root),
            (leaf, index ^ 1 if index ^ 1 < size else index - 1, size, proof, root),
        ]
    for case in refused:
        with pytest.raises(Refused):
            merkle.check_inclusion(*case)


@given(SIZES, SIZES, st.data())
def test_an_altered_consistency_proof_is_refused(one: int, other: int, data: st.DataObject) -> None:
    """Any change of a size, a root or of one hash makes a consistency proof worthless."""
    old, size = sorted((one, other))
    leaves = Leaves(size)
    proof = merkle.consistency_proof(old, size, leaves.subtree)
    before, after = naive_root(leaves.entries[:old]), naive_root(leaves.entries)
    refused: list[tuple[int, bytes, int, bytes, list[bytes]]] = [
        (old, bytes(32), size, after, proof),
        (old, before, size, bytes(32), proof),
        (old, before, size, after, [*proof, bytes(32)]),
        (size + 1, before, size, after, proof),
    ]
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        altered = [*proof[:at], bytes(b ^ 1 for b in proof[at]), *proof[at + 1 :]]
        refused += [(old, before, size, after, altered), (old, before, size, after, proof[:-1])]
    for case in refused:
        with pytest.raises(Refused):
            merkle.check_consistency(*case)


def test_a_proof_of_64_hashes_is_refused() -> None:
    """No tree is so large that a proof has more than 63 hashes."""
    with pytest.raises(Refused, match="too many hashes"):
        merkle.check_inclusion(bytes(32), 0, 1, [bytes(32)] * 64, bytes(32))


def test_an_empty_tree_with_another_root_is_refused() -> None:
    """Nothing follows from a tree without leaves unless it has the empty tree's root."""
    with pytest.raises(Refused, match="without leaves"):
        merkle.check_consistency(0, bytes(32), 3, bytes(32), [])


def test_there_is_no_proof_for_what_is_not_in_the_tree() -> None:
    """Asking for a leaf or an older tree beyond the tree is an error, not an answer."""
    leaves = Leaves(5)
    with pytest.raises(ValueError, match="no leaf 5"):
        merkle.inclusion_proof(5, 5, leaves.subtree)
    with pytest.raises(ValueError, match="never one of 6"):
        merkle.consistency_proof(6, 5, leaves.subtree)


@pytest.mark.parametrize("size", range(9))
def test_the_roots_are_those_of_the_known_vectors(size: int) -> None:
    """Roots over the reference inputs equal the published ones."""

    def subtree(level: int, index: int) -> bytes:
        return naive_root(INPUTS[index << level : (index + 1) << level])

    assert merkle.root(size, subtree).hex() == ROOTS[size]
    assert naive_root(INPUTS[:size]).hex() == ROOTS[size]


@given(SIZES, st.data())
def test_inclusion_proofs_are_those_of_the_rfc(size: int, data: st.DataObject) -> None:
    """Each leaf's proof equals the RFC's recursive definition and is accepted."""
    leaves = Leaves(size)
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(index, size, leaves.subtree)
    assert proof == naive_path(index, leaves.entries)
    assert merkle.root(size, leaves.subtree) == naive_root(leaves.entries)
    merkle.check_inclusion(merkle.leaf_hash(leaves.entries[index]), index, size, proof, naive_root(leaves.entries))


@given(SIZES, st.integers(0, 70))
def test_consistency_proofs_are_those_of_the_rfc(one: int, other: int) -> None:
    """Each older tree's proof equals the RFC's recursive definition and is accepted."""
    old, size = sorted((one, other))
    leaves = Leaves(size)
    proof = merkle.consistency_proof(old, size, leaves.subtree)
    assert proof == (naive_proof(old, leaves.entries) if old else [])
    merkle.check_consistency(old, naive_root(leaves.entries[:old]), size, naive_root(leaves.entries), proof)
