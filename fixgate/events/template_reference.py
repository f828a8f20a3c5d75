"""Which version of which pre-approved change pattern.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fixgate.forms import digest, key


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateReference:
    """Which version of which pre-approved change pattern."""

    id: str
    """The template's name: aws-iam-deactivate-access-key."""
    version: str
    """Its version."""
    digest: str
    """Digest of the template's files."""


def datum_template_reference(record: TemplateReference) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "id": key(record.id),
        "version": key(record.version),
        "digest": digest(record.digest),
    }


def template_reference_of(datum: Mapping[str, Any]) -> TemplateReference:
    """The record in what fastavro read."""
    return TemplateReference(
        id=key(datum["id"]),
        version=key(datum["version"]),
        digest=digest(datum["digest"]),
    )
