"""Where rosters lie in a home before and after they are published, and how one that is being signed goes round.

home/roster/
├── pin               the first roster's digest: what services must be given
├── <version>.json    a roster's document, as it is pinned and signed
└── <version>.signed  the statement that brings it into force, with the signatures collected so far
"""

import base64
import binascii
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from fixgate.errors import Misconfigured, Refused, Unavailable
from fixgate.events import PersonSignature, PersonSigned
from fixgate.files import write_private
from fixgate.people.roster import Roster


class _Signature(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    person: str
    key: str
    signature: str


class _Signed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    value: str
    signatures: tuple[_Signature, ...]


def to_text(signed: PersonSigned) -> bytes:
    """A statement with its signatures as a file that can be sent around: JSON with base64."""
    shape = _Signed(
        value=_encoded(signed.value),
        signatures=tuple(
            _Signature(person=s.person, key=s.key, signature=_encoded(s.signature)) for s in signed.signatures
        ),
    )
    return shape.model_dump_json(indent=2).encode() + b"\n"


def from_text(data: bytes) -> PersonSigned:
    """What `to_text` wrote; raises Refused. Nothing is verified."""
    try:
        shape = _Signed.model_validate_json(data)
        return PersonSigned(
            value=base64.b64decode(shape.value, validate=True),
            signatures=tuple(
                PersonSignature(person=s.person, key=s.key, signature=base64.b64decode(s.signature, validate=True))
                for s in shape.signatures
            ),
        )
    except (ValidationError, binascii.Error, ValueError):
        raise Refused("the file is no signed statement") from None


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


class RosterFiles:
    """The roster's files of one home."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "roster"

    @property
    def pin(self) -> str:
        """The first roster's digest; empty when none was begun here."""
        try:
            return (self.folder / "pin").read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise Unavailable(f"the pinned roster cannot be read: {error}") from None

    def begin(self, roster: Roster) -> None:
        """Pin the first roster; raises Misconfigured when another one is pinned."""
        if self.pin not in {"", roster.digest}:
            raise Misconfigured(
                f"a roster was begun in {self.folder} already",
                remedy="Go on with `fixgate roster add`; to begin anew, put that folder away.",
            )
        self._write(self.folder / "pin", roster.digest.encode() + b"\n")

    def keep(self, roster: Roster, signed: PersonSigned) -> Path:
        """Write a roster's document and its statement; the statement's path."""
        self._write(self.folder / f"{roster.version}.json", roster.document)
        path = self.folder / f"{roster.version}.signed"
        self._write(path, to_text(signed))
        return path

    def statements(self) -> list[Path]:
        """The statements that lie here, by version."""
        found = [p for p in self.folder.glob("*.signed") if p.stem.isdecimal()]
        return sorted(found, key=lambda path: int(path.stem))

    def _write(self, path: Path, data: bytes) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(path, data)
        except OSError as error:
            raise Unavailable(f"{path} cannot be written: {error.strerror}") from None
