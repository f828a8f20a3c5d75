"""Users and buckets in an account of their own within this process: moto's models, without its global switch.

moto's `mock_aws` would catch every AWS call of the process, those to real targets too. Here a handler hangs on this
stage's own clients alone and answers from an account that nothing else uses. moto's models are shared by the process,
so one rehearsal runs at a time; a rehearsal is some milliseconds of computing, which threads would not make faster.
"""

import re
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

import moto
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from moto.core.botocore_stubber import MockRawResponse
from moto.core.request import normalize_request
from moto.iam.models import AccessKey, User, iam_backends
from moto.s3.models import FakeAcl, FakeBucket, FakeGrant, FakeGrantee, PublicAccessBlock, s3_backends
from werkzeug.exceptions import HTTPException

from fixgate import targets
from fixgate.changes.copies.copy import Copy
from fixgate.changes.template import Stage
from fixgate.events import Resource
from fixgate.resources.buckets import bucket_name
from fixgate.resources.exposure import public_by
from fixgate.resources.readers import read
from fixgate.resources.reading import Projection, Reading, Session
from fixgate.resources.sessions import aws_session

ACCOUNT: Final = "000000000000"
PARTITION: Final = "aws"
ENGINE: Final = f"moto {moto.__version__}"
REGION: Final = "us-east-1"
_ONE_AT_A_TIME: Final = threading.Lock()
_LIVES: Final = "an object that is there"
_DENIED: Final = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
_SIGNED: Final = "AWS4-HMAC-SHA256 Credential=stage/20260101/us-east-1/s3/aws4_request"
_WRITES: Final = [0]
"""How many writes the stage has seen."""

Handler = Callable[..., AWSResponse]


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
        key = (target, _WRITES[0])
        if key not in seen:
            seen[key] = read(target, session, at)
        return seen[key]

    session = _session()
    return Copy(
        name=ENGINE, stage=Stage(session=session, read=reading, now=lambda: at), mapped=lambda projection: projection
    )


@cache
def _session() -> Session:
    # Nothing is sent, so nothing is signed: who asks is known by the client.
    made = aws_session(None, "", REGION)
    other = aws_session(None, "", REGION)
    return Session(aws=_hooked(made.aws, _answer), anonymous=_hooked(other.aws, _answer_anybody))


def _hooked(make: Callable[[str, str | None], Any], answer: Handler) -> Callable[[str, str | None], Any]:
    clients: dict[str, Any] = {}

    def client(service: str, region: str | None) -> Any:
        del region
        if service not in clients:
            clients[service] = make(service, REGION)
            clients[service].meta.events.register_first("before-send", answer)
        return clients[service]

    return client


def _answer_anybody(request: AWSPreparedRequest, **named: object) -> AWSResponse:
    """What somebody without credentials is answered."""
    if not _is_open_to_anybody():
        return _response(request, 403, {}, _DENIED)
    return _answer(request, **named)


def _answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
    """What the stage answers; nothing ever leaves the process."""
    request.headers["x-moto-account-id"] = ACCOUNT
    request.headers["Authorization"] = _SIGNED  # moto looks whether there is one, not at what it says
    asked: Any = normalize_request(request)
    if not _is_reading(request):
        _WRITES[0] += 1
    address = urlsplit(str(request.url))
    for pattern, method in _routes("iam" if address.netloc.startswith("iam.") else "s3"):
        if pattern.match(f"{address.scheme}://{address.netloc}{address.path}"):
            try:
                status, headers, body = method(asked, asked.raw_url, asked.headers)
            except HTTPException as error:
                refused: Any = error
                status, headers, body = refused.code, refused.get_headers(), refused.get_body()
            return _response(request, status, headers, body.encode() if isinstance(body, str) else body)
    return _response(request, 501, {}, b"")


def _is_reading(request: AWSPreparedRequest) -> bool:
    if request.method in {"GET", "HEAD"}:
        return True
    body = request.body if isinstance(request.body, bytes) else str(request.body).encode()
    return body.startswith((b"Action=Get", b"Action=List"))


@cache
def _routes(service: str) -> tuple[tuple[re.Pattern[str], Any], ...]:
    """Which of moto's functions answers which address; moto itself works this out anew for every call."""
    backends: Any = {"iam": iam_backends, "s3": s3_backends}[service]
    return tuple((re.compile(pattern), method) for pattern, method in backends[ACCOUNT][PARTITION].urls.items())


def _response(request: AWSPreparedRequest, status: int, headers: Any, body: bytes) -> AWSResponse:
    raw: Any = MockRawResponse(body)
    return AWSResponse(request.url, status, headers, raw)


def _is_open_to_anybody() -> bool:
    backend: Any = s3_backends[ACCOUNT][PARTITION]
    (bucket,) = backend.buckets.values()  # a rehearsal is about one
    block: Any = bucket.public_access_block
    now = {
        "public_access_block": None
        if block is None
        else {"IgnorePublicAcls": block.ignore_public_acls, "RestrictPublicBuckets": block.restrict_public_buckets},
        "policy": None if bucket.policy is None else bucket.policy.decode(),
        "acl": [{"grantee": who.uri} for grant in bucket.acl.grants for who in grant.grantees],
    }
    return bool(public_by(now))
