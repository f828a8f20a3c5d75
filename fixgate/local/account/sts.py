"""The security token service: roles taken with a JWT-SVID or by another role, and "who am I".

Stricter than AWS in one place: taking a role of one's own account needs the caller's policies and the role's trust.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fixgate.local.account import STS_AUDIENCE
from fixgate.local.account.answers import Tree, iso, sts_answer
from fixgate.local.account.callers import Caller, Callers, Session, moment, not_authorized, require
from fixgate.local.account.emulation import Emulation
from fixgate.local.account.messages import Answer, Demand, Denial, unmapped
from fixgate.local.account.policy import Asked, Malformed, Verdict, evaluate, parse
from fixgate.local.account.tokens import Authority, Expired, Invalid

POLICY_LIMIT = 2048
"""Characters of a session policy."""
LEAST_S, MOST_CHAINED_S = 900, 3600
WEB_IDENTITY = "AssumeRoleWithWebIdentity"
_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_TAG = re.compile(r"Tags\.member\.(\d+)\.(Key|Value)")
_COMMON = frozenset({"Action", "Version", "RoleArn", "RoleSessionName", "DurationSeconds", "Policy"})
_KEY_LIMIT, _VALUE_LIMIT, _TAGS_LIMIT = 128, 256, 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Sts:
    """Issues sessions; its caller holds the front's lock."""

    emulation: Emulation
    callers: Callers
    authority: Authority

    def by_token(self, fields: Mapping[str, str], now: float) -> Answer:
        """AssumeRoleWithWebIdentity; raises Denial."""
        _only(fields, _COMMON | {"WebIdentityToken"})
        try:
            subject = self.authority.subject(fields.get("WebIdentityToken", ""), STS_AUDIENCE)
        except Expired as error:
            raise Denial(400, "ExpiredTokenException", str(error)) from None
        except Invalid as error:
            raise Denial(400, "InvalidIdentityToken", str(error)) from None
        provider = self.authority.issuer.partition("://")[2]
        role = self._role(fields)
        context = {
            **moment(now),
            f"{provider}:sub": (subject,),
            f"{provider}:aud": (STS_AUDIENCE,),
            "sts:rolesessionname": (fields.get("RoleSessionName", ""),),
        }
        names = {"Federated": (f"arn:aws:iam::{self.emulation.account}:oidc-provider/{provider}",)}
        action = f"sts:{WEB_IDENTITY}"
        if role is None or not _trusts(
            role, Asked(action=action, resource=role.arn, context=context, principals=names)
        ):
            raise Denial(403, "AccessDenied", f"Not authorized to perform {action}")
        session = self._issue(fields, role, {}, most=int(role.max_session_duration or MOST_CHAINED_S), chained=False)
        more = {"SubjectFromWebIdentityToken": subject, "Audience": STS_AUDIENCE, "Provider": self.authority.issuer}
        return sts_answer(WEB_IDENTITY, {**_credentials(session, role), **more})

    def by_caller(self, fields: Mapping[str, str], caller: Caller, region: str) -> Answer:
        """AssumeRole; raises Denial."""
        tags = _tags(fields)
        source = fields.get("SourceIdentity")
        own = {name for name in fields if _TAG.fullmatch(name)}
        _only(fields, _COMMON | {"SourceIdentity", "ExternalId"} | own)
        if source is not None and not _NAME.fullmatch(source):
            raise _invalid("SourceIdentity")
        held = caller.session.source_identity if caller.session else None
        if held is not None and source not in (None, held):
            raise Denial(403, "AccessDenied", "A source identity cannot be changed once it is set.")
        role = self._role(fields)
        arn = fields.get("RoleArn", "") if role is None else str(role.arn)
        context = {
            "sts:rolesessionname": (fields.get("RoleSessionName", ""),),
            **({"sts:sourceidentity": (source,)} if source else {}),
            **({"sts:externalid": (fields["ExternalId"],)} if "ExternalId" in fields else {}),
            **({"aws:tagkeys": tuple(tags)} if tags else {}),
            **{f"aws:requesttag/{k.lower()}": (v,) for k, v in tags.items()},
        }
        for action in ("AssumeRole", *(["TagSession"] if tags else []), *(["SetSourceIdentity"] if source else [])):
            demand = Demand(action=f"sts:{action}", resource=arn, context=context)
            require(caller, demand, region)
            asked = Asked(
                action=demand.action,
                resource=arn,
                context={**caller.context, **context},
                principals=caller.names,
            )
            if role is None or not _trusts(role, asked):
                raise not_authorized(caller, demand, "with the role's trust policy")
        if role is None:
            raise _invalid("RoleArn")
        most = MOST_CHAINED_S if caller.session else int(role.max_session_duration or MOST_CHAINED_S)
        limits = {"source_identity": source or held, "tags": tags}
        session = self._issue(fields, role, limits, most=most, chained=caller.session is not None)
        more: Tree = {"SourceIdentity": session.source_identity} if session.source_identity else {}
        return sts_answer("AssumeRole", {**_credentials(session, role), **more})

    def who(self, caller: Caller) -> Answer:
        """GetCallerIdentity; needs no permission."""
        return sts_answer(
            "GetCallerIdentity", {"Arn": caller.arn, "UserId": caller.unique_id, "Account": self.emulation.account}
        )

    def _role(self, fields: Mapping[str, str]) -> Any | None:
        role = self.emulation.role(fields.get("RoleArn", "").rpartition("/")[2])
        return role if role is not None and role.arn == fields.get("RoleArn") else None

    def _issue(
        self, fields: Mapping[str, str], role: Any, limits: Mapping[str, Any], *, most: int, chained: bool
    ) -> Session:
        name = fields.get("RoleSessionName", "")
        if not _NAME.fullmatch(name):
            raise _invalid("RoleSessionName")
        text = fields.get("DurationSeconds", str(MOST_CHAINED_S))
        if not text.isascii() or not text.isdecimal() or not LEAST_S <= int(text) <= most:
            raise _invalid("DurationSeconds")
        policy = fields.get("Policy")
        if policy is not None:
            if not 1 <= len(policy) <= POLICY_LIMIT:
                raise _invalid("Policy")
            try:
                parse(policy)
            except Malformed as error:
                raise Denial(400, "MalformedPolicyDocument", str(error)) from None
        return self.callers.issue(
            role=role.name, name=name, seconds=int(text), limits={**limits, "policy": policy}, chained=chained
        )


