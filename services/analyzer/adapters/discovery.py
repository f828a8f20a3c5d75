"""Read-only discovery: which thing a finding means, and what it is like now."""

from collections.abc import Callable
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
_KEY_ID: Final = 16


class Sessions(Protocol):
    """Where sessions come from; see `credentials.ReadSessions`."""

    def open(self) -> Session:
        """Without any credential."""
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
        """What the event is about, as it is now.

        Blocks for a few calls, each with a timeout well below the deadline. Raises Transient while a target system
        does not answer and it is worth waiting, Poison for an outcome that does not hold together.
        """
        del deadline
        if not isinstance(event, Received):
            return Gathered()
        try:
            match event.record:
                case Finding() as finding:
                    return self._sighted(finding)
                case Outcome(result=Ended.MOVED) as outcome:
                    target = decision_chain(self._codec, outcome.decision).proposed.assessment.target
                    return self._read(target)
                case _:
                    return Gathered()
        except Transient as error:
            if self._clock() - event.appended_at < PATIENCE:
                raise
            return Gathered(why=f"the target system did not answer for long: {error.message}")

    def _sighted(self, finding: Finding) -> Gathered:
        named = named_target(finding)
        if named is None:
            return Gathered(why="the report names nothing that is known how to read")
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
        now = self._clock()
        try:
            return Gathered(target=target, reading=read(target, self._session(target), now))
        except Unreadable as error:
            why = str(error)
        reading = Reading(target=target, state=FactState.UNREADABLE, projection=None, facts=(), read_at=now, why=why)
        return Gathered(target=target, reading=reading)

    def _session(self, target: Resource) -> Session:
        if target.kind == targets.WORKFLOW:
            return self._sessions.open()
        account = target.account
        if account is None and target.kind == targets.ACCESS_KEY:
            account = account_in(target.id)
        if account is None:
            raise Unreadable("nobody says in which account it is")
        return self._sessions.of(account)


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
