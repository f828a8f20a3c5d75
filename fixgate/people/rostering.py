"""How a next roster comes about: its valid form, the statement that brings it into force, signature by signature."""

from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fixgate.codec import Codec
from fixgate.errors import Misconfigured, Refused
from fixgate.events import Control, ControlKind, ControlStatement, PersonSigned, Scope
from fixgate.ids import derived_id
from fixgate.people import signing
from fixgate.people.roster import Roster


def made(**fields: Any) -> Roster:
    """A roster; raises Refused with what is wrong with it."""
    try:
        return Roster(**fields)
    except ValidationError as error:
        raise Refused("the roster would not be valid: " + "; ".join(e["msg"] for e in error.errors())) from None


def introduced(codec: Codec, roster: Roster, under: Roster, person: str, now: datetime) -> PersonSigned:
    """The statement with which `person` asks for a roster under the version before, not signed yet."""
    statement = ControlStatement(
        control_id=derived_id("roster", roster.digest),
        kind=ControlKind.ROSTER,
        scope=Scope(),
        document=roster.document,
        nonce=roster.digest,
        issued_at=now,
        person=person,
        roster_version=under.version,
    )
    return PersonSigned(value=codec.encode(statement), signatures=())


def proposed_in(codec: Codec, signed: PersonSigned) -> Roster:
    """The roster that a statement is about; raises Refused or Poison."""
    return Roster.read(codec.decode(signed.value, ControlStatement).document)


def countersigned(signed: PersonSigned, name: str, file: Path | None, roster: Roster) -> PersonSigned:
    """The statement with one signature more; who signed already signs anew. May ask on the terminal."""
    person, key = signing.signer(roster, name, file)
    signature = signing.sign(person.name, key, file, signed.value)
    others = tuple(s for s in signed.signatures if (s.person, s.key) != (signature.person, signature.key))
    return PersonSigned(value=signed.value, signatures=(*others, signature))


def knowing(name: str, file: Path | None, *rosters: Roster) -> Roster:
    """The first of the rosters that knows the signer; the last one when none does."""
    for roster in rosters:
        try:
            signing.signer(roster, name, file)
        except (Refused, Misconfigured):
            continue
        return roster
    return rosters[-1]


def control(codec: Codec, signed: PersonSigned) -> Control:
    """The record that carries the statement."""
    statement = codec.decode(signed.value, ControlStatement)
    return Control(control_id=statement.control_id, kind=ControlKind.ROSTER, statement=signed)
