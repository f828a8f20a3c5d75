"""The tree as files (c2sp.org/tlog-tiles): their names, what is in them, and trees read from them.

A tile holds up to 256 hashes of one level; level L's hashes stand for complete subtrees of 256^L leaves. An entry
bundle holds the entries below a tile of level 0, each behind its length in two bytes. A tile that is not full yet is
published under `.p/<width>`; whatever is published never changes.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from fixgate.errors import Refused
from fixgate.log import merkle
from fixgate.log.merkle import HASH_BYTES

WIDTH: Final = 256
ENTRY_LIMIT: Final = 0xFFFF
"""Bytes of an entry at most: its length is written in two bytes."""
CHECKPOINT: Final = "checkpoint"

_BITS: Final = 8
_KEPT_TILES: Final = 512

Read = Callable[[str], bytes | None]


def tile_path(level: int, index: int, width: int = WIDTH) -> str:
    """Where a tile stands."""
    return f"tile/{level}/{_numbered(index, width)}"


def bundle_path(index: int, width: int = WIDTH) -> str:
    """Where an entry bundle stands."""
    return f"tile/entries/{_numbered(index, width)}"


def _numbered(index: int, width: int) -> str:
    digits = f"{index % 1000:03d}"
    while index := index // 1000:
        digits = f"x{index % 1000:03d}/{digits}"
    return digits if width == WIDTH else f"{digits}.p/{width}"


def join_entries(entries: Iterable[bytes]) -> bytes:
    """Entries as they stand in a bundle; raises ValueError when one is too long."""
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > ENTRY_LIMIT:
            raise ValueError(f"an entry has {len(entry)} bytes, over {ENTRY_LIMIT}")
        parts += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(parts)


def split_entries(data: bytes) -> list[bytes]:
    """The entries of a bundle; raises Refused when it ends inside one."""
    entries: list[bytes] = []
    at = 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data):
            raise Refused("an entry bundle ends in the middle of an entry")
        entries.append(data[at + 2 : end])
        at = end
    return entries


def split_hashes(data: bytes) -> list[bytes]:
    """The hashes of a tile."""
    return [data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)]


def width_at(size: int, level: int, index: int) -> int:
    """How many hashes the tile has in a tree of `size` leaves; zero or less when it is not there."""
    return min(WIDTH, (size >> (_BITS * level)) - index * WIDTH)


class Tree:
    """The tree of the first `size` leaves, read from files as they are needed; raises Refused when one is missing.

    Nothing is believed to be right: whoever has a checkpoint compares `root` with it, or checks the proofs.
    """

    def __init__(self, read: Read, size: int) -> None:
        self._read = read
        self.size = size
        self._tiles: dict[tuple[int, int], list[bytes]] = {}

    def tile(self, level: int, index: int) -> list[bytes]:
        """A tile's hashes, as many as a tree of this size has there."""
        found = self._tiles.get((level, index))
        if found is None:
            width = width_at(self.size, level, index)
            data, held = self._stored(tile_path, (level, index), width)
            if len(data) != held * HASH_BYTES:
                raise Refused(f"{tile_path(level, index, held)} has {len(data)} bytes, not {held * HASH_BYTES}")
            found = split_hashes(data[: width * HASH_BYTES])
            if len(self._tiles) >= _KEPT_TILES:
                self._tiles.clear()
            self._tiles[level, index] = found
        return found

    def entries(self, index: int) -> list[bytes]:
        """A bundle's entries, as many as a tree of this size has there."""
        width = width_at(self.size, 0, index)
        data, held = self._stored(bundle_path, (index,), width)
        found = split_entries(data)
        if len(found) != held:
            raise Refused(f"{bundle_path(index, held)} has {len(found)} entries, not {held}")
        return found[:width]

    def entry(self, index: int) -> bytes:
        """The entry of one leaf."""
        return self.entries(index // WIDTH)[index % WIDTH]

    def subtree(self, level: int, index: int) -> bytes:
        """See `merkle.Subtree`."""
        tile_level, inside = divmod(level, _BITS)
        first = index << inside
        hashes = self.tile(tile_level, first // WIDTH)
        start = first % WIDTH
        return merkle.complete_root(hashes[start : start + (1 << inside)])

    def root(self, size: int | None = None) -> bytes:
        """The root over the first `size` leaves, or over all."""
        return merkle.root(self.size if size is None else size, self.subtree)

    def inclusion_proof(self, index: int) -> list[bytes]:
        """The proof that the leaf at `index` is in this tree."""
        return merkle.inclusion_proof(index, self.size, self.subtree)

    def consistency_proof(self, old: int) -> list[bytes]:
        """The proof that this tree began with the tree of the first `old` leaves."""
        return merkle.consistency_proof(old, self.size, self.subtree)

    def _stored(self, path: Callable[..., str], place: tuple[int, ...], width: int) -> tuple[bytes, int]:
        """A file and how much must be in it."""
        # The full one may have taken the place of the partial one.
        for held in dict.fromkeys((width, WIDTH)):
            data = self._read(path(*place, held))
            if data is not None:
                return data, held
        raise Refused(f"{path(*place, width)} is missing")


@dataclass(frozen=True, slots=True)
class Edge:
    """The right edge of a tree, which is all that is needed to make it grow.

    `levels` are the hashes of each level's last, partial tile; `tail` are the entries below the first of them.
    """

    size: int
    levels: tuple[tuple[bytes, ...], ...]
    tail: tuple[bytes, ...]

    @staticmethod
    def of(tree: Tree) -> "Edge":
        """The edge of a tree that is stored; raises Refused when its entries and its hashes disagree."""
        levels: list[tuple[bytes, ...]] = []
        while count := tree.size >> (_BITS * len(levels)):
            partial = count % WIDTH
            levels.append(tuple(tree.tile(len(levels), count // WIDTH)) if partial else ())
        tail = tuple(tree.entries(tree.size // WIDTH)) if tree.size % WIDTH else ()
        if [merkle.leaf_hash(entry) for entry in tail] != list(levels[0] if levels else ()):
            raise Refused("the newest entries are not those that the tree was made of")
        return Edge(tree.size, tuple(levels), tail)

    def root(self) -> bytes:
        """The root of the whole tree."""
        found: bytes | None = None
        for hashes in self.levels:
            for part in reversed(_complete_parts(hashes)):
                found = part if found is None else merkle.node_hash(part, found)
        return merkle.EMPTY_ROOT if found is None else found

    def grown(self, entries: Sequence[bytes]) -> "Growth":
        """The edge after `entries`, and the files to write; this one stays as it is."""
        return _Growing(self).take(entries)


@dataclass(frozen=True, slots=True)
class Growth:
    """What appending comes to: the new edge, files by path, and the full tiles whose partial ones are of no use now."""

    edge: Edge
    bundles: dict[str, bytes]
    tiles: dict[str, bytes]
    completed: tuple[str, ...]


class _Growing:
    def __init__(self, edge: Edge) -> None:
        self._before = edge
        self._levels = [list(level) for level in edge.levels]
        self._tail = list(edge.tail)
        self._size = edge.size
        self._bundles: dict[str, bytes] = {}
        self._tiles: dict[str, bytes] = {}
        self._completed: list[str] = []

    def take(self, entries: Sequence[bytes]) -> Growth:
        for entry in entries:
            self._tail.append(entry)
            self._size += 1
            if len(self._tail) == WIDTH:
                path = bundle_path(self._size // WIDTH - 1)
                self._bundles[path] = join_entries(self._tail)
                self._completed.append(path)
                self._tail.clear()
            self._push(0, merkle.leaf_hash(entry))
        if entries and self._tail:
            self._bundles[bundle_path(self._size // WIDTH, len(self._tail))] = join_entries(self._tail)
        self._write_partial_tiles()
        edge = Edge(self._size, tuple(tuple(level) for level in self._levels), tuple(self._tail))
        return Growth(edge, self._bundles, self._tiles, tuple(self._completed))

    def _push(self, level: int, value: bytes) -> None:
        if level == len(self._levels):
            self._levels.append([])
        hashes = self._levels[level]
        hashes.append(value)
        if len(hashes) == WIDTH:
            path = tile_path(level, (self._size >> (_BITS * (level + 1))) - 1)
            self._tiles[path] = b"".join(hashes)
            self._completed.append(path)
            self._push(level + 1, merkle.complete_root(hashes))
            hashes.clear()

    def _write_partial_tiles(self) -> None:
        for level, hashes in enumerate(self._levels):
            shift = _BITS * level
            if hashes and self._size >> shift != self._before.size >> shift:
                self._tiles[tile_path(level, self._size >> (shift + _BITS), len(hashes))] = b"".join(hashes)


def _complete_parts(hashes: Sequence[bytes]) -> list[bytes]:
    parts: list[bytes] = []
    at = 0
    while at < len(hashes):
        count = 1 << ((len(hashes) - at).bit_length() - 1)
        parts.append(merkle.complete_root(hashes[at : at + count]))
        at += count
    return parts
