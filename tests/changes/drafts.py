"""Honest proposals for the examples of the catalogue, and a template whose undo is not what it says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache

from fixgate.changes.blast import blast_radius
from fixgate.changes.catalogue import CATALOGUE, Template, filled
from fixgate.changes.rehearsal import rehearse
from fixgate.changes.samples import AT, sample
from fixgate.changes.template import Applicable, Case, NotApplicable, Operations, Plan, Stage, Step, case_of, worse
from fixgate.events import (
    Assembler,
    AssemblerKind,
    Assessment,
    OracleResult,
    Proposal,
    Signed,
    SlotFiller,
    StepResult,
)
from fixgate.forms import Scalar
from fixgate.resources.reading import Projection, projection_digest

IDS = tuple(CATALOGUE.templates)
KEY, BUCKET, PIN = IDS


def case(template_id: str) -> Case:
    """The example's case."""
    found = case_of(sample(CATALOGUE.templates[template_id]))
    assert found is not None
    return found


def plan(template_id: str) -> Plan:
    """The example's plan with the first offers."""
    assessment = sample(CATALOGUE.templates[template_id])
    offered = CATALOGUE.offers(assessment).of(template_id)
    assert offered is not None
    return CATALOGUE.plan(assessment, template_id, {name: offers[0].value for name, offers in offered.slots.items()})


@cache
def draft(template_id: str) -> tuple[Proposal, Assessment]:
    """An honest proposal by the rules, and its assessment."""
    template = CATALOGUE.templates[template_id]
    assessment, made = sample(template), plan(template_id)
    offers = CATALOGUE.offers(assessment)
    offered = offers.of(template_id)
    assert offered is not None
    before = case(template_id).projection
    rehearsal = rehearse(template, made, before, AT)
    manifest = template.manifest
    return (
        Proposal(
            proposal_id="proposal-example",
            lock_key=assessment.lock_key,
            finding_ids=assessment.finding_ids,
            template=template.reference,
            slots=filled(offered, {}, SlotFiller.RULES),
            offer_digest=offers.digest,
            assembler=Assembler(kind=AssemblerKind.RULES, name="rules"),
            summary=made.summary,
            target=assessment.target,
            pre_state_digest=projection_digest(before),
            pre_state_read_at=AT,
            blast_radius=blast_radius(assessment, template),
            residual_power=manifest.residual_power,
            reversibility=worse(manifest.reversibility, rehearsal.reversibility),
            write_set=made.write_set,
            calls=made.calls,
            rollback=manifest.put_back,
            validation=manifest.validation,
            durations=manifest.limits,
            rehearsal=rehearsal,
            expires_at=AT + timedelta(hours=1),
            assessment=Signed(value=b"", signature=b"", certificate=b""),
        ),
        assessment,
    )


Put = Callable[[Stage], object]
Verdicts = Callable[[tuple[OracleResult, ...]], tuple[OracleResult, ...]]


@dataclass(frozen=True)
class Wrapped:
    """A template's code with something done before a step, or instead of undoing."""

    inner: Operations
    before_step: Put | None = None
    instead_of_undo: Put | None = None
    verdicts: Verdicts | None = None

    def offers(self, case: Case) -> Applicable | NotApplicable:
        """As it is."""
        return self.inner.offers(case)

    def plan(self, case: Case, slots: Mapping[str, Scalar]) -> Plan:
        """As it is."""
        return self.inner.plan(case, slots)

    def perform(self, plan: Plan, step: Step, before: Projection, stage: Stage) -> StepResult:
        """Something else as well."""
        if self.before_step is not None:
            self.before_step(stage)
        return self.inner.perform(plan, step, before, stage)

    def validate(self, plan: Plan, before: Projection, stage: Stage) -> tuple[OracleResult, ...]:
        """What the oracles say, or what is made of it."""
        results = self.inner.validate(plan, before, stage)
        return results if self.verdicts is None else self.verdicts(results)

    def undo(self, plan: Plan, before: Projection, stage: Stage) -> tuple[StepResult, ...]:
        """As it is, or something else."""
        if self.instead_of_undo is None:
            return self.inner.undo(plan, before, stage)
        self.instead_of_undo(stage)
        return ()


def wrapped(
    template_id: str,
    before_step: Put | None = None,
    instead_of_undo: Put | None = None,
    verdicts: Verdicts | None = None,
) -> Template:
    """The template with its code wrapped."""
    template = CATALOGUE.templates[template_id]
    return replace(template, operations=Wrapped(template.operations, before_step, instead_of_undo, verdicts))
