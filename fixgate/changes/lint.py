"""What must be true of every template, looked at with an example case: the catalogue's own review."""

import importlib.util
import re
from collections.abc import Iterator
from typing import Any, Final

from fixgate.changes.catalogue import Catalogue
from fixgate.changes.manifest import Manifest
from fixgate.changes.offers import Template
from fixgate.changes.samples import AT, sample
from fixgate.changes.session_policy import GIT_PUSH, GIT_READ, push_target, session_policy
from fixgate.changes.template import Plan, case_of
from fixgate.events import Reversibility

README_WORDS: Final = 60
_TYPES: Final = {"iam": ":user/", "s3": ":s3:::${BucketName}"}
"""What the ARN of the target looks like, by service."""
_GIT_ACTIONS: Final = frozenset({GIT_PUSH, GIT_READ})


def lint(catalogue: Catalogue) -> tuple[tuple[str, str], ...]:
    """Every fault as the template's id and words; () for a catalogue that is whole.

    Whether AWS's actions exist is looked at when policy-sentry is installed, the rehearsal when moto is. Blocks for
    the rehearsals.
    """
    return tuple(
        (name, words) for name, template in catalogue.templates.items() for words in _faults(template, catalogue)
    )


def _faults(template: Template, catalogue: Catalogue) -> Iterator[str]:
    manifest = template.manifest
    if len(template.readme.split()) < README_WORDS:
        yield "its README says nothing"
    try:
        assessment = sample(template)
        offered = catalogue.offers(assessment).of(manifest.id)
    except ValueError as error:
        yield str(error)
        return
    case = case_of(assessment)
    if offered is None or case is None:
        yield "it is not on offer for the example"
        return
    if tuple(offered.slots) != tuple(slot.name for slot in manifest.slots):
        yield "what it offers are other slots than it names"
    plan = catalogue.plan(assessment, manifest.id, {name: offers[0].value for name, offers in offered.slots.items()})
    yield from _permissions(manifest, plan)
    yield from _written(manifest, plan)
    yield from _credential(manifest, plan)
    yield from _actions(plan)
    yield from _rehearsal(template, plan, case.projection)


def _permissions(manifest: Manifest, plan: Plan) -> Iterator[str]:
    permitted, called = {p.action for p in manifest.permissions}, {call.action for call in plan.calls}
    for action in sorted(permitted - called):
        yield f"the permission {action} is not used by any call"
    for action in sorted(called - permitted):
        yield f"the call {action} is not permitted"
    for step in plan.steps:
        if not any((call.action, call.resource) == (step.action, step.resource) for call in plan.calls):
            yield f"the step {step.name} makes a call that the plan does not name"


def _written(manifest: Manifest, plan: Plan) -> Iterator[str]:
    forms = [re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(entry.path))) for entry in manifest.write_set]
    for entry in plan.write_set:
        if entry.resource != plan.target.id or not any(form.fullmatch(entry.path) for form in forms):
            yield f"the plan writes {entry.path}, which the manifest does not name"
    if len(plan.write_set) != len(forms):
        yield "the plan's write-set has another length than the manifest's"


def _credential(manifest: Manifest, plan: Plan) -> Iterator[str]:
    try:
        if manifest.credential_kind == "aws":
            session_policy(plan.calls, AT)
        else:
            push_target(plan.calls)
    except ValueError as error:
        yield f"no credential can be made for it: {error}"


def _actions(plan: Plan) -> Iterator[str]:
    if importlib.util.find_spec("policy_sentry") is None:
        return
    from policy_sentry.querying.actions import get_action_data  # noqa: PLC0415 - for development only

    for action in sorted({call.action for call in plan.calls}):
        service, _, name = action.partition(":")
        if service == "git":
            if action not in _GIT_ACTIONS:
                yield f"there is no action {action}"
            continue
        known: Any = get_action_data(service, name) or {}
        rows: list[dict[str, Any]] = known.get(service, [])
        formats = [str(row["resource_arn_format"]) for row in rows if row["action"] == action]
        if not formats:
            yield f"AWS has no action {action}"
        elif not any(_TYPES[service] in form for form in formats):
            yield f"{action} is not for that type of resource"


def _rehearsal(template: Template, plan: Plan, before: Any) -> Iterator[str]:
    if importlib.util.find_spec("moto") is None:
        return
    from fixgate.changes.rehearsal import rehearse  # noqa: PLC0415 - moto, which not everybody has

    shown = rehearse(template, plan, before, AT)
    if not shown.validated:
        yield f"its rehearsal did not validate: {shown.detail}"
    if shown.reversibility is not template.manifest.reversibility:
        yield f"its ceiling is {template.manifest.ceiling}, its rehearsal shows {shown.reversibility.value}"
    if shown.reversibility is Reversibility.LOSSLESS and shown.restored_digest != shown.before_digest:
        yield "its rehearsal did not come back"
