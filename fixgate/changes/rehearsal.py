"""A change tried on a copy before anybody is asked: applied, validated, undone, and compared (law 6)."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final

from fixgate.changes.compare import difference, outside
from fixgate.changes.copies import Copy
from fixgate.changes.offers import Template
from fixgate.changes.template import Plan
from fixgate.events import OracleVerdict, Rehearsal, Reversibility
from fixgate.resources.reading import Projection, projection_digest

NO_STAGE: Final = "none"


class Failed(Exception):
    """The rehearsal ended early, and why."""


class _Course:
    """One rehearsal under way, and what it has shown so far."""

    def __init__(self, before: Projection, performed_at: datetime) -> None:
        self.before: Final = before
        self.performed_at: Final = performed_at
        self.stage = NO_STAGE
        self.applied: str | None = None
        self.restored: str | None = None
        self.validated = False
        self.lossy: tuple[str, ...] = ()
        self.reversibility = Reversibility.UNKNOWN
        self.details: list[str] = []

    def ended(self) -> Rehearsal:
        return Rehearsal(
            reversibility=self.reversibility,
            lossy_fields=self.lossy,
            stage=self.stage,
            before_digest=projection_digest(self.before),
            applied_digest=self.applied,
            restored_digest=self.restored,
            validated=self.validated,
            detail="; ".join(self.details),
            performed_at=self.performed_at,
        )


def rehearse(template: Template, plan: Plan, before: Projection, performed_at: datetime) -> Rehearsal:
    """Apply, validate, undo and compare on a copy of `before`; blocks for some tens of milliseconds. Thread-safe.

    Never raises for what goes wrong in the template or on its stage: reversibility is then unknown (or impossible when
    undoing failed), and `detail` says why. `validated` is true only when every oracle passed and nothing outside the
    write-set changed.
    """
    course = _Course(before, performed_at)
    try:
        with _copy_of(plan, before, performed_at) as copy:
            course.stage = copy.name
            _run(template, plan, copy, course)
    except Failed as error:
        course.details.append(str(error))
    except Exception as error:  # noqa: BLE001 - whatever a template does on its stage must not end a service
        course.details.append(f"the rehearsal failed: {type(error).__name__}: {error}"[:300])
        course.validated = False
        course.reversibility = Reversibility.UNKNOWN
    return course.ended()


def _copy_of(plan: Plan, before: Projection, performed_at: datetime) -> AbstractContextManager[Copy]:
    from fixgate.changes.copies import COPIES  # noqa: PLC0415 - moto, which only whoever rehearses has

    made: Callable[..., AbstractContextManager[Copy]] | None = COPIES.get(plan.target.kind)
    if made is None:
        raise Failed(f"there is no stage for a {plan.target.kind}")
    return made(plan.target, before, performed_at)


def _run(template: Template, plan: Plan, copy: Copy, course: _Course) -> None:
    start = _state(copy, plan)
    if projection_digest(copy.mapped(start)) != projection_digest(course.before):
        named = [c.path or "all of it" for c in difference(course.before, copy.mapped(start), plan.target.id)]
        raise Failed(f"the copy is not like the snapshot: {', '.join(named)}")
    _apply(template, plan, copy, start, course)
    _undo(template, plan, copy, start, course)


def _apply(template: Template, plan: Plan, copy: Copy, start: Projection, course: _Course) -> None:
    operations, stage = template.operations, copy.stage
    for step in plan.steps:
        done = operations.perform(plan, step, start, stage)
        if not done.succeeded:
            course.details.append(f"the step {step.name} failed: {done.detail}")
            return
    after = _state(copy, plan)
    course.applied = projection_digest(copy.mapped(after))
    more = outside(difference(start, after, plan.target.id), plan.write_set)
    if more:
        course.details.append(f"outside of the write-set: {', '.join(c.path or 'all of it' for c in more)}")
    results = operations.validate(plan, start, stage)
    course.details += (
        f"{r.name}: {r.verdict.value}, {r.detail}" for r in results if r.verdict is not OracleVerdict.PASSED
    )
    named = tuple((r.name, r.kind) for r in results)
    if named != tuple((o.name, o.kind) for o in template.manifest.validation):
        course.details.append("the oracles asked are not those that the template names")
        return
    course.validated = not more and all(r.verdict is OracleVerdict.PASSED for r in results)


def _undo(template: Template, plan: Plan, copy: Copy, start: Projection, course: _Course) -> None:
    course.reversibility = Reversibility.IMPOSSIBLE  # until it was shown
    for result in template.operations.undo(plan, start, copy.stage):
        if not result.succeeded:
            course.details.append(f"undoing failed at {result.name}: {result.detail}")
            return
    restored = _state(copy, plan)
    course.restored = projection_digest(copy.mapped(restored))
    lost = difference(start, restored, plan.target.id)
    course.lossy = tuple(change.path or "/" for change in lost)
    course.reversibility = Reversibility.LOSSY if lost else Reversibility.LOSSLESS
    if course.applied is None:
        # Undoing what was not done shows nothing.
        course.reversibility = Reversibility.UNKNOWN


def _state(copy: Copy, plan: Plan) -> Projection:
    reading = copy.stage.read(plan.target)
    if reading.projection is None:
        raise Failed(f"the copy cannot be read: {reading.why or reading.state.value}")
    return reading.projection
