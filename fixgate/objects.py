"""A store of bytes by their digest, for what is too large for a message and for kept originals.

An object's name is the SHA-256 of its bytes, so it never changes, putting it twice is the same as once, and whoever
reads it can tell that it is the right one: each read is checked. What may hold secrets is sealed (`sealing.py`) before
it comes here. The stores delete nothing; how long objects live is a matter of the bucket or of whoever tidies the
folder.

Every method may block and raises Transient when the store cannot be reached or written now.
"""

import errno
import re
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from fixgate.errors import Refused, Transient, Unavailable
from fixgate.files import sync_folder, write_all_private
from fixgate.signing import digest

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

OBJECT_LIMIT: Final = 1 << 30
"""Bytes of one object at most: it is read into memory whole."""
_DIGEST: Final = re.compile(r"sha256:([0-9a-f]{64})")
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_S3_TIMEOUT_S: Final = 10
_S3_ATTEMPTS: Final = 3


class ObjectStore(Protocol):
    """Bytes by digest."""

    def put(self, value: bytes) -> str:
        """Keep `value` and return its digest, "sha256:<64 hexadecimal digits>"; on return it is durable.

        Raises Refused over `OBJECT_LIMIT`.
        """
        ...

    def put_all(self, values: Sequence[bytes]) -> Sequence[str]:
        """As `put` for each of them, and faster for many: on return all are durable, and any may be after an error."""
        ...

    def get(self, name: str, *, limit: int = OBJECT_LIMIT) -> bytes:
        """The bytes with the digest `name`.

        Raises Unavailable when they are not there, Refused when what is there are other bytes or more than `limit`, or
        `name` is no digest.
        """
        ...

    def has(self, name: str) -> bool:
        """Whether there is an object of this name; its bytes are not read. Raises Refused when `name` is no digest."""
        ...


