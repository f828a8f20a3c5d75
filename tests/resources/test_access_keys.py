"""The reader of access keys: what it says, and above all what it does not take for granted."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from moto import mock_aws
from moto.iam.models import AccessKeyLastUsed, iam_backends

from fixgate import targets
from fixgate.errors import Misconfigured, Transient
from fixgate.events import FactState, Resource
from fixgate.resources.readers import read, read_state, resolve
from fixgate.resources.reading import Session, Unreadable
from fixgate.resources.sessions import aws_session
from tests.resources.accounts import NOW, SOMEBODY, facts, failing, refusal, user_with_key


@pytest.fixture
def session() -> Iterator[Session]:
    """A session with an empty account."""
    with mock_aws():
        yield aws_session(SOMEBODY, "", "us-east-1")


@pytest.mark.parametrize("call", ["get_user", "list_access_keys"])
@pytest.mark.parametrize(
    "error",
    [refusal("AccessDenied"), refusal("Unheard", 400), ReadTimeoutError(endpoint_url="example")],
    ids=["denied", "unheard", "timeout"],
)
def test_what_is_denied_is_unreadable_and_never_absent(session: Session, call: str, error: Exception) -> None:
    """Taking an error for nothing is how things get deleted."""
    target = user_with_key(session)
    reading = read(target, failing(session, call, error), NOW)
    assert (reading.state, reading.projection) == (FactState.UNREADABLE, None)
    assert {fact.state for fact in reading.facts} == {FactState.UNREADABLE}
    assert reading.why
    assert reading.digest is None


@pytest.mark.parametrize(
    "error",
    [refusal("Throttling", 400), refusal("Whatever", 503), EndpointConnectionError(endpoint_url="example")],
    ids=["throttled", "down", "unreachable"],
)
def test_what_passes_is_worth_another_try(session: Session, error: Exception) -> None:
    """Throttling and outages are neither an answer nor a fact."""
    target = user_with_key(session)
    with pytest.raises(Transient):
        read(target, failing(session, "list_access_keys", error), NOW)


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchEntity"])
def test_a_last_use_that_cannot_be_read_is_not_never(session: Session, code: str) -> None:
    """The state stands, but nobody may conclude that the key is unused."""
    target = user_with_key(session)
    reading = read(target, failing(session, "get_access_key_last_used", refusal(code)), NOW)
    assert reading.state is FactState.VALUE
    for name in ("last_used_at", "last_used_days", "unused.aws:iam"):
        assert facts(reading)[name].state is FactState.UNREADABLE


def test_another_user_of_the_same_name_is_not_the_target(session: Session) -> None:
    """A user may be made again under another path: its keys are not those that were meant."""
    target = user_with_key(session)
    other = targets.access_key("123456789012", "elsewhere/build", targets.parts(target)[1])
    assert read(other, session, NOW).state is FactState.UNREADABLE


def test_a_tag_with_a_secret_goes_no_further(session: Session) -> None:
    """Not into the projection, and not into a fact."""
    secret = "gh" + "p_" + "x" * 36
    target = user_with_key(session, note=secret)
    reading = read(target, session, NOW)
    assert reading.state is FactState.UNREADABLE
    assert secret not in str(reading)


@pytest.mark.parametrize("gone", ["key", "user"])
def test_what_is_not_there_is_absent(session: Session, gone: str) -> None:
    """When AWS says so in so many words."""
    target = user_with_key(session)
    iam = session.aws("iam", None)
    iam.delete_access_key(UserName="build", AccessKeyId=targets.parts(target)[1])
    if gone == "user":
        iam.delete_user(UserName="build")
    reading = read(target, session, NOW)
    assert (reading.state, reading.projection) == (FactState.ABSENT, None)
    assert facts(reading)["exists"].value is False


def test_a_key_is_read_with_its_user(session: Session) -> None:
    """Projection and facts as the other services know them."""
    target = user_with_key(session, env="Prod", owner="payments", **{"managed-by": "terraform"})
    iam, key_id = session.aws("iam", None), targets.parts(target)[1]
    other = iam.create_access_key(UserName="build")["AccessKey"]["AccessKeyId"]
    reading = read(target, session, NOW)
    assert reading.projection is not None
    assert reading.projection["user"] == "build"
    assert {name: key["status"] for name, key in reading.projection["keys"].items()} == {
        key_id: "Active",
        other: "Active",
    }
    said = facts(reading)
    assert said["state"].value is not None
    assert (said["other_active_keys"].value, said["key_age_days"].value) == (1, 0)
    assert said["environment.aws:tags"].value == "production"
    assert said["managed_by.aws:tags"].value == "infrastructure_as_code"
    assert said["owner.aws:tags"].value == "payments"
    assert said["last_used_at"].state is FactState.ABSENT
    assert said["unused.aws:iam"].value is True


@pytest.mark.parametrize(("days", "unused"), [(89, False), (90, True)])
def test_ninety_days_make_a_key_unused(session: Session, days: int, *, unused: bool) -> None:
    """The last use is a fact and no part of the projection."""
    target = user_with_key(session)
    before = read(target, session, NOW).digest
    backend: Any = iam_backends["123456789012"]["aws"]
    backend.users["build"].access_keys[0].last_used = AccessKeyLastUsed(
        NOW - timedelta(days=days, seconds=1), "s3", "us-east-1"
    )
    reading = read(target, session, NOW)
    assert facts(reading)["last_used_days"].value == days
    assert facts(reading)["unused.aws:iam"].value is unused
    assert reading.digest == before


def test_a_tag_that_nobody_understands_is_unreadable(session: Session) -> None:
    """Somebody meant something by it."""
    reading = read(user_with_key(session, environment="blue"), session, NOW)
    assert facts(reading)["environment.aws:tags"].state is FactState.UNREADABLE


def test_a_bare_key_id_finds_its_user(session: Session) -> None:
    """A report knows the key's id alone."""
    target = user_with_key(session)
    bare = targets.bare_access_key(targets.parts(target)[1], None)
    assert resolve(bare, session) == target
    assert resolve(target, session) is target


