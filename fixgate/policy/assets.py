"""The inventory: what people signed about their assets, looked up by any of an asset's names.

What an entry says can only be used when it was signed by an owner, somebody of security or an administrator of the
current roster. An entry that cannot be believed, or that nobody confirmed for long, is not left out silently: whoever
asks about that asset learns that there is doubt.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from fixgate.codec import Codec
from fixgate.errors import Poison, Refused
from fixgate.events import Asset, AssetStatement, PersonSigned, Resource
from fixgate.people import statements
from fixgate.people.roster import Role, Roster
from fixgate.targets import parts
from fixgate.verbs import Broadcast, Received

STALE_AFTER: Final = timedelta(days=180)
"""An entry that nobody confirmed for so long raises caution."""
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_ALWAYS: Final = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
_ROLES: Final = frozenset({Role.OWNER, Role.SECURITY, Role.ADMINISTRATOR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One asset as people say; `age` counts from when somebody last confirmed it."""

    statement: AssetStatement
    age: timedelta

    @property
    def stale(self) -> bool:
        """Whether it is too old to be relied on."""
        return self.age > STALE_AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """The entries that count, and the names of those that do not, as of `now`."""

    now: datetime
    doubtful: Mapping[str, str] = field(default_factory=dict[str, str])
    """Names of assets whose newest entry cannot be believed, and why."""
    unreadable: int = 0
    """Records of which not even the asset is known."""
    _statements: Mapping[str, tuple[AssetStatement, ...]] = field(default_factory=dict[str, tuple[AssetStatement, ...]])

    @classmethod
    def of(cls, codec: Codec, broadcast: Broadcast, roster: Roster | None, now: datetime) -> "Inventory":
        """The inventory as of `now`; pure, and quick when it was asked before. Without a roster nothing counts."""
        until = now + statements.CLOCK_LEEWAY
        known = _known(codec, _Same(broadcast.records), None if roster is None else _Same(roster))
        if known.latest > until:
            # Somebody signed at a time that is still to come: the time decides, so nothing is remembered.
            known = _judged(codec, broadcast.records, roster, until)
        return cls(
            now=now,
            doubtful=known.doubtful,
            unreadable=broadcast.unreadable + known.unreadable,
            _statements=known.statements,
        )

    @property
    def entries(self) -> Mapping[str, tuple[Entry, ...]]:
        """Every entry by each of its names."""
        return {name: tuple(map(self._entry, said)) for name, said in self._statements.items()}

    def find(self, *names: str) -> tuple[Entry, ...]:
        """Every entry under one of these names, each once."""
        found: dict[str, Entry] = {}
        for name in names:
            for statement in self._statements.get(name, ()):
                found[statement.asset_id] = self._entry(statement)
        return tuple(found.values())

    def about(self, target: Resource, *names: str) -> tuple[Entry, ...]:
        """Every entry about the target, about what it is part of, or under one of these names."""
        return self.find(*names_of(target), *names)

    def in_doubt(self, names: Iterable[str]) -> bool:
        """Whether there may be an entry under one of these names that cannot be used."""
        return self.unreadable > 0 or any(name in self.doubtful for name in names)

    def _entry(self, statement: AssetStatement) -> Entry:
        return Entry(statement=statement, age=self.now - (statement.reviewed_at or statement.issued_at))


def names_of(target: Resource) -> tuple[str, ...]:
    """The names of a target itself: its id, and that of what it is part of."""
    whole, _ = parts(target)
    return (target.id,) if whole == target.id else (target.id, whole)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the records say; `latest` is the newest time at which somebody who is believed signed."""

    statements: Mapping[str, tuple[AssetStatement, ...]]
    doubtful: Mapping[str, str]
    unreadable: int
    latest: datetime


class _Same:
    """Something as a key of the memory: the very same object, because hashing a thousand people or records is slow."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.value is other.value


@lru_cache(maxsize=4)
def _known(codec: Codec, records: _Same, roster: _Same | None) -> _Known:
    """What the records say, whatever the time is."""
    return _judged(codec, records.value, None if roster is None else roster.value, _ALWAYS)


def _judged(codec: Codec, records: Sequence[Received], roster: Roster | None, until: datetime) -> _Known:
    """The same for those that were signed until then; what was signed later is doubtful."""
    said: dict[str, tuple[AssetStatement, ...]] = {}
    doubtful: dict[str, str] = {}
    unreadable, latest = 0, _NEVER
    for received in records:
        record = received.record
        if not isinstance(record, Asset):
            unreadable += 1
            continue
        try:
            found = _verified(codec, record, roster, until)
        except Refused as error:
            doubtful.update(dict.fromkeys(_claimed_names(codec, record), error.message))
            continue
        latest = max(latest, _signed_at(found))
        if not found.retired:
            for name in {found.asset_id, *found.names}:
                said[name] = (*said.get(name, ()), found)
    return _Known(statements=said, doubtful=doubtful, unreadable=unreadable, latest=latest)


def _verified(codec: Codec, record: Asset, roster: Roster | None, until: datetime) -> AssetStatement:
    if roster is None:
        raise Refused("there is no roster in force")
    statement = _signed(codec, record.statement, _Same(roster))
    if _signed_at(statement) > until:
        raise Refused(f"{statement.person} signed at a time that is still to come")
    if statement.asset_id != record.asset_id:
        raise Refused(f"the record is about {record.asset_id}, the statement about {statement.asset_id}")
    if not roster.roles(statement.person) & _ROLES:
        raise Refused(f"{statement.person} may not say anything about assets")
    return statement


def _signed_at(statement: AssetStatement) -> datetime:
    return max(statement.issued_at, statement.reviewed_at or statement.issued_at)


@lru_cache(maxsize=16_384)
def _signed(codec: Codec, signed: PersonSigned, roster: _Same) -> AssetStatement:
    """The statement, whenever it was signed: times are the caller's. What is refused is not remembered."""
    return statements.asset(codec, signed, roster.value, _ALWAYS).statement


def _claimed_names(codec: Codec, record: Asset) -> tuple[str, ...]:
    try:
        claimed = codec.decode(record.statement.value, AssetStatement)
    except Poison:
        return (record.asset_id,)
    return (record.asset_id, claimed.asset_id, *claimed.names)
