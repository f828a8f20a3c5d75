"""Files that are whole or not there."""

import os
import stat
from pathlib import Path

import pytest

from fixgate.files import OPEN_AT_ONCE, write_all_private, write_private


def test_a_write_that_fails_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk fails in the middle, the old file stands as it was and nothing is left beside it."""
    path = tmp_path / "file"
    write_private(path, b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_private(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_many_files_are_named_only_once_they_are_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk fails at one of them, none of those beside it is there, and nothing is left over."""
    files = {tmp_path / str(number): b"new" for number in range(10)}
    synced: list[int] = []

    def full_soon(descriptor: int) -> None:
        synced.append(descriptor)
        if len(synced) == len(files):
            raise OSError(28, "No space left on device")

    (tmp_path / "3").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full_soon)
    with pytest.raises(OSError, match="No space"):
        write_all_private(files)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("3", b"old")]


def test_many_files_are_on_the_disk_with_their_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file is synced, and each folder once, after the last name in it."""
    count = OPEN_AT_ONCE + 6
    files = {tmp_path / str(number % 2) / str(number): str(number).encode() for number in range(count)}
    for folder in {path.parent for path in files}:
        folder.mkdir()
    synced: list[bool] = []
    really = os.fsync

    def noting(descriptor: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
        if synced[-1]:
            assert all(path.exists() for path in files)
        really(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    write_all_private(files)
    assert synced == [False] * count + [True] * 2
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == files


def test_files_are_ones_own(tmp_path: Path) -> None:
    """Whatever the umask says, nobody else can read the file, also where it replaces one that they could."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o644)
    write_private(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
