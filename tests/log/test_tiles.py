"""The tree as files: names, sizes, and agreement of what grows with what is read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixgate.errors import Refused
from fixgate.log import merkle, tiles
from fixgate.log.tiles import Edge, Tree


def grown(sizes: list[int]) -> tuple[dict[str, bytes], Edge, list[bytes]]:
    """The files of a tree that grew by these steps, its edge and all its entries."""
    edge, files, entries = Edge(0, (), ()), dict[str, bytes](), list[bytes]()
    for count in sizes:
        new = [(len(entries) + i).to_bytes(4, "big") for i in range(count)]
        growth = edge.grown(new)
        for path, data in {**growth.bundles, **growth.tiles}.items():
            assert files.get(path, data) == data
            files[path] = data
        entries += new
        edge = growth.edge
    return files, edge, entries


@pytest.mark.parametrize("cut", [1, 31, 33])
def test_a_tile_that_was_cut_short_is_refused(cut: int) -> None:
    """A tile must have exactly the hashes that the tree's size says."""
    files, _, _ = grown([300])
    files["tile/0/001.p/44"] = files["tile/0/001.p/44"][:-cut]
    with pytest.raises(Refused, match=r"tile/0/001\.p/44"):
        Tree(files.get, 300).tile(0, 1)


def test_a_bundle_that_was_cut_short_or_grew_is_refused() -> None:
    """An entry bundle must have exactly the entries that the tree's size says."""
    files, _, _ = grown([300])
    whole = files["tile/entries/001.p/44"]
    for damaged in (whole[:-1], whole[:-6], whole + b"\x00", whole + b"\x00\x00"):
        with pytest.raises(Refused):
            Tree({**files, "tile/entries/001.p/44": damaged}.get, 300).entries(1)


def test_a_missing_tile_is_refused() -> None:
    """A tree whose files are gone has no root."""
    files, _, _ = grown([300])
    del files["tile/0/000"]
    with pytest.raises(Refused, match="tile/0/000 is missing"):
        Tree(files.get, 300).root(10)


def test_an_entry_that_is_too_long_is_no_entry() -> None:
    """An entry's length must fit into its two bytes."""
    assert tiles.split_entries(tiles.join_entries([bytes(0xFFFF)])) == [bytes(0xFFFF)]
    with pytest.raises(ValueError, match="65536"):
        tiles.join_entries([bytes(0x10000)])


def test_an_edge_whose_entries_are_others_is_refused() -> None:
    """A writer does not go on from entries that are not those that were hashed."""
    files, _, _ = grown([5])
    files["tile/entries/000.p/5"] = tiles.join_entries([b"other"] * 5)
    with pytest.raises(Refused, match="not those that the tree was made of"):
        Edge.of(Tree(files.get, 5))


@pytest.mark.parametrize(
    ("index", "width", "path"),
    [
        (0, 256, "tile/0/000"),
        (67, 256, "tile/0/067"),
        (1_234_067, 256, "tile/0/x001/x234/067"),
        (1_000, 3, "tile/0/x001/000.p/3"),
    ],
)
def test_paths_are_those_of_the_specification(index: int, width: int, path: str) -> None:
    """A tile's number is written in groups of three digits, all but the last with an x before them."""
    assert tiles.tile_path(0, index, width) == path


def test_the_specifications_example_of_70000_leaves() -> None:
    """A tree of 70,000 leaves has the tiles that the specification counts."""
    files, _, _ = grown([70_000])
    names = {path for path in files if not path.startswith("tile/entries/")}
    assert sum(path.startswith("tile/0/") and ".p/" not in path for path in names) == 273
    assert {"tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"} <= names


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 400), max_size=6), st.data())
def test_growing_and_reading_agree(sizes: list[int], data: st.DataObject) -> None:
    """However a tree grew, its edge, its files and its leaves have one root, and its proofs are accepted."""
    files, edge, entries = grown(sizes)
    tree = Tree(files.get, len(entries))
    hashes = [merkle.leaf_hash(entry) for entry in entries]
    expected = merkle.root(
        len(entries), lambda level, index: merkle.complete_root(hashes[index << level : (index + 1) << level])
    )
    assert edge.root() == tree.root() == expected
    assert Edge.of(tree) == edge
    if entries:
        index = data.draw(st.integers(0, len(entries) - 1))
        assert tree.entry(index) == entries[index]
        merkle.check_inclusion(hashes[index], index, tree.size, tree.inclusion_proof(index), expected)
        old = data.draw(st.integers(0, len(entries)))
        merkle.check_consistency(old, tree.root(old), tree.size, expected, tree.consistency_proof(old))
