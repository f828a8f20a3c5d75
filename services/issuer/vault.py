"""Credentials while they live: in this process's memory alone, for nothing but the proof of their death."""

import threading
from dataclasses import dataclass, field

from services.issuer.systems import Issued, Probe


@dataclass(slots=True)
class Held:
    """A credential, and what a read with it showed while it lived."""

    issued: Issued = field(repr=False)
    before: Probe | None = None


class Vault:
    """Credentials by their key in the state; grants' digests with it. Thread-safe; printing it shows nothing."""

    def __init__(self) -> None:
        self._held: dict[bytes, Held] = {}
        self._keys: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def put(self, key: bytes, issued: Issued) -> None:
        """Keep a credential until it is dropped."""
        with self._lock:
            self._held[key] = Held(issued)

    def get(self, key: bytes) -> Held | None:
        """The credential of this key; None when this process never had it, or it is over."""
        with self._lock:
            return self._held.get(key)

    def name(self, grant_digest: str, key: bytes) -> None:
        """Remember which credential a grant's record is about."""
        with self._lock:
            self._keys[grant_digest] = key

    def key_of(self, grant_digest: str) -> bytes | None:
        """Which credential a grant's record is about."""
        with self._lock:
            return self._keys.get(grant_digest)

    def drop(self, key: bytes) -> None:
        """Forget a credential."""
        with self._lock:
            self._held.pop(key, None)
            self._keys = {name: k for name, k in self._keys.items() if k != key}

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._held.clear()
            self._keys.clear()
