"""Another record, embedded as it was sent: what is verified is what was sent.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """Another record, embedded as it was sent: what is verified is what was sent."""

    value: bytes
    """The exact value bytes of the embedded record, wire format header included."""
    signature: bytes
    """The raw detached DSSE signature over those bytes."""
    certificate: bytes
    """The signer's X.509-SVID chain, DER certificates concatenated, leaf first."""


def datum_signed(record: Signed) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "value": record.value,
        "signature": record.signature,
        "certificate": record.certificate,
    }


def signed_of(datum: Mapping[str, Any]) -> Signed:
    """The record in what fastavro read."""
    return Signed(
        value=datum["value"],
        signature=datum["signature"],
        certificate=datum["certificate"],
    )
