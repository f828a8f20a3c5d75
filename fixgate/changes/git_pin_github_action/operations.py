"""Pin an action to the commit that its tag stands for now: one commit on a branch of its own, undone by deleting it."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Final

from fixgate import targets
from fixgate.changes.acting import Judgement, Stopped, judged, verdict, writing
from fixgate.changes.compare import difference, outside, pointer
from fixgate.changes.git_pin_github_action.commits import commit
from fixgate.changes.git_pin_github_action.document import differs_in_uses_alone, is_pinned
from fixgate.changes.session_policy import GIT_PUSH, GIT_READ
from fixgate.changes.template import Applicable, Case, NotApplicable, Offer, Operations, Plan, Stage, Step
from fixgate.events import Call, FactState, OracleKind, OracleResult, OracleVerdict, StepResult, WriteSetEntry
from fixgate.forms import Scalar
from fixgate.resources.reading import Projection, Unreadable
from fixgate.resources.remote import opened
from fixgate.resources.repository import SHA, NoFile, NoRepository, Repository
from fixgate.resources.workflow_text import Use, first_unpinned, fix_branch, pinned
from fixgate.resources.workflows import HEADS, text_of

ID: Final = "git-pin-github-action"
COMMIT: Final = "commit"
REFERENCE: Final = "fact:action_commit"


class PinAction:
    """The code of the template."""

    def offers(self, case: Case) -> Applicable | NotApplicable:
        """It fits a workflow with an action at a tag whose commit is known, and no branch that pins it yet."""
        why = _misfit(case)
        if why:
            return NotApplicable(template_id=ID, why=why)
        value = case.facts["action_commit"].value
        # The commit is what the action's repository answered for a tag in the file: no finding's text comes near it.
        return Applicable(template_id=ID, slots={COMMIT: (Offer(reference=REFERENCE, value=value, tainted=False),)})

    def plan(self, case: Case, slots: Mapping[str, Scalar]) -> Plan:
        """One write: the branch."""
        sha, use = slots.get(COMMIT), first_unpinned(case.projection["content"])
        if set(slots) != {COMMIT} or not isinstance(sha, str) or not SHA(sha) or use is None:
            raise ValueError("the one slot of this change is a full commit id")
        repository, path = targets.parts(case.target)
        ref = f"{repository}#{HEADS}{case.projection['fix_branch']}"
        return Plan(
            target=case.target,
            slots={COMMIT: sha},
            steps=(Step(name="push", action=GIT_PUSH, resource=ref),),
            calls=(Call(action=GIT_PUSH, resource=ref), Call(action=GIT_READ, resource=repository)),
            write_set=(
                WriteSetEntry(
                    resource=case.target.id, path=pointer("fix_head"), meaning="the branch holds one commit that pins"
                ),
            ),
            summary=f"Pin {use.action}@{use.ref} to {sha} in {path}, on the branch {case.projection['fix_branch']}.",
        )

    def perform(self, plan: Plan, step: Step, before: Projection, stage: Stage) -> StepResult:
        """Push the commit, unless it is there; a branch that holds something else is left alone."""
        return writing(step, stage).run(lambda: _push(plan, before, stage))

    def validate(self, plan: Plan, before: Projection, stage: Stage) -> tuple[OracleResult, ...]:
        """The branch's head, and the workflow as it stands there."""
        return (
            judged("branch", OracleKind.STATE, stage, lambda: _branch(plan, before, stage)),
            judged("workflow", OracleKind.EFFECT, stage, lambda: _workflow(plan, before, stage)),
        )

    def undo(self, plan: Plan, before: Projection, stage: Stage) -> tuple[StepResult, ...]:
        """Delete the branch when it holds our commit and nothing more."""
        step = Step(name="delete_branch", action=GIT_PUSH, resource=plan.steps[0].resource)
        return (writing(step, stage).run(lambda: _delete(plan, before, stage)),)


OPERATIONS: Final[Operations] = PinAction()


def _misfit(case: Case) -> str:
    projection = case.projection
    use = first_unpinned(projection["content"])
    if use is None or not projection["fix_branch"]:
        return "every action is pinned"
    path = targets.parts(case.target)[1]
    if projection["path"] != path or projection["fix_branch"] not in {fix_branch(path, use)} - {projection["branch"]}:
        return "the branch is none that may be written"
    if projection["fix_head"] is not None:
        return "the branch that pins it is there already"
    return _misfit_of(use, case)


