"""A template with its slots filled. Its digest fixes everything that is approved and run.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fixgate.events.blast_radius import BlastRadius, blast_radius_of, datum_blast_radius
from fixgate.events.envelope import Envelope, datum_envelope, envelope_of
from fixgate.events.proposal_parts import (
    Assembler,
    Call,
    Durations,
    Oracle,
    Rollback,
    Saga,
    Slot,
    WriteSetEntry,
    assembler_of,
    call_of,
    datum_assembler,
    datum_call,
    datum_durations,
    datum_oracle,
    datum_rollback,
    datum_saga,
    datum_slot,
    datum_write_set_entry,
    durations_of,
    oracle_of,
    rollback_of,
    saga_of,
    slot_of,
    write_set_entry_of,
)
from fixgate.events.rehearsal import Rehearsal, datum_rehearsal, rehearsal_of
from fixgate.events.resource import Resource, datum_resource, resource_of
from fixgate.events.reversibility import Reversibility
from fixgate.events.signed import Signed, datum_signed, signed_of
from fixgate.events.template_reference import TemplateReference, datum_template_reference, template_reference_of
from fixgate.forms import digest, key, micros, moment, natural


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A template with its slots filled. Its digest fixes everything that is approved and run."""

    envelope: Envelope = Envelope()
    """Trace, parents and sequence; filled in by the runtime."""
    proposal_id: str
    """Derived id; the same for all revisions."""
    revision: int = 1
    """1 for the first, then counted up."""
    supersedes: str | None = None
    """Digest of the revision that this one replaces."""
    lock_key: str
    """The aggregate under which the change writes."""
    finding_ids: tuple[str, ...]
    """The findings that it answers."""
    saga: Saga | None = None
    """The wider work that it is a step of."""
    template: TemplateReference
    """The pre-approved pattern."""
    slots: tuple[Slot, ...]
    """The pattern's slots, filled, in the template's order."""
    offer_digest: str
    """Digest of everything that was on offer when the slots were filled; whoever decides computes it again."""
    assembler: Assembler
    """Who or what picked among the offers."""
    summary: str = ""
    """What the change does, written by the template, for people."""
    target: Resource
    """What is changed."""
    pre_state_digest: str
    """Digest of the target's projected state that the change starts from."""
    pre_state_read_at: datetime
    """When that state was read."""
    blast_radius: BlastRadius
    """What the change can hit, residual power included."""
    residual_power: tuple[str, ...] = ()
    """What the change's credential could do beyond the change, in words."""
    reversibility: Reversibility
    """The worse of the catalogue's ceiling and the rehearsal."""
    write_set: tuple[WriteSetEntry, ...]
    """The only differences that may be seen afterwards."""
    calls: tuple[Call, ...]
    """The calls that the credential must allow, and no other."""
    rollback: Rollback
    """How it is put back."""
    validation: tuple[Oracle, ...]
    """Who judges whether it worked."""
    durations: Durations
    """How long each part may take."""
    rehearsal: Rehearsal
    """The change tried and undone on a copy."""
    expires_at: datetime
    """After this moment it can no longer be decided."""
    assessment: Signed
    """The assessment as it was sent; the findings are inside it."""


def datum_proposal(record: Proposal) -> dict[str, Any]:
    """The record as fastavro writes it."""
    return {
        "envelope": datum_envelope(record.envelope),
        "proposal_id": key(record.proposal_id),
        "revision": natural(record.revision),
        "supersedes": None if record.supersedes is None else ("string", digest(record.supersedes)),
        "lock_key": key(record.lock_key),
        "finding_ids": list(map(key, record.finding_ids)),
        "saga": None if record.saga is None else ("fixgate.Saga", datum_saga(record.saga)),
        "template": datum_template_reference(record.template),
        "slots": list(map(datum_slot, record.slots)),
        "offer_digest": digest(record.offer_digest),
        "assembler": datum_assembler(record.assembler),
        "summary": record.summary,
        "target": datum_resource(record.target),
        "pre_state_digest": digest(record.pre_state_digest),
        "pre_state_read_at": micros(record.pre_state_read_at),
        "blast_radius": datum_blast_radius(record.blast_radius),
        "residual_power": record.residual_power,
        "reversibility": record.reversibility,
        "write_set": list(map(datum_write_set_entry, record.write_set)),
        "calls": list(map(datum_call, record.calls)),
        "rollback": datum_rollback(record.rollback),
        "validation": list(map(datum_oracle, record.validation)),
        "durations": datum_durations(record.durations),
        "rehearsal": datum_rehearsal(record.rehearsal),
        "expires_at": micros(record.expires_at),
        "assessment": datum_signed(record.assessment),
    }


def proposal_of(datum: Mapping[str, Any]) -> Proposal:
    """The record in what fastavro read."""
    return Proposal(
        envelope=envelope_of(datum["envelope"]),
        proposal_id=key(datum["proposal_id"]),
        revision=natural(datum["revision"]),
        supersedes=None if (value := datum["supersedes"]) is None else digest(value),
        lock_key=key(datum["lock_key"]),
        finding_ids=tuple(map(key, datum["finding_ids"])),
        saga=None if (value := datum["saga"]) is None else saga_of(value),
        template=template_reference_of(datum["template"]),
        slots=tuple(map(slot_of, datum["slots"])),
        offer_digest=digest(datum["offer_digest"]),
        assembler=assembler_of(datum["assembler"]),
        summary=datum["summary"],
        target=resource_of(datum["target"]),
        pre_state_digest=digest(datum["pre_state_digest"]),
        pre_state_read_at=moment(datum["pre_state_read_at"]),
        blast_radius=blast_radius_of(datum["blast_radius"]),
        residual_power=tuple(datum["residual_power"]),
        reversibility=Reversibility(datum["reversibility"]),
        write_set=tuple(map(write_set_entry_of, datum["write_set"])),
        calls=tuple(map(call_of, datum["calls"])),
        rollback=rollback_of(datum["rollback"]),
        validation=tuple(map(oracle_of, datum["validation"])),
        durations=durations_of(datum["durations"]),
        rehearsal=rehearsal_of(datum["rehearsal"]),
        expires_at=moment(datum["expires_at"]),
        assessment=signed_of(datum["assessment"]),
    )


def embedded_proposal(record: Proposal) -> tuple[Signed, ...]:
    """Every record that this one embeds, as it was sent."""
    return (record.assessment,)
