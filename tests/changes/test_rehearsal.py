"""Rehearsals: what they show of an undo that is not one, and of a change that does more than it says."""

import threading
from dataclasses import replace

import pytest

from fixgate.changes.acting import Stopped, writing
from fixgate.changes.catalogue import CATALOGUE
from fixgate.changes.rehearsal import rehearse
from fixgate.changes.samples import AT
from fixgate.changes.template import Plan, Stage, Step
from fixgate.errors import Transient
from fixgate.events import OracleVerdict, Rehearsal, Reversibility, StepResult
from fixgate.resources.buckets import bucket_name
from fixgate.resources.reading import Projection, projection_digest
from tests.changes.drafts import BUCKET, IDS, KEY, PIN, Put, Verdicts, Wrapped, case, plan, wrapped

NAME = bucket_name(case(BUCKET).target)


def rehearsed(
    template_id: str,
    before_step: Put | None = None,
    instead_of_undo: Put | None = None,
    verdicts: Verdicts | None = None,
) -> Rehearsal:
    """The example's rehearsal with its code wrapped."""
    made = wrapped(template_id, before_step, instead_of_undo, verdicts)
    return rehearse(made, plan(template_id), case(template_id).projection, AT)


def drop_policy(stage: Stage) -> None:
    """A write that nobody declared."""
    stage.session.aws("s3", None).delete_bucket_policy(Bucket=NAME)


def nothing(_: Stage) -> None:
    """Undo nothing."""


def undo_and_lose_tags(stage: Stage) -> None:
    """Put the switches back, and lose the tags."""
    s3 = stage.session.aws("s3", None)
    s3.delete_public_access_block(Bucket=NAME)
    s3.delete_bucket_tagging(Bucket=NAME)


def fail(_: Stage) -> None:
    """Fail as an outage does."""
    raise Transient("the stage is down")


@pytest.mark.parametrize("template_id", IDS)
def test_an_undo_that_does_nothing_is_lossy_and_says_where(template_id: str) -> None:
    """What did not come back is named by its field."""
    shown = rehearsed(template_id, instead_of_undo=nothing)
    assert shown.reversibility is Reversibility.LOSSY
    assert shown.lossy_fields == tuple(entry.path for entry in plan(template_id).write_set)
    assert shown.restored_digest == shown.applied_digest


def test_an_undo_that_loses_a_field_is_lossy() -> None:
    """Though it puts back what it wrote."""
    shown = rehearsed(BUCKET, instead_of_undo=undo_and_lose_tags)
    assert (shown.reversibility, shown.lossy_fields) == (Reversibility.LOSSY, ("/tags/owner",))


def test_an_undo_that_fails_is_impossible_or_unknown() -> None:
    """Neither lets anything be claimed."""
    shown = rehearsed(BUCKET, instead_of_undo=fail)
    assert shown.reversibility is Reversibility.UNKNOWN
    assert shown.restored_digest is None
    assert "the stage is down" in shown.detail


def test_an_undo_that_is_refused_is_impossible() -> None:
    """A result that says no, not an error."""
    template = wrapped(KEY, instead_of_undo=None)

    class Refusing(Wrapped):
        def undo(self, plan: Plan, before: Projection, stage: Stage) -> tuple[StepResult, ...]:
            del before
            step = Step(name="put_back", action="iam:UpdateAccessKey", resource=plan.target.id)
            return (writing(step, stage).run(self._refused),)

        def _refused(self) -> tuple[str, str | None]:
            raise Stopped("no")

    refusing = replace(template, operations=Refusing(CATALOGUE.templates[KEY].operations))
    shown = rehearse(refusing, plan(KEY), case(KEY).projection, AT)
    assert (shown.reversibility, shown.restored_digest) == (Reversibility.IMPOSSIBLE, None)
    assert "put_back" in shown.detail


def test_a_write_outside_of_the_write_set_does_not_validate() -> None:
    """Even though every oracle might be content."""
    shown = rehearsed(BUCKET, before_step=drop_policy)
    assert not shown.validated
    assert "outside of the write-set: /policy" in shown.detail
    assert shown.reversibility is Reversibility.LOSSY


@pytest.mark.parametrize("verdict", [OracleVerdict.FAILED, OracleVerdict.INCONCLUSIVE])
def test_one_oracle_that_does_not_pass_is_enough(verdict: OracleVerdict) -> None:
    """A validation that cannot tell is not a pass."""
    shown = rehearsed(KEY, verdicts=lambda results: (replace(results[0], verdict=verdict), *results[1:]))
    assert not shown.validated
    assert shown.reversibility is Reversibility.LOSSLESS


def test_an_oracle_that_was_not_asked_is_missed() -> None:
    """All that the template names, in its order."""
    assert not rehearsed(KEY, verdicts=lambda results: results[:-1]).validated
    assert not rehearsed(KEY, verdicts=lambda _: ()).validated


def test_an_empty_bucket_has_nothing_to_read() -> None:
    """Then denied listing is all that can be asked for."""
    shown = rehearsed(
        BUCKET, before_step=lambda stage: stage.session.aws("s3", None).delete_object(Bucket=NAME, Key="object")
    )
    assert shown.validated, shown.detail


def test_a_step_that_fails_shows_nothing_of_undoing() -> None:
    """What was not done cannot be undone."""
    broken = rehearsed(KEY, before_step=fail)
    assert (broken.reversibility, broken.applied_digest, broken.validated) == (Reversibility.UNKNOWN, None, False)


def test_a_snapshot_that_cannot_be_copied_is_unknown() -> None:
    """The rehearsal says so instead of trying on something else."""
    before = {**case(BUCKET).projection, "more": 1}
    shown = rehearse(CATALOGUE.templates[BUCKET], plan(BUCKET), before, AT)
    assert (shown.reversibility, shown.validated) == (Reversibility.UNKNOWN, False)
    assert "/more" in shown.detail
    there = {**case(PIN).projection, "fix_head": "a" * 40}
    assert rehearse(CATALOGUE.templates[PIN], plan(PIN), there, AT).reversibility is Reversibility.UNKNOWN


def test_a_target_without_a_stage_is_unknown() -> None:
    """Never an exception."""
    target = replace(plan(KEY).target, kind="aws.ec2.instance")
    shown = rehearse(CATALOGUE.templates[KEY], replace(plan(KEY), target=target), {}, AT)
    assert (shown.stage, shown.validated) == ("none", False)


@pytest.mark.parametrize("template_id", IDS)
def test_the_shipped_templates_come_back_whole(template_id: str) -> None:
    """From the snapshot's digest, through another state, back to it."""
    shown = rehearsed(template_id)
    assert (shown.validated, shown.reversibility, shown.detail) == (True, Reversibility.LOSSLESS, "")
    assert shown.before_digest == shown.restored_digest == projection_digest(case(template_id).projection)
    assert shown.applied_digest not in {None, shown.before_digest}
    assert shown.performed_at == AT


def test_rehearsals_side_by_side_do_not_disturb_each_other() -> None:
    """Threads of one process may all rehearse."""
    shown: list[Rehearsal] = []

    def work(name: str) -> None:
        shown.append(rehearsed(name))

    threads = [threading.Thread(target=work, args=(name,)) for name in (*IDS, *IDS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [rehearsal.validated for rehearsal in shown] == [True] * len(threads)
    assert len({rehearsal.before_digest for rehearsal in shown}) == len(IDS)
