"""Faults on demand: what a client sees, and what the account holds afterwards."""

import stat
import time
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, ConnectionClosedError

from fixgate.errors import Misconfigured, Refused, Unavailable
from fixgate.local.account.acme import LEAKED, SHOP, STAGING, UNFIXABLE
from fixgate.local.account.client import Control
from fixgate.local.account.config import CONFIG, SEEDED, SOCKET, read
from fixgate.local.account.roles import pipeline_roles
from tests.local.account.test_front import block, refused
from tests.local.account.test_git_host import FIX, push, refs, token
from tests.local.account.world import World


def test_what_is_private_is_closed_to_other_users(world: World) -> None:
    """The socket, the keys and the folder around them."""
    folder = world.account.folder
    for path in (folder, folder / SOCKET, folder / SEEDED, folder / CONFIG):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_nobody_answers_where_nothing_runs(tmp_path: Path) -> None:
    """The error says so."""
    control = Control(tmp_path)
    assert not control.answers()
    for ask in (control.state, control.keys):
        with pytest.raises(Unavailable, match="no emulated account"):
            ask()
    with pytest.raises(Misconfigured, match="does not exist"):
        read(tmp_path / CONFIG)


def test_a_command_that_cannot_be_done_says_why(world: World) -> None:
    """And the account goes on."""
    with pytest.raises(Refused, match="KeyError"):
        world.account.control.used("no such key")
    assert world.account.control.answers()


def test_down_is_no_answer_at_all(world: World, tmp_path: Path) -> None:
    """For AWS and git alike, until it is cleared."""
    world.account.control.down()
    with pytest.raises(ConnectionClosedError):
        world.iam().list_users()
    assert world.git("ls-remote", f"{world.account.git}/{SHOP}.git", cwd=tmp_path).returncode != 0
    world.account.control.clear()
    world.iam().list_users()


def test_slow_waits_before_each_answer(world: World) -> None:
    """At least so long."""
    world.account.control.slow(300)
    begun = time.monotonic()
    world.iam().list_users()
    assert time.monotonic() - begun >= 0.3


def test_throttled_requests_are_refused_and_the_next_is_not(world: World) -> None:
    """With the code that each service has for it."""
    world.account.control.throttle(2)
    assert refused(lambda: world.iam().list_users()) == "Throttling"
    assert refused(lambda: world.s3().list_buckets()) == "SlowDown"
    world.iam().list_users()


def test_the_nth_write_fails_and_changes_nothing(world: World) -> None:
    """Reads do not count, and the one after it works."""
    world.account.control.fail(2)
    s3 = world.s3()
    s3.put_object(Bucket=STAGING, Key="one", Body=b"1")
    s3.list_buckets()
    assert refused(lambda: s3.put_object(Bucket=STAGING, Key="two", Body=b"2")) == "InternalError"
    s3.put_object(Bucket=STAGING, Key="three", Body=b"3")
    keys = [o.get("Key") for o in s3.list_objects_v2(Bucket=STAGING)["Contents"]]
    assert keys == ["logo.svg", "one", "site.css", "three"]


def test_an_answer_can_be_lost_after_the_write(world: World, work: Path) -> None:
    """The client cannot know, and the account holds it."""
    leaked = world.key(LEAKED)["key"]
    world.account.control.fail(1, applied=True)
    with pytest.raises(BotoCoreError):
        world.iam().update_access_key(UserName=LEAKED, AccessKeyId=leaked, Status="Inactive")
    assert world.account.control.state()["users"][LEAKED]["keys"] == {leaked: "Inactive"}
    _, bearer = token(world)
    world.account.control.fail(1, applied=True)
    assert not push(world, work, bearer, f"HEAD:{FIX}")
    assert FIX in refs(world)


def test_a_block_without_effect_lets_everybody_read_on(world: World) -> None:
    """A fix that only looks like one."""
    block(world, None, UNFIXABLE)
    body = world.anonymous().get_object(Bucket=UNFIXABLE, Key="mirror.txt")["Body"].read()
    assert body == b"a mirror"
    world.account.control.clear()
    assert refused(lambda: world.anonymous().get_object(Bucket=UNFIXABLE, Key="mirror.txt")) == "AccessDenied"
    world.account.control.public_ignored(UNFIXABLE)
    world.anonymous().get_object(Bucket=UNFIXABLE, Key="mirror.txt")


def test_the_last_use_of_a_key_can_be_set(world: World) -> None:
    """For a key that comes into use while a change waits."""
    leaked = world.key(LEAKED)["key"]
    world.account.control.used(leaked, days_ago=3)
    used = world.iam().get_access_key_last_used(AccessKeyId=leaked)["AccessKeyLastUsed"]["LastUsedDate"]
    assert 2.9 < (time.time() - used.timestamp()) / 86_400 < 3.1


def test_a_reset_is_a_new_start(world: World) -> None:
    """Buckets, sessions and faults are as at the beginning; keys are new ones."""
    control = world.account.control
    before = world.key(LEAKED)
    world.s3().put_object(Bucket=STAGING, Key="one", Body=b"1")
    control.throttle(100)
    control.reset()
    assert world.key(LEAKED) != before
    assert world.s3().list_objects_v2(Bucket=STAGING)["KeyCount"] == 2
    assert {role.name for role in pipeline_roles("example.org")} >= {"fixgate-read", "fixgate-issuer"}
