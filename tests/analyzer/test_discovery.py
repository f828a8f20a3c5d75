"""Discovery against an account that enforces: what may not be read is unreadable, and never absent."""

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fixgate import targets
from fixgate.changes.catalogue import CATALOGUE
from fixgate.errors import Transient, Unavailable
from fixgate.events import (
    Assessment,
    AssessmentStatus,
    BlastLevel,
    Environment,
    Fact,
    FactState,
    Finding,
    ManagedBy,
    Ownership,
    Proposal,
    Resource,
    SecretMark,
)
from fixgate.local.account.acme import LEAKED, LIVE, SHOP, STAGING, WORKFLOW
from fixgate.local.account.roles import ISSUER_ROLE, READ_ROLE
from fixgate.resources import Unreadable
from fixgate.verbs import Received, Tick, Workload
from services.analyzer.adapters.credentials import AUDIENCE, MARGIN, Places, ReadSessions, account_in
from services.analyzer.adapters.discovery import PATIENCE, Discovery, named_target
from services.analyzer.decide import Classify
from services.analyzer.gathered import Gathered
from services.analyzer.rules import load
from tests.local.account.world import ACCOUNT, World
from tests.proposer.services import proposer
from tests.samples import KEY_ID, finding, public_bucket, unpinned_action
from tests.services_people import FIRST, asset, enrol
from tests.services_world import CODEC, ServicesWorld

DEADLINE = 10.0


@dataclass
class Tokens:
    """Tokens of the analyzer's, or of somebody else's; counted."""

    world: World
    party: str = "analyzer"
    asked: list[str] = field(default_factory=list[str])
    broken: Exception | None = None

    def jwt(self, audience: str) -> tuple[str, float]:
        """One."""
        self.asked.append(audience)
        if self.broken is not None:
            raise self.broken
        return self.world.authority.token(self.party, audience), time.time() + 60


def now() -> datetime:
    """The account's time, which is the machine's."""
    return datetime.now(UTC)


def sessions(
    account: World, tokens: Tokens | None = None, role: str = READ_ROLE, clock: Callable[[], datetime] = now
) -> ReadSessions:
    """Sessions in the emulated account."""
    places = Places(
        endpoint=account.account.endpoint,
        region="us-east-1",
        role=f"arn:aws:iam::{{account}}:role/{role}",
        git_mirrors=account.account.git,
    )
    return ReadSessions(places, tokens or Tokens(account), clock)


def received(found: Finding, at: datetime | None = None) -> Received:
    """The finding as the runtime hands it over."""
    return Received(
        topic="findings",
        partition=0,
        offset=0,
        key=None,
        record=found,
        digest="sha256:" + "0" * 64,
        appended_at=at or now(),
        signer="",
        signed=None,
        source="",
        trace_id="",
    )


def discover(account: World, found: Finding, tokens: Tokens | None = None, role: str = READ_ROLE) -> Gathered:
    """What is found."""
    return Discovery(CODEC, sessions(account, tokens, role), now)(received(found), DEADLINE)


def leaked(account: World, name: str = LEAKED, **changed: object) -> Finding:
    """A scanner found a key in a repository and knows nothing but its id."""
    resource = targets.bare_access_key(account.key(name)["key"], None)
    mark = SecretMark(kind="aws_access_key", hash="ab" * 32, key_id="k1", masked="AKIA********")
    return finding(**({"resource": resource, "account": None, "identity": None, "secret": mark} | changed))


def named(facts: tuple[Fact, ...]) -> dict[str, Fact]:
    """By name."""
    return {fact.name: fact for fact in facts}


def test_a_target_of_no_known_kind_is_not_read(account: World) -> None:
    """And nobody is asked."""
    tokens = Tokens(account)
    for found in (finding(resource=None, identity=None), finding(resource=Resource(kind="x", id="y"), identity=None)):
        assert discover(account, found, tokens).target is None
    assert tokens.asked == []


