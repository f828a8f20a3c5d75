"""The inventory: what people signed about their assets, looked up by any of an asset's names.

What an entry says can only be used when it was signed by an owner, somebody of security or an administrator of the
current roster. An entry that cannot be believed, or that nobody confirmed for long, is not left out silently: whoever
asks about that asset learns that there is doubt.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from fixgate.codec import Codec
from fixgate.errors import Poison, Refused
from fixgate.events import Asset, AssetStatement, PersonSigned, Resource
from fixgate.people import statements
from fixgate.people.roster import Role, Roster
from fixgate.targets import parts
from fixgate.verbs import Broadcast

STALE_AFTER: Final = timedelta(days=180)
"""An entry that nobody confirmed for so long raises caution."""
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
    """The entries that count, and the names of those that do not."""

    entries: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict[str, tuple[Entry, ...]])
    doubtful: Mapping[str, str] = field(default_factory=dict[str, str])
    """Names of assets whose newest entry cannot be believed, and why."""
    unreadable: int = 0
    """Records of which not even the asset is known."""

    @classmethod
    def of(cls, codec: Codec, broadcast: Broadcast, roster: Roster | None, now: datetime) -> "Inventory":
        """The inventory as of `now`; pure, and quick when it was asked before. Without a roster nothing counts."""
        entries: dict[str, tuple[Entry, ...]] = {}
        doubtful: dict[str, str] = {}
        unreadable = broadcast.unreadable
        for received in broadcast.records:
            record = received.record
            if not isinstance(record, Asset):
                unreadable += 1
                continue
            try:
                found = _verified(codec, record, roster, now)
            except Refused as error:
                doubtful.update(dict.fromkeys(_claimed_names(codec, record), error.message))
                continue
            if not found.retired:
                entry = Entry(statement=found, age=now - (found.reviewed_at or found.issued_at))
                for name in {found.asset_id, *found.names}:
                    entries[name] = (*entries.get(name, ()), entry)
        return cls(entries=entries, doubtful=doubtful, unreadable=unreadable)

    def find(self, *names: str) -> tuple[Entry, ...]:
        """Every entry under one of these names, each once."""
        found: dict[str, Entry] = {}
        for name in names:
            for entry in self.entries.get(name, ()):
                found[entry.statement.asset_id] = entry
        return tuple(found.values())

    def about(self, target: Resource, *names: str) -> tuple[Entry, ...]:
        """Every entry about the target, about what it is part of, or under one of these names."""
        return self.find(*names_of(target), *names)

    def in_doubt(self, names: Iterable[str]) -> bool:
        """Whether there may be an entry under one of these names that cannot be used."""
        return self.unreadable > 0 or any(name in self.doubtful for name in names)


def names_of(target: Resource) -> tuple[str, ...]:
    """The names of a target itself: its id, and that of what it is part of."""
    whole, _ = parts(target)
    return (target.id,) if whole == target.id else (target.id, whole)


def _verified(codec: Codec, record: Asset, roster: Roster | None, now: datetime) -> AssetStatement:
    if roster is None:
        raise Refused("there is no roster in force")
    statement = _signed(codec, record.statement, _Same(roster))
    if max(statement.issued_at, statement.reviewed_at or statement.issued_at) > now + statements.CLOCK_LEEWAY:
        raise Refused(f"{statement.person} signed at a time that is still to come")
    if statement.asset_id != record.asset_id:
        raise Refused(f"the record is about {record.asset_id}, the statement about {statement.asset_id}")
    if not roster.roles(statement.person) & _ROLES:
        raise Refused(f"{statement.person} may not say anything about assets")
    return statement


class _Same:
    """A roster as a key of the memory: the very same object, because hashing a thousand people takes long."""

    def __init__(self, roster: Roster) -> None:
        self.roster = roster

    def __hash__(self) -> int:
        return id(self.roster)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.roster is other.roster


@lru_cache(maxsize=16_384)
def _signed(codec: Codec, signed: PersonSigned, roster: _Same) -> AssetStatement:
    """The statement, whenever it was signed: times are the caller's. What is refused is not remembered."""
    return statements.asset(
        codec, signed, roster.roster, datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
    ).statement


def _claimed_names(codec: Codec, record: Asset) -> tuple[str, ...]:
    try:
        claimed = codec.decode(record.statement.value, AssetStatement)
    except Poison:
        return (record.asset_id,)
    return (record.asset_id, claimed.asset_id, *claimed.names)
