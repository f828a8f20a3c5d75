"""Snapshots open only where they belong, and only as they were kept."""

from pathlib import Path

import pytest

from fixgate.errors import FixgateError, Misconfigured, Refused
from fixgate.objects import FileStore
from fixgate.sealing import generate
from services.executor.adapters.snapshots import sealed_snapshots

STATE: dict[str, str] = {"user": "svc"}
PROPOSAL = "sha256:" + "1" * 64


def test_a_snapshot_is_no_other_proposals(tmp_path: Path) -> None:
    """It was sealed in the context of one change."""
    kept = sealed_snapshots(FileStore(tmp_path / "s"), "", tmp_path)
    stored = kept.keep(STATE, PROPOSAL)
    with pytest.raises(Refused):
        kept.recall(stored, "sha256:" + "2" * 64)


def test_altered_bytes_are_refused(tmp_path: Path) -> None:
    """Neither the store nor the seal lets them pass."""
    kept = sealed_snapshots(FileStore(tmp_path / "s"), "", tmp_path)
    stored = kept.keep(STATE, PROPOSAL)
    (path,) = [p for p in (tmp_path / "s").rglob("*") if p.is_file()]
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(FixgateError):
        kept.recall(stored, PROPOSAL)


def test_a_key_that_is_open_to_others_is_refused(tmp_path: Path) -> None:
    """Whoever could read it could open every snapshot."""
    generate(tmp_path, "given")
    (tmp_path / "given.key").chmod(0o644)
    with pytest.raises(Misconfigured):
        sealed_snapshots(FileStore(tmp_path / "s"), str(tmp_path / "given.key"), tmp_path)


@pytest.mark.parametrize("given", [True, False])
def test_another_instance_opens_what_this_one_kept(tmp_path: Path, *, given: bool) -> None:
    """Under a key that is given, and under the one that the first of them made."""
    key = ""
    if given:
        generate(tmp_path, "given")
        (tmp_path / "given.pub").unlink()
        key = str(tmp_path / "given.key")
    first = sealed_snapshots(FileStore(tmp_path / "s"), key, tmp_path)
    second = sealed_snapshots(FileStore(tmp_path / "s"), key, tmp_path)
    assert second.recall(first.keep(STATE, PROPOSAL), PROPOSAL) == STATE
