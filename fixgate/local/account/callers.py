"""Who asks: a user by its access key, or a session that was issued here; and what that caller may."""

import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fixgate.local.account.conditions import Context
from fixgate.local.account.emulation import Emulation
from fixgate.local.account.messages import Demand, Denial, Request
from fixgate.local.account.policy import Asked, Verdict, evaluate
from fixgate.local.account.signature import Claim, claim_of, verify

_ALPHABET = string.ascii_uppercase + "234567"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Temporary credentials of a role; times in seconds since 1970."""

    access_key_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    role: str
    name: str
    issued_at: float
    expires_at: float
    policy: str | None
    source_identity: str | None
    tags: Mapping[str, str]
    chained: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A caller whose signature was verified; `policies` allow together, each of `limits` must allow too."""

    arn: str
    unique_id: str
    names: Mapping[str, tuple[str, ...]]
    policies: tuple[str, ...]
    limits: tuple[tuple[str, str], ...]
    """What else must allow, by what it is."""
    context: Context
    user: str | None = None
    session: Session | None = None


class Callers:
    """Knows sessions, and users through moto; `clock` gives seconds since 1970. Its callers hold the front's lock."""

    def __init__(self, emulation: Emulation, clock: Callable[[], float]) -> None:
        self._emulation = emulation
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._revoked: set[str] = set()

    @property
    def sessions(self) -> tuple[Session, ...]:
        """All sessions that were issued, ended ones included."""
        return tuple(self._sessions.values())

    def forget(self) -> None:
        """Forget all sessions."""
        self._sessions.clear()
        self._revoked.clear()

    def revoke(self, access_key_id: str) -> None:
        """Refuse a session from now on."""
        self._revoked.add(access_key_id)

    def issue(self, *, role: str, name: str, seconds: int, limits: Mapping[str, Any], chained: bool) -> Session:
        """Make a session of a role; `limits` may hold `policy`, `source_identity` and `tags`."""
        now = self._clock()
        session = Session(
            access_key_id="ASIA" + "".join(secrets.choice(_ALPHABET) for _ in range(16)),
            secret=secrets.token_urlsafe(30),
            token=secrets.token_urlsafe(180),
            role=role,
            name=name,
            issued_at=now,
            expires_at=now + seconds,
            policy=limits.get("policy"),
            source_identity=limits.get("source_identity"),
            tags=limits.get("tags", {}),
            chained=chained,
        )
        self._sessions[session.access_key_id] = session
        return session

    def identify(self, request: Request) -> tuple[Caller, Claim] | None:
        """Who signed the request; None when nobody did. Raises Denial."""
        claim = claim_of(request)
        if claim is None:
            return None
        if claim.access_key_id.startswith("ASIA"):
            return self._session(request, claim), claim
        return self._user(request, claim), claim

    def _user(self, request: Request, claim: Claim) -> Caller:
        key = self._emulation.key(claim.access_key_id)
        user = None if key is None else self._emulation.user(key.user_name)
        if key is None or user is None or key.status != "Active" or "x-amz-security-token" in request.headers:
            raise _invalid(claim)
        now = self._clock()
        verify(request, claim, key.secret_access_key, now)
        self._emulation.note_use(key, claim.service, claim.region, now)
        boundary = self._emulation.boundary(user)
        arn = f"arn:aws:iam::{self._emulation.account}:user{user.path}{user.name}"
        return Caller(
            arn=arn,
            unique_id=user.id,
            names=self._names(arn),
            policies=self._emulation.user_policies(user),
            limits=() if boundary is None else (("permissions boundary", boundary),),
            context={**self._common(arn, now), "aws:username": (user.name,), "aws:userid": (user.id,)},
            user=user.name,
        )

    def _session(self, request: Request, claim: Claim) -> Caller:
        session = self._sessions.get(claim.access_key_id)
        if session is None or not secrets.compare_digest(
            request.headers.get("x-amz-security-token", ""), session.token
        ):
            raise _invalid(claim)
        now = self._clock()
        verify(request, claim, session.secret, now)
        if now >= session.expires_at:
            status = 400 if claim.service == "s3" else 403
            raise Denial(status, "ExpiredToken", "The security token included in the request is expired")
        role = self._emulation.role(session.role)
        if role is None or session.access_key_id in self._revoked:
            raise _invalid(claim)
        boundary = self._emulation.boundary(role)
        limits = [("permissions boundary", boundary), ("session policy", session.policy)]
        arn = f"arn:aws:sts::{self._emulation.account}:assumed-role/{role.name}/{session.name}"
        unique = f"{role.id}:{session.name}"
        tags = {f"aws:principaltag/{k.lower()}": (v,) for k, v in session.tags.items()}
        source = {"aws:sourceidentity": (session.source_identity,)} if session.source_identity else {}
        return Caller(
            arn=arn,
            unique_id=unique,
            names=self._names(arn, role.arn),
            policies=self._emulation.role_policies(role),
            limits=tuple((what, text) for what, text in limits if text is not None),
            context={
                **self._common(role.arn, now),
                **tags,
                **source,
                "aws:userid": (unique,),
                "aws:tokenissuetime": (_iso(session.issued_at),),
            },
            session=session,
        )

    def _names(self, *arns: str) -> Mapping[str, tuple[str, ...]]:
        account = self._emulation.account
        return {"AWS": (*arns, account, f"arn:aws:iam::{account}:root")}

    def _common(self, arn: str, now: float) -> dict[str, tuple[str, ...]]:
        return {**moment(now), "aws:principalarn": (arn,), "aws:principalaccount": (self._emulation.account,)}


def moment(now: float) -> dict[str, tuple[str, ...]]:
    """What conditions may ask about any request."""
    return {
        "aws:currenttime": (_iso(now),),
        "aws:epochtime": (str(now),),
        "aws:securetransport": ("false",),
        "aws:sourceip": ("127.0.0.1",),
    }


def require(caller: Caller, demand: Demand, region: str) -> None:
    """Raises Denial unless the caller's policies and every limit allow it."""
    context = {**caller.context, "aws:requestedregion": (region,), **demand.context}
    asked = Asked(action=demand.action, resource=demand.resource, context=context)
    grounds = (("identity-based policy", caller.policies), *((what, (text,)) for what, text in caller.limits))
    for what, texts in grounds:
        verdict = evaluate(texts, asked)
        if verdict is not Verdict.ALLOWED:
            because = (
                f"with an explicit deny in the {what}" if verdict is Verdict.DENIED else f"because no {what} allows"
            )
            raise not_authorized(caller, demand, because)


def not_authorized(caller: Caller, demand: Demand, because: str) -> Denial:
    """In AWS's words."""
    the_action = f" the {demand.action} action" if because.endswith("allows") else ""
    return Denial(
        403,
        "AccessDenied",
        f"User: {caller.arn} is not authorized to perform: {demand.action} on resource: {demand.resource} "
        f"{because}{the_action}",
    )


def _invalid(claim: Claim) -> Denial:
    if claim.service == "s3":
        return Denial(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
    return Denial(403, "InvalidClientTokenId", "The security token included in the request is invalid.")


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
