"""The front of AWS, asked by real boto3 clients: whose requests are taken, and what each may."""

import time
from collections.abc import Callable
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from fixgate.local.account.acme import ADMINISTRATOR, EXCEPTED, LEAKED, LIVE, STAGING
from fixgate.local.account.roles import READ_ROLE
from tests.local.account.world import World, allow

BLOCKED = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
BLOCK, DEACTIVATE = "aws-s3-block-public-access", "aws-iam-deactivate-access-key"


def refused(call: Callable[[], object]) -> str:
    """The code with which AWS refuses a call."""
    with pytest.raises(ClientError) as error:
        call()
    return cast("str", cast("Any", error.value.response)["Error"]["Code"])


def key_id(world: World, name: str) -> str:
    """The id of a seeded key."""
    return world.key(name)["key"]


def block(world: World, credentials: Any, bucket: str = STAGING) -> None:
    """Block a bucket's public access."""
    world.s3(credentials).put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration=BLOCKED,
    )


def test_a_wrong_secret_is_refused(world: World) -> None:
    """The signature is computed again."""
    wrong = {**world.key(ADMINISTRATOR), "proof": "x" * 40}
    assert refused(lambda: world.iam(wrong).list_users()) == "SignatureDoesNotMatch"
    assert refused(lambda: world.s3(wrong).list_buckets()) == "SignatureDoesNotMatch"


def test_an_unknown_key_is_refused(world: World) -> None:
    """In each service's own words."""
    unknown = {"key": "AKIA" + "A" * 16, "proof": "x" * 40}
    assert refused(lambda: world.sts(unknown).get_caller_identity()) == "InvalidClientTokenId"
    assert refused(lambda: world.s3(unknown).list_buckets()) == "InvalidAccessKeyId"


def test_an_altered_request_is_refused(world: World) -> None:
    """A body, an address or a header that was not signed does not pass."""

    def alter(request: Any, **_: Any) -> None:
        request.body = request.body.replace(LEAKED, "ci-legaxx")

    iam = world.iam()
    iam.meta.events.register("before-send.iam", alter)
    assert refused(lambda: iam.list_access_keys(UserName=LEAKED)) == "SignatureDoesNotMatch"

    def add(request: Any, **_: Any) -> None:
        request.headers["x-amz-acl"] = "public-read"

    s3 = world.s3()
    s3.meta.events.register("before-send.s3.PutObject", add)
    assert refused(lambda: s3.put_object(Bucket=STAGING, Key="k", Body=b"v")) == "SignatureDoesNotMatch"

    def swap(request: Any, **_: Any) -> None:
        request.body = b"w"

    s3 = world.s3()
    s3.meta.events.register("before-send.s3.PutObject", swap)
    assert refused(lambda: s3.put_object(Bucket=STAGING, Key="k", Body=b"v")) == "XAmzContentSHA256Mismatch"

    def elsewhere(request: Any, **_: Any) -> None:
        request.url = request.url.replace("logo", "site")

    s3.meta.events.register("before-send.s3.HeadObject", elsewhere)
    assert refused(lambda: s3.head_object(Bucket=STAGING, Key="logo.svg")) == "403"


def test_an_inactive_key_is_refused_and_an_active_one_counts_as_used(world: World) -> None:
    """Moto alone does neither."""
    leaked = world.key(LEAKED)
    iam = world.iam()
    before = iam.get_access_key_last_used(AccessKeyId=leaked["key"])["AccessKeyLastUsed"]["LastUsedDate"]
    assert time.time() - before.timestamp() > 200 * 86_400
    world.sts(leaked).get_caller_identity()
    after = iam.get_access_key_last_used(AccessKeyId=leaked["key"])["AccessKeyLastUsed"]["LastUsedDate"]
    assert time.time() - after.timestamp() < 60
    iam.update_access_key(UserName=LEAKED, AccessKeyId=leaked["key"], Status="Inactive")
    assert refused(lambda: world.sts(leaked).get_caller_identity()) == "InvalidClientTokenId"
    assert world.account.control.state()["users"][LEAKED]["keys"] == {leaked["key"]: "Inactive"}


