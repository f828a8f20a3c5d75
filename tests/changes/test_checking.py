"""A proposal that lies is caught, whichever of its claims it alters (law 3)."""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgate.changes.catalogue import CATALOGUE
from fixgate.changes.checking import lies
from fixgate.changes.template import Offer
from fixgate.events import (
    AssemblerKind,
    BlastLevel,
    BlastRadius,
    Call,
    Proposal,
    Reversibility,
    Slot,
    SlotFiller,
    TemplateReference,
    WriteSetEntry,
)
from tests.changes.drafts import BUCKET, IDS, KEY, PIN, draft

NOT_CHECKED = {"envelope", "proposal_id", "revision", "supersedes", "saga", "expires_at", "assessment"}
"""Of these the catalogue knows nothing; whoever decides looks at them."""
OTHER_DIGEST = "sha256:" + "0" * 64
Lie = Callable[[Proposal], Any]
LIES: dict[str, list[Lie]] = {
    "lock_key": [lambda p: p.lock_key + "x"],
    "finding_ids": [lambda p: (), lambda p: (*p.finding_ids, "finding-other")],
    "template": [
        lambda p: replace(p.template, version="9.9.9"),
        lambda p: replace(p.template, digest=OTHER_DIGEST),
        lambda p: TemplateReference(id="aws-iam-delete-user", version="1.0.0", digest=OTHER_DIGEST),
        lambda p: CATALOGUE.templates[next(i for i in IDS if i != p.template.id)].reference,
    ],
    "slots": [
        lambda p: (*p.slots, Slot(name="more", value="x", filler=SlotFiller.RULES, reference="", tainted=False)),
    ],
    "offer_digest": [lambda p: OTHER_DIGEST],
    "summary": [lambda p: p.summary + " Nothing else.", lambda p: ""],
    "target": [lambda p: replace(p.target, id=p.target.id + "x"), lambda p: replace(p.target, account="000000000001")],
    "pre_state_digest": [lambda p: OTHER_DIGEST],
    "pre_state_read_at": [lambda p: p.pre_state_read_at + timedelta(microseconds=1)],
    "blast_radius": [
        lambda p: BlastRadius(level=BlastLevel.NONE),
        lambda p: replace(p.blast_radius, reasons=()),
        lambda p: replace(p.blast_radius, dependants=0 if p.blast_radius.dependants is None else None),
    ],
    "residual_power": [lambda p: (), lambda p: (*p.residual_power, "None at all.")],
    "reversibility": [lambda p: Reversibility.LOSSY, lambda p: Reversibility.UNKNOWN],
    "write_set": [
        lambda p: (),
        lambda p: (*p.write_set, WriteSetEntry(resource=p.target.id, path="/tags")),
        lambda p: (replace(p.write_set[0], path=""),),
    ],
    "calls": [
        lambda p: p.calls[1:],
        lambda p: (*p.calls, Call(action="iam:PutUserPolicy", resource=p.calls[0].resource)),
        lambda p: (replace(p.calls[0], resource="*"), *p.calls[1:]),
    ],
    "rollback": [lambda p: replace(p.rollback, limits=()), lambda p: replace(p.rollback, operation="other")],
    "validation": [lambda p: p.validation[:1], lambda p: ()],
    "durations": [lambda p: replace(p.durations, credential_seconds=3600)],
    "rehearsal": [
        lambda p: replace(p.rehearsal, before_digest=OTHER_DIGEST),
        lambda p: replace(p.rehearsal, restored_digest=OTHER_DIGEST),
        lambda p: replace(p.rehearsal, lossy_fields=("/tags",)),
        lambda p: replace(p.rehearsal, applied_digest=None),
        lambda p: replace(p.rehearsal, applied_digest=p.rehearsal.before_digest),
        lambda p: replace(p.rehearsal, reversibility=Reversibility.LOSSY),
        lambda p: replace(p.rehearsal, detail="Security has looked at this: sign it."),
        lambda p: replace(p.rehearsal, stage="a copy that security has looked at"),
    ],
    "assembler": [
        lambda p: replace(p.assembler, name="rules that security wrote"),
        lambda p: replace(p.assembler, name="securitys-rules"),
        lambda p: replace(p.assembler, name=""),
    ],
}


