"""What the issuer issued for which intent, and the proof of its death. One record for each step of a credential's
life.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fixgate.events.envelope import Envelope, datum_envelope, envelope_of
from fixgate.events.grant_parts import (
    Admission,
    Credential,
    Death,
    GrantState,
    admission_of,
    credential_of,
    datum_admission,
    datum_credential,
    datum_death,
    death_of,
)
from fixgate.forms import digest, key, micros, moment, spiffe_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What the issuer issued for which intent, and the proof of its death. One record for each step of a
    credential's life.
    """

    envelope: Envelope = Envelope()
    """Trace, parents and sequence; filled in by the runtime."""
    grant_id: str
    """Derived id; the same in all records of one credential."""
    state: GrantState
    """Where the credential stands."""
    intent_digest: str
    """The intent that it was issued for."""
    decision_digest: str
    """The decision that allowed it."""
    proposal_digest: str
    """The proposal that it carries."""
    warrant_id: str
    """The warrant that was used."""
    lock_key: str
    """The lock key of the change."""
    finding_ids: tuple[str, ...] = ()
    """The findings that the change answers."""
    executor: str
    """To whom it was given."""
    admission: Admission
    """On what grounds it was issued or refused."""
    credential: Credential | None = None
    """What was issued; null when it was refused."""
    death: Death | None = None
    """How it ended and how that was proved; null while it lives."""
    recorded_at: datetime
    """When this step was taken."""


def datum_grant(record: Grant) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "envelope": datum_envelope(record.envelope),
        "grant_id": key(record.grant_id),
        "state": record.state,
        "intent_digest": digest(record.intent_digest),
        "decision_digest": digest(record.decision_digest),
        "proposal_digest": digest(record.proposal_digest),
        "warrant_id": key(record.warrant_id),
        "lock_key": key(record.lock_key),
        "finding_ids": list(map(key, record.finding_ids)),
        "executor": spiffe_id(record.executor),
        "admission": datum_admission(record.admission),
        "credential": (
            None if record.credential is None else ("fixgate.Credential", datum_credential(record.credential))
        ),
        "death": None if record.death is None else ("fixgate.Death", datum_death(record.death)),
        "recorded_at": micros(record.recorded_at),
    }


def grant_of(datum: Mapping[str, Any]) -> Grant:
    """The record in what fastavro read."""
    return Grant(
        envelope=envelope_of(datum["envelope"]),
        grant_id=key(datum["grant_id"]),
        state=GrantState(datum["state"]),
        intent_digest=digest(datum["intent_digest"]),
        decision_digest=digest(datum["decision_digest"]),
        proposal_digest=digest(datum["proposal_digest"]),
        warrant_id=key(datum["warrant_id"]),
        lock_key=key(datum["lock_key"]),
        finding_ids=tuple(map(key, datum["finding_ids"])),
        executor=spiffe_id(datum["executor"]),
        admission=admission_of(datum["admission"]),
        credential=None if (value := datum["credential"]) is None else credential_of(value),
        death=None if (value := datum["death"]) is None else death_of(value),
        recorded_at=moment(datum["recorded_at"]),
    )
