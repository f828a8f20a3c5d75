"""The reader of buckets: every part of it, and what a hole in it means."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from fixgate import targets
from fixgate.errors import Transient
from fixgate.events import FactState
from fixgate.resources.exposure import grants_to_everybody
from fixgate.resources.readers import read, read_state
from fixgate.resources.reading import Session
from fixgate.resources.sessions import aws_session
from tests.resources.accounts import NOW, SOMEBODY, facts, failing, refusal

NAME = "example-bucket"
TARGET = targets.bucket("123456789012", NAME, "us-east-1")
CALLS = (
    "get_public_access_block",
    "get_bucket_policy",
    "get_bucket_acl",
    "get_bucket_ownership_controls",
    "get_bucket_website",
    "get_bucket_tagging",
)


def policy(principal: object = "*", effect: str = "Allow") -> str:
    """A policy with one statement."""
    statement = {
        "Effect": effect,
        "Principal": principal,
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{NAME}/*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def session() -> Iterator[Session]:
    """A session with an account that holds one bucket."""
    with mock_aws():
        made = aws_session(SOMEBODY, "", "us-east-1")
        made.aws("s3", None).create_bucket(Bucket=NAME)
        yield made


@pytest.mark.parametrize("call", CALLS)
def test_one_part_that_is_denied_makes_the_state_unreadable(session: Session, call: str) -> None:
    """A projection with a hole would be equal to one where there is nothing."""
    reading = read(TARGET, failing(session, call, refusal("AccessDenied")), NOW)
    assert (reading.state, reading.projection) == (FactState.UNREADABLE, None)
    assert "AccessDenied" in reading.why
    assert facts(reading)["public.aws:s3"].state is FactState.UNREADABLE
    assert facts(reading)["exists"].value is True


@pytest.mark.parametrize("call", CALLS)
def test_throttling_is_worth_another_try(session: Session, call: str) -> None:
    """It says nothing about the bucket."""
    with pytest.raises(Transient):
        read(TARGET, failing(session, call, refusal("SlowDown", 503)), NOW)


def test_a_bucket_that_is_not_there_is_absent(session: Session) -> None:
    """When S3 says so."""
    session.aws("s3", None).delete_bucket(Bucket=NAME)
    reading = read(TARGET, session, NOW)
    assert (reading.state, reading.projection) == (FactState.ABSENT, None)


def test_a_policy_with_a_secret_goes_no_further(session: Session) -> None:
    """Whatever it does there."""
    secret = "AK" + "IA" + "X" * 16
    session.aws("s3", None).put_bucket_policy(Bucket=NAME, Policy=policy({"AWS": secret}))
    reading = read(TARGET, session, NOW)
    assert reading.state is FactState.UNREADABLE
    assert secret not in str(reading)


def test_not_public_needs_the_word_of_s3_too(session: Session) -> None:
    """Our own reading of a policy is not enough to call a bucket closed."""
    session.aws("s3", None).put_bucket_policy(Bucket=NAME, Policy=policy({"AWS": "arn:aws:iam::111111111111:root"}))
    denied = failing(session, "get_bucket_policy_status", refusal("AccessDenied"))
    assert facts(read(TARGET, denied, NOW))["public.aws:s3"].state is FactState.UNREADABLE
    assert facts(read(TARGET, session, NOW))["public.aws:s3"].value is False


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (policy(), True),
        (policy({"AWS": "*"}), True),
        (policy({"AWS": ["arn:aws:iam::111111111111:root", "*"]}), True),
        (policy(effect="Deny"), False),
        (policy({"AWS": "arn:aws:iam::111111111111:root"}), False),
        ("{}", True),
        ("no JSON", True),
        ('{"Statement": ["what"]}', True),
        ('{"Statement": {"Effect": "Allow", "NotPrincipal": {"AWS": "a"}}}', True),
        ('{"Statement": {"Effect": "Allow"}}', True),
    ],
)
def test_a_policy_that_is_not_understood_counts_as_open(made: str, *, expected: bool) -> None:
    """Unknown raises."""
    assert grants_to_everybody(made) is expected


def test_a_public_bucket_and_what_makes_it_so(session: Session) -> None:
    """By policy and by ACL, unless the switches say otherwise."""
    s3 = session.aws("s3", None)
    s3.put_bucket_policy(Bucket=NAME, Policy=policy())
    s3.put_bucket_acl(Bucket=NAME, ACL="public-read")
    s3.put_bucket_tagging(Bucket=NAME, Tagging={"TagSet": [{"Key": "env", "Value": "staging"}]})
    reading = read(TARGET, session, NOW)
    assert facts(reading)["public_by"].value == ("policy", "acl")
    assert facts(reading)["bucket_tags"].value == ("env=staging",)
    assert facts(reading)["environment.aws:tags"].value == "staging"
    assert reading.projection is not None
    assert reading.projection["public_access_block"] is None
    switches = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    s3.put_public_access_block(Bucket=NAME, PublicAccessBlockConfiguration=switches)
    closed = read(TARGET, session, NOW)
    assert facts(closed)["public.aws:s3"].value is False
    assert closed.projection == {**reading.projection, "public_access_block": switches}


def test_a_website_is_seen(session: Session) -> None:
    """It raises the blast radius."""
    session.aws("s3", None).put_bucket_website(
        Bucket=NAME, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}}
    )
    reading = read(TARGET, session, NOW)
    assert facts(reading)["website"].value is True
    assert reading.projection is not None
    assert reading.projection["website"] is True


class Counting:
    """A client whose calls are counted by name."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.calls.append(name)
        return getattr(self._client, name)


def counted(session: Session) -> tuple[Session, Counting]:
    """The session with its bucket calls counted."""
    counting = Counting(session.aws("s3", None))
    return Session(aws=lambda _service, _region: counting, anonymous=session.anonymous), counting


@pytest.mark.parametrize("call", CALLS)
def test_the_state_alone_has_no_holes_either(session: Session, call: str) -> None:
    """Every part of it is asked for, and what cannot be told is said in the same words."""
    broken = failing(session, call, refusal("AccessDenied"))
    alone, whole = read_state(TARGET, broken, NOW), read(TARGET, broken, NOW)
    assert (alone.state, alone.projection, alone.why) == (FactState.UNREADABLE, None, whole.why)


def test_the_state_alone_of_what_is_not_there_is_absent(session: Session) -> None:
    """As for whoever asks for everything."""
    session.aws("s3", None).delete_bucket(Bucket=NAME)
    assert read_state(TARGET, session, NOW).state is FactState.ABSENT


def test_the_state_alone_is_the_same_state(session: Session) -> None:
    """What only facts are made of is not asked for."""
    session.aws("s3", None).put_bucket_policy(Bucket=NAME, Policy=policy())
    asking, counting = counted(session)
    assert read_state(TARGET, asking, NOW).digest == read(TARGET, session, NOW).digest
    assert sorted(counting.calls) == sorted(CALLS)


def test_a_policy_that_is_not_there_is_not_judged(session: Session) -> None:
    """S3 could only say once more that there is none."""
    asking, counting = counted(session)
    assert facts(read(TARGET, asking, NOW))["public.aws:s3"].value is False
    assert "get_bucket_policy_status" not in counting.calls
