"""The one predicate: whether a halt, a freeze or a human exception stands in the way of a change (law 10).

Gate, issuer and executor ask the same question of the same records. `controls` is walked in its order. A statement
counts when it was verified under the roster that was in force at its place in the topic, at the broker's time; so
somebody who was removed can add nothing, and what they ended before stays ended.

| kind      | who may begin and end it          | until                                    |
|-----------|-----------------------------------|------------------------------------------|
| halt      | operator, security, administrator | a resume ends it, or its own end         |
| freeze    | operator, security, administrator | an end, or its own end                   |
| exception | owner, security, administrator    | an end, or its own end: then people look |

What cannot be read or believed and may have been a halt prevents everything (law 8), until a person with a role ends it
by its id; `unreadable-<n>` ends the first n records of the topic that were no controls at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from fixgate.codec import Codec
from fixgate.errors import Poison, Refused
from fixgate.events import (
    Control,
    ControlKind,
    ControlStatement,
    PersonSigned,
    Scope,
)
from fixgate.people import statements
from fixgate.people.roster import Role, RosterHistory
from fixgate.policy.scopes import Held, Prevention, PreventionKind, Reach, reach_of
from fixgate.verbs import Broadcast, Received

__all__ = ["UNREADABLE", "Held", "Prevention", "PreventionKind", "Reach", "Standing", "history_of", "reach_of"]

UNREADABLE: Final = "unreadable-"
"""With a number after it: the id by which records that could not be read are ended."""

_STOPPING: Final = frozenset({Role.OPERATOR, Role.SECURITY, Role.ADMINISTRATOR})
_EXCEPTING: Final = frozenset({Role.OWNER, Role.SECURITY, Role.ADMINISTRATOR})
_ROLES: Final[Mapping[ControlKind, frozenset[Role]]] = {
    ControlKind.HALT: _STOPPING,
    ControlKind.FREEZE: _STOPPING,
    ControlKind.EXCEPTION: _EXCEPTING,
    ControlKind.UNKNOWN: frozenset(Role),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All controls that people have not ended, as of `now`."""

    now: datetime
    held: tuple[Held, ...] = ()

    @classmethod
    def of(cls, codec: Codec, broadcast: Broadcast, history: RosterHistory, now: datetime) -> "Standing":
        """What the controls say; pure, and quick when it was asked before. Only the pin of `history` is looked at."""
        entries = tuple(_entry(r) for r in broadcast.records)
        held, acknowledged = _walk(codec, history.first_digest, entries)
        if broadcast.unreadable > acknowledged:
            held = (*held, _unreadable_records(broadcast.unreadable))
        return cls(now=now, held=held)

    def prevents(self, reach: Reach) -> Prevention | None:
        """What stands in the way: a halt before a freeze before an exception; None when nothing does."""
        found = [h for h in self.held if h.begun(self.now) and not h.over(self.now) and h.covers(reach)]
        if not found:
            return None
        first = min(found, key=lambda h: _ORDER.index(h.kind))
        return Prevention(kind=first.kind, control_id=first.control_id, words=first.words)

    def lapsed(self, reach: Reach) -> tuple[str, ...]:
        """Ids of the exceptions over this change that ran out and that nobody ended: people should look again."""
        return tuple(
            h.control_id
            for h in self.held
            if h.kind is PreventionKind.EXCEPTION and h.over(self.now) and h.covers(reach)
        )


_ORDER: Final = (PreventionKind.UNREADABLE, PreventionKind.HALT, PreventionKind.FREEZE, PreventionKind.EXCEPTION)


def history_of(codec: Codec, first_digest: str, controls: Broadcast) -> RosterHistory:
    """The roster's history in `controls`; quick when it was asked before. The pin is `settings.roster`."""
    return _history(codec, first_digest, tuple(s for _, _, s in map(_entry, controls.records) if s is not None))


@lru_cache(maxsize=16)
def _history(codec: Codec, first_digest: str, documents: tuple[PersonSigned, ...]) -> RosterHistory:
    return RosterHistory.of(codec, first_digest, documents)


_Entry = tuple[str, datetime, PersonSigned | None]


def _entry(received: Received) -> _Entry:
    record = received.record
    if not isinstance(record, Control):
        return received.digest, received.appended_at, None
    return record.control_id, received.appended_at, record.statement


