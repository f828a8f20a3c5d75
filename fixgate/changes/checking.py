"""Whether a proposal tells the truth: everything that it claims is computed again from the signed assessment; pure."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from fixgate.changes.blast import blast_radius
from fixgate.changes.offers import Offers, Template, same
from fixgate.changes.template import Applicable, Plan, worse
from fixgate.events import (
    Assembler,
    AssemblerKind,
    Assessment,
    FactState,
    Proposal,
    Rehearsal,
    Reversibility,
    Slot,
    SlotFiller,
)
from fixgate.forms import Scalar
from fixgate.resources.reading import STATE, projection_digest

_FILLERS: Final[Mapping[AssemblerKind, SlotFiller]] = {
    AssemblerKind.RULES: SlotFiller.RULES,
    AssemblerKind.MODEL: SlotFiller.MODEL,
    AssemblerKind.PERSON: SlotFiller.PERSON,
}
_NOBODY_CHOSE: Final = frozenset({SlotFiller.CATALOGUE, SlotFiller.ASSESSMENT})

RULES_NAME: Final = "rules"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}").fullmatch
_STAGE: Final = re.compile(r"[A-Za-z0-9._-]{1,20}(?: [A-Za-z0-9._-]{1,20}){0,2}").fullmatch

Planner = Callable[[Mapping[str, Scalar]], Plan]


def lies(
    proposal: Proposal, assessment: Assessment, template: Template, offers: Offers, planned: Planner
) -> tuple[str, ...]:
    """Every claim of the proposal that is not so, in words. `planned` gives the plan for slots, or ValueError."""
    return tuple(_found(proposal, assessment, template, offers, planned))


def _found(
    proposal: Proposal, assessment: Assessment, template: Template, offers: Offers, planned: Planner
) -> Iterator[str]:
    if proposal.template != template.reference:
        yield "the template is another version than this catalogue's"
    if proposal.offer_digest != offers.digest:
        yield "the proposal was made from other offers"
    if proposal.target != assessment.target or proposal.lock_key != assessment.lock_key:
        yield "the target is another than the assessment's"
    if proposal.finding_ids != assessment.finding_ids:
        yield "the findings are others than the assessment's"
    applicable = offers.of(template.reference.id)
    if applicable is None:
        yield f"{template.reference.id} was not on offer"
        return
    wrong = tuple(_slots(proposal.slots, applicable, proposal.assembler))
    yield from wrong
    yield from _states(proposal, assessment)
    yield from _catalogued(proposal, assessment, template)
    yield from _rehearsed(proposal.rehearsal, proposal.pre_state_digest)
    yield from _wordy(proposal)
    if not wrong:
        yield from _planned(proposal, planned)


def _slots(slots: tuple[Slot, ...], applicable: Applicable, assembler: Assembler) -> Iterator[str]:
    if tuple(slot.name for slot in slots) != tuple(applicable.slots):
        yield "the slots are not those of the template"
        return
    for slot in slots:
        offers = applicable.slots[slot.name]
        offer = next((o for o in offers if o.reference == slot.reference), None)
        if offer is None:
            yield f"the slot {slot.name} refers to what was not on offer"
        elif not same(slot.value, offer.value):
            yield f"the slot {slot.name} holds another value than the offer that it refers to"
        elif slot.tainted is not offer.tainted:
            yield f"the slot {slot.name} hides whether text of a finding could have influenced it"
        chose = _FILLERS.get(assembler.kind, SlotFiller.MODEL)
        if slot.filler != chose and not (len(offers) == 1 and slot.filler in _NOBODY_CHOSE):
            yield f"the slot {slot.name} names another filler than the assembler"


def _states(proposal: Proposal, assessment: Assessment) -> Iterator[str]:
    state = next((fact for fact in assessment.evidence if fact.name == STATE), None)
    if state is None or state.state is not FactState.VALUE or not isinstance(state.value, str):
        yield "the state before is not known"
        return
    if proposal.pre_state_digest != projection_digest(json.loads(state.value)):
        yield "the state before is another than the assessment's"
    if proposal.pre_state_read_at != state.observed_at:
        yield "the state before was read at another time"


def _catalogued(proposal: Proposal, assessment: Assessment, template: Template) -> Iterator[str]:
    manifest = template.manifest
    claims = (
        ("the residual power", proposal.residual_power, manifest.residual_power),
        ("the rollback", proposal.rollback, manifest.put_back),
        ("the validation", proposal.validation, manifest.validation),
        ("the durations", proposal.durations, manifest.limits),
        ("the blast radius", proposal.blast_radius, blast_radius(assessment, template)),
        (
            "the reversibility",
            proposal.reversibility,
            worse(manifest.reversibility, proposal.rehearsal.reversibility),
        ),
    )
    for what, claimed, true in claims:
        if claimed != true:
            yield f"{what} is not what the catalogue and the assessment say"


def _planned(proposal: Proposal, planned: Planner) -> Iterator[str]:
    try:
        plan = planned({slot.name: slot.value for slot in proposal.slots})
    except ValueError as error:
        yield f"the change cannot be planned: {error}"
        return
    claims = (
        ("the target", proposal.target, plan.target),
        ("the write-set", proposal.write_set, plan.write_set),
        ("the calls", proposal.calls, plan.calls),
        ("the summary", proposal.summary, plan.summary),
    )
    for what, claimed, true in claims:
        if claimed != true:
            yield f"{what} is not what the catalogue plans"


def _rehearsed(rehearsal: Rehearsal, pre_state_digest: str) -> Iterator[str]:
    """A rehearsal cannot be repeated here, but it must not contradict itself or the state that it started from."""
    if rehearsal.before_digest != pre_state_digest:
        yield "the rehearsal started from another state"
    restored = rehearsal.restored_digest == rehearsal.before_digest
    if rehearsal.reversibility is Reversibility.LOSSLESS and (not restored or rehearsal.lossy_fields):
        yield "the rehearsal calls lossless what did not come back"
    if rehearsal.validated and rehearsal.applied_digest in {None, rehearsal.before_digest}:
        yield "the rehearsal validated a change that it did not make"
    if rehearsal.validated and rehearsal.reversibility is Reversibility.LOSSLESS and rehearsal.detail:
        yield "the rehearsal went well and has something to tell"


def _wordy(proposal: Proposal) -> Iterator[str]:
    """People see these before they sign: a name is no place to talk to them."""
    assembler = proposal.assembler
    if not _NAME(assembler.name) or (assembler.kind is AssemblerKind.RULES and assembler.name != RULES_NAME):
        yield "the assembler has no name that one has"
    if not _STAGE(proposal.rehearsal.stage):
        yield "the rehearsal's stage has no name that one has"
