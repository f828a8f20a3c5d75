"""S3 buckets: everything that decides who can read them.

Each part is asked for by its own call. A part that cannot be read makes the whole state unreadable, for a projection
with a hole could not be compared; the facts that could be had are given all the same.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from fixgate import targets
from fixgate.events import Fact, FactState, Resource
from fixgate.resources.aws_calls import Absent, ask
from fixgate.resources.exposure import BLOCK, public_by
from fixgate.resources.facts import Source, tag_facts, tag_lines, unreadable_tags, without_secrets
from fixgate.resources.reading import STATE, Projection, Reading, Session, Unreadable, canonical
from fixgate.telemetry.redaction import looks_secret

S3: Final = "aws:s3"
NO_BUCKET: Final = frozenset({"NoSuchBucket"})
_FIRST_REGION: Final = "us-east-1"


def bucket_name(target: Resource) -> str:
    """The bucket's name."""
    return targets.parts(target)[0].rpartition(":::")[2]


class Gone(Exception):
    """There is no such bucket."""


@dataclass(frozen=True, slots=True)
class Buckets:
    """The reader."""

    kind: str = field(default=targets.BUCKET, init=False)

    def read(self, target: Resource, session: Session, now: datetime, *, state_alone: bool = False) -> Reading:
        """Read the bucket's settings; eight calls at most, six for the state alone."""
        s3, name = session.aws("s3", target.region), bucket_name(target)
        try:
            found, missing = _asked(s3, name, _STATE if state_alone else tuple(_PARTS))
        except Gone:
            return _absent(target, now)
        if state_alone:
            why = _why(missing)
            state, projection = (FactState.UNREADABLE, None) if missing else (FactState.VALUE, found)
            return Reading(target=target, state=state, projection=projection, facts=(), read_at=now, why=why)
        region, policy_is_public = found.pop("region", None), found.pop("policy_status", None)
        no_region, unjudged = missing.pop("region", None), missing.pop("policy_status", None)
        source = Source(S3, now)
        facts = [source.unreadable("region", no_region) if no_region else source.value("region", region)]
        facts += _tag_facts(found, missing, now)
        if missing:
            why = _why(missing)
            facts += (source.unreadable(fact, why) for fact in (STATE, f"public.{S3}", "public_by", "website"))
            facts.append(source.value("exists", value=True) if found else source.unreadable("exists", why))
            return Reading(
                target=target, state=FactState.UNREADABLE, projection=None, facts=tuple(facts), read_at=now, why=why
            )
        facts += _facts(found, policy_is_public=policy_is_public, unjudged=unjudged, source=source)
        return Reading(target=target, state=FactState.VALUE, projection=found, facts=tuple(facts), read_at=now)


def public_access_block(s3: Any, name: str) -> dict[str, bool] | None:
    """The four switches, None when nothing is set; raises Gone, and as `ask` does."""
    asked, absent = _PARTS["public_access_block"]
    made: dict[str, bool] | None = _part(asked, absent, s3, name)
    return made


