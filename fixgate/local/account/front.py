"""The front of AWS: every request is identified, mapped, judged and noted before moto sees it."""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fixgate.local.account import sts
from fixgate.local.account.answers import refusal
from fixgate.local.account.callers import Caller, Callers, require
from fixgate.local.account.emulation import Emulation
from fixgate.local.account.faults import Dropped, Faults
from fixgate.local.account.iam_calls import iam_call
from fixgate.local.account.messages import Answer, Call, Demand, Denial, Request, unmapped
from fixgate.local.account.public import check_anonymous, check_bucket_policy, check_policy_write
from fixgate.local.account.s3_calls import s3_call
from fixgate.local.account.signature import Claim
from fixgate.local.account.tokens import Authority

_TRAIL = 10_000
_FAILED = 400
"""The least status of an error."""
_REGION = "us-east-1"
"""Of requests that name none."""
_S3_CODES = {"Throttling": (503, "SlowDown"), "InternalFailure": (500, "InternalError")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request, as the account remembers it; `outcome` is `ok` or the error's code, `at` seconds since 1970.

    `credential` is the id of the session or token that it was made with; empty where it was neither.
    """

    at: float
    caller: str
    action: str
    resource: str
    outcome: str
    source_identity: str = ""
    credential: str = ""


@dataclass(slots=True)
class _Seen:
    """How far a request was understood, for the trail."""

    call: Call
    caller: Caller | None = None
    outcome: str = "lost"


class Front:
    """Answers AWS requests, one at a time. `clock` gives seconds since 1970."""

    def __init__(
        self, account: str, authority: Authority, faults: Faults, clock: Callable[[], float] = time.time
    ) -> None:
        self.lock = threading.RLock()
        self.emulation = Emulation(account)
        self.callers = Callers(self.emulation, clock)
        self.faults = faults
        self.trail: deque[Entry] = deque(maxlen=_TRAIL)
        self._clock = clock
        self._sts = sts.Sts(emulation=self.emulation, callers=self.callers, authority=authority)

    def answer(self, request: Request) -> Answer:
        """Answer one request; raises Dropped when it gets none."""
        service = _service(request)
        try:
            self.faults.arrive(throttled=True)
            with self.lock:
                return self._answer(request, service)
        except Denial as denial:
            return _refused(denial, service)

    def _answer(self, request: Request, service: str) -> Answer:
        seen = _Seen(Call(service=service, name=service, demands=(), write=False))
        try:
            identified = self.callers.identify(request)
            if identified is None:
                answer = self._anonymous(request, service, seen)
            else:
                seen.caller, claim = identified
                answer = self._signed(request, seen.caller, seen, claim)
            seen.outcome = "ok" if answer.status < _FAILED else str(answer.status)
        except Denial as denial:
            seen.outcome = denial.code
            raise
        finally:
            self._note(seen)
        return answer

    def _anonymous(self, request: Request, service: str, seen: _Seen) -> Answer:
        if service == "sts":
            fields = _form(request)
            seen.call = _sts_call(fields)
            if fields.get("Action") != sts.WEB_IDENTITY:
                raise Denial(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
            return self._sts.by_token(fields, self._clock())
        seen.call = call = s3_call(request)
        check_anonymous(request, call, self.emulation, ignored=self.faults.block_is_ignored, clock=self._clock)
        return self._let(request, call, _REGION)

    def _signed(self, request: Request, caller: Caller, seen: _Seen, claim: Claim) -> Answer:
        match claim.service:
            case "sts":
                return self._by_sts(request, caller, seen, claim.region)
            case "iam":
                seen.call = iam_call(request, caller, self.emulation)
            case "s3":
                seen.call = s3_call(request)
            case other:
                raise unmapped(f"the service {other}")
        for demand in seen.call.demands:
            require(caller, demand, claim.region)
            if claim.service == "s3":
                check_bucket_policy(request, caller, demand, self.emulation)
        if claim.service == "s3":
            check_policy_write(request, seen.call, self.emulation)
        return self._let(request, seen.call, claim.region)

    def _by_sts(self, request: Request, caller: Caller, seen: _Seen, region: str) -> Answer:
        fields = _form(request)
        seen.call = _sts_call(fields)
        match fields.get("Action"):
            case "AssumeRole":
                return self._sts.by_caller(fields, caller, region)
            case "GetCallerIdentity":
                return self._sts.who(caller)
            case _:
                raise unmapped(seen.call.name)

    def _let(self, request: Request, call: Call, region: str) -> Answer:
        lost = call.write and self.faults.before_write()
        answer = self.emulation.answer(call.service, region, request)
        if lost:
            raise Dropped
        return answer

    def _note(self, seen: _Seen) -> None:
        caller, demands = seen.caller, seen.call.demands
        session = caller.session if caller else None
        self.trail.append(
            Entry(
                at=self._clock(),
                caller=caller.arn if caller else "anonymous",
                action=seen.call.name,
                resource=demands[0].resource if demands else "",
                outcome=seen.outcome,
                source_identity=(session.source_identity or "") if session else "",
                credential=session.access_key_id if session else "",
            )
        )


def _service(request: Request) -> str:
    """Which service's words an error must have, before anything is known of the request."""
    scope = request.headers.get("authorization", "").partition("Credential=")[2].split("/")
    if len(scope) > 3 and scope[3] in ("iam", "sts", "s3"):  # noqa: PLR2004 - key, day, region, service
        return scope[3]
    return "sts" if request.method == "POST" and request.path == "/" else "s3"


def _form(request: Request) -> Mapping[str, str]:
    try:
        if request.method == "POST" and request.path == "/" and not request.query:
            return request.form()
    except ValueError:
        pass
    raise unmapped("a request that is no form")


def _sts_call(fields: Mapping[str, str]) -> Call:
    name = f"sts:{fields.get('Action', '')[:64]}"
    resource = fields.get("RoleArn", "*")[:256]
    return Call(service="sts", name=name, demands=(Demand(action=name, resource=resource),), write=False)


def _refused(denial: Denial, service: str) -> Answer:
    if service == "s3" and denial.code in _S3_CODES:
        status, code = _S3_CODES[denial.code]
        denial = Denial(status, code, denial.message)
    return refusal(denial, service)
