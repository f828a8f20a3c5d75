"""The commands of people on the real broker: what is refused, what gets into force, what a reviewer signs."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fixgate.broker import Inbound, TopicPartition
from fixgate.cli import app
from fixgate.desk import opened
from fixgate.errors import EXIT_USAGE, Misconfigured, Poison, Reason, Refused
from fixgate.events import Answer, Approval, Verdict
from fixgate.local.stack import Stack
from fixgate.naming import Naming
from fixgate.people import statements
from fixgate.people.roster import Roster
from fixgate.people.view import view_digest
from fixgate.rejections import DeadLetters
from fixgate.sealing import generate
from fixgate.settings import Settings, load
from tests.cli.people_stack import CODEC, RUNNER, People, people
from tests.people.chains import waiting

pytestmark = pytest.mark.broker


@pytest.fixture(scope="module")
def at(short_tmp: Path) -> Iterator[People]:
    """People whose first roster is ann, an administrator of everything; the tests go on from each other's records."""
    patch = pytest.MonkeyPatch()
    with (
        Stack(short_tmp / "people", settings=Settings(kafka_port=0)) as stack,
        people(stack, short_tmp / "persons", patch) as made,
    ):
        yield made
    patch.undo()


@pytest.fixture(scope="module")
def begun(at: People) -> People:
    """The first roster is published."""
    roles = ("administrator", "security", "operator", "owner")
    options = [o for role in roles for o in ("--role", role)]
    init = ("roster", "init", "--person", "ann", "--key", at.key("ann"), *options)
    told = at.run(*init, "--no-publish", "--json")
    first = json.loads(told.stdout)
    os.environ["FIXGATE_ROSTER"] = first["digest"]
    assert json.loads(at.run("roster", "publish", "--json").stdout) == {"published": [1]}
    at.run(
        "roster", "add", "--person", "bob", "--public-key", at.key("bob"), "--role", "approver", "--key", at.key("ann")
    )
    return at


@pytest.fixture(scope="module", autouse=True)
def unpinned() -> Iterator[None]:
    """The pin does not outlive this module."""
    yield
    os.environ.pop("FIXGATE_ROSTER", None)


def said(at: People, *arguments: str) -> Any:
    """What a command tells as JSON."""
    return json.loads(at.run(*arguments, "--json").stdout)


def test_without_a_roster_nothing_can_be_said(at: People) -> None:
    """No pin: wrong usage, with what to do. A pin of something else: nobody counts."""
    error = at.fails("halt", "--reason", "fire", "--key", at.key("ann"))
    assert isinstance(error, Misconfigured)
    assert "roster init" in error.remedy
    os.environ["FIXGATE_ROSTER"] = "sha256:" + "0" * 64
    try:
        error = at.fails("halt", "--reason", "fire", "--key", at.key("ann"))
    finally:
        del os.environ["FIXGATE_ROSTER"]
    assert isinstance(error, Refused)
    assert "not in force" in error.message


def test_a_roster_that_would_not_count_is_not_begun(at: People) -> None:
    """A threshold nobody can meet, a key without a person, a role that does not exist."""
    init = ("roster", "init", "--person", "ann", "--key", at.key("ann"))
    assert "threshold" in at.fails(*init, "--threshold", "2").message
    assert "needs one --key" in at.fails(*init, "--person", "bob").message
    assert "administrators" in at.fails(*init, "--role", "approver").message
    result = RUNNER.invoke(app, [*init, "--role", "king"])
    assert result.exit_code == EXIT_USAGE
    assert not (at.folder / "home" / "roster").exists()


def test_a_roster_is_begun_and_followed(begun: People) -> None:
    """The digest to pin is the document's; another one is not begun over it; who is added is in it."""
    folder = begun.folder / "home" / "roster"
    first = Roster.read((folder / "1.json").read_bytes())
    assert first.digest == os.environ["FIXGATE_ROSTER"] == (folder / "pin").read_text().strip()
    error = begun.fails("roster", "init", "--person", "eve", "--key", begun.key("eve"), "--no-publish")
    assert "begun" in error.message
    shown = said(begun, "roster", "show")
    assert shown["version"] >= 2
    assert [p["name"] for p in shown["people"]][:2] == ["ann", "bob"]
    assert "bob\tapprover" in begun.run("roster", "show").stdout
    assert said(begun, "roster", "publish") == {"published": []}