def test_what_asks_nobody_needs_no_thread(account: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most findings are about nothing that is read: for them nothing can take too long."""
    discovery, asking = Discovery(CODEC, sessions(account), now), received(leaked(account))
    monkeypatch.setattr(threading, "Thread", no_thread)
    assert discovery(received(finding(resource=None, identity=None)), DEADLINE).target is None
    with pytest.raises(RuntimeError, match="a thread"):
        discovery(asking, DEADLINE)


def no_thread(**_: object) -> None:
    """There are none left."""
    raise RuntimeError("a thread was to be made")


@pytest.mark.parametrize("number", ["", "12345", "12345678901x", "*", "123456789012:role/administrator"])
def test_an_account_is_a_number_or_nobody_is_asked(account: World, number: str) -> None:
    """A report's text never becomes a part of a role's name."""
    tokens = Tokens(account)
    with pytest.raises(Unreadable, match="none"):
        sessions(account, tokens).of(number)
    assert tokens.asked == []


def test_a_bucket_without_an_account_is_unreadable(account: World) -> None:
    """Its name says nothing of whose it is."""
    found = discover(account, public_bucket(resource=targets.bucket(None, STAGING, None), account=None))
    assert found.reading is not None
    assert (found.reading.state, found.reading.why) == (FactState.UNREADABLE, "nobody says in which account it is")


def test_an_account_that_does_not_let_us_in_is_unreadable(account: World) -> None:
    """The role trusts the analyzer alone: with another's token nothing is read, and nothing is called absent."""
    found = discover(
        account, public_bucket(resource=targets.bucket(ACCOUNT, STAGING, None)), Tokens(account, "executor")
    )
    assert found.reading is not None
    assert found.reading.state is FactState.UNREADABLE
    assert discover(account, leaked(account), role=ISSUER_ROLE).why.startswith(
        "what the report names could not be found"
    )


def test_a_key_that_there_is_not_is_told_so(account: World) -> None:
    """The account says that there is no such key."""
    key_id = account.key(LEAKED)["key"]
    gone = leaked(account, resource=targets.bare_access_key(key_id[:-1] + ("A" if key_id[-1] != "A" else "B"), ACCOUNT))
    assert discover(account, gone) == Gathered(why="what the report names is certainly not there")


def test_without_a_token_the_finding_waits(account: World) -> None:
    """The authority is away: that passes."""
    with pytest.raises(Transient, match="no token"):
        discover(account, leaked(account), Tokens(account, broken=Unavailable("it is down")))


@pytest.mark.parametrize("fault", ["down", "throttled", "slow"])
def test_while_the_account_does_not_answer_a_finding_waits_and_in_the_end_is_insufficient(
    account: World, fault: str
) -> None:
    """Ten minutes, not for ever: what is behind it waits too. What can be said without the account is said."""
    match fault:
        case "down":
            account.account.control.down()
        case "throttled":
            account.account.control.throttle(1000)
        case _:
            account.account.control.slow(3000)
    bucket = targets.bucket(ACCOUNT, STAGING, "us-east-1")
    discovery = Discovery(CODEC, sessions(account), now)
    with pytest.raises(Transient):
        discovery(received(public_bucket(resource=bucket)), 1.0)
    given_up = discovery(received(public_bucket(resource=bucket), now() - PATIENCE), 1.0)
    assert given_up.target == bucket
    assert given_up.reading is not None
    assert (given_up.reading.state, "for long" in given_up.reading.why) == (FactState.UNREADABLE, True)
    bare = discovery(received(leaked(account), now() - PATIENCE), 1.0)
    assert (bare.target, "for long" in bare.why) == (None, True)
    account.account.control.clear()


def test_a_tick_needs_nothing(account: World) -> None:
    """Time alone makes the analyzer read nothing."""
    discovery = Discovery(CODEC, sessions(account), now)
    assert discovery(Tick(shard=0, now=now()), DEADLINE) == Gathered()


def test_a_key_is_found_by_its_id_alone(account: World) -> None:
    """Its account is in the id, its user is asked for; age and last use are facts."""
    found = discover(account, leaked(account))
    assert found.target is not None
    assert found.target.id.endswith(f":user/{LEAKED}#{account.key(LEAKED)['key']}")
    assert found.reading is not None
    facts = named(found.reading.facts)
    assert (facts["unused.aws:iam"].value, facts["environment.aws:tags"].value) == (True, "staging")


def test_one_session_serves_until_shortly_before_its_end(account: World) -> None:
    """The token is asked for once per account, and again when the credential nears its end."""
    tokens, time_now = Tokens(account), [now()]
    made = sessions(account, tokens, clock=lambda: time_now[0])
    first = made.of(ACCOUNT)
    assert made.of(ACCOUNT) is first
    # The hour began when the account answered, which may have been a second later than the clock above.
    time_now[0] = now() + timedelta(hours=1) - MARGIN
    assert made.of(ACCOUNT) is not first
    assert tokens.asked == [AUDIENCE, AUDIENCE]


def test_what_a_key_id_says_of_its_account_is_read_or_left() -> None:
    """Ids that say nothing are no error."""
    assert account_in("AKIA") is None
    assert account_in("AKIA" + "1" * 16) is None
    assert named_target(finding(resource=None, account="1")) == targets.bare_access_key(KEY_ID, "1")


@pytest.mark.parametrize(
    ("name", "environment", "level"),
    [(LEAKED, Environment.STAGING, BlastLevel.LOW), (LIVE, Environment.PRODUCTION, BlastLevel.HIGH)],
)
def test_a_leaked_key_from_the_report_to_a_proposal(
    tmp_path: Path, account: World, name: str, environment: Environment, level: BlastLevel
) -> None:
    """Assessed from the account as it is, and a proposal that the catalogue agrees with."""
    made, proposal = _through(tmp_path, account, leaked(account, name))
    assert (made.kind, made.status, made.environment) == ("leaked_access_key", AssessmentStatus.OPEN, environment)
    assert made.blast_radius.level is level
    assert proposal.template.id == "aws-iam-deactivate-access-key"


def test_a_public_bucket_from_the_report_to_a_proposal(tmp_path: Path, account: World) -> None:
    """With what people say of it."""
    found = public_bucket(resource=targets.bucket(ACCOUNT, STAGING, "us-east-1"), account=ACCOUNT)
    made, proposal = _through(tmp_path, account, found)
    assert (made.kind, made.environment) == ("public_bucket", Environment.STAGING)
    assert made.ownership.owner == "team-web"
    assert named(made.evidence)["public.aws:s3"].value is True
    assert proposal.template.id == "aws-s3-block-public-access"


def test_an_unpinned_action_from_the_report_to_a_proposal(tmp_path: Path, account: World) -> None:
    """The commit comes from the action's own repository."""
    repository = f"{account.account.git}/{SHOP}.git"
    found = unpinned_action(resource=targets.workflow(repository, WORKFLOW), repository=repository)
    made, proposal = _through(tmp_path, account, found)
    assert made.kind == "unpinned_action"
    assert [slot.name for slot in proposal.slots] == ["commit"]
    assert proposal.template.id == "git-pin-github-action"


def _through(tmp_path: Path, account: World, found: Finding) -> tuple[Assessment, Proposal]:
    """A finding through analyzer and proposer; the proposal is true, and its rehearsal lossless."""
    with ServicesWorld(tmp_path) as world:
        enrol(world)
        asset(
            world,
            asset_id=f"arn:aws:s3:::{STAGING}",
            ownership=Ownership(owner="team-web", managed_by=ManagedBy.HAND, shared=False),
        )
        world.publish("findings", found)
        verb = Classify(codec=CODEC, rules=load(), first_roster=FIRST.digest)
        world.work(
            world.runtime(Workload(service="analyzer", verb=verb, gather=Discovery(CODEC, sessions(account), now)))
        )
        assert world.rejected("analyzer") == []
        [made] = world.read("assessments", Assessment)
        world.work(proposer(world))
        assert world.rejected("proposer") == []
        [proposal] = world.read("proposals", Proposal)
        assert CATALOGUE.check(proposal, made) == ()
        assert (proposal.rehearsal.detail, proposal.rehearsal.validated) == ("", True)
        return made, proposal


def test_a_report_cannot_send_the_analyzer_to_another_host(account: World) -> None:
    """A clone address comes out of a report: only the git host and the mirrors are ever asked."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.setblocking(False)
        place = f"http://127.0.0.1:{other.getsockname()[1]}"
        for address in (f"{place}/acme/shop", f"{account.account.git}.example.org/acme/shop", account.account.git):
            target = targets.workflow(address, ".github/workflows/ci.yaml")
            gathered = discover(account, finding(resource=target, account=None, identity=None))
            assert gathered.reading is not None
            assert gathered.reading.state is FactState.UNREADABLE
            assert "none of those that are read" in gathered.reading.why
        with pytest.raises(BlockingIOError):
            other.accept()
