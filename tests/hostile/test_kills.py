"""Processes of the running pipeline are killed while it changes an account: in the end records and account agree."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fixgate import desk
from fixgate.cli.publish import Sender
from fixgate.demo.cast import Cast
from fixgate.demo.reports import ACCOUNT, Report
from fixgate.demo.watching import Watch
from fixgate.events import Decision, Grant, GrantState, Intent, Outcome, Result, Verdict
from fixgate.identity import WorkloadIdentity
from fixgate.local.account.client import Control
from fixgate.local.pipeline import GIT, SERVICES, pipeline_services
from fixgate.local.process import Program
from fixgate.local.stack import Stack
from fixgate.local.statefile import State
from fixgate.settings import Settings
from fixgate.topology import DESK
from tests.hostile.books import Books
from tests.hostile.estate import STUBBORN, USERS, estate, findings, lock_keys, vouch

pytestmark = [pytest.mark.broker, pytest.mark.chaos, pytest.mark.timeout(600)]

KILLS = 20
PATIENCE_S = 300.0
LOOK_S = 0.5
VICTIMS = (*SERVICES, "issuer", "executor", "executor")
"""Who is killed; the two that touch the world more often than the others."""
CLOSED = {Verdict.REFUSED, Verdict.EXPIRED, Verdict.WITHDRAWN}


def services(stack: Stack) -> Sequence[Program]:
    """The pipeline, over an account with much more trouble in it."""
    return pipeline_services(stack, estate)


@dataclass
class Town:
    """The running pipeline, what was seen of it, and the account."""

    stack: Stack
    watch: Watch
    sender: Sender
    control: Control
    unread: list[Report] = field(default_factory=list[Report])

    @property
    def git(self) -> str:
        """The git host's address."""
        return self.stack.address(GIT)

    def ready(self, name: str) -> bool:
        """Whether a service has ever begun to work."""
        return "the state is up to date" in self.stack.home.log(name).read_text()

    def publish(self, number: int) -> None:
        """Let scanners send their next reports."""
        for report in self.unread[:number]:
            self.sender.send(report.value, report.source.encode(), [("fixgate-source", report.source.encode())])
        del self.unread[:number]

    def until(self, there: Callable[[], bool], what: str) -> None:
        """Look until it is so."""
        deadline = time.monotonic() + PATIENCE_S
        while not there():
            stopped = [p.name for p in self.stack.processes if p.state is State.STOPPED]
            assert not stopped, f"{stopped} ended for good"
            assert time.monotonic() < deadline, f"{what} did not come: {self.open()}"
            time.sleep(LOOK_S)
            self.watch.look()

    def open(self) -> dict[str, str]:
        """The problems that have no ending yet, and what is known of them."""
        found: dict[str, str] = {}
        for lock in lock_keys(ACCOUNT, self.git):
            decided = [d for r in self.watch.of(Decision, about=lock) if isinstance(d := r.record, Decision)]
            ended = {
                o.decision_digest for r in self.watch.of(Outcome, about=lock) if isinstance(o := r.record, Outcome)
            }
            allowed = [r.digest for r in self.watch.of(Decision, about=lock) if _allows(r.record)]
            if not decided:
                found[lock] = "not decided"
            elif set(allowed) - ended:
                found[lock] = "allowed"
            elif not allowed and decided[-1].verdict not in CLOSED:
                found[lock] = decided[-1].verdict.value
        return found

    def living(self) -> set[str]:
        """The credentials that are not dead by their records."""
        last = {g.grant_id: g.state for g in self._grants().values()}
        return {name for name, state in last.items() if state not in {GrantState.DEAD, GrantState.REFUSED}}

    def books(self) -> Books:
        """Records and account as of now."""
        records = [r.record for r in self.watch.records.values()]
        return Books(
            decisions=[r for r in records if isinstance(r, Decision)],
            outcomes=[r for r in records if isinstance(r, Outcome)],
            grants=self._grants(),
            intents=frozenset(d for d, r in self.watch.records.items() if isinstance(r.record, Intent)),
            state=self.control.state(),
            trail=self.control.trail(),
            git=self.git,
        )

    def _grants(self) -> dict[str, Grant]:
        return {d: r.record for d, r in self.watch.records.items() if isinstance(r.record, Grant)}


def _allows(record: object) -> bool:
    return isinstance(record, Decision) and record.verdict is Verdict.ALLOWED


@pytest.fixture
def town(short_tmp: Path) -> Iterator[Town]:
    """A pipeline of its own, whose people have spoken and whose scanners have not."""
    home = short_tmp / "kills"
    owners = Cast(home, ACCOUNT, vouch)
    owners.prepare(datetime.now(UTC))
    with Stack(home, settings=Settings(kafka_port=0), services=services) as stack:
        told = {"bootstrap_servers": stack.bootstrap, "workload_api": stack.socket(DESK)}
        scanner = WorkloadIdentity(stack.socket("scanner"))
        with desk.opened(stack.settings.model_copy(update=told)) as opened:
            control = Control(stack.home.account)
            sender = Sender(scanner, stack.bootstrap, "fixgate.findings.raw", tls=False, ca=None)
            made = Town(stack, Watch(opened), sender, control)
            owners.speak(opened, f"{made.git}/acme/shop")
            keys = {name: control.keys()[name]["access_key_id"] for name in USERS}
            made.unread = findings(made.git, keys)
            yield made
            made.watch.close()
        scanner.close()


def test_whoever_is_killed_the_account_is_what_the_records_say(town: Town) -> None:
    """20 kill -9 over all six services while 19 problems are dealt with.

    Each problem has an ending, each warrant one outcome, the account shows what the last outcome says; each credential
    that was ever made is dead by its record, and nothing was written but with one of them, while it lived.
    """
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"chaos seed {seed}")  # noqa: T201 - shown when the test fails
    chance = random.Random(seed)  # noqa: S311 - reproducible on purpose
    town.until(lambda: all(town.ready(name) for name in SERVICES), "the start of every service")
    victims = [*SERVICES, *chance.choices(VICTIMS, k=KILLS - len(SERVICES))]
    chance.shuffle(victims)
    for victim in victims:
        town.publish(1)
        time.sleep(chance.uniform(0.3, 2.5))  # the moment of the blow is the point
        town.stack.kill(victim)
        town.watch.look()
    town.publish(len(town.unread))
    town.until(lambda: not town.open(), "the end of every change")
    town.until(lambda: not town.living(), "the death of every credential")
    books = town.books()
    assert books.unbalanced() == []
    results = {o.target.id: o.result for o in books.outcomes}
    assert results.pop(f"arn:aws:s3:::{STUBBORN}") in {Result.ROLLED_BACK, Result.FAILED}
    assert set(results.values()) == {Result.DONE}, results
