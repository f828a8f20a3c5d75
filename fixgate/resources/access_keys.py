"""Access keys of IAM users.

Read are the user (GetUser, with its tags), its keys (ListAccessKeys) and when this key was last used
(GetAccessKeyLastUsed). The projection is of the user, for that is what a change locks: other keys of the same user are
in it, so that a change to one of them is seen.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from fixgate import targets
from fixgate.events import Fact, FactState, Resource
from fixgate.resources.aws_calls import Absent, ask
from fixgate.resources.facts import Source, tag_facts, tag_lines, unreadable_tags, without_secrets
from fixgate.resources.reading import STATE, Projection, Reading, Session, Unreadable, canonical

IAM: Final = "aws:iam"
UNUSED_DAYS: Final = 90
GONE: Final = frozenset({"NoSuchEntity"})
_GLOBAL: Final = "us-east-1"
_MAX_KEYS: Final = 100


def user_name(target: Resource) -> str:
    """The user's name, without its path."""
    return targets.parts(target)[0].rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class AccessKeys:
    """The reader."""

    kind: str = field(default=targets.ACCESS_KEY, init=False)

    def read(self, target: Resource, session: Session, now: datetime, *, state_alone: bool = False) -> Reading:
        """Read the key and its user; three calls, two for the state alone."""
        if not targets.is_resolved(target):
            return _unreadable(target, now, "whose key it is is not known")
        iam = session.aws("iam", _GLOBAL)
        name, (user_arn, key_id) = user_name(target), targets.parts(target)
        try:
            arn, tags = ask(lambda: _user(iam, name), GONE)
            if arn != user_arn:
                return _unreadable(target, now, "the user of this name is another one now")
            keys = ask(lambda: _keys(iam, name), GONE)
        except Absent:
            return _absent(target, now)
        except Unreadable as error:
            return _unreadable(target, now, str(error))
        if key_id not in keys:
            return _absent(target, now)
        projection = {"user": name, "keys": keys, "tags": tags}
        facts: tuple[Fact, ...] = ()
        if not state_alone:
            facts = (
                *_key_facts(key_id, projection, now),
                *_use_facts(iam, key_id, name, now),
                *tag_facts(tags, now),
            )
        return Reading(target=target, state=FactState.VALUE, projection=projection, facts=facts, read_at=now)


def full_target(target: Resource, session: Session) -> Resource | None:
    """The key with its user, from its id alone; None when there certainly is no such key."""
    iam = session.aws("iam", _GLOBAL)
    try:
        name: str = ask(lambda: iam.get_access_key_last_used(AccessKeyId=target.id), GONE).get("UserName", "")
        if not name:
            return None
        arn: str = ask(lambda: iam.get_user(UserName=name)["User"]["Arn"], GONE)
    except Absent:
        return None
    account = arn.split(":")[4]
    if target.account not in {None, account}:
        raise Unreadable("the key belongs to another account than the report says")
    return targets.access_key(account, arn.partition(":user/")[2], target.id)


def last_use(iam: Any, key_id: str) -> tuple[str, datetime | None]:
    """Whose key it is, and when it was last used (None: never); raises as `ask` does."""
    answer: dict[str, Any] = ask(lambda: iam.get_access_key_last_used(AccessKeyId=key_id), GONE)
    used: datetime | None = answer.get("AccessKeyLastUsed", {}).get("LastUsedDate")
    return str(answer.get("UserName", "")), None if used is None else used.astimezone(UTC)


def _user(iam: Any, name: str) -> tuple[str, dict[str, str]]:
    user = iam.get_user(UserName=name)["User"]
    return str(user["Arn"]), without_secrets({tag["Key"]: tag["Value"] for tag in user.get("Tags", [])})


def _keys(iam: Any, name: str) -> dict[str, dict[str, str]]:
    answer: dict[str, Any] = iam.list_access_keys(UserName=name, MaxItems=_MAX_KEYS)
    if answer.get("IsTruncated"):
        raise Unreadable("the user has more keys than AWS allows")
    return {
        key["AccessKeyId"]: {"status": key["Status"], "created": _iso(key["CreateDate"])}
        for key in answer["AccessKeyMetadata"]
    }


def _key_facts(key_id: str, projection: Projection, now: datetime) -> tuple[Fact, ...]:
    source = Source(IAM, now)
    keys: dict[str, dict[str, str]] = projection["keys"]
    others = sum(key["status"] == "Active" for other, key in keys.items() if other != key_id)
    age = now - datetime.fromisoformat(keys[key_id]["created"])
    return (
        source.value(STATE, canonical(projection)),
        source.value("exists", value=True),
        source.value("user", projection["user"]),
        source.value("key_status", keys[key_id]["status"]),
        source.value("key_age_days", max(age.days, 0)),
        source.value("other_active_keys", others),
        source.value("user_tags", tag_lines(projection["tags"])),
    )


def _use_facts(iam: Any, key_id: str, name: str, now: datetime) -> tuple[Fact, ...]:
    source = Source(IAM, now)
    names = ("last_used_at", "last_used_days", f"unused.{IAM}")
    try:
        owner, used = last_use(iam, key_id)
    except (Absent, Unreadable) as error:
        # AWS has just listed the key: that its use is said not to be there is a contradiction, not "never".
        return tuple(source.unreadable(fact, f"the last use: {error}") for fact in names)
    if owner != name:
        return tuple(source.unreadable(fact, "AWS names another user for this key") for fact in names)
    if used is None:
        return source.absent(names[0]), source.absent(names[1]), source.value(names[2], value=True)
    days = max((now - used).days, 0)
    return (
        source.value(names[0], _iso(used)),
        source.value(names[1], days),
        source.value(names[2], days >= UNUSED_DAYS),
    )


def _absent(target: Resource, now: datetime) -> Reading:
    source = Source(IAM, now)
    facts = (source.absent(STATE), source.value("exists", value=False))
    return Reading(target=target, state=FactState.ABSENT, projection=None, facts=facts, read_at=now)


def _unreadable(target: Resource, now: datetime, why: str) -> Reading:
    source = Source(IAM, now)
    names = (STATE, "exists", "user", "key_status", "last_used_at", "last_used_days", f"unused.{IAM}")
    more = ("key_age_days", "other_active_keys", "user_tags")
    facts = (*(source.unreadable(name, why) for name in names + more), *unreadable_tags(why, now))
    return Reading(target=target, state=FactState.UNREADABLE, projection=None, facts=facts, read_at=now, why=why)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