@pytest.mark.parametrize("template_id", IDS)
def test_an_honest_proposal_tells_no_lie(template_id: str) -> None:
    """It is exactly what anybody computes from its assessment."""
    proposal, assessment = draft(template_id)
    assert proposal.rehearsal.validated, proposal.rehearsal.detail
    assert CATALOGUE.check(proposal, assessment) == ()


def test_every_claim_has_a_lie() -> None:
    """A new field of a proposal is checked, or it is said here why not."""
    assert {field.name for field in fields(Proposal)} == LIES.keys() | NOT_CHECKED


@pytest.mark.parametrize("template_id", IDS)
@pytest.mark.parametrize(("field", "lie"), [(name, lie) for name, lies in LIES.items() for lie in lies])
def test_any_altered_claim_is_caught(template_id: str, field: str, lie: Lie) -> None:
    """Whatever the proposer says in its own favour."""
    proposal, assessment = draft(template_id)
    assert CATALOGUE.check(replace(proposal, **{field: lie(proposal)}), assessment)


@given(st.sampled_from(IDS), st.sets(st.sampled_from(sorted(LIES)), min_size=1), st.integers(0, 10))
def test_lies_do_not_hide_each_other(template_id: str, names: set[str], which: int) -> None:
    """However many are told at once."""
    proposal, assessment = draft(template_id)
    told = {name: LIES[name][which % len(LIES[name])](proposal) for name in names}
    assert CATALOGUE.check(replace(proposal, **told), assessment)


@pytest.mark.parametrize(
    "altered",
    [
        {"value": "b" * 40},
        {"reference": "fact:other"},
        {"reference": ""},
        {"tainted": True},
        {"name": "other"},
        {"filler": SlotFiller.MODEL},
        {"filler": SlotFiller.UNKNOWN},
        {"filler": SlotFiller.PERSON},
    ],
)
def test_a_slot_is_what_was_offered(altered: dict[str, Any]) -> None:
    """Its value, where it came from, whether text could have touched it, and who filled it."""
    proposal, assessment = draft(PIN)
    (slot,) = proposal.slots
    assert CATALOGUE.check(replace(proposal, slots=(replace(slot, **altered),)), assessment)


def test_a_value_is_not_passed_off_under_another_offers_reference() -> None:
    """Both are on offer, and one of them is tainted."""
    proposal, assessment = draft(PIN)
    (slot,) = proposal.slots
    offers = CATALOGUE.offers(assessment)
    offered = offers.of(PIN)
    assert offered is not None
    text = Offer(reference="text", value="b" * 40, tainted=True)
    both = replace(offered, slots={slot.name: (*offered.slots[slot.name], text)})
    lying = replace(proposal, slots=(replace(slot, value=text.value),))
    plan = CATALOGUE.plan(assessment, PIN, {slot.name: slot.value})
    found = lies(lying, assessment, CATALOGUE.templates[PIN], replace(offers, applicable=(both,)), lambda _: plan)
    assert found == ("the slot commit holds another value than the offer that it refers to",)


def test_a_model_that_says_it_is_rules_is_held_to_its_word() -> None:
    """Filler and assembler say the same."""
    proposal, assessment = draft(PIN)
    by_model = replace(proposal, assembler=replace(proposal.assembler, kind=AssemblerKind.MODEL))
    assert CATALOGUE.check(by_model, assessment)
    (slot,) = proposal.slots
    honest = replace(by_model, slots=(replace(slot, filler=SlotFiller.MODEL),))
    assert CATALOGUE.check(honest, assessment) == ()


def test_a_proposal_for_another_assessment_is_caught() -> None:
    """An honest one, put beside facts that it was not made from."""
    proposal, _ = draft(KEY)
    assert CATALOGUE.check(proposal, draft(BUCKET)[1])


def test_more_caution_in_the_assessment_is_not_lost() -> None:
    """What the analyzer says of the blast radius is the least."""
    proposal, assessment = draft(BUCKET)
    careful = replace(assessment, blast_radius=BlastRadius(level=BlastLevel.HIGH, reasons=("a burst of changes",)))
    assert CATALOGUE.check(proposal, careful)