def _asked(s3: Any, name: str, parts: Sequence[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Each part's value, or why it cannot be told; raises Gone."""
    found: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for part in parts:
        if part == "policy_status" and found.get("policy", "") is None:
            found[part] = None  # there is none to be judged
            continue
        try:
            found[part] = _part(*_PARTS[part], s3, name)
        except Unreadable as error:
            missing[part] = str(error)
    return found, missing


def _why(missing: Mapping[str, str]) -> str:
    return "; ".join(f"{part}: {reason}" for part, reason in missing.items())


def _part(asked: Callable[[Any, str], Any], absent: str, s3: Any, name: str) -> Any:
    try:
        return ask(lambda: asked(s3, name), NO_BUCKET | {absent})
    except Absent as error:
        if str(error) in NO_BUCKET:
            raise Gone from None
        return _NOTHING.get(absent)


def _block(s3: Any, name: str) -> dict[str, bool]:
    answer = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    return {switch: bool(answer.get(switch, False)) for switch in BLOCK}


def _policy(s3: Any, name: str) -> str:
    text: str = s3.get_bucket_policy(Bucket=name)["Policy"]
    if looks_secret(text):
        raise Unreadable("the policy holds what looks like a secret")
    try:
        return json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    except ValueError:
        raise Unreadable("the policy is no JSON") from None


def _status(s3: Any, name: str) -> bool:
    return bool(s3.get_bucket_policy_status(Bucket=name)["PolicyStatus"]["IsPublic"])


def _acl(s3: Any, name: str) -> list[dict[str, str]]:
    grants = [
        {"grantee": str(grantee.get("URI") or grantee.get("ID") or grantee.get("EmailAddress")), "permission": given}
        for grant in s3.get_bucket_acl(Bucket=name)["Grants"]
        for grantee, given in [(grant["Grantee"], str(grant["Permission"]))]
    ]
    return sorted(grants, key=lambda grant: (grant["grantee"], grant["permission"]))


def _ownership(s3: Any, name: str) -> str:
    return str(s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"][0]["ObjectOwnership"])


def _website(s3: Any, name: str) -> bool:
    s3.get_bucket_website(Bucket=name)
    return True


def _tags(s3: Any, name: str) -> dict[str, str]:
    return without_secrets({tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=name)["TagSet"]})


def _location(s3: Any, name: str) -> str:
    return str(s3.get_bucket_location(Bucket=name).get("LocationConstraint") or _FIRST_REGION)


_NO_WEBSITE: Final = "NoSuchWebsiteConfiguration"
_NO_TAGS: Final = "NoSuchTagSet"
_NO_POLICY: Final = "NoSuchBucketPolicy"
_PARTS: Final[dict[str, tuple[Callable[[Any, str], Any], str]]] = {
    "public_access_block": (_block, "NoSuchPublicAccessBlockConfiguration"),
    "policy": (_policy, _NO_POLICY),
    "policy_status": (_status, _NO_POLICY),
    "acl": (_acl, ""),
    "ownership": (_ownership, "OwnershipControlsNotFoundError"),
    "website": (_website, _NO_WEBSITE),
    "tags": (_tags, _NO_TAGS),
    "region": (_location, ""),
}
"""What is asked, and AWS's word for "there is none"."""
_STATE: Final = tuple(part for part in _PARTS if part not in {"policy_status", "region"})
"""What the projection is made of; the others are facts alone."""
_NOTHING: Final[dict[str, Any]] = {_NO_WEBSITE: False, _NO_TAGS: {}}


def _facts(
    projection: Projection, *, policy_is_public: bool | None, unjudged: str | None, source: Source
) -> list[Fact]:
    by = public_by(projection, policy_is_public=policy_is_public)
    made = [
        source.value(STATE, canonical(projection)),
        source.value("exists", value=True),
        source.value("website", projection["website"]),
    ]
    if unjudged and not by:
        # Our own reading of a policy says "not public", and AWS's cannot be had: that is not known then.
        return [*made, source.unreadable(f"public.{S3}", unjudged), source.unreadable("public_by", unjudged)]
    return [*made, source.value(f"public.{S3}", bool(by)), source.value("public_by", by)]


def _tag_facts(found: dict[str, Any], missing: dict[str, str], now: datetime) -> tuple[Fact, ...]:
    source = Source(S3, now)
    if "tags" in missing:
        return source.unreadable("bucket_tags", missing["tags"]), *unreadable_tags(missing["tags"], now)
    return source.value("bucket_tags", tag_lines(found["tags"])), *tag_facts(found["tags"], now)


def _absent(target: Resource, now: datetime) -> Reading:
    source = Source(S3, now)
    facts = (source.absent(STATE), source.value("exists", value=False))
    return Reading(target=target, state=FactState.ABSENT, projection=None, facts=facts, read_at=now)
