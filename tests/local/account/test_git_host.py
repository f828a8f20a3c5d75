"""The git host, used by a real git: reading is open, a push needs a token for that branch."""

import time
from pathlib import Path

import pytest

from fixgate.local.account import GIT_AUDIENCE
from fixgate.local.account.acme import SHOP
from fixgate.local.account.pkt import NotAPush, pushed_refs
from tests.local.account.world import World

FIX = "refs/heads/fixgate/pin-1"
MAIN = "refs/heads/main"


def refs(world: World) -> dict[str, str]:
    """The repository's refs, read directly."""
    found: dict[str, str] = world.account.control.state()["refs"][SHOP]
    return found


def push(world: World, work: Path, bearer: str, *specs: str) -> bool:
    """Whether a push went through."""
    return world.git("push", "-q", "origin", *specs, cwd=work, bearer=bearer).returncode == 0


def token(world: World, ref: str = FIX) -> tuple[str, str]:
    """The id and the text of a token."""
    status, made = world.git_token(SHOP, ref)
    assert status == 201
    return made["id"], made["token"]


def test_nobody_pushes_without_a_token(world: World, work: Path) -> None:
    """Not even with a token of the identity authority."""
    before = refs(world)
    for bearer in ("", "made-up", world.authority.token("issuer", GIT_AUDIENCE)):
        assert not push(world, work, bearer, f"HEAD:{FIX}")
    assert refs(world) == before


def test_a_token_is_for_one_branch(world: World, work: Path) -> None:
    """No other ref, no second ref in one push, no deleting of another."""
    before = refs(world)
    _, bearer = token(world)
    for specs in (
        [f"HEAD:{MAIN}"],
        [f"HEAD:{FIX}", f"HEAD:{MAIN}"],
        [f"HEAD:{FIX}2"],
        ["HEAD:refs/tags/v1"],
        [f":{MAIN}"],
    ):
        assert not push(world, work, bearer, *specs)
    assert refs(world) == before
    assert push(world, work, bearer, f"HEAD:{FIX}")
    assert {*refs(world)} - {*before} == {FIX}
    assert push(world, work, bearer, f":{FIX}")
    assert refs(world) == before


def test_a_token_is_for_one_repository(world: World, work: Path) -> None:
    """Another one's branch of the same name stays closed."""
    _, bearer = token(world)
    world.git("remote", "set-url", "origin", f"{world.account.git}/actions/checkout.git", cwd=work)
    assert not push(world, work, bearer, f"HEAD:{FIX}")
    assert world.http("GET", "/actions/checkout/info/refs?service=git-receive-pack", bearer)[0] == 403


def test_a_token_ends_by_its_time(world: World) -> None:
    """The beginning of a push shows whether it lives."""
    _, made = world.git_token(SHOP, FIX, until=1.0)
    probe = f"/{SHOP}.git/info/refs?service=git-receive-pack"
    assert world.http("GET", probe, made["token"])[0] == 200
    deadline = time.monotonic() + 30
    while world.http("GET", probe, made["token"])[0] == 200:
        assert time.monotonic() < deadline
    assert world.http("GET", probe, made["token"])[0] == 401


def test_a_revoked_token_is_dead(world: World, work: Path) -> None:
    """And can be revoked once."""
    name, bearer = token(world)
    issuer = world.authority.token("issuer", GIT_AUDIENCE)
    assert world.http("DELETE", f"/_tokens/{name}", issuer)[0] == 204
    assert world.http("DELETE", f"/_tokens/{name}", issuer)[0] == 404
    assert not push(world, work, bearer, f"HEAD:{FIX}")


def test_only_the_issuer_is_given_tokens(world: World) -> None:
    """By its own token, for this audience."""
    assert world.git_token(SHOP, FIX, party="executor")[0] == 403
    assert world.http("POST", "/_tokens", world.authority.token("issuer", "kafka"), b"{}")[0] == 401
    assert world.http("POST", "/_tokens", "", b"{}")[0] == 401
    name, bearer = token(world)
    assert world.http("DELETE", f"/_tokens/{name}", bearer)[0] == 401


@pytest.mark.parametrize(
    ("repository", "ref", "until"),
    [
        (SHOP, MAIN, 60),
        (SHOP, "refs/tags/v1", 60),
        (SHOP, "refs/heads/../main", 60),
        (SHOP, "refs/heads/*", 60),
        (SHOP, FIX, -1),
        (SHOP, FIX, 7200),
        ("acme/nothing", FIX, 60),
        ("../acme/shop", FIX, 60),
    ],
)
def test_a_token_for_anything_else_is_refused(world: World, repository: str, ref: str, until: float) -> None:
    """The default branch, tags, patterns, the past, too long a time, other repositories."""
    assert world.git_token(repository, ref, until=until)[0] == 400
    assert not world.account.control.state()["tokens"]


def test_only_gits_own_transport_is_served(world: World) -> None:
    """No files of a repository, no way out of the folder."""
    for path in (
        f"/{SHOP}.git/config",
        f"/{SHOP}.git/info/refs",
        "/../account.json",
        "/%2e%2e/acme/shop.git/info/refs",
    ):
        assert world.http("GET", path)[0] in (403, 404)


@pytest.mark.parametrize("body", [b"", b"00", b"0005", b"0004", b"zzzz", b"0010" + b"x" * 12, b"0009hello0000"])
def test_what_is_no_push_is_not_taken_for_one(body: bytes) -> None:
    """A command that cannot be read might name any ref."""
    with pytest.raises(NotAPush):
        pushed_refs(body)


def test_a_clone_without_history_can_push(world: World, tmp_path: Path) -> None:
    """It says what it lacks before it says what it pushes."""
    origin = f"{world.account.git}/{SHOP}.git"
    world.git("clone", "-q", "--depth=1", origin, "clone", cwd=tmp_path)
    clone = tmp_path / "clone"
    world.git("commit", "-q", "--allow-empty", "-m", "A change", cwd=clone)
    _, bearer = token(world)
    assert not push(world, clone, bearer, f"HEAD:{MAIN}")
    assert push(world, clone, bearer, f"HEAD:{FIX}")


def test_mirrors_have_tags(world: World, tmp_path: Path) -> None:
    """With and without `.git`; an annotated tag names its commit too."""
    listed = world.git("ls-remote", "--tags", f"{world.account.git}/actions/checkout", cwd=tmp_path).stdout
    found = {name: commit for commit, name in (line.split("\t") for line in listed.splitlines())}
    assert found["refs/tags/v4"] == found["refs/tags/v4.2.2"]
    assert found["refs/tags/v4.1.0"] != found["refs/tags/v4.1.0^{}"]
