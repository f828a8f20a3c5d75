"""What a pre-approved change is made of. A template is data (`template.yaml`) and operations (`operations.py`).

Offers and plans are pure functions of the case: what is not computed from the signed assessment is not on offer
(law 2).
`perform`, `validate` and `undo` act through a stage; the rehearsal's stage and the executor's are the same to them.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from fixgate.events import (
    Assessment,
    Call,
    Fact,
    FactState,
    OracleResult,
    Resource,
    Reversibility,
    StepResult,
    WriteSetEntry,
)
from fixgate.forms import Scalar
from fixgate.resources import Reading, Session
from fixgate.resources.reading import STATE, Projection


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What the catalogue looks at: the facts of a signed assessment, and nothing that a finding says in free text."""

    assessment: Assessment
    target: Resource
    facts: Mapping[str, Fact]
    projection: Projection


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One value that a slot may take, by its reference. `tainted` when text of a finding could have influenced it."""

    reference: str
    value: Scalar
    tainted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicable:
    """A template that fits the case, and what each of its slots may take, in the template's order.

    The first offer of a slot is what the rules would pick.
    """

    template_id: str
    slots: Mapping[str, tuple[Offer, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotApplicable:
    """Why a template does not fit."""

    template_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One write, in order. `action` as the credential system names it (`iam:UpdateAccessKey`)."""

    name: str
    action: str
    resource: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The change with its slots filled: what will be called and what may differ afterwards.

    `calls` are all that the credential must allow, reads, validation and undoing included.
    """

    target: Resource
    slots: Mapping[str, Scalar]
    steps: tuple[Step, ...]
    calls: tuple[Call, ...]
    write_set: tuple[WriteSetEntry, ...]
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where a change is made: the target system under one credential, or a copy of it in memory.

    `began` is when the first write was sent, None when nobody knows: an effect is judged from then on.
    """

    session: Session
    read: Callable[[Resource], Reading]
    now: Callable[[], datetime]
    began: datetime | None = None


class Operations(Protocol):
    """The code of a template."""

    def offers(self, case: Case) -> Applicable | NotApplicable:
        """What is on offer; pure."""
        ...

    def plan(self, case: Case, slots: Mapping[str, Scalar]) -> Plan:
        """The change with these slots; pure. Raises ValueError for values that were not on offer."""
        ...

    def perform(self, plan: Plan, step: Step, before: Projection, stage: Stage) -> StepResult:
        """Do one step, guarded by a read: doing it again is harmless. Raises Transient when another try may help."""
        ...

    def validate(self, plan: Plan, before: Projection, stage: Stage) -> tuple[OracleResult, ...]:
        """Ask every oracle of the template; one that cannot tell is inconclusive, never passed."""
        ...

    def undo(self, plan: Plan, before: Projection, stage: Stage) -> tuple[StepResult, ...]:
        """Put back what the steps wrote; harmless when nothing was written, or when it was put back before."""
        ...


def case_of(assessment: Assessment) -> Case | None:
    """The case of an assessment; None when the target's state is not known: then nothing is on offer."""
    facts = {fact.name: fact for fact in assessment.evidence}
    state = facts.get(STATE)
    if state is None or state.state is not FactState.VALUE or not isinstance(state.value, str):
        return None
    return Case(assessment=assessment, target=assessment.target, facts=facts, projection=json.loads(state.value))


WORST_FIRST = (Reversibility.UNKNOWN, Reversibility.IMPOSSIBLE, Reversibility.LOSSY, Reversibility.LOSSLESS)


def worse(one: Reversibility, other: Reversibility) -> Reversibility:
    """The worse of two; unknown is the worst."""
    return min(one, other, key=WORST_FIRST.index)
