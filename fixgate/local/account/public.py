"""What anybody may read of a bucket: its policy and ACLs, and what the public access block takes back."""

import time
from collections.abc import Callable

from fixgate.local.account.callers import Caller, moment, not_authorized
from fixgate.local.account.emulation import Emulation
from fixgate.local.account.messages import Call, Demand, Denial, Request
from fixgate.local.account.policy import Asked, Verdict, evaluate
from fixgate.local.account.s3_calls import place_of

_READS = frozenset({"s3:GetObject", "s3:ListBucket"})
_NOBODY = {"AWS": ("*",)}


def check_anonymous(
    request: Request,
    call: Call,
    emulation: Emulation,
    *,
    ignored: Callable[[str], bool],
    clock: Callable[[], float] = time.time,
) -> None:
    """Raises Denial unless everybody may; `ignored` says of a bucket whether its access block is without effect."""
    place = place_of(request)
    bucket = None if place.bucket is None else emulation.bucket(place.bucket)
    if bucket is None or call.name not in _READS or len(call.demands) != 1:
        raise _denied()
    block = emulation.access_block(bucket) or {}
    blocked = not ignored(bucket.name)
    policy = emulation.bucket_policy(bucket)
    verdict = Verdict.SILENT
    if policy is not None:
        demand = call.demands[0]
        context = {**moment(clock()), **demand.context}
        asked = Asked(action=demand.action, resource=demand.resource, context=context, principals=_NOBODY)
        verdict = evaluate((policy,), asked)
    by_policy = verdict is Verdict.ALLOWED and not (blocked and block.get("restrict_public_buckets", False))
    by_acl = emulation.acl_is_public(bucket, place.key) and not (blocked and block.get("ignore_public_acls", False))
    if verdict is Verdict.DENIED or not (by_policy or by_acl):
        raise _denied()


def check_policy_write(request: Request, call: Call, emulation: Emulation) -> None:
    """Raises Denial when a bucket's block forbids the public policy or ACL that the request would set."""
    place = place_of(request)
    bucket = None if place.bucket is None else emulation.bucket(place.bucket)
    block = None if bucket is None else emulation.access_block(bucket)
    if block is None:
        return
    opens = b'"Allow"' in request.body and b'"*"' in request.body
    if call.name == "s3:PutBucketPolicy" and opens and block["block_public_policy"]:
        raise Denial(403, "AccessDenied", "Public policies are prevented by the BlockPublicPolicy setting.")
    if "public" in request.headers.get("x-amz-acl", "") and block["block_public_acls"]:
        raise Denial(403, "AccessDenied", "Public ACLs are prevented by the BlockPublicAcls setting.")


def check_bucket_policy(request: Request, caller: Caller, demand: Demand, emulation: Emulation) -> None:
    """Raises Denial when the bucket's policy denies it to the caller; its allowing adds nothing here."""
    place = place_of(request)
    bucket = None if place.bucket is None else emulation.bucket(place.bucket)
    policy = None if bucket is None else emulation.bucket_policy(bucket)
    if policy is None:
        return
    context = {**caller.context, **demand.context}
    asked = Asked(action=demand.action, resource=demand.resource, context=context, principals=caller.names)
    if evaluate((policy,), asked) is Verdict.DENIED:
        raise not_authorized(caller, demand, "with an explicit deny in a resource-based policy")


def _denied() -> Denial:
    return Denial(403, "AccessDenied", "Access Denied")
