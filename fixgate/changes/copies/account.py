"""Users and buckets in an account of their own within this process: moto's models, without its global switch.

moto's `mock_aws` would catch every AWS call of the process, those to real targets too. Here a handler hangs on this
stage's own clients alone and answers from an account that nothing else uses. moto's models are shared by the process,
so one rehearsal runs at a time; a rehearsal is some milliseconds of computing, which threads would not make faster.
"""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import moto
from moto.iam.models import AccessKey, User, iam_backends
from moto.s3.models import FakeAcl, FakeBucket, FakeGrant, FakeGrantee, PublicAccessBlock, s3_backends

from fixgate import targets
from fixgate.changes.copies.answering import ACCOUNT, PARTITION, REGION, stage_session, writes
from fixgate.changes.copies.copy import Copy
from fixgate.changes.template import Stage
from fixgate.events import Resource
from fixgate.resources.buckets import bucket_name
from fixgate.resources.readers import read_state
from fixgate.resources.reading import Projection, Reading

ENGINE: Final = f"moto {moto.__version__}"
_ONE_AT_A_TIME: Final = threading.Lock()
_LIVES: Final = "an object that is there"


class CopiedUser(User):
    """A user whose ARN is the target's, though it lives in the stage's account."""

    copied_arn = ""

    @property
    def arn(self) -> str:
        """The target's user."""
        return self.copied_arn


@contextmanager
def copied_user(target: Resource, before: Projection, at: datetime) -> Generator[Copy]:
    """The user with its keys and tags."""
    with _ONE_AT_A_TIME:
        backend: Any = iam_backends[ACCOUNT][PARTITION]
        user: Any = _made(CopiedUser, ACCOUNT, REGION, before["user"])
        user.copied_arn = targets.parts(target)[0]
        for key_id, key in before["keys"].items():
            copied: Any = _made(AccessKey, before["user"], "AKIA", ACCOUNT, key["status"])
            copied.access_key_id = key_id
            copied.create_date = datetime.fromisoformat(key["created"]).astimezone(UTC).replace(tzinfo=None)
            user.access_keys.append(copied)
        backend.users = {before["user"]: user}
        backend.access_keys = {key.access_key_id: key for key in user.access_keys}
        backend.tagger.tag_resource(user.arn, _pairs(before["tags"]))
        try:
            yield _copy(at)
        finally:
            backend.tagger.delete_all_tags_for_resource(user.arn)
            backend.users, backend.access_keys = {}, {}


@contextmanager
def copied_bucket(target: Resource, before: Projection, at: datetime) -> Generator[Copy]:
    """The bucket with its settings and one object, which an oracle may ask for."""
    with _ONE_AT_A_TIME:
        backend: Any = s3_backends[ACCOUNT][PARTITION]
        accounts: Any = s3_backends.bucket_accounts
        name = bucket_name(target)
        elsewhere = accounts.get(name)
        bucket: Any = _made(FakeBucket, name, ACCOUNT, target.region or REGION)
        _furnish(bucket, before)
        backend.buckets = {name: bucket}
        backend.tagger.tag_resource(bucket.arn, _pairs(before["tags"]))
        backend.put_object(name, "object", _LIVES.encode())
        try:
            yield _copy(at)
        finally:
            backend.tagger.delete_all_tags_for_resource(bucket.arn)
            backend.buckets = {}
            accounts.pop(name, None)
            if elsewhere is not None:
                accounts[name] = elsewhere


def _made(model: Any, *arguments: object) -> Any:
    """One of moto's models: they are abstract to a type checker, and are made all the same."""
    return model(*arguments)


def _furnish(bucket: Any, before: Projection) -> None:
    block = before["public_access_block"]
    if block is not None:
        bucket.public_access_block = PublicAccessBlock(
            block["BlockPublicAcls"],
            block["IgnorePublicAcls"],
            block["BlockPublicPolicy"],
            block["RestrictPublicBuckets"],
        )
    bucket.policy = None if before["policy"] is None else before["policy"].encode()
    bucket.acl = FakeAcl([FakeGrant([_grantee(g["grantee"])], [g["permission"]]) for g in before["acl"]])
    bucket.ownership_rule = before["ownership"]
    if before["website"]:
        bucket.website_configuration = (
            b"<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix></IndexDocument></WebsiteConfiguration>"
        )


def _grantee(name: str) -> FakeGrantee:
    made: Any = FakeGrantee
    grantee: FakeGrantee = made(uri=name) if "://" in name else made(grantee_id=name)
    return grantee


def _pairs(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": name, "Value": value} for name, value in tags.items()]


def _copy(at: datetime) -> Copy:
    seen: dict[tuple[Resource, int], Reading] = {}

    def reading(target: Resource) -> Reading:
        # Nobody but this stage writes here: what was read stays true until the next write.
        key = (target, writes())
        if key not in seen:
            seen[key] = read_state(target, session, at)
        return seen[key]

    session = stage_session()
    return Copy(
        name=ENGINE, stage=Stage(session=session, read=reading, now=lambda: at), mapped=lambda projection: projection
    )