def test_a_user_may_what_its_policies_say(world: World) -> None:
    """And nothing else."""
    leaked = world.key(LEAKED)
    assert world.s3(leaked).get_object(Bucket=STAGING, Key="logo.svg")["ContentLength"] > 0
    assert refused(lambda: world.s3(leaked).get_object(Bucket=EXCEPTED, Key="press-kit.txt")) == "AccessDenied"
    assert refused(lambda: world.s3(leaked).put_object(Bucket=STAGING, Key="k", Body=b"")) == "AccessDenied"
    assert refused(lambda: world.iam(leaked).list_users()) == "AccessDenied"


def test_what_cannot_be_mapped_is_denied_even_to_the_administrator(world: World) -> None:
    """Other services, other actions, other subresources."""
    assert refused(lambda: world.iam().create_group(GroupName="g")) == "AccessDenied"
    assert refused(lambda: world.s3().get_bucket_cors(Bucket=STAGING)) == "AccessDenied"
    source = {"Bucket": STAGING, "Key": "logo.svg"}
    assert refused(lambda: world.s3().copy_object(Bucket=STAGING, Key="k", CopySource=source)) == "AccessDenied"


def test_a_session_is_its_role_and_its_policy_together(world: World) -> None:
    """What either leaves out is denied."""
    narrow = allow("s3:PutBucketPublicAccessBlock", "iam:ListUsers", on=f"arn:aws:s3:::{STAGING}")
    session = world.change(BLOCK, Policy=narrow)
    assert refused(lambda: block(world, session, EXCEPTED)) == "AccessDenied"
    assert refused(lambda: world.s3(session).get_public_access_block(Bucket=STAGING)) == "AccessDenied"
    assert refused(lambda: world.iam(session).list_users()) == "AccessDenied"
    block(world, session)
    assert world.account.control.state()["buckets"][STAGING]["public_access_block"]["restrict_public_buckets"]


def test_one_key_of_a_user_cannot_be_singled_out_but_one_user_can(world: World) -> None:
    """As in AWS: the permission is on the user."""
    user = f"arn:aws:iam::123456789012:user/{LEAKED}"
    iam = world.iam(world.change(DEACTIVATE, Policy=allow("iam:UpdateAccessKey", on=user)))
    other = key_id(world, LIVE)
    assert refused(lambda: iam.update_access_key(UserName=LIVE, AccessKeyId=other, Status="Inactive")) == "AccessDenied"
    iam.update_access_key(UserName=LEAKED, AccessKeyId=key_id(world, LEAKED), Status="Inactive")
    assert world.account.control.state()["users"][LIVE]["keys"][other] == "Active"