class FileStore:
    """Objects as files: `<folder>/<first two digits>/<the other 62>`, readable by this user alone.

    The folder is made when it is needed; its parent must be there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, value: bytes) -> str:
        """See `ObjectStore.put`; damaged bytes that are there under this digest are replaced."""
        return self.put_all((value,))[0]

    def put_all(self, values: Sequence[bytes]) -> Sequence[str]:
        """See `ObjectStore.put_all`, and `put`."""
        names = [_named(value) for value in values]
        wanted = {self._path(name): value for name, value in zip(names, values, strict=True)}
        try:
            lacking = {path: value for path, value in wanted.items() if self._read(path) != value}
            for folder in (self._folder, *sorted({path.parent for path in lacking})):
                if lacking and not folder.is_dir():
                    folder.mkdir(mode=0o700, exist_ok=True)
                    sync_folder(folder.parent)
            write_all_private(lacking)
        except OSError as error:
            raise self._failure(error) from None
        return names

    def get(self, name: str, *, limit: int = OBJECT_LIMIT) -> bytes:
        """See `ObjectStore.get`."""
        try:
            path = self._path(name)
            if path.exists() and path.stat().st_size > limit:
                raise _too_large(name, str(self._folder), limit)
            value = self._read(path)
        except OSError as error:
            raise self._failure(error) from None
        if value is None:
            raise _missing(name, str(self._folder))
        return _checked(name, value, str(self._folder))

    def has(self, name: str) -> bool:
        """See `ObjectStore.has`."""
        path = self._path(name)
        try:
            return path.is_file()
        except OSError as error:
            raise self._failure(error) from None

    def _path(self, name: str) -> Path:
        digits = _digits(name)
        return self._folder / digits[:2] / digits[2:]

    def _read(self, path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def _failure(self, error: OSError) -> Transient:
        full = error.errno in _FULL
        return Transient(
            f"the object store at {self._folder} failed: {error.strerror}",
            remedy=f"Free space on the disk of {self._folder}."
            if full
            else f"Make {self._folder} readable and writable.",
        )


class S3Store:
    """Objects in a bucket, as `<prefix><64 digits>`. S3 checks each object's SHA-256 as it arrives."""

    def __init__(self, client: "S3Client", bucket: str, prefix: str = "objects/") -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix

    def put(self, value: bytes) -> str:
        """See `ObjectStore.put`."""
        name = _named(value)
        checksum = b64encode(bytes.fromhex(_digits(name))).decode()
        try:
            self._client.put_object(Bucket=self._bucket, Key=self._key(name), Body=value, ChecksumSHA256=checksum)
        except (ClientError, BotoCoreError) as error:
            raise self._failure(error) from None
        return name

    def put_all(self, values: Sequence[bytes]) -> Sequence[str]:
        """See `ObjectStore.put_all`; S3 takes one after the other."""
        return [self.put(value) for value in values]

    def get(self, name: str, *, limit: int = OBJECT_LIMIT) -> bytes:
        """See `ObjectStore.get`."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._key(name))
            if answer["ContentLength"] > limit:
                raise _too_large(name, self._place(), limit)
            value = answer["Body"].read()
        except ClientError as error:
            if _code(error) in ("NoSuchKey", "404"):
                raise _missing(name, self._place()) from None
            raise self._failure(error) from None
        except BotoCoreError as error:
            raise self._failure(error) from None
        return _checked(name, value, self._place())

    def has(self, name: str) -> bool:
        """See `ObjectStore.has`."""
        try:
            self._client.head_object(Bucket=self._bucket, Key=self._key(name))
        except ClientError as error:
            if _code(error) in ("NoSuchKey", "404"):
                return False
            raise self._failure(error) from None
        except BotoCoreError as error:
            raise self._failure(error) from None
        return True

    def _key(self, name: str) -> str:
        return self._prefix + _digits(name)

    def _place(self) -> str:
        return f"s3://{self._bucket}/{self._prefix}"

    def _failure(self, error: ClientError | BotoCoreError) -> Transient:
        why = _code(error) if isinstance(error, ClientError) else type(error).__name__
        return Transient(
            f"the object store at {self._place()} failed: {why}",
            remedy="Check that the bucket exists, that its endpoint answers, and that this process may use it.",
        )


def open_objects(place: str, home: Path) -> ObjectStore:
    """The store at `place`: a folder, `s3://bucket/prefix`, or, when it is empty, `objects` in the home."""
    if not place.startswith("s3://"):
        return FileStore(Path(place) if place else home / "objects")
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    return S3Store(s3_client(), bucket, prefix or "objects/")


def s3_client(*, endpoint: str | None = None, region: str | None = None) -> "S3Client":
    """An S3 client that gives up after seconds, with credentials from the environment."""
    config = Config(
        connect_timeout=_S3_TIMEOUT_S,
        read_timeout=_S3_TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": _S3_ATTEMPTS},
    )
    untyped: Any = boto3  # the stubs know 400 services; those that are not installed leave the function's type open
    return cast("S3Client", untyped.client("s3", endpoint_url=endpoint, region_name=region, config=config))


def _named(value: bytes) -> str:
    if len(value) > OBJECT_LIMIT:
        raise Refused(f"an object of {len(value)} bytes is over the limit of {OBJECT_LIMIT}")
    return digest(value)


def _digits(name: str) -> str:
    match = _DIGEST.fullmatch(name)
    if match is None:
        raise Refused("an object's name must be sha256: and 64 hexadecimal digits")
    return match[1]


def _checked(name: str, value: bytes, place: str) -> bytes:
    if digest(value) != name:
        raise _altered(name, place)
    return value


def _altered(name: str, place: str) -> Refused:
    return Refused(
        f"the object {name} in {place} has other bytes than its name says",
        remedy="It was damaged or replaced: restore it from a copy, and find out who can write there.",
    )


def _too_large(name: str, place: str, limit: int) -> Refused:
    return Refused(
        f"the object {name} in {place} has more than {limit} bytes",
        remedy="What is larger than what names it says was damaged or replaced: find out who can write there.",
    )


def _missing(name: str, place: str) -> Unavailable:
    return Unavailable(
        f"the object {name} is not in {place}", remedy="It may be older than its retention, or in another store."
    )


def _code(error: ClientError) -> str:
    details: Any = error.response.get("Error", {})
    return str(details.get("Code", "unknown"))
