"""Block public access to a bucket: its four switches on, put back to what they were."""

from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from fixgate import targets
from fixgate.changes.acting import Judgement, judged, request_id, verdict, writing
from fixgate.changes.compare import difference, outside, pointer
from fixgate.changes.template import Applicable, Case, NotApplicable, Operations, Plan, Stage, Step
from fixgate.events import Call, OracleKind, OracleResult, OracleVerdict, StepResult, WriteSetEntry
from fixgate.forms import Scalar
from fixgate.resources.aws_calls import ask
from fixgate.resources.buckets import Gone, bucket_name, public_access_block
from fixgate.resources.exposure import BLOCK, public_by
from fixgate.resources.reading import Projection, Unreadable

ID: Final = "aws-s3-block-public-access"
PUT: Final = "s3:PutBucketPublicAccessBlock"
READS: Final = (
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketPolicy",
    "s3:GetBucketPolicyStatus",
    "s3:GetBucketAcl",
    "s3:GetBucketOwnershipControls",
    "s3:GetBucketWebsite",
    "s3:GetBucketTagging",
    "s3:GetBucketLocation",
    "s3:ListBucket",
)
FIELD: Final = "public_access_block"
CLOSED: Final[dict[str, bool]] = dict.fromkeys(BLOCK, True)
_DENIED: Final = frozenset({"AccessDenied", "403", "Forbidden", "AllAccessDisabled"})
_ANSWERED: Final = frozenset({"NoSuchKey", "404", "InvalidRange", "416"})
"""Errors that only somebody is given who was let in."""


class BlockPublicAccess:
    """The code of the template."""

    def offers(self, case: Case) -> Applicable | NotApplicable:
        """It fits every bucket whose switches are not all on, websites too: that raises the blast radius instead."""
        if not targets.is_resolved(case.target):
            return NotApplicable(template_id=ID, why="which bucket it is is not known")
        if case.projection[FIELD] == CLOSED:
            return NotApplicable(template_id=ID, why="public access is blocked already")
        return Applicable(template_id=ID, slots={})

    def plan(self, case: Case, slots: Mapping[str, Scalar]) -> Plan:
        """One write: the four switches."""
        if slots:
            raise ValueError("this change has no slots")
        bucket = targets.parts(case.target)[0]
        return Plan(
            target=case.target,
            slots={},
            steps=(Step(name="block", action=PUT, resource=bucket),),
            calls=tuple(Call(action=action, resource=bucket) for action in (PUT, *READS)),
            write_set=(
                WriteSetEntry(resource=case.target.id, path=pointer(FIELD), meaning="all four switches are on"),
            ),
            summary=f"Block public access to the bucket {bucket_name(case.target)}.",
        )

    def perform(self, plan: Plan, step: Step, before: Projection, stage: Stage) -> StepResult:
        """Turn the switches on, unless they are."""
        del before
        return writing(step, stage).run(lambda: _set(plan, CLOSED, stage))

    def validate(self, plan: Plan, before: Projection, stage: Stage) -> tuple[OracleResult, ...]:
        """The state, and whether somebody without credentials is denied."""
        return (
            judged("settings", OracleKind.STATE, stage, lambda: _settings(plan, before, stage)),
            judged("anonymous", OracleKind.EFFECT, stage, lambda: _anonymous(plan, stage)),
        )

    def undo(self, plan: Plan, before: Projection, stage: Stage) -> tuple[StepResult, ...]:
        """Set the switches as they were; where there were none, there are none again."""
        step = Step(name="put_back", action=PUT, resource=targets.parts(plan.target)[0])
        return (writing(step, stage).run(lambda: _set(plan, before[FIELD], stage)),)


OPERATIONS: Final[Operations] = BlockPublicAccess()


def _set(plan: Plan, wanted: dict[str, bool] | None, stage: Stage) -> tuple[str, str | None]:
    s3, name = stage.session.aws("s3", plan.target.region), bucket_name(plan.target)
    try:
        now = public_access_block(s3, name)
    except Gone:
        raise Unreadable("the bucket is no longer there") from None
    if now == wanted:
        return "the switches were so already", None
    if wanted is None:
        return "the switches are gone", request_id(s3.delete_public_access_block(Bucket=name))
    answer = s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=dict(wanted))
    return f"{sum(wanted.values())} of the {len(BLOCK)} switches are on", request_id(answer)


def _settings(plan: Plan, before: Projection, stage: Stage) -> Judgement:
    reading = stage.read(plan.target)
    if reading.projection is None:
        raise Unreadable(reading.why or "the bucket is not there")
    if reading.projection[FIELD] != CLOSED or public_by(reading.projection):
        return OracleVerdict.FAILED, "not all switches are on"
    more = outside(difference(before, reading.projection, plan.target.id), plan.write_set)
    return verdict(good=not more, yes="all switches are on", no=f"something else changed: {[c.path for c in more]}")


def _anonymous(plan: Plan, stage: Stage) -> Judgement:
    """Listing, and reading an object that is really there: asking for one that is not would be denied either way."""
    name = bucket_name(plan.target)
    nobody = stage.session.anonymous("s3", plan.target.region)
    s3 = stage.session.aws("s3", plan.target.region)
    listed: dict[str, Any] = ask(lambda: s3.list_objects_v2(Bucket=name, MaxKeys=1))
    some = [str(entry["Key"]) for entry in listed.get("Contents", [])]
    if not _is_denied(lambda: nobody.list_objects_v2(Bucket=name, MaxKeys=1)):
        return OracleVerdict.FAILED, "anybody can list the bucket"
    if some and not _is_denied(lambda: nobody.get_object(Bucket=name, Key=some[0], Range="bytes=0-0")):
        return OracleVerdict.FAILED, "anybody can read an object"
    return OracleVerdict.PASSED, "a read without credentials is denied" if some else "there is nothing to read"


def _is_denied(call: Any) -> bool:
    try:
        answer = call()
        if "Body" in answer:
            answer["Body"].close()
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _DENIED:
            return True
        if code in _ANSWERED:
            return False
        raise Unreadable(f"S3 answered {code}") from None
    return False
