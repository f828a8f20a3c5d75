"""From a draft to a proposal: all but the choice is computed again here, and held against the catalogue. Pure."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from fixgate.changes.blast import blast_radius
from fixgate.changes.catalogue import Catalogue
from fixgate.changes.offers import filled
from fixgate.changes.template import worse
from fixgate.errors import Poison, Reason
from fixgate.events import Assembler, AssemblerKind, Assessment, FactState, Proposal, Signed, SlotFiller
from fixgate.resources import projection_digest
from fixgate.resources.reading import STATE
from services.proposer.drafts import Draft

LIFE: Final = timedelta(hours=24)
"""So long a proposal can be decided."""
_FILLERS: Final = {
    AssemblerKind.RULES: SlotFiller.RULES,
    AssemblerKind.MODEL: SlotFiller.MODEL,
    AssemblerKind.PERSON: SlotFiller.PERSON,
}


def build(catalogue: Catalogue, signed: Signed, assessment: Assessment, draft: Draft, now: datetime) -> Proposal:
    """The first revision of a proposal with the draft's choice; the caller sets its id and number.

    Raises Poison, a defect of ours, for a choice that is not on offer and for anything that the catalogue's check
    would find untrue.
    """
    template = catalogue.templates.get(draft.template_id)
    offers = catalogue.offers(assessment)
    applicable = offers.of(draft.template_id)
    state = next((fact for fact in assessment.evidence if fact.name == STATE), None)
    if template is None or applicable is None or state is None or state.state is not FactState.VALUE:
        raise Poison(Reason.DEFECT, f"{draft.template_id} is not on offer")
    try:
        slots = filled(applicable, draft.references, filler_of(draft.assembler))
        plan = catalogue.plan(assessment, draft.template_id, {slot.name: slot.value for slot in slots})
    except ValueError as error:
        raise Poison(Reason.DEFECT, f"the choice is not on offer: {error}") from None
    manifest = template.manifest
    made = Proposal(
        proposal_id=assessment.assessment_id,
        lock_key=assessment.lock_key,
        finding_ids=assessment.finding_ids,
        template=template.reference,
        slots=slots,
        offer_digest=offers.digest,
        assembler=draft.assembler,
        summary=plan.summary,
        target=plan.target,
        pre_state_digest=projection_digest(json.loads(str(state.value))),
        pre_state_read_at=state.observed_at,
        blast_radius=blast_radius(assessment, template),
        residual_power=manifest.residual_power,
        reversibility=worse(manifest.reversibility, draft.rehearsal.reversibility),
        write_set=plan.write_set,
        calls=plan.calls,
        rollback=manifest.put_back,
        validation=manifest.validation,
        durations=manifest.limits,
        rehearsal=draft.rehearsal,
        expires_at=now + LIFE,
        assessment=signed,
    )
    untrue = catalogue.check(made, assessment)
    if untrue:
        raise Poison(Reason.DEFECT, f"the proposal would not be true: {'; '.join(untrue)}")
    return made


def revised(draft: Proposal, *, proposal_id: str, revision: int, supersedes: str | None, now: datetime) -> Proposal:
    """A proposal as it is sent."""
    return replace(draft, proposal_id=proposal_id, revision=revision, supersedes=supersedes, expires_at=now + LIFE)


def asked_by(draft: Proposal, person: str) -> Proposal:
    """The draft as what a person asked for: they have picked it, so they are not among those who approve it."""
    slots = tuple(replace(slot, filler=SlotFiller.PERSON) for slot in draft.slots)
    return replace(draft, assembler=Assembler(kind=AssemblerKind.PERSON, name=person), slots=slots)


def filler_of(assembler: Assembler) -> SlotFiller:
    """Who filled the slots when this assembler picked."""
    return _FILLERS.get(assembler.kind, SlotFiller.UNKNOWN)
