"""Logs for tests: a store in memory that can crash, leaves that are easy to tell apart, and keys that never change."""

import hashlib
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fixgate.errors import Fenced
from fixgate.log import checkpoint
from fixgate.log.audit import Keys
from fixgate.log.leaf import RecordLeaf, encode
from fixgate.log.note import Kind, NoteSigner
from fixgate.log.writer import Log

ORIGIN = "fixgate.internal/fixgate/log"
SIGNER = NoteSigner(ORIGIN, Kind.ED25519, Ed25519PrivateKey.from_private_bytes(b"L" * 32))
WITNESS = NoteSigner("witness.test/one", Kind.COSIGNATURE, Ed25519PrivateKey.from_private_bytes(b"W" * 32))

KEYS = Keys(origin=ORIGIN, log=(SIGNER.verifier,), witnesses=(WITNESS.verifier,))


class Crash(BaseException):
    """The process is gone; nothing may catch this."""


class MemoryStore:
    """See `storage.Store`. Crashes, when `crash_at` counts down to zero, before or in the middle of a write."""

    def __init__(self, files: Mapping[str, bytes] | None = None) -> None:
        self.files = dict(files or {})
        self.crash_at: int | None = None
        self.writes = 0
        self.held = False

    @property
    def location(self) -> str:
        """See `storage.Store.location`."""
        return "memory"

    def read(self, path: str) -> bytes | None:
        """See `storage.Store.read`."""
        return self.files.get(path)

    def write(self, files: Mapping[str, bytes]) -> None:
        """See `storage.Store.write`; what is published must never change."""
        for path, data in files.items():
            self.count()
            assert self.files.get(path, data) == data, f"{path} would change"
            self.files[path] = data

    def swap(self, path: str, expected: bytes | None, data: bytes) -> None:
        """See `storage.Store.swap`."""
        self.count()
        present = self.files.get(path)
        if (None if present is None else hashlib.sha256(present).digest()) != expected:
            raise Fenced(f"{path} was changed by somebody else")
        self.files[path] = data

    def remove(self, paths: Sequence[str]) -> None:
        """See `storage.Store.remove`."""
        for path in paths:
            self.count()
            self.files.pop(path, None)

    def names(self, prefix: str) -> list[str]:
        """See `storage.Store.names`."""
        return sorted(path for path in self.files if path.startswith(prefix))

    @contextmanager
    def hold(self) -> Generator[None]:
        """See `storage.Store.hold`."""
        if self.held:
            raise Fenced("held")
        self.held = True
        try:
            yield
        finally:
            self.held = False

    def count(self) -> None:
        """One more change of what is stored."""
        self.writes += 1
        if self.crash_at is not None and self.writes >= self.crash_at:
            raise Crash


def record_leaf(sequence: int, *, offset: int | None = None, value: str = "", **changes: object) -> RecordLeaf:
    """The leaf of a record of one stream; its digest follows from `value`, or from its sequence."""
    fields: dict[str, object] = {
        "topic": "fixgate.findings",
        "incarnation": "cluster/topic",
        "partition": 0,
        "offset": sequence - 1 if offset is None else offset,
        "appended_ms": 1_700_000_000_000 + sequence,
        "digest": digest_of(value or str(sequence)),
        "stream": "ingest/0",
        "sequence": sequence,
        "signer": "spiffe://fixgate.internal/fixgate/ingest",
        "signature": "AAAA",
        "certificate": digest_of("certificate"),
        "verdict": "verified",
        **changes,
    }
    return RecordLeaf(**fields)  # type: ignore[arg-type]  # a test names any field; the dataclass knows the rest


def digest_of(value: str) -> str:
    """A digest that a record could have."""
    return "sha256:" + hashlib.sha256(value.encode()).hexdigest()


def entries(first: int, count: int) -> list[bytes]:
    """Encoded leaves of one stream."""
    return [encode(record_leaf(sequence)) for sequence in range(first, first + count)]


def published(leaves: Sequence[bytes], *, each: int = 100, cosigned_at: int | None = None) -> MemoryStore:
    """A log of these entries, published `each` at a time; the last checkpoint cosigned at a time, if one is given."""
    store = MemoryStore()
    log = Log(store, SIGNER)
    for first in range(0, len(leaves), each):
        log.append(leaves[first : first + each])
        log.publish()
    if cosigned_at is not None:
        log.keep_cosignatures([checkpoint.cosign(log.latest.note.text, cosigned_at, WITNESS)])
    log.close()
    return store
