"""What an S3 request asks for, by method, path and subresource. What is not in the tables is denied."""

import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass

from fixgate.local.account.messages import Call, Demand, Request, unmapped

_BUCKET: Mapping[tuple[str, str], str] = {
    ("GET", ""): "ListBucket",
    ("HEAD", ""): "ListBucket",
    ("PUT", ""): "CreateBucket",
    ("DELETE", ""): "DeleteBucket",
    ("GET", "publicAccessBlock"): "GetBucketPublicAccessBlock",
    ("PUT", "publicAccessBlock"): "PutBucketPublicAccessBlock",
    # AWS asks for the same permission.
    ("DELETE", "publicAccessBlock"): "PutBucketPublicAccessBlock",
    ("GET", "policy"): "GetBucketPolicy",
    ("PUT", "policy"): "PutBucketPolicy",
    ("DELETE", "policy"): "DeleteBucketPolicy",
    ("GET", "policyStatus"): "GetBucketPolicyStatus",
    ("GET", "acl"): "GetBucketAcl",
    ("PUT", "acl"): "PutBucketAcl",
    ("GET", "tagging"): "GetBucketTagging",
    ("PUT", "tagging"): "PutBucketTagging",
    ("DELETE", "tagging"): "PutBucketTagging",
    ("GET", "website"): "GetBucketWebsite",
    ("PUT", "website"): "PutBucketWebsite",
    ("DELETE", "website"): "DeleteBucketWebsite",
    ("GET", "ownershipControls"): "GetBucketOwnershipControls",
    ("PUT", "ownershipControls"): "PutBucketOwnershipControls",
    ("DELETE", "ownershipControls"): "PutBucketOwnershipControls",
    ("GET", "location"): "GetBucketLocation",
    ("GET", "versioning"): "GetBucketVersioning",
    ("GET", "encryption"): "GetEncryptionConfiguration",
    ("GET", "logging"): "GetBucketLogging",
}
_OBJECT: Mapping[tuple[str, str], str] = {
    ("GET", ""): "GetObject",
    ("HEAD", ""): "GetObject",
    ("PUT", ""): "PutObject",
    ("DELETE", ""): "DeleteObject",
    ("GET", "tagging"): "GetObjectTagging",
    ("GET", "acl"): "GetObjectAcl",
    ("PUT", "acl"): "PutObjectAcl",
}
_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PLAIN = frozenset({
    "list-type", "prefix", "delimiter", "max-keys", "marker", "start-after", "continuation-token", "encoding-type",
    "fetch-owner", "x-id",
})  # fmt: skip
"""Parameters that change nothing about what is asked for."""
_REFUSED_HEADERS = ("x-amz-copy-source", "x-amz-grant-", "x-amz-bypass-", "x-amz-object-lock", "x-http-method-override")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a path names; both None for the service itself."""

    bucket: str | None
    key: str | None


def place_of(request: Request) -> Place:
    """Bucket and key of a path; raises Denial when two readers could take it differently."""
    path = urllib.parse.unquote(request.path)
    bucket, _, key = path.removeprefix("/").partition("/")
    dotted = any(part in (".", "..") for part in path.split("/"))
    twice = "%25" in request.path or (bucket and not _BUCKET_NAME.fullmatch(bucket))
    if "\0" in path or "\\" in path or dotted or twice or (key and not bucket):
        raise unmapped("a path that can be read in two ways")
    return Place(bucket=bucket or None, key=key or None)


def s3_call(request: Request) -> Call:
    """The call; raises Denial when it is not one that is known here."""
    place = place_of(request)
    pairs = urllib.parse.parse_qsl(request.query, keep_blank_values=True)
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise unmapped("an S3 request that says something twice")
    special = [name for name in parameters if name not in _PLAIN]
    refused = [name for name in request.headers if name.startswith(_REFUSED_HEADERS)]
    if len(special) > 1 or refused:
        raise unmapped(f"an S3 request with {', '.join([*special, *refused])[:200]}")
    name = _name(request.method, place, special[0] if special else "")
    resource = "*" if place.bucket is None else f"arn:aws:s3:::{place.bucket}"
    if place.key is not None:
        resource = f"{resource}/{place.key}"
    context = {f"s3:{k}": (parameters[k],) for k in ("prefix", "delimiter", "max-keys") if k in parameters}
    demands = [Demand(action=f"s3:{name}", resource=resource, context=context)]
    if "x-amz-acl" in request.headers and not name.endswith("Acl"):
        demands.append(Demand(action=f"s3:Put{'Object' if place.key else 'Bucket'}Acl", resource=resource))
    return Call(service="s3", name=f"s3:{name}", demands=tuple(demands), write=request.method not in ("GET", "HEAD"))


def _name(method: str, place: Place, subresource: str) -> str:
    if place.bucket is None:
        found = "ListAllMyBuckets" if (method, subresource) == ("GET", "") else None
    else:
        found = (_BUCKET if place.key is None else _OBJECT).get((method, subresource))
    if found is None:
        raise unmapped(f"S3's {method} of ?{subresource[:64]}")
    return found
