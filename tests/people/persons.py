"""People with keys made at run time, and what they sign: by OpenSSH itself, or in memory where many are needed."""

import hashlib
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fixgate.codec import Codec
from fixgate.events import (
    Answer,
    ApprovalStatement,
    ControlKind,
    ControlStatement,
    PersonSignature,
    PersonSigned,
    Record,
    Scope,
)
from fixgate.people.keys import PublicKey, parse_key
from fixgate.people.roster import Person, Role, Roster
from fixgate.people.wire import string

CODEC = Codec()
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DIGEST = "sha256:" + "ab" * 32


def keygen(folder: Path, name: str, *options: str) -> Path:
    """A key pair by ssh-keygen, without passphrase; the private half's path."""
    path = folder / name
    command = ["ssh-keygen", "-q", "-N", "", "-C", name, "-f", str(path), *(options or ("-t", "ed25519"))]
    subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return path


def blob(
    key: PublicKey,
    made: bytes,
    *,
    namespace: bytes = b"fixgate",
    reserved: bytes = b"",
    hashed: bytes = b"sha512",
    version: int = 1,
) -> bytes:
    """An SSHSIG structure around what was signed."""
    parts = (key.blob, namespace, reserved, hashed, made)
    return b"SSHSIG" + version.to_bytes(4, "big") + b"".join(map(string, parts))


def to_be_signed(
    message: bytes, *, namespace: bytes = b"fixgate", reserved: bytes = b"", hashed: bytes = b"sha512"
) -> bytes:
    """What PROTOCOL.sshsig has a key sign."""
    digest = hashlib.new(hashed.decode(), message).digest()
    return b"SSHSIG" + b"".join(map(string, (namespace, reserved, hashed, digest)))


@dataclass(frozen=True, slots=True)
class Key:
    """An Ed25519 key in memory, determined by its seed."""

    private: ed25519.Ed25519PrivateKey
    public: PublicKey

    @classmethod
    def of(cls, seed: str) -> "Key":
        """The key of a seed."""
        private = ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest())
        line = private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
        return cls(private, parse_key(line))

    def sign(self, message: bytes, **form: Any) -> bytes:
        """An SSH signature."""
        signed = self.private.sign(to_be_signed(message, **form))
        return blob(self.public, string(b"ssh-ed25519") + string(signed), **form)

    def signs(self, person: str, message: bytes) -> PersonSignature:
        """As a person's."""
        return PersonSignature(person=person, key=self.public.fingerprint, signature=self.sign(message))


def person(name: str, *roles: Role, keys: Iterable[Key] = ()) -> Person:
    """Somebody whose key is determined by the name."""
    held = tuple(keys) or (Key.of(name),)
    return Person(name=name, keys=tuple(k.public.line for k in held), roles=roles)


def roster(*people: Person, version: int = 1, threshold: int = 1, days: int = 365) -> Roster:
    """A roster of these people."""
    return Roster(version=version, people=people, threshold=threshold, expires_at=NOW + timedelta(days=days))


def signed(record: Record, *signers: tuple[str, Key] | str) -> PersonSigned:
    """A statement signed by people, with their own key or another."""
    value = CODEC.encode(record)
    pairs = [(s, Key.of(s)) if isinstance(s, str) else s for s in signers]
    return PersonSigned(value=value, signatures=tuple(key.signs(name, value) for name, key in pairs))


def control(kind: ControlKind = ControlKind.HALT, **changes: Any) -> ControlStatement:
    """A control by ann under roster 1."""
    fields: dict[str, Any] = {
        "control_id": "control-1",
        "kind": kind,
        "scope": Scope(),
        "reason": "because",
        "nonce": "n1",
        "issued_at": NOW,
        "person": "ann",
        "roster_version": 1,
    }
    return ControlStatement(**{**fields, **changes})


def approval(**changes: Any) -> ApprovalStatement:
    """An approval by ann under roster 1."""
    fields: dict[str, Any] = {
        "answer": Answer.APPROVE,
        "proposal_digest": DIGEST,
        "view_digest": DIGEST,
        "showing_nonce": "n1",
        "shown_at": NOW,
        "answered_at": NOW + timedelta(seconds=30),
        "person": "ann",
        "roster_version": 1,
    }
    return ApprovalStatement(**{**fields, **changes})


def introducing(new: Roster, under: Roster, *signers: tuple[str, Key] | str) -> PersonSigned:
    """The statement that brings a roster into force; the first signer asks for it."""
    first = signers[0]
    statement = control(
        ControlKind.ROSTER,
        document=new.document,
        roster_version=under.version,
        person=first if isinstance(first, str) else first[0],
        control_id=f"roster-{new.version}",
    )
    return signed(statement, *signers)