def _trusts(role: Any, asked: Asked) -> bool:
    return evaluate((role.assume_role_policy_document,), asked) is Verdict.ALLOWED


def _credentials(session: Session, role: Any) -> Tree:
    account = role.arn.split(":")[4]
    return {
        "Credentials": {
            "AccessKeyId": session.access_key_id,
            "SecretAccessKey": session.secret,
            "SessionToken": session.token,
            "Expiration": iso(session.expires_at),
        },
        "AssumedRoleUser": {
            "AssumedRoleId": f"{role.id}:{session.name}",
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role.name}/{session.name}",
        },
        "PackedPolicySize": str(100 * len(session.policy or "") // POLICY_LIMIT),
    }


def _tags(fields: Mapping[str, str]) -> Mapping[str, str]:
    parts: dict[str, dict[str, str]] = {}
    for name, value in fields.items():
        found = _TAG.fullmatch(name)
        if found:
            parts.setdefault(found[1], {})[found[2]] = value
    if any({*p} != {"Key", "Value"} for p in parts.values()):
        raise _invalid("Tags")
    tags = {p["Key"]: p["Value"] for p in parts.values()}
    lengths_fit = all(1 <= len(k) <= _KEY_LIMIT and len(v) <= _VALUE_LIMIT for k, v in tags.items())
    # Keys differ by more than their case.
    if len({k.lower() for k in tags}) != len(parts) or len(parts) > _TAGS_LIMIT or not lengths_fit:
        raise _invalid("Tags")
    return tags


def _only(fields: Mapping[str, str], known: frozenset[str] | set[str]) -> None:
    unknown = sorted({*fields} - known)
    if unknown:
        raise unmapped(f"a request to STS with {', '.join(unknown)[:200]}")


def _invalid(field: str) -> Denial:
    return Denial(400, "ValidationError", f"1 validation error detected: {field} fails to satisfy its constraint")