def _misfit_of(use: Use, case: Case) -> str:
    said = {name: fact.value for name, fact in case.facts.items() if fact.state is FactState.VALUE}
    if (said.get("action"), said.get("action_ref")) != (use.action, use.ref):
        return "the facts are about another action than the file"
    sha = said.get("action_commit")
    if not isinstance(sha, str) or not SHA(sha):
        return "the commit of the action's tag is not known"
    if not is_pinned(pinned(case.projection["content"], use.action, use.ref, sha), use, sha):
        return "the action is used in a way that cannot be changed line by line"
    return ""


def _use(before: Projection) -> Use:
    use = first_unpinned(before["content"])
    if use is None:
        raise Stopped("every action is pinned")
    return use


def _ours(repository: Repository, plan: Plan, before: Projection) -> str:
    """The commit that the change makes, made here; its parent is fetched for it."""
    use, sha = _use(before), str(plan.slots[COMMIT])
    repository.fetch(before["head"])
    content = pinned(before["content"], use.action, use.ref, sha)
    message = f"Pin {use.action}@{use.ref} to {sha}\n"
    return commit(repository, before["head"], before["path"], content, message)


def _ref(plan: Plan) -> str:
    return plan.steps[0].resource.rpartition("#")[2]


def _at(plan: Plan, stage: Stage) -> AbstractContextManager[Repository]:
    return opened(targets.parts(plan.target)[0], stage.session)


def _push(plan: Plan, before: Projection, stage: Stage) -> tuple[str, str | None]:
    with _at(plan, stage) as repository:
        made, there = _known(repository, plan, before)
        if there == made:
            return f"the branch holds {made} already", None
        if there is not None:
            raise Stopped("the branch holds something else")
        repository.push(_ref(plan), to=made, lease=None)
        return f"pushed {made}", None


def _delete(plan: Plan, before: Projection, stage: Stage) -> tuple[str, str | None]:
    with _at(plan, stage) as repository:
        if _there(repository, plan) is None:
            return "there was no such branch", None
        made, there = _known(repository, plan, before)
        if there != made:
            raise Stopped("the branch holds something else than this change made")
        repository.push(_ref(plan), to=None, lease=made)
        return "the branch is deleted", None


def _known(repository: Repository, plan: Plan, before: Projection) -> tuple[str, str | None]:
    """Our commit, and what the branch holds now."""
    there = _there(repository, plan)
    try:
        return _ours(repository, plan, before), there
    except NoRepository:
        raise Unreadable("the commit to start from is no longer there") from None


def _there(repository: Repository, plan: Plan) -> str | None:
    """What the branch holds now; None when there is no such branch."""
    try:
        return repository.refs(_ref(plan)).commits.get(_ref(plan))
    except NoRepository:
        raise Unreadable("the repository is no longer there") from None


def _branch(plan: Plan, before: Projection, stage: Stage) -> Judgement:
    reading = stage.read(plan.target)
    if reading.projection is None:
        raise Unreadable(reading.why or "the repository is not there")
    with _at(plan, stage) as repository:
        made, _ = _known(repository, plan, before)
    if reading.projection["fix_head"] != made:
        return OracleVerdict.FAILED, "the branch's head is not the commit that was made"
    more = outside(difference(before, reading.projection, plan.target.id), plan.write_set)
    return verdict(
        good=not more, yes=f"the branch's head is {made}", no=f"something else changed: {[c.path for c in more]}"
    )


def _workflow(plan: Plan, before: Projection, stage: Stage) -> Judgement:
    with _at(plan, stage) as repository:
        try:
            head = repository.refs(_ref(plan)).commits.get(_ref(plan))
            if head is None:
                return OracleVerdict.FAILED, "there is no such branch"
            repository.fetch(head, depth=2)
            text = text_of(repository.file_at(head, before["path"])[1])
        except (NoRepository, NoFile):
            return OracleVerdict.FAILED, "the workflow is not on the branch"
        touched = repository.changed(before["head"], head)
    if touched != (before["path"],):
        return OracleVerdict.FAILED, "other files differ from the default branch"
    if not is_pinned(text, _use(before), str(plan.slots[COMMIT])):
        return OracleVerdict.FAILED, "the action is still used by its tag, or the workflow has changed otherwise"
    return verdict(
        good=differs_in_uses_alone(before["content"], text, _use(before), str(plan.slots[COMMIT])),
        yes="every use of the action there is the commit, and nothing else differs",
        no="the workflow says something else than before",
    )
