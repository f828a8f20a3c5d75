"""Deactivate an access key: one call, put back by one call."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from fixgate import targets
from fixgate.changes.acting import Judgement, Stopped, judged, request_id, verdict, writing
from fixgate.changes.compare import difference, outside, pointer
from fixgate.changes.template import Applicable, Case, NotApplicable, Operations, Plan, Stage, Step
from fixgate.events import Call, OracleKind, OracleResult, OracleVerdict, StepResult, WriteSetEntry
from fixgate.forms import Scalar
from fixgate.resources.access_keys import GONE, last_use, user_name
from fixgate.resources.aws_calls import ask
from fixgate.resources.reading import Projection, Unreadable

ID: Final = "aws-iam-deactivate-access-key"
UPDATE: Final = "iam:UpdateAccessKey"
READS: Final = ("iam:GetUser", "iam:ListAccessKeys", "iam:GetAccessKeyLastUsed")
ACTIVE: Final = "Active"
INACTIVE: Final = "Inactive"
SETTLES: Final = timedelta(seconds=60)
"""IAM answers from many places: for so long after the change, an old answer may still have let the key in."""


class DeactivateAccessKey:
    """The code of the template."""

    def offers(self, case: Case) -> Applicable | NotApplicable:
        """It fits an active key whose user is known; how much it is used is for policies, not for this."""
        key = _keys(case.projection).get(targets.parts(case.target)[1])
        if not targets.is_resolved(case.target) or key is None:
            return NotApplicable(template_id=ID, why="the user has no such key")
        if key["status"] != ACTIVE:
            return NotApplicable(template_id=ID, why="the key is not active")
        return Applicable(template_id=ID, slots={})

    def plan(self, case: Case, slots: Mapping[str, Scalar]) -> Plan:
        """One write: the key's status."""
        if slots:
            raise ValueError("this change has no slots")
        user, key_id = targets.parts(case.target)
        return Plan(
            target=case.target,
            slots={},
            steps=(Step(name="deactivate", action=UPDATE, resource=user),),
            calls=tuple(Call(action=action, resource=user) for action in (UPDATE, *READS)),
            write_set=(
                WriteSetEntry(
                    resource=case.target.id, path=pointer("keys", key_id, "status"), meaning="Active becomes Inactive"
                ),
            ),
            summary=f"Deactivate the access key {key_id} of the user {user_name(case.target)}.",
        )

    def perform(self, plan: Plan, step: Step, before: Projection, stage: Stage) -> StepResult:
        """Set the key inactive, unless it is."""
        del before
        return writing(step, stage).run(lambda: _set(plan, INACTIVE, stage))

    def validate(self, plan: Plan, before: Projection, stage: Stage) -> tuple[OracleResult, ...]:
        """The state, the key's last use, and the user's other keys."""
        return (
            judged("status", OracleKind.STATE, stage, lambda: _status(plan, before, stage)),
            judged("last_use", OracleKind.EFFECT, stage, lambda: _last_use(plan, stage)),
            judged("other_keys", OracleKind.HEALTH, stage, lambda: _other_keys(plan, before, stage)),
        )

    def undo(self, plan: Plan, before: Projection, stage: Stage) -> tuple[StepResult, ...]:
        """Set the key's status to what it was."""
        was = _keys(before)[targets.parts(plan.target)[1]]["status"]
        step = Step(name="put_back", action=UPDATE, resource=targets.parts(plan.target)[0])
        return (writing(step, stage).run(lambda: _set(plan, was, stage)),)


OPERATIONS: Final[Operations] = DeactivateAccessKey()


def _keys(projection: Projection) -> Mapping[str, Mapping[str, str]]:
    keys: Mapping[str, Mapping[str, str]] = projection["keys"]
    return keys


def _listed(plan: Plan, stage: Stage) -> dict[str, str]:
    iam, name = stage.session.aws("iam", None), user_name(plan.target)
    listed: dict[str, Any] = ask(lambda: iam.list_access_keys(UserName=name), GONE)
    return {key["AccessKeyId"]: key["Status"] for key in listed["AccessKeyMetadata"]}


def _set(plan: Plan, status: str, stage: Stage) -> tuple[str, str | None]:
    key_id = targets.parts(plan.target)[1]
    now = _listed(plan, stage).get(key_id)
    if now is None:
        raise Stopped("the key is no longer there")
    if now == status:
        return f"the key was {status} already", None
    answer = stage.session.aws("iam", None).update_access_key(
        UserName=user_name(plan.target), AccessKeyId=key_id, Status=status
    )
    return f"the key is {status}", request_id(answer)


def _status(plan: Plan, before: Projection, stage: Stage) -> Judgement:
    reading = stage.read(plan.target)
    if reading.projection is None:
        raise Unreadable(reading.why or "the key is not there")
    status = _keys(reading.projection)[targets.parts(plan.target)[1]]["status"]
    if status != INACTIVE:
        return OracleVerdict.FAILED, f"the key is {status}"
    more = outside(difference(before, reading.projection, plan.target.id), plan.write_set)
    return verdict(good=not more, yes="the key is inactive", no=f"something else changed: {[c.path for c in more]}")


def _last_use(plan: Plan, stage: Stage) -> Judgement:
    iam = stage.session.aws("iam", None)
    owner, used = last_use(iam, targets.parts(plan.target)[1])
    if owner != user_name(plan.target):
        return OracleVerdict.FAILED, "AWS names another user for this key"
    if used is None:
        return OracleVerdict.PASSED, "the key has never been used"
    began = stage.began or stage.now()
    return verdict(
        good=used <= began + SETTLES,
        yes="the key was not used after it was deactivated",
        no=f"the key was used at {used.isoformat()}, after it was deactivated",
    )


def _other_keys(plan: Plan, before: Projection, stage: Stage) -> Judgement:
    this = targets.parts(plan.target)[1]
    listed = {key_id: status for key_id, status in _listed(plan, stage).items() if key_id != this}
    were = {key_id: key["status"] for key_id, key in _keys(before).items() if key_id != this}
    return verdict(
        good=listed == were, yes="the user's other keys are as they were", no="another key of the user changed"
    )
