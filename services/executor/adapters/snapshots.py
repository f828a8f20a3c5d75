"""Snapshots: a target's state before a change, sealed, by digest."""

import json
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from fixgate.errors import Misconfigured, Refused
from fixgate.events import Stored
from fixgate.objects import ObjectStore
from fixgate.resources.reading import Projection, canonical
from fixgate.sealing import Seal, Unseal, generate, load_unseal

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
    private = Path(key) if key else _own_key(folder)
    unseal = load_unseal(private)
    loaded = load_pem_private_key(private.read_bytes(), password=None)
    if not isinstance(loaded, X25519PrivateKey):
        raise Misconfigured(f"{private} is no private key for sealing: it must be X25519 in PEM")
    return SealedSnapshots(store, Seal(loaded.public_key()), unseal)


def _own_key(folder: Path) -> Path:
    """The key in `folder`, the same one for all instances, whoever of them comes first."""
    home = folder / KEY_NAME
    if not home.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{KEY_NAME}-", dir=folder) as aside:
            made = Path(aside) / KEY_NAME
            made.mkdir(mode=0o700)
            generate(made, KEY_NAME)
            # Complete or not there; another instance may have been first, and then its key counts.
            with suppress(OSError):
                made.rename(home)
    return home / f"{KEY_NAME}.key"


def _context(proposal: str) -> bytes:
    return b"snapshot " + proposal.encode()
