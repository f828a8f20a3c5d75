"""The templates for AWS against a mocked account: doing, judging and undoing, again and again, and when it fails."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from moto import mock_aws
from moto.iam.models import AccessKeyLastUsed, iam_backends

from fixgate import targets
from fixgate.changes.catalogue import CATALOGUE
from fixgate.changes.template import Case, Plan, Stage
from fixgate.errors import Transient
from fixgate.events import OracleResult, OracleVerdict, Resource, StepResult
from fixgate.resources.readers import read
from fixgate.resources.reading import Projection, Session
from fixgate.resources.sessions import aws_session
from tests.changes.drafts import BUCKET, KEY, draft
from tests.resources.accounts import NOW, SOMEBODY, failing, refusal, user_with_key

NAME = "example-bucket"
PASSED, FAILED, INCONCLUSIVE = OracleVerdict.PASSED, OracleVerdict.FAILED, OracleVerdict.INCONCLUSIVE


class Nobody:
    """A client without credentials, who is let in or not: moto lets everybody in."""

    def __init__(self, client: Any, *, denied: bool) -> None:
        self._client, self._denied = client, denied

    def __getattr__(self, name: str) -> Any:
        return self._refuse if self._denied else getattr(self._client, name)

    def _refuse(self, **_: object) -> None:
        raise refusal("AccessDenied")


def with_anybody(session: Session, client: type[Nobody] = Nobody, *, denied: bool) -> Session:
    """The session with that client for those without credentials."""

    def anonymous(service: str, region: str | None) -> Nobody:
        return client(session.aws(service, region), denied=denied)

    return replace(session, anonymous=anonymous)


@pytest.fixture
def session() -> Iterator[Session]:
    """A session with an empty account, in which those without credentials are denied."""
    with mock_aws():
        yield with_anybody(aws_session(SOMEBODY, "", "us-east-1"), denied=True)


def bucket(session: Session) -> Resource:
    """A bucket with an object."""
    s3 = session.aws("s3", None)
    s3.create_bucket(Bucket=NAME)
    s3.put_object(Bucket=NAME, Key="object", Body=b"text")
    return targets.bucket(None, NAME, "us-east-1")


class Change:
    """A template at work on a real-looking target."""

    def __init__(self, template_id: str, target: Resource, session: Session) -> None:
        reading = read(target, session, NOW)
        assert reading.projection is not None
        self.target, self.session = target, session
        self.before: Projection = reading.projection
        self.operations = CATALOGUE.templates[template_id].operations
        case = Case(
            assessment=draft(template_id)[1],
            target=target,
            facts={fact.name: fact for fact in reading.facts},
            projection=self.before,
        )
        self.plan: Plan = self.operations.plan(case, {})

    def stage(self, session: Session | None = None) -> Stage:
        """The target under a session."""
        used = session or self.session
        return Stage(session=used, read=lambda target: read(target, used, NOW), now=lambda: NOW)

    def perform(self, session: Session | None = None) -> StepResult:
        """The one step."""
        return self.operations.perform(self.plan, self.plan.steps[0], self.before, self.stage(session))

    def validate(self, session: Session | None = None, **stage: Any) -> dict[str, OracleVerdict]:
        """What each oracle says."""
        results: tuple[OracleResult, ...] = self.operations.validate(
            self.plan, self.before, replace(self.stage(session), **stage)
        )
        return {result.name: result.verdict for result in results}

    def undo(self, session: Session | None = None) -> tuple[StepResult, ...]:
        """Put it back."""
        return self.operations.undo(self.plan, self.before, self.stage(session))

    def now(self) -> Projection | None:
        """The target's state."""
        return read(self.target, self.session, NOW).projection


@pytest.fixture(params=[KEY, BUCKET])
def change(request: pytest.FixtureRequest, session: Session) -> Change:
    """Each of the two."""
    target = user_with_key(session) if request.param == KEY else bucket(session)
    return Change(str(request.param), target, session)


def writing_call(change: Change) -> str:
    """The one call that writes."""
    return "update_access_key" if change.target.kind == targets.ACCESS_KEY else "put_public_access_block"


def test_a_refusal_is_a_result_and_nothing_is_written(change: Change) -> None:
    """With AWS's word for it."""
    done = change.perform(failing(change.session, writing_call(change), refusal("AccessDenied")))
    assert not done.succeeded
    assert "AccessDenied" in done.detail
    assert change.now() == change.before


@pytest.mark.parametrize(
    "error", [refusal("Throttling", 400), refusal("InternalFailure", 500), ReadTimeoutError(endpoint_url="example")]
)
def test_what_may_have_been_written_is_tried_again(change: Change, error: Exception) -> None:
    """The next try's guarding read tells."""
    with pytest.raises(Transient):
        change.perform(failing(change.session, writing_call(change), error))


