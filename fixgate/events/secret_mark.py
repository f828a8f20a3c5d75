"""What is kept of a secret after ingest: enough to recognise it, too little to use it.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fixgate.forms import key


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretMark:
    """What is kept of a secret after ingest: enough to recognise it, too little to use it."""

    kind: str
    """What sort of secret: aws_access_key, github_token."""
    hash: str
    """Keyed hash of the secret (HMAC-SHA-256, hexadecimal)."""
    key_id: str
    """Which of the deployment's keys made the hash."""
    masked: str
    """The secret with all but a few characters replaced."""


def datum_secret_mark(record: SecretMark) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "kind": key(record.kind),
        "hash": key(record.hash),
        "key_id": key(record.key_id),
        "masked": record.masked,
    }


def secret_mark_of(datum: Mapping[str, Any]) -> SecretMark:
    """The record in what fastavro read."""
    return SecretMark(
        kind=key(datum["kind"]),
        hash=key(datum["hash"]),
        key_id=key(datum["key_id"]),
        masked=datum["masked"],
    )
