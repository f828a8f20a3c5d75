"""AWS as the stage's clients see it: moto's models answer, for the stage's own account, and nothing leaves the process.

moto's own switch would catch every AWS call of the process. A handler hangs on these clients alone instead.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from moto.core.botocore_stubber import MockRawResponse
from moto.core.request import normalize_request
from moto.iam.models import iam_backends
from moto.s3.models import s3_backends
from werkzeug.exceptions import HTTPException

from fixgate.resources.exposure import public_by
from fixgate.resources.reading import Session
from fixgate.resources.sessions import aws_session

ACCOUNT: Final = "000000000000"
PARTITION: Final = "aws"
REGION: Final = "us-east-1"
_DENIED: Final = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
_SIGNED: Final = "AWS4-HMAC-SHA256 Credential=stage/20260101/us-east-1/s3/aws4_request"
_WRITES: Final = [0]

Handler = Callable[..., AWSResponse]


def writes() -> int:
    """How many writes the stage has seen."""
    return _WRITES[0]


@cache
def stage_session() -> Session:
    """The session of every rehearsal in this process; makes no call."""
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
