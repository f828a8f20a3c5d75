"""A statement that counts only by the signatures of people inside it, whoever carried it here.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fixgate.events.person_signature import PersonSignature, datum_person_signature, person_signature_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSigned:
    """A statement that counts only by the signatures of people inside it, whoever carried it here."""

    value: bytes
    """The exact bytes that were signed: the encoded statement record, wire format header included."""
    signatures: tuple[PersonSignature, ...]
    """Who signed; one person for an approval, several where the roster asks for several."""


def datum_person_signed(record: PersonSigned) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "value": record.value,
        "signatures": list(map(datum_person_signature, record.signatures)),
    }


def person_signed_of(datum: Mapping[str, Any]) -> PersonSigned:
    """The record in what fastavro read."""
    return PersonSigned(
        value=datum["value"],
        signatures=tuple(map(person_signature_of, datum["signatures"])),
    )
