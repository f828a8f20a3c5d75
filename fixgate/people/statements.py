"""What people say, checked by their own signatures: the only ground on which an answer or a control counts.

Pure. Each function answers with the statement and the people who signed it, or raises Refused with the reason. Roles,
nonces and quorums are for whoever judges: here it is only settled who said what, and when.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from fixgate.codec import Codec
from fixgate.errors import Poison, Refused
from fixgate.events import (
    ApprovalStatement,
    AssetStatement,
    ControlStatement,
    PersonSigned,
    RequestStatement,
)
from fixgate.people.roster import SIGNATURES_LIMIT, Roster
from fixgate.people.sshsig import verify_with
from fixgate.signing import digest

CLOCK_LEEWAY: Final = timedelta(minutes=2)
"""How far a person's clock may be ahead of ours."""

T = TypeVar("T", ApprovalStatement, ControlStatement, AssetStatement, RequestStatement)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified(Generic[T]):
    """A statement and the people, by their names in the roster, who signed it; each is there once.

    `roster_version` is the roster against which it was checked, `digest` names the statement's exact bytes.
    """

    statement: T
    people: tuple[str, ...]
    roster_version: int
    digest: str


def approval(codec: Codec, signed: PersonSigned, roster: Roster, now: datetime) -> Verified[ApprovalStatement]:
    """A person's answer to a proposal; raises Refused."""
    found = _verified(codec, signed, roster, ApprovalStatement)
    statement = found.statement
    if statement.shown_at > statement.answered_at:
        raise Refused(f"{statement.person} answered before anything was shown")
    _check_time(statement.person, statement.answered_at, now)
    return found


def control(codec: Codec, signed: PersonSigned, roster: Roster, now: datetime) -> Verified[ControlStatement]:
    """An exception, a freeze, a halt, or the end of one; raises Refused. Rosters are `RosterHistory`'s."""
    found = _verified(codec, signed, roster, ControlStatement)
    statement = found.statement
    start, end = statement.not_before_at, statement.not_after_at
    if end is not None and end <= (start or statement.issued_at):
        raise Refused(f"the control {statement.control_id} ends before it begins")
    _check_time(statement.person, statement.issued_at, now)
    return found


def asset(codec: Codec, signed: PersonSigned, roster: Roster, now: datetime) -> Verified[AssetStatement]:
    """What a person says about one asset; raises Refused."""
    found = _verified(codec, signed, roster, AssetStatement)
    statement = found.statement
    _check_time(statement.person, statement.issued_at, now)
    if statement.reviewed_at is not None:
        _check_time(statement.person, statement.reviewed_at, now)
    return found


def request(codec: Codec, signed: PersonSigned, roster: Roster, now: datetime) -> Verified[RequestStatement]:
    """What a person asks of the proposer; raises Refused."""
    found = _verified(codec, signed, roster, RequestStatement)
    _check_time(found.statement.person, found.statement.issued_at, now)
    return found


def _verified(codec: Codec, signed: PersonSigned, roster: Roster, kind: type[T]) -> Verified[T]:
    people = signers(signed, roster)
    try:
        statement = codec.decode(signed.value, kind)
    except Poison as error:
        raise Refused(f"the statement cannot be read: {error.message}") from None
    if statement.person not in people:
        raise Refused(f"the statement is {statement.person}'s, but {', '.join(people)} signed it")
    if statement.roster_version > roster.version:
        raise Refused(f"the statement names roster {statement.roster_version}; the newest is {roster.version}")
    return Verified(statement=statement, people=people, roster_version=roster.version, digest=digest(signed.value))


def signers(signed: PersonSigned, roster: Roster) -> tuple[str, ...]:
    """Who signed, each once, in the order of their signatures; raises Refused unless every signature verifies."""
    if not 0 < len(signed.signatures) <= SIGNATURES_LIMIT:
        raise Refused(f"the statement has {len(signed.signatures)} signatures; 1 to {SIGNATURES_LIMIT} are expected")
    found: dict[str, None] = {}
    for signature in signed.signatures:
        person = roster.person(signature.person)
        if person is None:
            raise Refused(f"{signature.person} is not in roster {roster.version}")
        key = person.key(signature.key)
        if key is None:
            raise Refused(f"the key {signature.key} is not one of {signature.person}'s in roster {roster.version}")
        verify_with(key, signature.signature, signed.value)
        found[signature.person] = None
    return tuple(found)


def _check_time(person: str, at: datetime, now: datetime) -> None:
    if at > now + CLOCK_LEEWAY:
        raise Refused(f"{person} signed at {at.isoformat()}, which is still to come")
