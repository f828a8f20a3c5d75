"""What a report names in AWS, as a resource or an identity; the same thing has one name in every format.

An access key is named by its id alone: the ARN of its user has a path that no scanner tells, so whoever can look finds
the user. Keys of sessions (`ASIA…`) are no such resource: nothing about them can be changed.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from fixgate.events import AffectedIdentity, Resource
from fixgate.targets import ACCESS_KEY, bare_access_key, bucket

_SHORT: Final = 300
"""Characters of an ARN that is remembered: a report names few resources many times."""
IAM_USER: Final = "aws.iam.user"
IAM_ROLE: Final = "aws.iam.role"
_KEY_BEGIN: Final = "AKIA"
_IDENTITIES: Final = frozenset({IAM_USER, IAM_ROLE, ACCESS_KEY})
_KEY_ID: Final = re.compile(r"(?<![A-Za-z0-9])AKIA[A-Z0-9]{16}(?![A-Za-z0-9])")
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ACCOUNT_DIGITS: Final = 12
_ARN: Final = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):(?P<service>[a-z0-9-]+):(?P<region>[a-z0-9-]*):(?P<account>[0-9]{12}|aws|):(?P<rest>[!-~]{1,1024})"
)


def account_id(text: str | None) -> str | None:
    """The text if it is the id of an account."""
    known = text is not None and len(text) == _ACCOUNT_DIGITS and text.isascii() and text.isdecimal()
    return text if known else None


def key_id(*texts: str | None) -> str | None:
    """The id of an IAM user's access key in the texts, if there is exactly one."""
    found = {match for text in texts if text and _KEY_BEGIN in text for match in _KEY_ID.findall(text)}
    return found.pop() if len(found) == 1 else None


def access_key(identifier: str, account: str | None) -> tuple[Resource, AffectedIdentity]:
    """An access key whose user is not known yet."""
    return bare_access_key(identifier, account), AffectedIdentity(kind=ACCESS_KEY, id=identifier)


def named_bucket(name: str | None, account: str | None, region: str | None) -> Resource | None:
    """A bucket by its name; None when no bucket can be called so."""
    return bucket(account, name, region) if name and _BUCKET.fullmatch(name) else None


def resource(arn: str | None, account: str | None, region: str | None) -> Resource | None:
    """What an ARN names: kind `aws.<service>.<type>`; None when it is no ARN.

    Account and region of the ARN go before those that are given; an object in a bucket is a resource of its own.
    """
    if arn is None or not arn.startswith("arn:"):
        return None
    named = _named if len(arn) <= _SHORT else _named.__wrapped__
    return named(arn, account, region)


@lru_cache(maxsize=4096)
def _named(arn: str, account: str | None, region: str | None) -> Resource | None:
    match = _ARN.fullmatch(arn)
    if match is None:
        return None
    service, rest = match["service"], match["rest"]
    where, whose = match["region"] or region, account_id(match["account"]) or account
    if service == "s3" and "/" not in rest:
        return named_bucket(rest, whose, where)
    kind, separator, _ = re.sub("[:/]", "/", rest).partition("/")
    kind = "object" if service == "s3" else kind
    known = bool(separator) and re.fullmatch(r"[a-z][a-z0-9-]*", kind)
    return Resource(kind=f"aws.{service}.{kind}" if known else f"aws.{service}", id=arn, account=whose, region=where)


def identity(found: Resource | None) -> AffectedIdentity | None:
    """The identity that a resource is, when it is one."""
    if found is None or found.kind not in _IDENTITIES:
        return None
    return AffectedIdentity(kind=found.kind, id=found.id)


def most_telling(found: Iterable[Resource]) -> Resource | None:
    """The one that a finding is about: a bucket or an access key before an identity, before the first of the rest."""
    every = list(found)
    if len(every) == 1:
        return every[0]
    for kinds in ({ACCESS_KEY}, {"aws.s3.bucket"}, {IAM_USER, IAM_ROLE}):
        for one in every:
            if one.kind in kinds:
                return one
    return every[0] if every else None
