"""One person's own signature over a statement.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fixgate.forms import key


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSignature:
    """One person's own signature over a statement."""

    person: str
    """The person's name in the roster."""
    key: str
    """The public key that signed, as OpenSSH prints its fingerprint: SHA256:…."""
    signature: bytes
    """The SSH signature (SSHSIG, namespace fixgate) over the statement's exact bytes."""


def datum_person_signature(record: PersonSignature) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "person": key(record.person),
        "key": key(record.key),
        "signature": record.signature,
    }


def person_signature_of(datum: Mapping[str, Any]) -> PersonSignature:
    """The record in what fastavro read."""
    return PersonSignature(
        person=key(datum["person"]),
        key=key(datum["key"]),
        signature=datum["signature"],
    )
