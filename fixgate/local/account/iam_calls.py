"""What an IAM request asks for. An action that is not in the tables is denied."""

from collections.abc import Mapping

from fixgate.local.account.callers import Caller
from fixgate.local.account.emulation import Emulation
from fixgate.local.account.messages import Call, Demand, Request, unmapped

_OF_USERS = frozenset({
    "GetUser", "CreateUser", "DeleteUser", "ListAccessKeys", "CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey",
    "ListUserTags", "TagUser", "UntagUser", "ListUserPolicies", "GetUserPolicy", "PutUserPolicy", "DeleteUserPolicy",
    "ListAttachedUserPolicies", "AttachUserPolicy", "DetachUserPolicy", "ListGroupsForUser", "ListMFADevices",
    "GetLoginProfile",
})  # fmt: skip
_OF_ROLES = frozenset({
    "GetRole", "CreateRole", "DeleteRole", "ListRolePolicies", "GetRolePolicy", "PutRolePolicy", "DeleteRolePolicy",
    "ListAttachedRolePolicies", "AttachRolePolicy", "DetachRolePolicy", "ListRoleTags", "UpdateAssumeRolePolicy",
})  # fmt: skip
_OF_POLICIES = frozenset({"GetPolicy", "GetPolicyVersion", "ListPolicyVersions"})
_OF_ALL = frozenset({"ListUsers", "ListRoles", "ListPolicies", "ListGroups", "ListAccountAliases", "GetAccountSummary"})
_OTHER_PROTOCOLS = frozenset({"x-amz-target", "smithy-protocol", "x-http-method-override"})
_OWN_USER = frozenset({"GetUser", "ListAccessKeys", "CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey"})
"""Where AWS takes the caller itself when no user is named."""


def iam_call(request: Request, caller: Caller, emulation: Emulation) -> Call:
    """The call; raises Denial when it is not one that is known here."""
    try:
        fields = request.form()
    except ValueError:
        raise unmapped("a request that is no form") from None
    if request.method != "POST" or request.path != "/" or request.query:
        raise unmapped("a request that is not posted to /")
    is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    if not is_form or _OTHER_PROTOCOLS & {*request.headers}:
        # moto could take another action out of it.
        raise unmapped("a request of another protocol")
    name = fields.get("Action", "")
    resource = _resource(name, fields, caller, emulation)
    context = {"iam:policyarn": (fields["PolicyArn"],)} if "PolicyArn" in fields else {}
    return Call(
        service="iam",
        name=f"iam:{name}",
        demands=(Demand(action=f"iam:{name}", resource=resource, context=context),),
        write=not name.startswith(("Get", "List")),
    )


def _resource(name: str, fields: Mapping[str, str], caller: Caller, emulation: Emulation) -> str:
    account = emulation.account
    if name == "GetAccessKeyLastUsed":
        key = emulation.key(fields.get("AccessKeyId", ""))
        return f"arn:aws:iam::{account}:user/*" if key is None else _user(key.user_name, {}, emulation)
    if name in _OF_USERS:
        user = fields.get("UserName") or (caller.user if name in _OWN_USER else None)
        if not user:
            raise unmapped(f"iam:{name} without a user")
        return _user(user, fields if name == "CreateUser" else {}, emulation)
    if name in _OF_ROLES and fields.get("RoleName"):
        role = emulation.role(fields["RoleName"])
        return f"arn:aws:iam::{account}:role/{fields['RoleName']}" if role is None else str(role.arn)
    if name in _OF_POLICIES and fields.get("PolicyArn"):
        return fields["PolicyArn"]
    if name in _OF_ALL:
        return "*"
    raise unmapped(f"iam:{name[:64]}")


def _user(name: str, fields: Mapping[str, str], emulation: Emulation) -> str:
    known = emulation.user(name)
    path = fields.get("Path", "/") if known is None else known.path
    return f"arn:aws:iam::{emulation.account}:user{path}{name}"