def test_what_cannot_be_read_is_not_written(change: Change) -> None:
    """The guard comes first."""
    guard = "list_access_keys" if change.target.kind == targets.ACCESS_KEY else "get_public_access_block"
    assert not change.perform(failing(change.session, guard, refusal("AccessDenied"))).succeeded
    assert not change.undo(failing(change.session, guard, refusal("AccessDenied")))[0].succeeded
    assert change.now() == change.before


def test_a_target_that_is_gone_is_a_failure(change: Change) -> None:
    """Not a success without a write."""
    if change.target.kind == targets.ACCESS_KEY:
        change.session.aws("iam", None).delete_access_key(UserName="build", AccessKeyId=targets.parts(change.target)[1])
    else:
        change.session.aws("s3", None).delete_object(Bucket=NAME, Key="object")
        change.session.aws("s3", None).delete_bucket(Bucket=NAME)
    assert not change.perform().succeeded
    assert not change.undo()[0].succeeded
    assert change.validate()["status" if change.target.kind == targets.ACCESS_KEY else "settings"] is INCONCLUSIVE


def test_nothing_passes_before_the_change_was_made(change: Change) -> None:
    """The state oracle fails on the state before."""
    assert FAILED in change.validate().values()


def test_doing_judging_and_undoing_twice_is_harmless(change: Change) -> None:
    """A crash may come after any of them."""
    for _ in range(2):
        done = change.perform()
        assert done.succeeded, done.detail
    assert set(change.validate().values()) == {PASSED}
    assert change.now() != change.before
    for _ in range(2):
        assert all(result.succeeded for result in change.undo())
    assert change.now() == change.before


def test_undoing_what_was_not_done_is_harmless(change: Change) -> None:
    """The state is what it was."""
    assert change.undo()[0].succeeded
    assert change.now() == change.before


@pytest.mark.parametrize("error", [refusal("AccessDenied"), refusal("Throttling", 400)])
def test_an_oracle_that_cannot_look_is_inconclusive(change: Change, error: Exception) -> None:
    """It says neither yes nor no."""
    assert change.perform().succeeded
    call = "get_access_key_last_used" if change.target.kind == targets.ACCESS_KEY else "list_objects_v2"
    name = "last_use" if change.target.kind == targets.ACCESS_KEY else "anonymous"
    assert change.validate(failing(change.session, call, error))[name] is INCONCLUSIVE


def test_a_key_that_is_used_after_its_end_fails(session: Session) -> None:
    """Later than IAM takes to settle."""
    change = Change(KEY, user_with_key(session), session)
    assert change.perform().succeeded
    backend: Any = iam_backends["123456789012"]["aws"]
    for seconds, verdict in ((-60, PASSED), (59, PASSED), (62, FAILED)):
        backend.users["build"].access_keys[0].last_used = AccessKeyLastUsed(
            NOW + timedelta(seconds=seconds), "s3", "us-east-1"
        )
        assert change.validate(began=NOW)["last_use"] is verdict


def test_another_key_of_the_user_that_changes_fails(session: Session) -> None:
    """The permission would have covered it."""
    target = user_with_key(session)
    iam = session.aws("iam", None)
    other = iam.create_access_key(UserName="build")["AccessKey"]["AccessKeyId"]
    change = Change(KEY, target, session)
    assert change.perform().succeeded
    iam.update_access_key(UserName="build", AccessKeyId=other, Status="Inactive")
    assert change.validate() == {"status": FAILED, "last_use": PASSED, "other_keys": FAILED}


def test_a_bucket_that_is_open_all_the_same_fails(session: Session) -> None:
    """The settings say one thing, a read without credentials another."""
    change = Change(BUCKET, bucket(session), session)
    assert change.perform().succeeded
    assert change.validate(with_anybody(session, denied=False)) == {"settings": PASSED, "anonymous": FAILED}


@pytest.mark.parametrize(
    ("code", "verdict"), [("NoSuchKey", FAILED), ("InvalidRange", FAILED), ("PermanentRedirect", INCONCLUSIVE)]
)
def test_only_a_denial_is_a_denial(session: Session, code: str, verdict: OracleVerdict) -> None:
    """Whoever is told that an object is missing was let in."""
    change = Change(BUCKET, bucket(session), session)
    assert change.perform().succeeded

    class Odd(Nobody):
        def __getattr__(self, name: str) -> Any:
            return self._refuse if name == "list_objects_v2" else self._odd

        def _odd(self, **_: object) -> None:
            raise refusal(code, 400)

    assert change.validate(with_anybody(session, Odd, denied=True))["anonymous"] is verdict


def test_switches_that_were_partly_on_come_back_so(session: Session) -> None:
    """Undoing restores, it does not delete."""
    target = bucket(session)
    session.aws("s3", None).put_public_access_block(
        Bucket=NAME, PublicAccessBlockConfiguration={"BlockPublicAcls": True}
    )
    change = Change(BUCKET, target, session)
    assert change.perform().succeeded
    assert change.undo()[0].succeeded
    assert change.now() == change.before
