"""The broker's jars are the lock's, or the stack does not start."""

import errno
import hashlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fixgate.errors import Misconfigured, Refused, Unavailable
from fixgate.local import jars
from fixgate.local.jars import Jar
from fixgate.local.progress import Step

CONTENTS = {"alpha-1.jar": b"alpha's classes", "beta-2.jar": b"beta's classes"}


def write_lock(folder: Path, **changed: str) -> Path:
    """A lock of two jars; `changed` replaces an artifact's digest."""
    lines: list[str] = []
    for name, content in CONTENTS.items():
        artifact, version = name.removesuffix(".jar").split("-")
        digest = changed.get(artifact, hashlib.sha256(content).hexdigest())
        lines.append(f"org.example:{artifact}:{version} sha256:{digest}")
    path = folder / "lock"
    path.write_text("# a comment\n\n" + "\n".join(lines) + "\n")
    return path


class Shop:
    """Stands in for the repository; hands out `CONTENTS` unless it is told otherwise."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fails: dict[str, Exception] = {}

    def __call__(self, jar: Jar, folder: Path) -> Path:
        """Download one jar; a failing one leaves half a file, as a broken connection would."""
        self.asked.append(jar.file_name)
        path = folder / jar.file_name
        if error := self.fails.get(jar.file_name):
            path.write_bytes(CONTENTS[jar.file_name][:4])
            raise error
        path.write_bytes(CONTENTS[jar.file_name])
        return path


def cached(cache: Path) -> set[str]:
    """What lies in the cache."""
    return {path.name for path in (cache / f"kafka-{jars.KAFKA_VERSION}").iterdir()}


def test_a_downloaded_jar_with_another_hash_is_refused(tmp_path: Path) -> None:
    """What the repository gives is compared with the lock, and what differs never reaches the cache."""
    lock = write_lock(tmp_path, beta="0" * 64)
    with pytest.raises(Refused, match=r"beta-2\.jar is not the jar that the lock names"):
        jars.ensure(tmp_path, lock=lock, fetch=Shop())
    assert "beta-2.jar" not in cached(tmp_path)


def test_a_jar_changed_in_the_cache_is_refused(tmp_path: Path) -> None:
    """Each start hashes the jars again; a changed one is not replaced in silence."""
    lock, shop = write_lock(tmp_path), Shop()
    paths = jars.ensure(tmp_path, lock=lock, fetch=shop)
    paths[0].write_bytes(b"somebody else's classes")
    with pytest.raises(Refused, match="is not the jar that the lock names") as refusal:
        jars.ensure(tmp_path, lock=lock, fetch=shop)
    assert "delete" in refusal.value.remedy


def test_half_a_download_is_never_used(tmp_path: Path) -> None:
    """A broken connection is an error, leaves no half file, and the next run fetches only what is missing."""
    lock, shop = write_lock(tmp_path), Shop()
    shop.fails["beta-2.jar"] = ConnectionError("the line went dead")
    with pytest.raises(Unavailable, match=r"beta-2\.jar could not be downloaded: the line went dead"):
        jars.ensure(tmp_path, lock=lock, fetch=shop)
    assert cached(tmp_path) <= {"alpha-1.jar"}
    shop.fails.clear()
    shop.asked.clear()
    before = cached(tmp_path)
    jars.ensure(tmp_path, lock=lock, fetch=shop)
    assert set(shop.asked) == set(CONTENTS) - before
    assert cached(tmp_path) == set(CONTENTS)


def test_a_jar_that_the_repository_does_not_have_is_an_error(tmp_path: Path) -> None:
    """The resolver's own words are passed on."""
    shop = Shop()
    shop.fails["alpha-1.jar"] = RuntimeError("not found in remote repositories")
    with pytest.raises(Unavailable, match="not found in remote repositories"):
        jars.ensure(tmp_path, lock=write_lock(tmp_path), fetch=shop)


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    """ENOSPC while downloading is told as what it is."""
    shop = Shop()
    shop.fails["alpha-1.jar"] = OSError(errno.ENOSPC, "No space left on device", "alpha-1.jar")
    with pytest.raises(Unavailable, match="the disk is full"):
        jars.ensure(tmp_path, lock=write_lock(tmp_path), fetch=shop)


@pytest.mark.parametrize(
    "line", ["org.example:alpha:1", "org.example:alpha sha256:00", "org.example:alpha:1 md5:00", "a:b:1 sha256:00"]
)
def test_a_line_without_a_coordinate_and_a_sha256_is_refused(tmp_path: Path, line: str) -> None:
    """A lock that cannot be checked is no lock."""
    path = tmp_path / "lock"
    path.write_text(line)
    with pytest.raises(Misconfigured):
        jars.read_lock(path)


def test_only_the_jars_of_the_lock_are_on_the_class_path(tmp_path: Path) -> None:
    """A jar that somebody put beside the others is not loaded."""
    lock, shop = write_lock(tmp_path), Shop()
    folder = jars.ensure(tmp_path, lock=lock, fetch=shop)[0].parent
    shutil.copy(folder / "alpha-1.jar", folder / "evil-1.jar")
    assert [path.name for path in jars.ensure(tmp_path, lock=lock, fetch=shop)] == list(CONTENTS)


def test_progress_counts_up_to_all_jars(tmp_path: Path) -> None:
    """Who watches sees each jar arrive."""
    steps: list[Step] = []
    jars.ensure(tmp_path, lock=write_lock(tmp_path), fetch=Shop(), report=steps.append)
    assert [(step.done, step.total) for step in steps] == [(0, 2), (1, 2), (2, 2), (2, 2)]


def test_the_committed_lock_holds_the_broker() -> None:
    """The lock names the version that the code names, each jar once."""
    locked = jars.read_lock()
    assert len({jar.file_name for jar in locked}) == len(locked) == 46
    versions = {jar.version for jar in locked if jar.group == "org.apache.kafka"}
    assert versions == {jars.KAFKA_VERSION}


def test_what_a_killed_download_left_is_removed(tmp_path: Path) -> None:
    """The next download finds and removes it: nobody else would."""
    left = tmp_path / ".download-of-a-dead-process"
    left.mkdir()
    (left / "alpha-1.jar").write_bytes(b"half")
    jars.ensure(tmp_path, lock=write_lock(tmp_path), fetch=Shop())
    assert list(tmp_path.glob(".download-*")) == []


def test_two_stacks_download_once(tmp_path: Path) -> None:
    """Whoever waited for another's download finds everything there."""
    lock, shop = write_lock(tmp_path), Shop()
    with ThreadPoolExecutor() as pool:
        waiting = [pool.submit(jars.ensure, tmp_path, lock=lock, fetch=shop) for _ in range(4)]
        found = [each.result() for each in waiting]
    assert len(shop.asked) == len(CONTENTS)
    assert all(paths == found[0] for paths in found)
