"""What a person signs to ask for a proposal.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fixgate.events.request_statement_parts import RequestKind
from fixgate.forms import digest, key, micros, moment, natural


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestStatement:
    """What a person signs to ask for a proposal."""

    kind: RequestKind
    """What they ask for."""
    lock_key: str
    """The aggregate."""
    finding_ids: tuple[str, ...] = ()
    """The findings that it is about."""
    template_id: str | None = None
    """The template that they wish for; it is offered only if it applies."""
    proposal_digest: str | None = None
    """The proposal that it is about, for a retry, an undoing or a withdrawal."""
    reason: str = ""
    """Why, in their words."""
    nonce: str
    """It counts once."""
    issued_at: datetime
    """When it was signed."""
    person: str
    """Who asks, by their name in the roster."""
    roster_version: int
    """The roster under which they sign."""


def datum_request_statement(record: RequestStatement) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "kind": record.kind,
        "lock_key": key(record.lock_key),
        "finding_ids": list(map(key, record.finding_ids)),
        "template_id": None if record.template_id is None else ("string", key(record.template_id)),
        "proposal_digest": None if record.proposal_digest is None else ("string", digest(record.proposal_digest)),
        "reason": record.reason,
        "nonce": key(record.nonce),
        "issued_at": micros(record.issued_at),
        "person": key(record.person),
        "roster_version": natural(record.roster_version),
    }


def request_statement_of(datum: Mapping[str, Any]) -> RequestStatement:
    """The record in what fastavro read."""
    return RequestStatement(
        kind=RequestKind(datum["kind"]),
        lock_key=key(datum["lock_key"]),
        finding_ids=tuple(map(key, datum["finding_ids"])),
        template_id=None if (value := datum["template_id"]) is None else key(value),
        proposal_digest=None if (value := datum["proposal_digest"]) is None else digest(value),
        reason=datum["reason"],
        nonce=key(datum["nonce"]),
        issued_at=moment(datum["issued_at"]),
        person=key(datum["person"]),
        roster_version=natural(datum["roster_version"]),
    )
