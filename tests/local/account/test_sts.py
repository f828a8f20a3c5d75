"""The security token service: who takes which role, and with what."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from fixgate.local.account import STS_AUDIENCE
from fixgate.local.account.acme import ADMINISTRATOR
from fixgate.local.account.roles import CHANGE_ROLE, ISSUER_ROLE, READ_ROLE
from tests.local.account.test_front import BLOCK, refused
from tests.local.account.world import World, allow, role_arn

CHANGE = CHANGE_ROLE.format(template=BLOCK)


def by_token(world: World, token: str, role: str = READ_ROLE, **more: Any) -> str:
    """The code with which taking a role by a token is refused."""
    return refused(
        lambda: world.sts().assume_role_with_web_identity(
            **{"RoleArn": role_arn(role), "RoleSessionName": "some", "WebIdentityToken": token, **more}
        )
    )


def test_a_token_of_another_key_time_or_audience_is_refused(world: World) -> None:
    """Only what the identity authority signed, for this audience alone, and while it lasts."""
    sign = world.authority.token
    other = ec.generate_private_key(ec.SECP256R1())
    assert by_token(world, sign("analyzer", STS_AUDIENCE, key=other)) == "InvalidIdentityToken"
    assert by_token(world, sign("analyzer", "kafka")) == "InvalidIdentityToken"
    assert by_token(world, sign("analyzer", [STS_AUDIENCE, "kafka"])) == "InvalidIdentityToken"
    assert by_token(world, sign("analyzer", STS_AUDIENCE, life_s=-1)) == "ExpiredTokenException"
    assert by_token(world, "not.a.token") == "InvalidIdentityToken"


def test_a_party_takes_its_own_role_alone(world: World) -> None:
    """The trust policy names it."""
    sign = world.authority.token
    assert by_token(world, sign("executor", STS_AUDIENCE)) == "AccessDenied"
    assert by_token(world, sign("analyzer", STS_AUDIENCE), ISSUER_ROLE) == "AccessDenied"
    assert by_token(world, sign("issuer", STS_AUDIENCE), CHANGE) == "AccessDenied"
    assert by_token(world, sign("issuer", STS_AUDIENCE), "no-such-role") == "AccessDenied"
    assert world.take("analyzer", READ_ROLE)["key"].startswith("ASIA")


def test_a_change_is_taken_from_the_issuers_role_alone(world: World) -> None:
    """Even somebody who may do everything is not trusted by it, and another role has no such permission."""
    administrator = world.sts(world.key(ADMINISTRATOR))
    reader = world.sts(world.take("analyzer", READ_ROLE))
    take = {"RoleArn": role_arn(CHANGE), "RoleSessionName": "some"}
    assert refused(lambda: administrator.assume_role(**take)) == "AccessDenied"
    assert refused(lambda: reader.assume_role(**take)) == "AccessDenied"
    issuer = world.sts(world.take("issuer", ISSUER_ROLE))
    assert refused(lambda: issuer.assume_role(RoleArn=role_arn(READ_ROLE), RoleSessionName="some")) == "AccessDenied"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"DurationSeconds": 899}, "ValidationError"),
        ({"DurationSeconds": 3601}, "ValidationError"),
        ({"Policy": "{" * 2049}, "ValidationError"),
        ({"Policy": "{}"}, "MalformedPolicyDocument"),
        ({"Policy": json.dumps({"Version": "2012-10-17", "Statement": "all"})}, "MalformedPolicyDocument"),
        ({"RoleSessionName": "with a space"}, "ValidationError"),
        ({"SourceIdentity": "with a space"}, "ValidationError"),
        ({"Tags": [{"Key": "k", "Value": "1"}, {"Key": "K", "Value": "2"}]}, "ValidationError"),
        ({"Tags": [{"Key": "k", "Value": "v" * 257}]}, "ValidationError"),
        ({"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]}, "AccessDenied"),
        ({"SerialNumber": "arn:aws:iam::123456789012:mfa/x", "TokenCode": "123456"}, "AccessDenied"),
    ],
)
def test_what_aws_does_not_take_is_refused(world: World, more: Any, code: str) -> None:
    """Lengths, forms and times; and what the front does not know."""
    client = world.sts(world.take("issuer", ISSUER_ROLE))
    arguments = {"RoleArn": role_arn(CHANGE), "RoleSessionName": "some", **more}
    assert refused(lambda: client.assume_role(**arguments)) == code


def test_the_longest_policy_and_all_that_a_session_carries(world: World) -> None:
    """2,048 characters are taken; source identity, tags and name are in the session."""
    policy = allow("s3:*")
    policy = policy[:-1] + " " * (2048 - len(policy)) + policy[-1]
    tags = [{"Key": "fixgate.proposal", "Value": "abc"}]
    session = world.change(BLOCK, Policy=policy, SourceIdentity="fg-abc", Tags=tags, DurationSeconds=900)
    made = world.account.control.state()["sessions"][-1]
    assert (made["access_key_id"], made["role"], made["name"]) == (session["key"], CHANGE, "fg-test")
    assert (made["source_identity"], made["tags"]) == ("fg-abc", {"fixgate.proposal": "abc"})
    assert made["policy"] == policy


def test_conditions_see_source_identity_and_tags(world: World) -> None:
    """A session policy can hold on to them."""
    when = {"StringEquals": {"aws:SourceIdentity": "fg-abc", "aws:PrincipalTag/change": "1"}}
    policy = allow("s3:GetBucketLocation", when=when)
    tags = [{"Key": "change", "Value": "1"}]
    bare = world.s3(world.change(BLOCK, Policy=policy, SourceIdentity="fg-abc"))
    bucket = "acme-staging-assets"
    assert refused(lambda: bare.get_bucket_location(Bucket=bucket)) == "AccessDenied"
    world.s3(world.change(BLOCK, Policy=policy, SourceIdentity="fg-abc", Tags=tags)).get_bucket_location(Bucket=bucket)


def test_nobody_takes_a_role_without_a_signature(world: World) -> None:
    """Only by a token."""
    take = {"RoleArn": role_arn(CHANGE), "RoleSessionName": "some"}
    assert refused(lambda: world.sts().assume_role(**take)) == "MissingAuthenticationToken"
