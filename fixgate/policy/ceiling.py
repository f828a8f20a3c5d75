"""The ceiling: what people signed may ever be automatic. Without one, nothing is.

A file of its own, beside the policies: whoever can change the policies cannot raise it. It counts when as many
administrators of the roster in force signed its exact bytes as the next roster would ask for.

    {"document": "<base64>", "signatures": [{"person": "alice", "key": "SHA256:…", "signature": "<base64>"}]}

The document inside, as JSON:

    {"kind": "fixgate ceiling", "version": 1, "expires_at": "2027-01-01T00:00:00Z",
     "allows": [{"templates": ["aws-s3-block-public-access"], "environments": ["staging"], "max_blast": "low"}]}
"""

import base64
import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from pydantic import AwareDatetime, Base64Bytes, BaseModel, ConfigDict, ValidationError

from fixgate.errors import Misconfigured, Refused
from fixgate.events import BlastLevel, PersonSignature, PersonSigned
from fixgate.people.roster import Role, Roster
from fixgate.people.statements import signers
from fixgate.policy.subject import BLAST, Subject

FILE_LIMIT: Final = 256 * 1024


class Allowance(BaseModel):
    """These templates in these environments, up to a blast level. An empty list allows nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    templates: tuple[str, ...]
    environments: tuple[Literal["development", "test", "staging", "production"], ...]
    max_blast: Literal["none", "low", "medium"]


class CeilingDocument(BaseModel):
    """What is signed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["fixgate ceiling"] = "fixgate ceiling"
    version: int
    expires_at: AwareDatetime
    allows: tuple[Allowance, ...]

    @property
    def written(self) -> bytes:
        """The bytes to sign."""
        return json.dumps(self.model_dump(mode="json"), indent=2, sort_keys=True).encode() + b"\n"


class _Signature(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    person: str
    key: str
    signature: Base64Bytes


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    document: Base64Bytes
    signatures: tuple[_Signature, ...]


class Ceiling:
    """A ceiling as it was read; whether it counts is asked at each moment, because the roster changes."""

    def __init__(self, signed: PersonSigned | None = None) -> None:
        """Raises Misconfigured when the document cannot be read. None: there is no ceiling, and nothing is allowed."""
        self._signed = signed
        value = b"" if signed is None else signed.value
        self.digest: Final = "sha256:" + hashlib.sha256(value).hexdigest()
        self._document = None if signed is None else _document(value)
        self._counted: tuple[Roster, bool] | None = None

    @classmethod
    def load(cls, path: Path | None) -> "Ceiling":
        """The ceiling in a file; raises Misconfigured. None, or an empty path: nothing is ever automatic. Reads it."""
        if path is None or str(path) in {"", "."}:
            return cls()
        try:
            return cls(read_signed(path.read_bytes()))
        except OSError as error:
            raise Misconfigured(
                f"the ceiling {path} cannot be read: {error.strerror}", remedy="Correct FIXGATE_CEILING."
            ) from None

    def allows(self, subject: Subject, roster: Roster | None, now: datetime) -> bool:
        """Whether such a change may be automatic at all, by the roster in force. Pure."""
        document = self._document
        if document is None or roster is None or now >= document.expires_at or not self._counts(roster):
            return False
        return any(
            subject.template in a.templates
            and subject.environment in a.environments
            and subject.blast <= BLAST[BlastLevel(a.max_blast)]
            for a in document.allows
        )

    def _counts(self, roster: Roster) -> bool:
        # Signatures are verified once for each roster, not for each change.
        if self._counted is None or self._counted[0] is not roster:
            self._counted = (roster, self._is_signed(roster))
        return self._counted[1]

    def _is_signed(self, roster: Roster) -> bool:
        if self._signed is None:
            return False
        try:
            names = signers(self._signed, roster)
        except Refused:
            return False
        return len({n for n in names if Role.ADMINISTRATOR in roster.roles(n)}) >= roster.threshold


def read_signed(text: bytes) -> PersonSigned:
    """The document and its signatures in a ceiling's file; raises Misconfigured."""
    if len(text) > FILE_LIMIT:
        raise Misconfigured(f"the ceiling has {len(text)} bytes; it may have {FILE_LIMIT}")
    try:
        found = _File.model_validate_json(text)
    except ValidationError as error:
        raise Misconfigured(f"the ceiling is not valid: {_faults(error)}") from None
    signatures = (PersonSignature(person=s.person, key=s.key, signature=s.signature) for s in found.signatures)
    return PersonSigned(value=found.document, signatures=tuple(signatures))


def signed_file(document: bytes, signatures: Iterable[PersonSignature]) -> bytes:
    """The file of a ceiling: the document as it was signed, and who signed it."""
    shape = {
        "document": base64.b64encode(document).decode(),
        "signatures": [
            {"person": s.person, "key": s.key, "signature": base64.b64encode(s.signature).decode()} for s in signatures
        ],
    }
    return json.dumps(shape, indent=2).encode() + b"\n"


def _document(value: bytes) -> CeilingDocument:
    try:
        return CeilingDocument.model_validate_json(value)
    except ValidationError as error:
        raise Misconfigured(f"the ceiling's document is not valid: {_faults(error)}") from None


def _faults(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'it'}: {e['msg']}" for e in error.errors()[:5])