@lru_cache(maxsize=16)
def _walk(codec: Codec, first_digest: str, entries: tuple[_Entry, ...]) -> tuple[tuple[Held, ...], int]:
    """What is held in the end, and up to how many unreadable records were acknowledged."""
    history = RosterHistory(first_digest=first_digest)
    held: list[Held] = []
    seen: set[PersonSigned] = set()
    nonces: set[tuple[str, str]] = set()
    acknowledged = 0
    for control_id, at, signed in entries:
        if signed is None:
            held.append(_doubtful(control_id, "a record of the controls is no control"))
            continue
        if signed in seen:
            continue  # carried twice: it counts once, also after it was ended
        seen.add(signed)
        claim = _claim(codec, signed)
        if claim is not None and claim.kind is ControlKind.ROSTER:
            history = history.after(codec, signed)
            continue
        try:
            statement, roles = _verified(codec, signed, history, at)
        except Refused as error:
            if claim is None or claim.kind not in {ControlKind.RESUME, ControlKind.END}:
                held.append(_doubtful(control_id, error.message))
            continue
        if statement.kind in {ControlKind.RESUME, ControlKind.END}:
            if (statement.person, statement.nonce) in nonces:
                continue
            nonces.add((statement.person, statement.nonce))
            acknowledged = max(acknowledged, _ended(statement, roles, held))
        elif roles & _ROLES[statement.kind]:
            held.append(_held(statement))
    return tuple(held), acknowledged


@lru_cache(maxsize=4096)
def _claim(codec: Codec, signed: PersonSigned) -> ControlStatement | None:
    try:
        return codec.decode(signed.value, ControlStatement)
    except Poison:
        return None


def _verified(
    codec: Codec, signed: PersonSigned, history: RosterHistory, at: datetime
) -> tuple[ControlStatement, frozenset[Role]]:
    roster = history.current(at)
    if roster is None:
        raise Refused("there was no roster in force when it was written")
    found = statements.control(codec, signed, roster, at)
    return found.statement, roster.roles(found.statement.person)


def _ended(statement: ControlStatement, roles: frozenset[Role], held: list[Held]) -> int:
    """Take away what the statement ends; how many unreadable records it acknowledges."""
    ends = statement.ends or ""
    if ends.startswith(UNREADABLE) and ends[len(UNREADABLE) :].isdecimal() and roles & _STOPPING:
        return int(ends[len(UNREADABLE) :])
    held[:] = [h for h in held if h.control_id != ends or not roles & _MAY_END[h.kind]]
    return 0


_MAY_END: Final[Mapping[PreventionKind, frozenset[Role]]] = {
    PreventionKind.HALT: _STOPPING,
    PreventionKind.FREEZE: _STOPPING,
    PreventionKind.EXCEPTION: _EXCEPTING,
    PreventionKind.UNREADABLE: _STOPPING,
}


def _held(statement: ControlStatement) -> Held:
    kind = PreventionKind.UNREADABLE if statement.kind is ControlKind.UNKNOWN else PreventionKind(statement.kind.value)
    until = "" if statement.not_after_at is None else f" until {statement.not_after_at.isoformat()}"
    said = f": {statement.reason}" if statement.reason else ""
    return Held(
        kind=kind,
        control_id=statement.control_id,
        scope=statement.scope,
        not_before=statement.not_before_at,
        not_after=statement.not_after_at,
        words=f"{_WORDS[kind]} by {statement.person}{until}{said}",
    )


_WORDS: Final[Mapping[PreventionKind, str]] = {
    PreventionKind.HALT: "changes are halted",
    PreventionKind.FREEZE: "changes are frozen",
    PreventionKind.EXCEPTION: "there is an exception",
    PreventionKind.UNREADABLE: "there is a control of a kind that is not known here,",
}


def _doubtful(control_id: str, why: str) -> Held:
    """Something that may have been a halt: it covers everything, whatever it says of its scope."""
    return Held(
        kind=PreventionKind.UNREADABLE,
        control_id=control_id,
        scope=Scope(),
        not_before=None,
        not_after=None,
        words=f"the control {control_id} cannot be believed ({why}), and may be a halt",
    )


def _unreadable_records(count: int) -> Held:
    return _doubtful(f"{UNREADABLE}{count}", f"{count} records of the controls could not be read")