def test_a_stranger_changes_no_roster(begun: People) -> None:
    """Neither one who is nobody nor one who is no administrator; a role that is missing is told."""
    add = ("roster", "add", "--person", "eve", "--public-key", begun.key("eve"))
    assert "nobody's" in begun.fails(*add, "--role", "approver", "--key", begun.key("eve")).message
    assert "needs a role" in begun.fails(*add, "--key", begun.key("ann")).message
    told = said(begun, *add, "--role", "approver", "--key", begun.key("bob"))
    assert told["published"] is False
    assert "is not in" in begun.fails("roster", "remove", "--person", "zoe", "--key", begun.key("ann")).message


def test_two_administrators_sign_one_after_the_other(begun: People) -> None:
    """With a threshold of two the first only begins; a removed person's key is worth nothing afterwards."""
    ann, cid = begun.key("ann"), begun.key("cid")
    add = ("roster", "add", "--person", "cid", "--public-key", cid, "--role", "administrator", "--role", "owner")
    told = said(begun, *add, "--threshold", "2", "--key", ann)
    assert told["published"] is False
    assert said(begun, "roster", "sign", told["file"], "--key", cid)["published"] is True
    half = said(begun, "roster", "remove", "--person", "cid", "--threshold", "1", "--key", ann)
    assert half["published"] is False
    assert said(begun, "roster", "sign", half["file"], "--key", cid)["published"] is True
    assert "nobody's" in begun.fails("halt", "--reason", "x", "--key", cid).message


def test_who_has_no_role_halts_nothing(begun: People) -> None:
    """An approver's halt is recorded but does not count, and they are told so; nor do they end one, nor say what is."""
    bob = begun.key("bob")
    error = begun.fails("halt", "--reason", "x", "--key", bob)
    assert isinstance(error, Refused)
    assert "no role for a halt" in error.message
    asset = ("assets", "add", "arn:aws:s3:::b", "--kind", "aws.s3.bucket", "--environment", "test", "--key", bob)
    assert "may not say anything about assets" in begun.fails(*asset).message


def test_controls_need_their_words(begun: People) -> None:
    """A reason, a time that can be read and is to come, a scope for exceptions, an environment that exists."""
    ann = begun.key("ann")
    for arguments in (
        ["halt", "--key", ann],
        ["halt", "--reason", "x", "--until", "tomorrow", "--key", ann],
        ["halt", "--reason", "x", "--until", "2020-01-01T00:00:00Z", "--key", ann],
        ["halt", "--reason", "x", "--until", "2999-01-01T00:00:00", "--key", ann],
        ["halt", "--reason", "x", "--environment", "prod", "--key", ann],
    ):
        assert RUNNER.invoke(app, arguments).exit_code == EXIT_USAGE, arguments
    assert "needs a scope" in begun.fails("exceptions", "add", "--reason", "x", "--key", ann).message
    assert "there is no halt" in begun.fails("resume", "ffff", "--reason", "x", "--key", ann).message


def test_a_halt_is_in_force_until_it_is_resumed(begun: People) -> None:
    """It is read back under the predicate that services use; its id may be shortened."""
    ann = begun.key("ann")
    halt = said(begun, "halt", "--reason", "fire", "--environment", "production", "--until", "1h", "--key", ann)
    [held] = [h for h in said(begun, "freezes", "list") if h["id"] == halt["id"]]
    assert (held["kind"], held["state"], held["scope"]["environments"]) == ("halt", "in force", ["production"])
    assert "fire" in begun.run("freezes", "list").stdout
    ended = said(begun, "resume", halt["id"][:12], "--reason", "out", "--key", ann)
    assert ended["ended"] == halt["id"]
    assert halt["id"] not in {h["id"] for h in said(begun, "freezes", "list")}