def test_a_session_dies_with_the_window_of_its_policy(world: World) -> None:
    """`DateLessThan aws:CurrentTime`: what worked before is denied afterwards."""
    until = time.time() + 1.5
    when = {"DateLessThan": {"aws:CurrentTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(until))}}
    s3 = world.s3(world.change(BLOCK, Policy=allow("s3:*", when=when)))
    outcomes = set[str]()
    deadline = time.monotonic() + 30
    while "AccessDenied" not in outcomes:
        assert time.monotonic() < deadline
        try:
            s3.get_bucket_location(Bucket=STAGING)
        except ClientError as error:
            outcomes.add(cast("Any", error.response)["Error"]["Code"])
    assert outcomes == {"AccessDenied"}


def test_a_revoked_session_and_one_without_its_token_are_refused(world: World) -> None:
    """A session's key is nothing without the session's token."""
    session = world.take("analyzer", READ_ROLE)
    bare = {"key": session["key"], "proof": session["proof"]}
    assert refused(lambda: world.sts(bare).get_caller_identity()) == "InvalidClientTokenId"
    assert "fixgate-read/first" in world.sts(session).get_caller_identity()["Arn"]
    world.account.control.revoke(session["key"])
    assert refused(lambda: world.sts(session).get_caller_identity()) == "InvalidClientTokenId"


def test_sessions_older_than_a_denial_end(world: World) -> None:
    """As the console's "revoke older sessions" does it."""
    session = world.take("analyzer", READ_ROLE)
    world.iam(session).list_users()
    text = allow("*", when={"DateLessThan": {"aws:TokenIssueTime": "2100-01-01T00:00:00Z"}}).replace("Allow", "Deny")
    world.iam().put_role_policy(RoleName=READ_ROLE, PolicyName="revoked", PolicyDocument=text)
    assert refused(lambda: world.iam(session).list_users()) == "AccessDenied"


def test_a_bucket_policy_denies_even_the_administrator(world: World) -> None:
    """Its explicit deny wins over every identity's policy."""
    text = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", '
        f'"Resource": "arn:aws:s3:::{STAGING}/*"}}]}}'
    )
    world.s3().put_bucket_policy(Bucket=STAGING, Policy=text)
    assert refused(lambda: world.s3().get_object(Bucket=STAGING, Key="logo.svg")) == "AccessDenied"


def test_nobody_reads_what_is_not_public(world: World) -> None:
    """Anonymous requests read public buckets and do nothing else; blocking ends it."""
    nobody = world.anonymous()
    assert nobody.get_object(Bucket=STAGING, Key="logo.svg")["Body"].read() == b"<svg/>"
    assert nobody.list_objects_v2(Bucket=STAGING)["KeyCount"] == 2
    assert refused(lambda: nobody.put_object(Bucket=STAGING, Key="k", Body=b"")) == "AccessDenied"
    assert refused(lambda: nobody.get_bucket_policy(Bucket=STAGING)) == "AccessDenied"
    assert refused(nobody.list_buckets) == "AccessDenied"
    block(world, None)
    assert refused(lambda: nobody.get_object(Bucket=STAGING, Key="logo.svg")) == "AccessDenied"
    assert refused(lambda: nobody.list_objects_v2(Bucket=STAGING)) == "AccessDenied"


def test_a_public_acl_is_public_until_it_is_ignored(world: World) -> None:
    """ACLs count beside policies."""
    s3 = world.s3()
    s3.create_bucket(Bucket="acme-by-acl", ACL="public-read")
    s3.put_object(Bucket="acme-by-acl", Key="open", Body=b"1", ACL="public-read")
    s3.put_object(Bucket="acme-by-acl", Key="closed", Body=b"2", ACL="private")
    nobody = world.anonymous()
    assert nobody.get_object(Bucket="acme-by-acl", Key="open")["Body"].read() == b"1"
    assert refused(lambda: nobody.get_object(Bucket="acme-by-acl", Key="closed")) == "AccessDenied"
    block(world, None, "acme-by-acl")
    assert refused(lambda: nobody.get_object(Bucket="acme-by-acl", Key="open")) == "AccessDenied"
    again = lambda: s3.put_bucket_acl(Bucket="acme-by-acl", ACL="public-read")  # noqa: E731 - a call to be refused
    assert refused(again) == "AccessDenied"


def test_the_trail_names_who_did_what(world: World) -> None:
    """For each request the caller, the action, the resource, the outcome and the source identity."""
    session = world.change(BLOCK, SourceIdentity="fg-source")
    block(world, session)
    entry = world.account.control.trail()[-1]
    assert (entry["action"], entry["outcome"]) == ("s3:PutBucketPublicAccessBlock", "ok")
    assert entry["resource"] == f"arn:aws:s3:::{STAGING}"
    assert entry["caller"].endswith("/fg-test")
    assert entry["source_identity"] == "fg-source"
