"""Fetching what is referred to: as long as it takes, once, and for whoever still waits for it."""

import io
import threading
from pathlib import Path

import pytest

from fixgate import segments
from fixgate.errors import Poison, Transient
from fixgate.objects import OBJECT_LIMIT, FileStore
from fixgate.sealing import Unseal
from fixgate.segments import LARGEST, Manifest, Purpose
from fixgate.signing import digest
from services.ingest.adapters.originals import Originals
from services.ingest.adapters.references import References
from tests.ingest.test_references import INTAKE, INTAKE_SEAL, LIMIT, leaks, received


class Slow(FileStore):
    """A store that gives nothing until it is let."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.let, self.asked, self.gotten = threading.Semaphore(0), threading.Event(), 0

    def get(self, name: str, *, limit: int = OBJECT_LIMIT) -> bytes:
        """See `objects.ObjectStore.get`."""
        self.asked.set()
        assert self.let.acquire(timeout=60)
        self.gotten += 1
        return super().get(name, limit=limit)


def fetching(folder: Path) -> tuple[Slow, References]:
    """What fetches from a slow store."""
    store = Slow(folder / "objects")
    return store, References(store, Unseal([INTAKE]), folder, LIMIT, Originals(store=store, sealer=None))


def whole(references: References, manifest: Manifest, deadline: float) -> tuple[str, int]:
    """What is fetched within the deadline: the report's digest, and how many findings it has."""
    found = references.whole(received(manifest), manifest.encode(), deadline).whole
    assert found is not None
    return found.digest, len(found.report.findings)


def test_what_takes_longer_than_a_deadline_is_fetched_on(tmp_path: Path) -> None:
    """The next try finds the same work, further on: nothing is asked for twice."""
    store, references = fetching(tmp_path)
    report = leaks(1, 2 * LARGEST + 7)
    manifest = segments.store(io.BytesIO(report), store, INTAKE_SEAL, Purpose.INTAKE)
    for _ in range(3):
        with pytest.raises(Transient, match="still being fetched"):
            whole(references, manifest, 0.001)
        store.let.release()
    assert whole(references, manifest, 60.0) == (digest(report), 1)
    assert store.gotten == 3


def test_what_nobody_waits_for_any_more_is_given_up(tmp_path: Path) -> None:
    """Another reference takes its place."""
    store, references = fetching(tmp_path)
    lost = segments.store(io.BytesIO(leaks(1, 2 * LARGEST)), store, INTAKE_SEAL, Purpose.INTAKE)
    report = leaks(2, LARGEST + 7)
    wanted = segments.store(io.BytesIO(report), store, INTAKE_SEAL, Purpose.INTAKE)
    with pytest.raises(Transient):
        whole(references, lost, 0.001)
    assert store.asked.wait(60)
    with pytest.raises(Transient):
        whole(references, wanted, 0.001)
    for _ in range(3):
        store.let.release()
    assert whole(references, wanted, 60.0) == (digest(report), 2)
    for thread in threading.enumerate():
        if thread.name == "reference":
            thread.join(60)
    assert store.gotten == 3


def test_a_failure_is_told_once_and_the_next_try_begins_anew(tmp_path: Path) -> None:
    """What failed is not remembered."""
    store, references = fetching(tmp_path)
    manifest = segments.store(io.BytesIO(leaks(1)), store, INTAKE_SEAL, Purpose.INTAKE)
    digits = manifest.segments[0].location.removeprefix("sha256:")
    path = tmp_path / "objects" / digits[:2] / digits[2:]
    sealed = path.read_bytes()
    path.unlink()
    store.let.release()
    with pytest.raises(Poison, match="not in the object store"):
        whole(references, manifest, 60.0)
    path.write_bytes(sealed)
    store.let.release()
    assert whole(references, manifest, 60.0) == (digest(leaks(1)), 1)
