"""The systems that make credentials, against the emulated account: its front enforces what a session may do."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fixgate.changes.session_policy import GIT_PUSH, GIT_READ, session_policy
from fixgate.errors import Refused, Transient
from fixgate.forms import micros
from fixgate.local.account.acme import LEAKED, LIVE, SHOP, STAGING
from fixgate.local.ports import free_ports
from fixgate.resources.sessions import aws_session
from fixgate.settings import Settings
from services.issuer.adapters.aws import AwsSessions
from services.issuer.adapters.git import GitTokens
from services.issuer.ledger import Entry, Stage
from services.issuer.scopes import AWS, GIT, session_name
from services.issuer.systems import Issued, Killed, NotMade, Seen
from tests.local.account.world import ACCOUNT, World, new_world

DIGEST = "sha256:" + "5e" * 32
USER = f"arn:aws:iam::{ACCOUNT}:user/{LEAKED}"
BUCKET = f"arn:aws:s3:::{STAGING}"
KEY_CALLS = (("iam:UpdateAccessKey", USER), ("iam:ListAccessKeys", USER))
BUCKET_CALLS = (("s3:PutBucketPublicAccessBlock", BUCKET), ("s3:GetBucketPublicAccessBlock", BUCKET))


@pytest.fixture(scope="module")
def running(short_tmp: Path) -> Iterator[World]:
    """An emulated account, started once."""
    made = new_world(short_tmp / "issuing")
    with made.account:
        yield made


@pytest.fixture
def world(running: World) -> World:
    """The account as it was at its start."""
    running.account.control.reset()
    return running


def entry(calls: Sequence[tuple[str, str]], kind: str = AWS, seconds: float = 60) -> Entry:
    """An admitted credential for these calls."""
    now = datetime.now(UTC)
    template = "aws-s3-block-public-access" if calls[0][0].startswith("s3") else "aws-iam-deactivate-access-key"
    return Entry(
        grant_id="grant-1",
        stage=Stage.ADMITTED,
        intent_digest=DIGEST,
        intent_id="intent-1",
        decision_digest=DIGEST,
        proposal_digest=DIGEST,
        warrant_id="warrant-1",
        lock_key="lock",
        finding_ids=("finding-1",),
        executor="spiffe://fixgate.internal/fixgate/executor",
        context="",
        kind=kind,
        template_id=template,
        account=ACCOUNT,
        region="",
        session_name=session_name(DIGEST),
        calls=tuple(calls),
        not_before_us=micros(now),
        not_after_us=micros(now + timedelta(seconds=seconds)),
        bundle_digest=DIGEST,
        ceiling_digest=DIGEST,
    )


def aws(world: World, party: str = "issuer", **changed: Any) -> AwsSessions:
    """The adapter as the service wires it; `party` brings the token."""
    settings = Settings()

    def token(audience: str) -> str:
        return world.authority.token(party, audience)

    given: dict[str, Any] = {
        "token": token,
        "session_policy": session_policy,
        "issuer_role": settings.aws_issuer_role,
        "change_role": settings.aws_change_role,
        "region": settings.aws_region,
        "endpoint": world.account.endpoint,
    }
    return AwsSessions(**(given | changed))


def client(world: World, issued: Issued, service: str) -> Any:
    """A client with what was issued."""
    return aws_session(issued.credential, world.account.endpoint, "us-east-1").aws(service, None)


def denied(call: Callable[..., Any], **arguments: Any) -> None:
    """AWS denies the call."""
    with pytest.raises(ClientError) as error:
        call(**arguments)
    answer: Any = error.value.response
    assert answer["Error"]["Code"] == "AccessDenied"


# -- AWS ---------------------------------------------------------------------------------------------------------------


def test_another_services_token_gets_no_session(world: World) -> None:
    """The gate's JWT-SVID is no key to the issuer's role: certain, so a refusal."""
    with pytest.raises(Refused, match="AccessDenied"):
        aws(world, "gate").issue(entry(KEY_CALLS))


def test_an_account_that_is_not_reached_made_nothing(world: World) -> None:
    """No session was made: nobody was reached."""
    (port,) = free_ports(1)
    with pytest.raises(NotMade, match="did not answer"):
        aws(world, endpoint=f"http://127.0.0.1:{port}").issue(entry(KEY_CALLS))


def test_throttling_is_no_refusal(world: World) -> None:
    """It may be tried again."""
    world.account.control.throttle(10)
    with pytest.raises(NotMade, match="Throttling"):
        aws(world).issue(entry(KEY_CALLS))


@pytest.mark.parametrize(
    "calls",
    [
        (("iam:UpdateAccessKey", "*"),),
        (("iam:*", USER),),
        tuple(("iam:UpdateAccessKey", f"{USER}{n:03}") for n in range(60)),
    ],
)
def test_what_is_too_wide_or_too_long_gets_no_session(world: World, calls: Sequence[tuple[str, str]]) -> None:
    """Nothing is asked of AWS: no policy can be written."""
    with pytest.raises(Refused, match="no session policy"):
        aws(world).issue(entry(calls))
    assert not [e for e in world.account.control.trail() if "AssumeRole" in e["action"]]


def test_a_session_does_its_calls_and_nothing_else(world: World) -> None:
    """The exact user: not another one, not another call, no other service."""
    issued = aws(world).issue(entry(KEY_CALLS))
    iam = client(world, issued, "iam")
    key = world.account.control.keys()[LEAKED]["access_key_id"]
    denied(iam.update_access_key, UserName=LIVE, AccessKeyId=key, Status="Inactive")
    denied(iam.delete_access_key, UserName=LEAKED, AccessKeyId=key)
    denied(iam.create_access_key, UserName=LEAKED)
    denied(client(world, issued, "s3").get_bucket_tagging, Bucket=STAGING)
    iam.update_access_key(UserName=LEAKED, AccessKeyId=key, Status="Inactive")
    assert world.account.control.state()["users"][LEAKED]["keys"][key] == "Inactive"


def test_a_session_carries_whose_change_it_is(world: World) -> None:
    """Two hops: name and source identity tell the proposal's digest, so that the account's own trail does."""
    made = entry(KEY_CALLS)
    issued = aws(world).issue(made)
    client(world, issued, "iam").list_access_keys(UserName=LEAKED)
    last = world.account.control.trail()[-1]
    assert last["caller"].endswith(f":assumed-role/fixgate-change-{made.template_id}/{made.session_name}")
    assert last["source_identity"] == made.session_name
    actions = [e["action"] for e in world.account.control.trail()]
    assert actions.index("sts:AssumeRoleWithWebIdentity") < actions.index("sts:AssumeRole")
    assert issued.hard_end - datetime.now(UTC) > timedelta(seconds=800)


@pytest.mark.parametrize("calls", [KEY_CALLS, BUCKET_CALLS])
def test_a_sessions_end_is_seen(world: World, calls: Sequence[tuple[str, str]]) -> None:
    """The probe works while the window lasts, and is denied after it, long before STS would end the session."""
    system, made = aws(world), entry(calls, seconds=3)
    issued = system.issue(made)
    before = system.probe(made, issued.credential)
    assert (before.seen, system.kill(made)) == (Seen.ALLOWED, Killed.UNABLE)
    deadline = time.monotonic() + 20
    after = before
    while after.seen is not Seen.DENIED and time.monotonic() < deadline:
        after = system.probe(made, issued.credential)
    assert (after.seen, after.answer) == (Seen.DENIED, "AccessDenied")


def test_an_account_that_is_down_denies_nothing(world: World) -> None:
    """No answer, and being throttled, are no proof."""
    system, made = aws(world), entry(KEY_CALLS)
    issued = system.issue(made)
    world.account.control.throttle(10)
    assert system.probe(made, issued.credential).seen is Seen.UNCLEAR
    (port,) = free_ports(1)
    away = aws(world, endpoint=f"http://127.0.0.1:{port}")
    assert away.probe(made, issued.credential).seen is Seen.UNCLEAR


def test_nothing_of_the_machine_is_picked_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that lie around are not used, not even when there are no others."""
    administrator = world.account.control.keys()["administrator"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", administrator["access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", administrator["secret_access_key"])
    with pytest.raises(Refused):
        aws(world, "gate").issue(entry(KEY_CALLS))


# -- git ---------------------------------------------------------------------------------------------------------------


def pushing(world: World, ref: str = "refs/heads/fixgate/pin", repository: str = SHOP) -> Entry:
    """An admitted credential for a branch."""
    address = f"{world.account.git}/{repository}.git"
    return entry(((GIT_PUSH, f"{address}#{ref}"), (GIT_READ, address)), GIT)


def git(world: World, party: str = "issuer", address: str | None = None) -> GitTokens:
    """The adapter as the service wires it."""
    return GitTokens(
        world.account.git if address is None else address, token=lambda audience: world.authority.token(party, audience)
    )


def test_the_default_branch_gets_no_token(world: World) -> None:
    """What the host refuses is a refusal."""
    with pytest.raises(Refused, match="400"):
        git(world).issue(pushing(world, "refs/heads/main"))


def test_another_service_gets_no_token(world: World) -> None:
    """The executor's own JWT-SVID."""
    with pytest.raises(Refused, match="403"):
        git(world, "executor").issue(pushing(world))


def test_a_repository_elsewhere_gets_no_token(world: World) -> None:
    """The clone address comes from a report: nobody there is shown a token, nor our own."""
    made = pushing(world)
    strange = replace(made, calls=((GIT_PUSH, "http://127.0.0.1:1/acme/shop.git#refs/heads/fix"),))
    with pytest.raises(Refused, match="not one of the git host"):
        git(world).issue(strange)
    with pytest.raises(Refused, match="not one of the git host"):
        git(world, address="").issue(made)


def test_a_host_that_is_down_leaves_it_open(world: World) -> None:
    """Neither issued nor refused; neither dead nor alive."""
    system, made = git(world), pushing(world)
    issued = system.issue(made)
    (port,) = free_ports(1)
    host = f"http://127.0.0.1:{port}"
    away, there = git(world, address=host), replace(made, calls=((GIT_PUSH, f"{host}/a/b.git#refs/heads/fix"),))
    with pytest.raises(NotMade):
        away.issue(there)
    with pytest.raises(Transient):
        away.kill(replace(made, public_id=issued.public_id))
    assert away.probe(there, issued.credential).seen is Seen.UNCLEAR


def test_a_token_is_killed_and_seen_dead(world: World) -> None:
    """A push could begin before, and cannot after; killed twice, it is gone."""
    system, made = git(world), pushing(world)
    issued = system.issue(made)
    known = replace(made, public_id=issued.public_id)
    assert system.probe(known, issued.credential).seen is Seen.ALLOWED
    assert system.kill(known) is Killed.KILLED
    after = system.probe(known, issued.credential)
    assert (after.seen, after.answer) == (Seen.DENIED, "401")
    assert system.kill(known) is Killed.GONE


def test_a_token_whose_id_was_never_learnt_ends_by_its_window(world: World) -> None:
    """The answer was lost: there is nothing to name in a revocation."""
    assert git(world).kill(pushing(world)) is Killed.UNABLE
