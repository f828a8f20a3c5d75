"""Read-only discovery: which thing a finding means, and what it is like now."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from datetime import datetime, timedelta
from typing import Final, Protocol

from fixgate import targets
from fixgate.chain import decision_chain
from fixgate.codec import Codec
from fixgate.errors import Transient
from fixgate.events import FactState, Finding, Outcome, Resource
from fixgate.events import Result as Ended
from fixgate.resources import Reading, Session, Unreadable
from fixgate.resources.readers import READERS, read, resolve
from fixgate.verbs import Event, Received
from services.analyzer.adapters.credentials import account_in
from services.analyzer.gathered import Gathered

PATIENCE: Final = timedelta(minutes=10)
"""So long a finding waits for a target system that does not answer; then it is assessed as insufficient."""
_SHARE: Final = 0.8
"""Of the deadline: what is left is for whoever waits."""
_KEY_ID: Final = 16


class Sessions(Protocol):
    """Where sessions come from; see `credentials.ReadSessions`."""

    def repository(self, address: str) -> Session:
        """Without any credential; raises Unreadable for an address that is not read."""
        ...

    def of(self, account: str) -> Session:
        """In an account; raises Unreadable or Transient."""
        ...


class Discovery:
    """The analyzer's `gather`: reads the target of a finding, or of a change that found its target moved."""

    def __init__(self, codec: Codec, sessions: Sessions, clock: Callable[[], datetime]) -> None:
        self._codec = codec
        self._sessions = sessions
        self._clock = clock

    def __call__(self, event: Event, deadline: float) -> Gathered:
        """What the event is about, as it is now; blocks for a few calls, and for less than the deadline.

        Raises Transient while a target system does not answer and it is worth waiting, Poison for an outcome that does
        not hold together.
        """
        if not isinstance(event, Received):
            return Gathered()
        try:
            return self._in_time(event, deadline * _SHARE)
        except Transient as error:
            if self._clock() - event.appended_at < PATIENCE:
                raise
            return self._given_up(event, error.message)

    def _in_time(self, event: Received, seconds: float) -> Gathered:
        """What is found in so many seconds; what takes longer goes on and is forgotten."""
        if not _asks(event):
            return self._found(event)
        done: Future[Gathered] = Future()

        def work() -> None:
            try:
                done.set_result(self._found(event))
            except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
                done.set_exception(error)

        threading.Thread(target=work, name="discovery", daemon=True).start()
        try:
            return done.result(seconds)
        except FutureTimeout:
            raise Transient("the target system takes too long") from None

    def _found(self, event: Received) -> Gathered:
        match event.record:
            case Finding() as finding:
                return self._sighted(finding)
            case Outcome(result=Ended.MOVED) as outcome:
                return self._read(self._target_of(outcome))
            case _:
                return Gathered()

    def _given_up(self, event: Received, why: str) -> Gathered:
        """What can be said without asking anybody."""
        target = named_target(event.record) if isinstance(event.record, Finding) else None
        if isinstance(event.record, Outcome):
            target = self._target_of(event.record)
        said = f"the target system did not answer for long: {why}"
        if target is None or not targets.is_resolved(target):
            return Gathered(why=said)
        return Gathered(target=target, reading=self._unread(target, said))

    def _target_of(self, outcome: Outcome) -> Resource:
        return decision_chain(self._codec, outcome.decision).proposed.assessment.target

    def _sighted(self, finding: Finding) -> Gathered:
        named = named_target(finding)
        if named is None:
            return Gathered(why="the report names nothing that is known how to read")
        if targets.is_resolved(named):
            return self._read(named)
        try:
            target = resolve(named, self._session(named))
        except Unreadable as error:
            return Gathered(why=f"what the report names could not be found: {error}")
        if target is None:
            return Gathered(why="what the report names is certainly not there")
        return self._read(target)

    def _read(self, target: Resource) -> Gathered:
        if target.kind not in READERS or not targets.is_resolved(target):
            return Gathered(why="the report does not say enough to find what it means")
        try:
            return Gathered(target=target, reading=read(target, self._session(target), self._clock()))
        except Unreadable as error:
            return Gathered(target=target, reading=self._unread(target, str(error)))

    def _unread(self, target: Resource, why: str) -> Reading:
        unread = FactState.UNREADABLE
        return Reading(target=target, state=unread, projection=None, facts=(), read_at=self._clock(), why=why)

    def _session(self, target: Resource) -> Session:
        if target.kind == targets.WORKFLOW:
            return self._sessions.repository(targets.parts(target)[0])
        account = target.account
        if account is None and target.kind == targets.ACCESS_KEY:
            account = account_in(target.id)
        if account is None:
            raise Unreadable("nobody says in which account it is")
        return self._sessions.of(account)


def _asks(event: Received) -> bool:
    """Whether anybody has to be asked: most findings are about nothing that is read here."""
    match event.record:
        case Finding() as finding:
            return named_target(finding) is not None
        case Outcome(result=result):
            return result is Ended.MOVED
        case _:
            return False


def named_target(finding: Finding) -> Resource | None:
    """What the report names, as a target; it may be incomplete. None when it names nothing of ours."""
    found = finding.resource
    if found is not None and found.kind in READERS:
        if found.account is None and finding.account:
            return Resource(kind=found.kind, id=found.id, account=finding.account, region=found.region)
        return found
    credential = finding.identity.credential if finding.identity else None
    if credential and credential.startswith("AKIA") and len(credential) >= _KEY_ID:
        return targets.bare_access_key(credential, finding.account)
    return None
