"""The evaluator: what doubt, denial and each operator mean."""

import json
from typing import Any

import pytest

from fixgate.local.account.policy import Asked, Malformed, Verdict, evaluate, parse
from tests.local.account.world import allow

KEY = "arn:aws:iam::123456789012:user/ci-legacy"
NOON = "2026-03-01T12:00:00+00:00"


def asked(action: str = "iam:UpdateAccessKey", resource: str = KEY, **context: str) -> Asked:
    """A question; `__` in a name stands for a colon."""
    given = {name.replace("__", ":").lower(): (value,) for name, value in context.items()}
    return Asked(action=action, resource=resource, context=given)


def deny(*actions: str, **more: Any) -> str:
    """A policy with one denying statement."""
    statement = {"Effect": "Deny", "Action": list(actions), "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def test_nothing_is_denied_by_default() -> None:
    """Without a policy nothing is allowed."""
    assert evaluate((), asked()) is Verdict.SILENT
    assert evaluate((allow("iam:ListAccessKeys"),), asked()) is Verdict.SILENT
    assert evaluate((allow("iam:UpdateAccessKey", on=KEY + "2"),), asked()) is Verdict.SILENT


def test_an_explicit_deny_wins() -> None:
    """In whatever order the policies come."""
    assert evaluate((allow("*"), deny("iam:Update*")), asked()) is Verdict.DENIED
    assert evaluate((deny("iam:Update*"), allow("*")), asked()) is Verdict.DENIED


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:Unheard": "x"}},
        {"StringResembles": {"aws:username": "x"}},
        {"DateLessThan": {"aws:CurrentTime": "soon"}},
        {"StringLike": {"aws:username": "${aws:username}"}},
        {"StringEquals": ["aws:username"]},
        "always",
    ],
)
def test_a_condition_that_cannot_be_told_denies(condition: object) -> None:
    """It never allows, and a denial under it holds."""
    question = asked(aws__username="x", aws__currenttime=NOON)
    assert evaluate((allow("*", when=condition),), question) is Verdict.SILENT  # type: ignore[arg-type]
    assert evaluate((allow("*"), deny("*", Condition=condition)), question) is Verdict.DENIED


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"Version": "2012-10-17"}',
        '{"Version": "2008-10-17", "Statement": []}',
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Permit", "Action": "*", "Resource": "*"}]}',
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*"}]}',
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": 1}]}',
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resources": "*"}]}',
        "[" * 100_000,
    ],
)
def test_what_is_no_policy_denies_everything(text: str) -> None:
    """A document that cannot be read might have denied."""
    with pytest.raises(Malformed):
        parse(text)
    assert evaluate((allow("*"), text), asked()) is Verdict.DENIED


def test_a_statement_without_a_resource_allows_nothing_in_an_identity_policy() -> None:
    """Only a role's trust policy has none."""
    text = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*"}]}'
    assert evaluate((text,), asked()) is Verdict.SILENT


@pytest.mark.parametrize(
    ("condition", "held"),
    [
        ({"DateLessThan": {"aws:CurrentTime": "2026-03-01T12:00:01Z"}}, True),
        ({"DateLessThan": {"aws:CurrentTime": "2026-03-01T12:00:00Z"}}, False),
        ({"DateGreaterThan": {"aws:CurrentTime": "2026-03-01T11:59:59Z"}}, True),
        ({"DateGreaterThan": {"aws:CurrentTime": "2026-03-01T12:00:00Z"}}, False),
        ({"DateLessThan": {"aws:TokenIssueTime": "2030-01-01T00:00:00Z"}}, False),
        ({"DateLessThanIfExists": {"aws:TokenIssueTime": "2030-01-01T00:00:00Z"}}, True),
        ({"StringEquals": {"aws:SourceIdentity": ["other", "fg-1"]}}, True),
        ({"StringEquals": {"aws:SourceIdentity": "FG-1"}}, False),
        ({"StringEqualsIgnoreCase": {"aws:SourceIdentity": "FG-1"}}, True),
        ({"StringNotEquals": {"aws:SourceIdentity": "fg-1"}}, False),
        ({"StringNotEquals": {"aws:PrincipalTag/team": "a"}}, True),
        ({"StringLike": {"aws:SourceIdentity": "fg-*"}}, True),
        ({"StringLike": {"aws:SourceIdentity": "[f]g-?"}}, False),
        ({"ArnEquals": {"iam:PolicyARN": "arn:aws:iam::aws:policy/*"}}, True),
        ({"ArnLike": {"iam:PolicyARN": "arn:aws:*:policy/*"}}, False),
        ({"Null": {"aws:TokenIssueTime": "true"}}, True),
        ({"Null": {"aws:SourceIdentity": "true"}}, False),
        ({"Bool": {"aws:SecureTransport": True}}, False),
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
        ({"NumericLessThan": {"s3:max-keys": 10}}, True),
        ({"StringEquals": {"aws:SourceIdentity": "fg-1"}, "Bool": {"aws:SecureTransport": "true"}}, False),
    ],
)
def test_each_operator(condition: Any, *, held: bool) -> None:
    """All operators and keys of a condition must hold, one of the values of each."""
    question = Asked(
        action="s3:ListBucket",
        resource="*",
        context={
            "aws:currenttime": (NOON,),
            "aws:sourceidentity": ("fg-1",),
            "aws:securetransport": ("false",),
            "aws:sourceip": ("127.0.0.1",),
            "iam:policyarn": ("arn:aws:iam::aws:policy/Quarantine",),
            "s3:max-keys": ("5",),
        },
    )
    assert (evaluate((allow("s3:*", when=condition),), question) is Verdict.ALLOWED) is held


def test_not_action_and_not_resource_are_the_rest() -> None:
    """What is named is left out."""
    text = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "NotAction": "iam:*", "NotResource": f"{KEY}*"}],
        }
    )
    assert evaluate((text,), asked()) is Verdict.SILENT
    assert evaluate((text,), asked("s3:GetObject", KEY)) is Verdict.SILENT
    assert evaluate((text,), asked("s3:GetObject", "arn:aws:s3:::b/k")) is Verdict.ALLOWED


def test_a_resource_policy_names_its_principals() -> None:
    """One for somebody else says nothing, and one without any cannot allow."""
    question = Asked(action="s3:GetObject", resource="*", context={}, principals={"AWS": ("me",)})
    for principal, verdict in (
        ("*", Verdict.ALLOWED),
        ({"AWS": ["me"]}, Verdict.ALLOWED),
        ({"AWS": "you"}, Verdict.SILENT),
    ):
        statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": principal}
        text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        assert evaluate((text,), question) is verdict
    assert evaluate((allow("*"),), question) is Verdict.SILENT
