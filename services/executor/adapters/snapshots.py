"""Snapshots: a target's state before a change, sealed, by digest."""

import json
from pathlib import Path
from typing import Any, cast

from fixgate.errors import Refused
from fixgate.events import Stored
from fixgate.objects import ObjectStore
from fixgate.resources.reading import Projection, canonical
from fixgate.sealing import Seal, Unseal, generate, load_seal, load_unseal

KEY_NAME = "snapshots"


class SealedSnapshots:
    """See `ports.Snapshots`. A snapshot opens only for the proposal that it was kept for."""

    def __init__(self, store: ObjectStore, seal: Seal, unseal: Unseal) -> None:
        self._store = store
        self._seal = seal
        self._unseal = unseal

    def keep(self, state: Projection, proposal: str) -> Stored:
        """See `ports.Snapshots.keep`."""
        sealed = self._seal.seal(canonical(state).encode(), _context(proposal))
        name = self._store.put(sealed)
        return Stored(digest=name, location=name, size=len(sealed), sealing_key=self._seal.key_id)

    def recall(self, stored: Stored, proposal: str) -> Projection:
        """See `ports.Snapshots.recall`."""
        opened = self._unseal.open(self._store.get(stored.digest), _context(proposal))
        state: Any = json.loads(opened)
        if not isinstance(state, dict):
            raise Refused("a snapshot holds no state")
        return cast(Projection, state)


def sealed_snapshots(store: ObjectStore, key: str, folder: Path) -> SealedSnapshots:
    """Snapshots under the private key in the file `key`, or under one of our own in `folder`, made when it is missing.

    Raises Misconfigured when the key cannot be used.
    """
    private = Path(key) if key else folder / f"{KEY_NAME}.key"
    if not key and not private.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        generate(folder, KEY_NAME)
    return SealedSnapshots(store, load_seal(private.with_suffix(".pub")), load_unseal(private))


def _context(proposal: str) -> bytes:
    return b"snapshot " + proposal.encode()
