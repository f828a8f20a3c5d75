"""Where the log stands in each partition, as its own leaves say: the log is the only record of what it has read.

The file that keeps this between two starts is a cache: it may be missing, damaged, behind or of another log, and is
then not believed.
"""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fixgate.errors import Refused
from fixgate.files import write_private
from fixgate.log.leaf import BundleLeaf, Leaf, RecordLeaf, decode
from fixgate.log.tiles import WIDTH, Tree

Place = tuple[str, str, int]
"""Topic, incarnation, partition."""


@dataclass(slots=True)
class Positions:
    """The next offset of each partition, and the newest authorities of each trust domain, after `size` leaves."""

    size: int = 0
    next: dict[Place, int] = field(default_factory=dict[Place, int])
    bundles: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def take(self, leaf: Leaf) -> None:
        """One more leaf."""
        self.size += 1
        if isinstance(leaf, BundleLeaf):
            self.bundles[leaf.trust_domain] = leaf.authorities
        elif isinstance(leaf, RecordLeaf):
            self.next[leaf.topic, leaf.incarnation, leaf.partition] = leaf.offset + 1
        else:
            self.next[leaf.topic, leaf.incarnation, leaf.partition] = leaf.end

    def dump(self, root: bytes) -> bytes:
        """This as the cache's bytes; `root` is that of the tree of `size` leaves."""
        body = json.dumps(
            {
                "size": self.size,
                "root": root.hex(),
                "next": [[*place, offset] for place, offset in self.next.items()],
                "bundles": self.bundles,
            }
        ).encode()
        return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def recover(tree: Tree, cache: Path) -> Positions:
    """The positions after all leaves of `tree`, from the cache as far as it goes; raises Refused on a bad leaf.

    Without a usable cache the whole log is read.
    """
    positions = _cached(tree, cache) or Positions()
    for bundle in range(positions.size // WIDTH, -(-tree.size // WIDTH)):
        skipped = max(0, positions.size - bundle * WIDTH)
        for entry in tree.entries(bundle)[skipped:]:
            positions.take(decode(entry))
    return positions


def keep(positions: Positions, root: bytes, cache: Path) -> None:
    """Write the cache; an error is nobody's loss but time's."""
    try:
        cache.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(cache, positions.dump(root))
    except OSError:
        cache.unlink(missing_ok=True)


def _cached(tree: Tree, cache: Path) -> Positions | None:
    try:
        checksum, _, body = cache.read_bytes().partition(b"\n")
        if hashlib.sha256(body).hexdigest().encode() != checksum:
            return None
        fields: Any = json.loads(body)
        positions = Positions(
            fields["size"],
            {(topic, incarnation, partition): offset for topic, incarnation, partition, offset in fields["next"]},
            {domain: tuple(authorities) for domain, authorities in fields["bundles"].items()},
        )
        # Another log's cache, or one of a log that has been put back to an older state.
        fits = positions.size <= tree.size and tree.root(positions.size).hex() == fields["root"]
    except (OSError, ValueError, KeyError, TypeError, Refused):
        return None
    return positions if fits else None
