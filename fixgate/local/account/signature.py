"""Signature Version 4, verified: computed again with botocore's own signer, for the secret that is known here.

Only the Authorization header is taken, no presigned address; the whole body and every `x-amz-` header must be signed.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from fixgate.local.account.messages import Denial, Request

_HEADER = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[A-Z0-9]{16,128})/(?P<day>\d{8})/(?P<region>[a-z0-9-]+)/"
    r"(?P<service>[a-z0-9]+)/aws4_request, ?"
    r"SignedHeaders=(?P<signed>[a-z0-9;-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
_SKEW_S = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What an Authorization header says, not verified yet."""

    access_key_id: str
    day: str
    region: str
    service: str
    signed: tuple[str, ...]
    signature: str


def claim_of(request: Request) -> Claim | None:
    """What the request claims, None when it is anonymous; raises Denial when its signature is of another kind."""
    header = request.headers.get("authorization")
    if header is None:
        if "X-Amz-" in request.query or "Signature=" in request.query:
            raise Denial(403, "AccessDenied", "Presigned addresses are not taken by this emulated account.")
        return None
    found = _HEADER.fullmatch(header)
    if found is None:
        raise Denial(400, "IncompleteSignature", "The Authorization header is not of Signature Version 4.")
    return Claim(
        access_key_id=found["key"],
        day=found["day"],
        region=found["region"],
        service=found["service"],
        signed=tuple(found["signed"].split(";")),
        signature=found["signature"],
    )


def verify(request: Request, claim: Claim, secret: str, now: float) -> None:
    """Raises Denial unless the request is signed, whole, with this secret, within a quarter of an hour of `now`."""
    stamp = request.headers.get("x-amz-date", "")
    _check_time(stamp, claim, now)
    needed = {"host", *(name for name in request.headers if name.startswith("x-amz-"))}
    if not needed <= {*claim.signed}:
        raise _mismatch("A header that must be signed is not.")
    said = request.headers.get("x-amz-content-sha256")
    if said is not None and said != hashlib.sha256(request.body).hexdigest():
        raise Denial(400, "XAmzContentSHA256Mismatch", "The body is not the one that was signed.")
    if said is None and claim.service == "s3":
        raise _mismatch("The body must be signed.")
    if not hmac.compare_digest(_computed(request, claim, secret, stamp), claim.signature):
        raise _mismatch("Check your secret access key and signing method.")


def _check_time(stamp: str, claim: Claim, now: float) -> None:
    try:
        signed_at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise _mismatch("X-Amz-Date is missing or no time.") from None
    if not stamp.startswith(claim.day):
        raise _mismatch("The credential's day is not that of X-Amz-Date.")
    if abs(now - signed_at) > _SKEW_S:
        raise Denial(403, "RequestTimeTooSkewed", "The request was signed at another time.")


def _computed(request: Request, claim: Claim, secret: str, stamp: str) -> str:
    address = f"http://{request.headers.get('host', '')}{request.path}"
    again = AWSRequest(
        method=request.method,
        url=f"{address}?{request.query}" if request.query else address,
        data=request.body,
        headers={name: request.headers.get(name, "") for name in claim.signed},
    )
    again.context["timestamp"] = stamp
    # botocore's signers have no complete types.
    kind: Callable[..., Any] = S3SigV4Auth if claim.service == "s3" else SigV4Auth
    signer = kind(Credentials(claim.access_key_id, secret), claim.service, claim.region)
    return str(signer.signature(signer.string_to_sign(again, signer.canonical_request(again)), again))


def _mismatch(why: str) -> Denial:
    return Denial(
        403,
        "SignatureDoesNotMatch",
        f"The request signature we calculated does not match the signature you provided. {why}",
    )
