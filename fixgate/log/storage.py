"""Where a log's files are: the port, and how a place is named (a folder, or `s3://bucket/prefix`)."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from fixgate.errors import Misconfigured

S3_SCHEME = "s3://"


class Store(Protocol):
    """Files by path. All methods may block and raise Unavailable when the place cannot be used."""

    @property
    def location(self) -> str:
        """The place's name, for messages."""
        ...

    def read(self, path: str) -> bytes | None:
        """A file's bytes, or None when there is none."""
        ...

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write files whose bytes are settled for ever; on return they are durable, each of them whole."""
        ...

    def swap(self, path: str, expected: bytes | None, data: bytes) -> None:
        """Replace a file in one step, if its bytes have the SHA-256 `expected`, or it is not there when that is None.

        On return it is durable. Raises Fenced when it is another: somebody else writes here.
        """
        ...

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files; those that are not there are no error."""
        ...

    def names(self, prefix: str) -> list[str]:
        """The paths that begin with `prefix`, a path that ends in a slash, sorted."""
        ...

    def hold(self) -> AbstractContextManager[None]:
        """Keep other writers out, where the place can do that; raises Fenced when one is there.

        Where it cannot, `swap` alone keeps two writers from harming each other.
        """
        ...


def open_store(location: str) -> Store:
    """The store at `location`; raises Misconfigured when that is no place."""
    if not location:
        raise Misconfigured("the place of the log is empty", remedy="Give a folder or s3://bucket/prefix.")
    if location.startswith(S3_SCHEME):
        # Not at the top: boto3 takes half a second and is needed by few.
        from fixgate.log.s3 import S3Store  # noqa: PLC0415 - said above

        bucket, _, prefix = location.removeprefix(S3_SCHEME).partition("/")
        return S3Store.connect(bucket, prefix)
    if "://" in location:
        raise Misconfigured(f"a log cannot be at {location}", remedy="Give a folder or s3://bucket/prefix.")
    from fixgate.log.filesystem import FolderStore  # noqa: PLC0415 - beside its alternative

    return FolderStore(Path(location))
