"""What makes a bucket public, judged from its projection; pure.

AWS's own judgement of a policy (`GetBucketPolicyStatus`) stands beside it in the reader: when the two differ, the
bucket counts as public. The account's own public access block is not looked at: it can only hide, and may go.
"""

import json
from typing import Any, Final, cast

from fixgate.resources.reading import Projection

BLOCK: Final = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_GROUPS: Final = frozenset(
    {
        "http://acs.amazonaws.com/groups/global/AllUsers",
        "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
    }
)


def public_by(projection: Projection, *, policy_is_public: bool | None = None) -> tuple[str, ...]:
    """What makes it public: `policy`, `acl`, both or nothing. `policy_is_public` is what AWS says of the policy."""
    block: dict[str, bool] = projection["public_access_block"] or {}
    policy = projection["policy"]
    by_policy = policy is not None and (bool(policy_is_public) or grants_to_everybody(policy))
    by_acl = any(grant["grantee"] in _GROUPS for grant in projection["acl"])
    made = (
        ("policy", by_policy and not block.get("RestrictPublicBuckets", False)),
        ("acl", by_acl and not block.get("IgnorePublicAcls", False)),
    )
    return tuple(name for name, is_so in made if is_so)


def grants_to_everybody(policy: str) -> bool:
    """Whether a statement allows something to everybody; a condition does not lower it, for it may hold for many.

    What cannot be understood counts as a grant to everybody.
    """
    try:
        statements: Any = json.loads(policy)["Statement"]
    except (ValueError, KeyError, TypeError):
        return True
    listed: list[Any] = statements if isinstance(statements, list) else [statements]  # pyright: ignore[reportUnknownVariableType]  # items of who knows what
    return any(_is_open(statement) for statement in listed)


def _is_open(statement: Any) -> bool:
    if not isinstance(statement, dict):
        return True
    said = cast(dict[str, Any], statement)
    if said.get("Effect") == "Deny":
        return False
    if "NotPrincipal" in said:
        return True
    return _has_star(said.get("Principal"))


def _items(value: Any) -> list[Any]:
    return value  # type: ignore[no-any-return]  # narrowed by the caller, to items of who knows what


def _has_star(principal: Any) -> bool:
    match principal:
        case str():
            return principal == "*"
        case list():
            return any(_has_star(item) for item in _items(principal))
        case dict():
            return any(_has_star(item) for item in cast(dict[str, Any], principal).values())
        case _:
            return True
