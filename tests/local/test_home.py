"""The stack's folder: whose it is, what fits into it, and that two never share it."""

import errno
import os
import stat
from pathlib import Path

import pytest

from fixgate.errors import Misconfigured, Unavailable
from fixgate.local.home import SOCKET_PATH_LIMIT, Home, disk_errors, is_locked, take_lock, write_atomically


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home that is prepared."""
    made = Home(tmp_path / "home")
    made.prepare()
    return made


def test_another_users_folder_is_refused(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack never puts its keys into somebody else's folder."""
    monkeypatch.setattr(os, "geteuid", lambda: home.path.stat().st_uid + 1)
    with pytest.raises(Misconfigured, match="belongs to user"):
        home.prepare()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    """A file in the way, or a read-only place, is told with its path."""
    with pytest.raises(Unavailable, match=r"cannot be written") as error, disk_errors(tmp_path):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(tmp_path))
    assert str(tmp_path) in error.value.message


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_named(tmp_path: Path, number: int) -> None:
    """No space and no quota are one thing to a person."""
    with pytest.raises(Unavailable, match="the disk is full"), disk_errors(tmp_path):
        raise OSError(number, os.strerror(number))


def test_other_errors_of_the_system_pass(tmp_path: Path) -> None:
    """What is not about the disk is not called so."""
    with pytest.raises(OSError, match="loop"), disk_errors(tmp_path):
        raise OSError(errno.ELOOP, "loop")


def test_too_little_space_is_refused_before_anything_starts(home: Home) -> None:
    """The message says how much there is and how much it takes."""
    with pytest.raises(Unavailable, match=r"MiB are free .* needs"):
        home.check_space(least=1 << 60)


def test_a_socket_path_that_is_too_long_is_refused(tmp_path: Path) -> None:
    """A unix socket's path has a limit that error messages of libraries hide."""
    longest = SOCKET_PATH_LIMIT - len("/identity/gate/agent.sock")
    fits = Home(Path("/" + "x" * (longest - 1)))
    fits.check_sockets(["gate"])
    with pytest.raises(Misconfigured, match=f"{SOCKET_PATH_LIMIT + 1} bytes") as error:
        Home(Path("/" + "x" * longest)).check_sockets(["gate"])
    assert "FIXGATE_HOME" in error.value.remedy
    del tmp_path


def test_a_second_lock_is_refused_until_the_first_is_gone(home: Home) -> None:
    """The lock lives as long as its holder."""
    held = take_lock(home)
    assert is_locked(home)
    with pytest.raises(Unavailable, match="already running"):
        take_lock(home)
    os.close(held)
    assert not is_locked(home)
    os.close(take_lock(home))


def test_a_home_that_never_was_is_not_locked(tmp_path: Path) -> None:
    """Asking makes nothing."""
    assert not is_locked(Home(tmp_path / "nowhere"))
    assert list(tmp_path.iterdir()) == []


def test_folders_are_closed_to_other_users(home: Home) -> None:
    """Keys and the broker's secret are the user's own, even where the folder had been open."""
    home.identity.chmod(0o755)
    home.prepare()
    for folder in (home.path, home.identity, home.kafka, home.logs):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_failed_write_leaves_the_old_file(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader never sees half a file, and nothing is left beside it."""
    write_atomically(home.state, b"old")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(home.state, b"new")
    assert home.state.read_bytes() == b"old"
    assert [p.name for p in home.path.glob(".*")] == []


def test_written_files_are_the_users_own(home: Home) -> None:
    """Mode 0600 from the first byte on."""
    write_atomically(home.state, b"content")
    assert stat.S_IMODE(home.state.stat().st_mode) == 0o600