def test_a_key_that_is_not_there_is_none(session: Session) -> None:
    """And one that may not be asked for is unreadable, one of another account too."""
    bare = targets.bare_access_key("AKIA" + "NOBODY00" * 2, None)
    assert resolve(bare, failing(session, "get_access_key_last_used", refusal("NoSuchEntity", 404))) is None
    with pytest.raises(Unreadable):
        resolve(bare, failing(session, "get_access_key_last_used", refusal("AccessDenied")))
    target = user_with_key(session)
    with pytest.raises(Unreadable, match="another account"):
        resolve(targets.bare_access_key(targets.parts(target)[1], "000000000001"), session)


def test_a_bare_key_is_not_read_and_locks_nothing(session: Session) -> None:
    """Its lock key would be another than its user's."""
    bare = targets.bare_access_key("AKIA" + "NOBODY00" * 2, None)
    assert read(bare, session, NOW).state is FactState.UNREADABLE
    with pytest.raises(ValueError, match="not complete"):
        targets.lock_key(bare)


def test_a_session_has_what_it_is_given_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """No environment and no profile: without a credential it is nobody."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ambient")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "ambient")
    monkeypatch.setenv("AWS_PROFILE", "ambient")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://ambient.example")
    with pytest.raises(Misconfigured):
        aws_session({"access_key_id": "example"}, "", "us-east-1")
    client = aws_session(None, "", "us-east-1").aws("iam", None)
    assert "ambient" not in str(client.meta.endpoint_url)
    assert client._request_signer._credentials is None
    assert str(client.meta.config.signature_version) == str(
        aws_session(None, "", "").anonymous("iam", None).meta.config.signature_version
    )
    for_git = {"token": "example"}
    assert aws_session(for_git, "", "").git_token == for_git["token"]


@pytest.mark.parametrize("call", ["get_user", "list_access_keys"])
def test_the_state_alone_has_no_holes_either(session: Session, call: str) -> None:
    """What the projection is made of must be told."""
    target = user_with_key(session)
    reading = read_state(target, failing(session, call, refusal("AccessDenied")), NOW)
    assert (reading.state, reading.projection) == (FactState.UNREADABLE, None)


def test_the_state_alone_does_not_ask_for_the_last_use(session: Session) -> None:
    """It is a fact: whoever compares states does without it."""
    target = user_with_key(session)
    deaf = failing(session, "get_access_key_last_used", refusal("AccessDenied"))
    assert read_state(target, deaf, NOW).digest == read(target, session, NOW).digest


def test_a_kind_that_nothing_reads_is_a_mistake(session: Session) -> None:
    """Not an unreadable fact: the caller is wrong."""
    with pytest.raises(ValueError, match="nothing reads"):
        read(Resource(kind="aws.ec2.instance", id="i-1"), session, NOW)