def test_freezes_and_exceptions_come_and_go(begun: People) -> None:
    """A freeze to come, an exception on a resource; each is ended by its own command only."""
    ann = begun.key("ann")
    freeze = said(begun, "freezes", "add", "--reason", "launch", "--from", "1h", "--until", "2h", "--key", ann)
    [held] = [h for h in said(begun, "freezes", "list") if h["id"] == freeze["id"]]
    assert held["state"] == "to come"
    exception = said(
        begun, "exceptions", "add", "--reason", "a website", "--resource", "arn:aws:s3:::site", "--key", ann
    )
    assert "arn:aws:s3:::site" in begun.run("exceptions", "list").stdout
    begun.fails("freezes", "end", exception["id"], "--reason", "x", "--key", ann)
    begun.run("exceptions", "end", exception["id"], "--reason", "gone", "--key", ann)
    begun.run("freezes", "end", freeze["id"], "--reason", "done", "--key", ann)
    assert said(begun, "exceptions", "list") == []


def test_the_inventory(begun: People) -> None:
    """An asset is added, said anew with a higher version, retired, and gone."""
    ann, bucket = begun.key("ann"), "arn:aws:s3:::logs"
    add = ("assets", "add", bucket, "--kind", "aws.s3.bucket", "--environment", "test", "--key", ann)
    assert RUNNER.invoke(app, [*add, "--tag", "x"]).exit_code == EXIT_USAGE
    assert said(begun, *add, "--owner", "ann", "--tag", "a=b", "--not-shared")["version"] == 1
    assert said(begun, *add, "--owner", "ann")["version"] == 2
    [listed] = said(begun, "assets", "list")["assets"]
    assert (listed["asset_id"], listed["version"], listed["tags"], listed["owner"]) == (bucket, 2, {}, "ann")
    assert f"{bucket}\taws.s3.bucket\ttest\tann\t2" in begun.run("assets", "list").stdout
    begun.run("assets", "retire", bucket[:14], "--key", ann)
    assert said(begun, "assets", "list")["assets"] == []


def answered(at: People) -> list[tuple[Approval, str]]:
    """The approvals on the topic."""
    update = {"workload_api": at.stack.socket("desk"), "bootstrap_servers": at.stack.bootstrap}
    with opened(load().model_copy(update=update)) as desk:
        return [(r.record, r.digest) for r in desk.read("approvals") if isinstance(r.record, Approval)]


def test_what_does_not_wait_is_not_answered(begun: People) -> None:
    """Nothing of that id, something refused, something whose time is over, somebody who is excluded."""
    now, bob = datetime.now(UTC), begun.key("bob")
    assert "there is no proposal" in begun.fails("approve", "ffffffff", "--key", bob).message
    refused = waiting(begun.sign, now, verdict=Verdict.REFUSED, change={"proposal_id": "proposal-refused"})
    late = waiting(begun.sign, now, expires_at=now - timedelta(seconds=1), change={"proposal_id": "proposal-late"})
    mine = waiting(begun.sign, now, change={"proposal_id": "proposal-mine"})
    assert mine.quorum is not None
    mine = replace(mine, quorum=replace(mine.quorum, excluded=("bob",)))
    for decision in (refused, late, mine):
        begun.decide(decision)
    assert "it is refused" in begun.fails("approve", "proposal-refused", "--key", bob).message
    assert "it is expired" in begun.fails("approve", "proposal-late", "--key", bob).message
    assert "may not answer" in begun.fails("approve", "proposal-mine", "--key", bob).message
    assert "any of" in begun.fails("approve", "proposal", "--key", bob).message
    assert "has 3 proposals" in begun.fails("approve", "finding-1", "--key", bob).message
    assert [p["proposal_id"] for p in said(begun, "pending")] == ["proposal-mine"]


