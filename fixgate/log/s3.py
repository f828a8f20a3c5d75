"""A log in an S3 bucket.

S3 has no locks, so two writers are kept apart by conditional writes alone: `swap` replaces an object only if it is
still the one that was read. A writer that was overtaken can do no harm: files written by `write` have the same bytes
whoever writes them, because they follow from the journal, and the journal is changed by `swap`.
"""

import hashlib
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from fixgate.errors import Fenced, Misconfigured, Unavailable
from fixgate.objects import s3_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONFLICTS: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
MISSING: Final = frozenset({"NoSuchKey", "404"})


class S3Store:
    """See `storage.Store`."""

    def __init__(self, client: "S3Client", bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    @staticmethod
    def connect(bucket: str, prefix: str) -> "S3Store":
        """The store with the credentials and endpoint that the AWS SDK finds (`AWS_ENDPOINT_URL`, `AWS_REGION`, …)."""
        if not bucket:
            raise Misconfigured("the place of the log names no bucket", remedy="Give s3://bucket/prefix.")
        try:
            return S3Store(s3_client(), bucket, prefix)
        except (BotoCoreError, ValueError) as error:
            raise Misconfigured(f"S3 cannot be used: {error}") from None

    @property
    def location(self) -> str:
        """See `storage.Store.location`."""
        return f"s3://{self._bucket}/{self._prefix}"

    def read(self, path: str) -> bytes | None:
        """See `storage.Store.read`."""
        return self._get(path)[0]

    def write(self, files: Mapping[str, bytes]) -> None:
        """See `storage.Store.write`."""
        for path, data in files.items():
            with self._errors(path):
                self._client.put_object(Bucket=self._bucket, Key=self._prefix + path, Body=data)

    def swap(self, path: str, expected: bytes | None, data: bytes) -> None:
        """See `storage.Store.swap`."""
        present, etag = self._get(path)
        if (None if present is None else hashlib.sha256(present).digest()) != expected:
            raise Fenced(f"{self.location}{path} was changed by somebody else")
        with self._errors(path):
            if etag is None:
                self._client.put_object(Bucket=self._bucket, Key=self._prefix + path, Body=data, IfNoneMatch="*")
            else:
                self._client.put_object(Bucket=self._bucket, Key=self._prefix + path, Body=data, IfMatch=etag)

    def remove(self, paths: Sequence[str]) -> None:
        """See `storage.Store.remove`."""
        for path in paths:
            with self._errors(path):
                self._client.delete_object(Bucket=self._bucket, Key=self._prefix + path)

    def names(self, prefix: str) -> list[str]:
        """See `storage.Store.names`."""
        found: list[str] = []
        with self._errors(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix
            )
            for page in pages:
                found += [entry.get("Key", "").removeprefix(self._prefix) for entry in page.get("Contents", [])]
        return sorted(found)

    @contextmanager
    def hold(self) -> Generator[None]:
        """See `storage.Store.hold`: S3 keeps nobody out; `swap` does."""
        yield

    def _get(self, path: str) -> tuple[bytes | None, str | None]:
        with self._errors(path):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + path)
                return answer["Body"].read(), answer["ETag"]
            except ClientError as error:
                if _code(error) not in MISSING:
                    raise
        return None, None

    @contextmanager
    def _errors(self, path: str) -> Generator[None]:
        try:
            yield
        except ClientError as error:
            if _code(error) in CONFLICTS:
                raise Fenced(f"{self.location}{path} was changed by somebody else") from None
            raise Unavailable(f"{self.location}{path}: S3 answered {_code(error)}") from None
        except BotoCoreError as error:
            raise Unavailable(f"{self.location}{path}: {error}") from None


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "unknown")
