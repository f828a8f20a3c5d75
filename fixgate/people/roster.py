"""The roster: people, their keys and roles; and its history, in the manner of a TUF root.

The first roster is pinned by the digest of its exact bytes. From then on version n + 1 counts only when it is signed
by at least `threshold` administrators of version n, by their keys in n, and by as many of n + 1 itself as that asks
for, by their keys in n + 1. A gap, a second document of the same version, an older one: each is refused, with words.

A roster that has run out lets nobody count; its administrators can still sign the next one, as in TUF, or a forgotten
date would lock everybody out. Who was removed counts no more from the version on that lacks them.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_serializer, field_validator, model_validator

from fixgate.codec import Codec
from fixgate.errors import Poison, Refused
from fixgate.events import ControlKind, ControlStatement, PersonSigned
from fixgate.people.keys import PublicKey, parse_key
from fixgate.people.sshsig import verify_with

DOCUMENT_LIMIT: Final = 256 * 1024
PEOPLE_LIMIT: Final = 1000
KEYS_LIMIT: Final = 10
SIGNATURES_LIMIT: Final = 32
"""Signatures under one statement at most."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}")


class Role(StrEnum):
    """What a person may do."""

    ADMINISTRATOR = "administrator"
    """Signs the next roster."""
    SECURITY = "security"
    OWNER = "owner"
    OPERATOR = "operator"
    """Halts."""
    APPROVER = "approver"


class Person(BaseModel):
    """One person; `keys` are OpenSSH public keys without comment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    keys: tuple[str, ...] = Field(min_length=1, max_length=KEYS_LIMIT)
    roles: tuple[Role, ...]

    @field_validator("name")
    @classmethod
    def _name_is_plain(cls, value: str) -> str:
        if not _NAME.fullmatch(value):
            raise ValueError("must be 1 to 128 letters, digits or ._@+- and begin with a letter or digit")
        return value

    @field_validator("keys")
    @classmethod
    def _keys_are_accepted(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(parse_key(line).line for line in value)
        except Refused as error:
            raise ValueError(error.message) from None

    @field_validator("roles")
    @classmethod
    def _roles_are_a_set(cls, value: tuple[Role, ...]) -> tuple[Role, ...]:
        return tuple(sorted(set(value)))

    def key(self, fingerprint: str) -> PublicKey | None:
        """The person's key with this fingerprint, or None."""
        return next((k for k in map(parse_key, self.keys) if k.fingerprint == fingerprint), None)