def test_what_was_shown_is_what_is_signed(begun: People) -> None:
    """Show, then approve: the digest is the shown view's. Decided anew in between: refused until it is shown again."""
    now, bob = datetime.now(UTC), begun.key("bob")
    decision = waiting(begun.sign, now, change={"proposal_id": "proposal-abcd"})
    begun.decide(decision)
    row = next(line for line in begun.run("pending").stdout.splitlines() if line.startswith("proposal-abcd"))
    assert "1 of approver: Ask the owner" in row
    shown = said(begun, "show", "abcd")
    assert view_digest(shown["view"]) == shown["view_digest"]
    assert shown["answerable"] is True
    begun.decide(replace(decision, reasons=("another reason",)))
    assert "decided anew" in begun.fails("approve", "abcd", "--key", bob).message
    text = begun.run("show", "abcd").stdout
    assert "another reason" in text
    told = said(begun, "approve", "abcd", "--key", bob)
    [(approval, name)] = [a for a in answered(begun) if a[0].proposal_id == "proposal-abcd"]
    assert told["record"]["digest"] == name
    roster = Roster.read((begun.folder / "home/roster/2.json").read_bytes())
    found = statements.approval(CODEC, approval.statement, replace_version(roster, 99), datetime.now(UTC)).statement
    assert found.answer is Answer.APPROVE
    assert found.view_digest == told["view_digest"] == view_digest(text[: text.index("\nview sha256:")])
    assert found.obligations == ("check-owner",)
    assert found.proposal_digest == decision.proposal_digest
    assert found.shown_at <= found.answered_at


def replace_version(roster: Roster, version: int) -> Roster:
    """The same people under a later version."""
    return roster.model_copy(update={"version": version})


def test_what_was_not_shown_is_shown_first(begun: People) -> None:
    """Reject and request changes print the view before they sign; each answer has a showing of its own."""
    now, bob = datetime.now(UTC), begun.key("bob")
    begun.decide(waiting(begun.sign, now, change={"proposal_id": "proposal-dcba"}))
    result = RUNNER.invoke(app, ["request-changes", "dcba", "--key", bob])
    assert result.exit_code == EXIT_USAGE
    asked = begun.run("request-changes", "dcba", "--reason", "smaller", "--key", bob).stdout
    assert asked.startswith("fixgate view 1")
    assert "request changes: sha256:" in asked
    rejected = begun.run("reject", "dcba", "--key", bob, "--json")
    assert json.loads(rejected.stdout)["answer"] == "reject"
    assert "fixgate view 1" in rejected.stderr
    said_of = [a for a, _ in answered(begun) if a.proposal_id == "proposal-dcba"]
    assert len({a.approval_id for a in said_of}) == 2


def test_dead_letters_are_listed_and_put_back(begun: People, short_tmp: Path) -> None:
    """A report goes back as it was, with the private key alone; what a service wrote does not go back at all."""
    folder = short_tmp / "seals"
    folder.mkdir()
    kept = DeadLetters("ingest", Naming(), sealer=generate(folder, "letters"), keep=lambda _: "")
    place = TopicPartition("fixgate.findings.raw", 0)
    record = Inbound(source=place, offset=3, key=b"scanner", value=b"a report", headers=(), appended_ms=1)
    begun.letter(kept.letter(record, Poison(Reason.NOT_AVRO, "no report"), secret=True)[1])
    place = TopicPartition("fixgate.decisions", 0)
    record = Inbound(source=place, offset=4, key=b"k", value=b"a decision", headers=(), appended_ms=1)
    begun.letter(kept.letter(record, Poison(Reason.UNSIGNED, "nobody signed"), secret=False)[1])
    raw, decision = json.loads(begun.run("rejected", "list", "--json").stdout)
    assert (raw["origin"], raw["reason"], raw["sealed"]) == ("findings.raw/0/3", "not_avro", True)
    assert "a report" not in begun.run("rejected", "list").stdout
    assert "alone may write" in begun.fails("rejected", "replay", decision["id"]).message
    assert "it may hold secrets" in begun.fails("rejected", "replay", raw["id"]).message
    generate(folder, "other")
    wrong = begun.fails("rejected", "replay", raw["id"], "--unseal", str(folder / "other.key"))
    assert "which is not here" in wrong.message
    put_back = ("rejected", "replay", raw["id"][:20], "--unseal", str(folder / "letters.key"))
    assert "reports are written by" in begun.fails(*put_back).message
    scanner = ("--scanner-api", begun.stack.environment("scanner")["FIXGATE_WORKLOAD_API"])
    told = json.loads(begun.run(*put_back, *scanner, "--json").stdout)
    assert (told["topic"], told["offset"]) == ("findings.raw", 0)
