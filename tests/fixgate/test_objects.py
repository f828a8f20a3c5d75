"""What the object stores refuse, and what they promise; the same promises for files and for S3."""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from fixgate import objects
from fixgate.errors import Refused, Transient, Unavailable
from fixgate.objects import FileStore, ObjectStore, S3Store, s3_client
from fixgate.signing import digest

BUCKET = "fixgate-objects"
ABSENT = digest(b"never put")


@dataclass(frozen=True, slots=True)
class Case:
    """A store, and how somebody else would put bytes in the place of an object."""

    store: ObjectStore
    replace: Callable[[str, bytes], object]


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    """An S3 server of our own on loopback."""
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["files", "s3"])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    """Each kind of store."""
    if request.param == "files":

        def replace_file(name: str, value: bytes) -> None:
            (tmp_path / name[7:9] / name[9:]).write_bytes(value)

        return Case(FileStore(tmp_path), replace_file)
    monkeypatch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    client = s3_client(endpoint=request.getfixturevalue("s3_endpoint"), region="us-east-1")
    client.create_bucket(Bucket=BUCKET)
    return Case(
        S3Store(client, BUCKET),
        lambda name, value: client.put_object(Bucket=BUCKET, Key=f"objects/{name[7:]}", Body=value),
    )


@pytest.mark.parametrize("damage", [b"", b"other", b"valu", b"value "])
def test_other_bytes_are_refused(case: Case, damage: bytes) -> None:
    """Bytes that are not those of the digest are never returned, whoever put them there."""
    name = case.store.put(b"value")
    case.replace(name, damage)
    with pytest.raises(Refused, match="other bytes"):
        case.store.get(name)


@pytest.mark.parametrize(
    "name", ["", "value", "sha256:", "sha256:../../etc/passwd", "sha256:" + "A" * 64, ABSENT + "\n", ABSENT[7:]]
)
def test_names_that_are_no_digest_are_refused(case: Case, name: str) -> None:
    """A name leads to an object and nowhere else."""
    with pytest.raises(Refused, match="hexadecimal"):
        case.store.get(name)
    with pytest.raises(Refused, match="hexadecimal"):
        case.store.has(name)


def test_an_absent_object_is_said_to_be_absent(case: Case) -> None:
    """What was never put is not there, and the error names it and the place."""
    assert not case.store.has(ABSENT)
    with pytest.raises(Unavailable, match=ABSENT):
        case.store.get(ABSENT)


def test_objects_over_the_limit_are_refused(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object that could not be read back into memory is not taken."""
    monkeypatch.setattr(objects, "OBJECT_LIMIT", 4)
    with pytest.raises(Refused, match="limit"):
        case.store.put(b"value")


def test_an_object_that_is_over_its_readers_limit_is_not_read(case: Case) -> None:
    """Whoever can write into the store cannot fill its readers' memory."""
    name = case.store.put(b"value")
    with pytest.raises(Refused, match="more than 4 bytes"):
        case.store.get(name, limit=4)
    assert case.store.get(name, limit=5) == b"value"


def test_a_damaged_object_is_replaced_by_the_right_one(case: Case) -> None:
    """Putting the right bytes again repairs what was damaged."""
    name = case.store.put(b"value")
    case.replace(name, b"other")
    assert case.store.put(b"value") == name
    assert case.store.get(name) == b"value"


@pytest.mark.parametrize("value", [b"", b"value", bytes(range(256)) * 8192], ids=["empty", "small", "2 MiB"])
def test_an_object_is_found_by_its_digest(case: Case, value: bytes) -> None:
    """What was put is there under its digest, also when it was put twice."""
    assert case.store.put(value) == case.store.put(value) == digest(value)
    assert case.store.has(digest(value))
    assert case.store.get(digest(value)) == value


def test_many_objects_are_found_like_one(case: Case) -> None:
    """Each under its own digest, damaged ones replaced, twins once."""
    values = [b"one", b"two", b"one", b"three"]
    case.store.put(b"two")
    case.replace(digest(b"two"), b"damaged")
    assert list(case.store.put_all(values)) == [digest(value) for value in values]
    assert [case.store.get(digest(value)) for value in values] == values
    assert list(case.store.put_all(())) == []


def test_a_full_disk_is_transient_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full the error says so and the object is not there; with space again it can be put."""

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    store = FileStore(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(Transient, match="No space") as error:
            store.put(b"value")
    assert "Free space" in error.value.remedy
    assert not store.has(digest(b"value"))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert store.get(store.put(b"value")) == b"value"


def test_a_folder_that_is_none_is_transient(tmp_path: Path) -> None:
    """When the store's place cannot be used, the error says what to do."""
    (tmp_path / "objects").write_bytes(b"a file")
    store = FileStore(tmp_path / "objects")
    for use in (lambda: store.put(b"value"), lambda: store.get(ABSENT)):
        with pytest.raises(Transient) as error:
            use()
        assert "writable" in error.value.remedy


def test_files_are_this_users_alone(tmp_path: Path) -> None:
    """Folders and objects are closed to other users."""
    store = FileStore(tmp_path / "objects")
    store.put(b"value")
    for path in (tmp_path / "objects").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    assert stat.S_IMODE((tmp_path / "objects").stat().st_mode) == 0o700


def test_a_bucket_that_is_not_there_is_transient(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing bucket, or an endpoint where nobody listens, is an error with a remedy, not an absent object."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    for endpoint, bucket in ((s3_endpoint, "no-such-bucket"), ("http://127.0.0.1:1", BUCKET)):
        store = S3Store(s3_client(endpoint=endpoint, region="us-east-1"), bucket)
        with pytest.raises(Transient, match=bucket) as error:
            store.put(b"value")
        assert "endpoint" in error.value.remedy
        with pytest.raises(Transient, match=bucket):
            store.get(ABSENT)


def test_a_store_that_does_not_answer_is_not_one_without_the_object() -> None:
    """Whether an object is there cannot be told while the store is down."""
    store = S3Store(s3_client(endpoint="http://127.0.0.1:1", region="us-east-1"), BUCKET)
    with pytest.raises(Transient):
        store.has(ABSENT)
