"""Where a log is: a folder and S3 keep the same promises."""

import hashlib
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from moto.server import ThreadedMotoServer

from fixgate.errors import Fenced, Misconfigured, Unavailable
from fixgate.log.audit import audit
from fixgate.log.filesystem import FolderStore
from fixgate.log.s3 import S3Store
from fixgate.log.storage import Store, open_store
from fixgate.log.writer import Log
from fixgate.objects import s3_client
from tests.log.logs import KEYS, SIGNER, entries


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """An S3 on loopback."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An empty store of each kind."""
    if request.param == "folder":
        return open_store(str(tmp_path / "deep" / "log"))
    for name, value in {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", cast(str, request.getfixturevalue("endpoint")))
    bucket = f"log-{hashlib.sha256(str(tmp_path).encode()).hexdigest()[:12]}"
    cast(Any, s3_client()).create_bucket(Bucket=bucket)
    return open_store(f"s3://{bucket}/some/prefix")


def test_a_swap_of_something_else_is_refused(store: Store) -> None:
    """A file is replaced only by whoever knows what is there."""
    with pytest.raises(Fenced):
        store.swap("checkpoint", hashlib.sha256(b"one").digest(), b"two")
    store.swap("checkpoint", None, b"one")
    for expected in (None, hashlib.sha256(b"two").digest()):
        with pytest.raises(Fenced, match="changed by somebody else"):
            store.swap("checkpoint", expected, b"three")
    assert store.read("checkpoint") == b"one"
    store.swap("checkpoint", hashlib.sha256(b"one").digest(), b"two")
    assert store.read("checkpoint") == b"two"


@pytest.mark.parametrize("store", ["s3"], indirect=True)
def test_a_slower_writer_is_refused_also_between_reading_and_writing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In S3 the condition is the bucket's to check: a change between our read and our write is refused."""
    assert isinstance(store, S3Store)
    store.swap("checkpoint", None, b"one")
    get = store._get  # pyright: ignore[reportPrivateUsage]  # the moment between reading and writing is inside

    def late(path: str) -> tuple[bytes | None, str | None]:
        found = get(path)
        monkeypatch.undo()
        store.write({path: b"two"})
        return found

    monkeypatch.setattr(store, "_get", late)
    with pytest.raises(Fenced):
        store.swap("checkpoint", hashlib.sha256(b"one").digest(), b"three")
    assert store.read("checkpoint") == b"two"


def test_a_second_process_is_kept_out_of_a_folder(tmp_path: Path) -> None:
    """A folder has one writer; the lock ends with it."""
    one, other = FolderStore(tmp_path), FolderStore(tmp_path)
    with one.hold(), pytest.raises(Fenced, match="another process"), other.hold():
        pass
    with other.hold():
        pass


def test_places_that_are_none_are_refused(tmp_path: Path) -> None:
    """A place that cannot be a log's is an error that says so."""
    for location in ("", "https://example.com/log", "s3:///prefix"):
        with pytest.raises(Misconfigured):
            open_store(location)
    file = tmp_path / "file"
    file.write_bytes(b"")
    with pytest.raises(Unavailable):
        open_store(str(file / "log")).write({"a": b""})


def test_a_bucket_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """A missing bucket is not an empty log."""
    for name, value in {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(Unavailable, match="NoSuchBucket"):
        open_store("s3://no-such-bucket/log").read("checkpoint")


def test_files_are_written_read_listed_and_removed(store: Store) -> None:
    """What was written is there, by its path, and nothing else."""
    assert store.read("tile/0/x001/000") is None
    assert store.names("tile/") == []
    store.write({"tile/0/x001/000": b"a", "tile/0/000.p/3": b"b", "other": b"c"})
    assert store.read("tile/0/x001/000") == b"a"
    assert store.names("tile/") == ["tile/0/000.p/3", "tile/0/x001/000"]
    store.remove(["tile/0/000.p/3", "tile/0/000.p/3"])
    assert store.names("tile/") == ["tile/0/x001/000"]


def test_a_log_lives_in_each_kind_of_store(store: Store) -> None:
    """A log is written, reopened and verified wherever it is."""
    for first, count in ((1, 3), (4, 300)):
        log = Log(store, SIGNER)
        log.append(entries(first, count))
        log.publish()
        log.close()
    report = audit(store, KEYS)
    assert report.verified, report.problems
    assert report.records == 303


def test_a_folder_is_closed_to_others(tmp_path: Path) -> None:
    """What the log holds is for its owner to publish."""
    store = FolderStore(tmp_path / "log")
    store.write({"tile/0/000": b"a"})
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "log/tile/0/000").stat().st_mode) == 0o600