class Roster(BaseModel):
    """One version of the roster."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(ge=1, le=2**53)
    people: tuple[Person, ...] = Field(min_length=1, max_length=PEOPLE_LIMIT)
    threshold: int = Field(ge=1)
    """How many administrators must sign the next version."""
    expires_at: datetime

    @field_validator("expires_at")
    @classmethod
    def _expiry_is_a_moment(cls, value: datetime) -> datetime:
        if value.tzinfo is None:
            raise ValueError("must have a time zone")
        return value.astimezone(UTC).replace(microsecond=0)

    @field_validator("people")
    @classmethod
    def _people_are_in_order(cls, value: tuple[Person, ...]) -> tuple[Person, ...]:
        return tuple(sorted(value, key=_name_of))

    @field_serializer("expires_at")
    def _expiry_in_seconds(self, value: datetime) -> str:
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")

    @model_validator(mode="after")
    def _people_are_distinct(self) -> "Roster":
        names = [p.name.lower() for p in self.people]
        keys = [k for p in self.people for k in p.keys]
        if len(set(names)) != len(names):
            raise ValueError("two people have the same name")
        if len(set(keys)) != len(keys):
            raise ValueError("a key is there twice: it would count for two people")
        if self.threshold > len(self.with_role(Role.ADMINISTRATOR)):
            raise ValueError("the threshold is higher than the number of administrators")
        return self

    @classmethod
    def read(cls, document: bytes) -> "Roster":
        """The roster in a document; raises Refused unless it is written exactly as `document` writes it."""
        if len(document) > DOCUMENT_LIMIT:
            raise Refused(f"the roster has {len(document)} bytes; it may have {DOCUMENT_LIMIT}")
        try:
            found = cls.model_validate_json(document)
        except ValidationError as error:
            faults = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'roster'}: {e['msg']}" for e in error.errors()[:5])
            raise Refused(f"the roster is not valid: {faults}") from None
        if found.document != document:
            raise Refused("the roster is not written in its one form", remedy="Write it with `fixgate roster`.")
        return found

    @property
    def document(self) -> bytes:
        """Its one form: JSON with people and keys in order, two spaces, a line's end."""
        shape = self.model_dump(mode="json")
        return json.dumps(shape, indent=2, sort_keys=True, ensure_ascii=True).encode() + b"\n"

    @property
    def digest(self) -> str:
        """The SHA-256 of its document, as it is pinned."""
        return document_digest(self.document)

    def person(self, name: str) -> Person | None:
        """The person of that name, or None."""
        return next((p for p in self.people if p.name == name), None)

    def roles(self, name: str) -> frozenset[Role]:
        """The person's roles; none for somebody who is not in the roster."""
        found = self.person(name)
        return frozenset(found.roles) if found else frozenset()

    def with_role(self, *roles: Role) -> frozenset[str]:
        """The names of all who have at least one of the roles."""
        return frozenset(p.name for p in self.people if set(p.roles) & set(roles))

    def owner_of(self, fingerprint: str) -> Person | None:
        """Whose key it is, or None."""
        return next((p for p in self.people if p.key(fingerprint)), None)

    def in_force(self, now: datetime) -> bool:
        """Whether it has not run out."""
        return now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterHistory:
    """All versions that count, from the pinned one on; `refused` says why others do not. Pure values."""

    first_digest: str
    versions: tuple[Roster, ...] = ()
    refused: tuple[str, ...] = ()

    @classmethod
    def of(cls, codec: Codec, first_digest: str, documents: Iterable[PersonSigned]) -> "RosterHistory":
        """The history in the statements of `controls`, in the topic's order; other kinds of control are passed over.

        An empty `first_digest` pins nothing: then nobody ever counts. Never raises for what a statement holds.
        """
        history = cls(first_digest=first_digest)
        for signed in documents:
            history = history.after(codec, signed)
        return history

    def after(self, codec: Codec, signed: PersonSigned) -> "RosterHistory":
        """The history with one statement more."""
        try:
            statement = codec.decode(signed.value, ControlStatement)
        except Poison as error:
            return self._refusing(f"a statement cannot be read: {error.message}")
        if statement.kind is not ControlKind.ROSTER:
            return self
        try:
            return self._following(statement, signed)
        except Refused as error:
            return self._refusing(error.message)

    def current(self, now: datetime) -> Roster | None:
        """The roster in force, or None when there is none or it has run out: then nobody counts."""
        newest = self.newest
        return newest if newest is not None and newest.in_force(now) else None

    @property
    def newest(self) -> Roster | None:
        """The last version that counts, whether it has run out or not."""
        return self.versions[-1] if self.versions else None

    def version(self, number: int) -> Roster | None:
        """That version, for what was signed under it; None when it never counted."""
        return next((r for r in self.versions if r.version == number), None)

    def _refusing(self, why: str) -> "RosterHistory":
        return replace(self, refused=(*self.refused, why))

    def _following(self, statement: ControlStatement, signed: PersonSigned) -> "RosterHistory":
        document = statement.document
        newest = self.newest
        if newest is not None and document == newest.document:
            return self  # published twice
        if newest is None and document_digest(document) != self.first_digest:
            raise Refused("a roster came before the one that is pinned")
        roster = Roster.read(document)
        if newest is not None:
            _check_succession(newest, roster)
        if roster.expires_at <= statement.issued_at:
            raise Refused(f"roster {roster.version} had run out when it was signed")
        under = newest or roster
        if statement.roster_version != under.version:
            raise Refused(f"roster {roster.version} is signed under version {statement.roster_version}")
        signers = _administrators_who_signed(signed, under, roster)
        if statement.person not in signers[0]:
            raise Refused(f"roster {roster.version} is not signed by {statement.person}, who asks for it")
        for before, names in zip((under, roster), signers, strict=True):
            if len(names) < before.threshold:
                raise Refused(
                    f"roster {roster.version} is signed by {len(names)} administrators of version {before.version}; "
                    f"{before.threshold} must sign"
                )
        return replace(self, versions=(*self.versions, roster))


def _name_of(person: Person) -> str:
    return person.name


def document_digest(document: bytes) -> str:
    """The digest by which a roster is pinned."""
    return "sha256:" + hashlib.sha256(document).hexdigest()


def _check_succession(newest: Roster, roster: Roster) -> None:
    if roster.version == newest.version:
        raise Refused(f"there is another roster {roster.version} already: this one is a fork")
    if roster.version < newest.version:
        raise Refused(f"roster {roster.version} is older than {newest.version}: a rollback")
    if roster.version > newest.version + 1:
        raise Refused(f"roster {roster.version} does not follow {newest.version}: there is a gap")


def _administrators_who_signed(signed: PersonSigned, *rosters: Roster) -> tuple[frozenset[str], ...]:
    """For each roster, the administrators that signed with a key that they have in it. Every signature must verify."""
    if not 0 < len(signed.signatures) <= SIGNATURES_LIMIT:
        raise Refused(f"the statement has {len(signed.signatures)} signatures; 1 to {SIGNATURES_LIMIT} are expected")
    found: Mapping[int, set[str]] = {n: set() for n in range(len(rosters))}
    for signature in signed.signatures:
        keys = [_key_in(roster, signature.person, signature.key) for roster in rosters]
        key = next((k for k in keys if k is not None), None)
        if key is None:
            raise Refused(f"the key {signature.key} is not one of {signature.person}'s")
        verify_with(key, signature.signature, signed.value)
        for number, roster in enumerate(rosters):
            if keys[number] is not None and Role.ADMINISTRATOR in roster.roles(signature.person):
                found[number].add(signature.person)
    return tuple(frozenset(found[n]) for n in range(len(rosters)))


def _key_in(roster: Roster, name: str, fingerprint: str) -> PublicKey | None:
    person = roster.person(name)
    return person.key(fingerprint) if person else None
