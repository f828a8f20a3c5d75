"""A running stack with a company's account, and what is done to it: loads, and keys that leak one by one."""

import os
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from bench.whole.chains import Chains
from bench.whole.company import Company, harmless, leaked_key, public_bucket
from bench.whole.load import Scanner, Usage, Watcher
from fixgate.demo.cast import Cast
from fixgate.demo.reports import ACCOUNT, Report
from fixgate.desk import Desk, opened
from fixgate.errors import Unavailable
from fixgate.identity import WorkloadIdentity
from fixgate.local.account.client import Control
from fixgate.local.pipeline import pipeline_services
from fixgate.local.process import Program, module
from fixgate.local.progress import Report as Progress
from fixgate.local.progress import Step
from fixgate.local.stack import Stack
from fixgate.settings import Settings
from fixgate.topology import DESK

FOLLOWED: Final = ("findings", "assessments", "proposals", "decisions", "outcomes")
PATIENCE_S: Final = 240.0
LOOK_S: Final = 1.0
GLANCE_S: Final = 0.025
WARM: Final = 4
"""Changes that are made before anything is measured."""
INACTIVE: Final = "Inactive"
SAMPLED: Final = "bench.whole.sampled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One load: what became of its reports, what the programs used until all was done, and for how many seconds.

    `late` is how many seconds behind its time the last report was sent; `load` the machine's one-minute average before.
    """

    rate: float
    asked: bool
    """Whether people are asked before each change, so that none is made."""
    findings: int
    changes: int
    chains: Chains
    usage: dict[str, Usage]
    memory: float
    seconds: float
    late: float
    load: float


class Works:
    """One stack under load; used by one thread. Targets are used up: each is reported once."""

    def __init__(self, stack: Stack, company: Company, desk: Desk, scanner: Scanner, progress: Progress) -> None:
        self._stack = stack
        self._company = company
        self._scanner = scanner
        self._progress = progress
        self._account = Control(stack.home.account)
        self._following = desk.follow(FOLLOWED)
        self._harmless = harmless()
        self._keys = {name: key["access_key_id"] for name, key in self._account.keys().items()}
        self._buckets = iter(company.buckets)
        self._users = iter(company.users)
        self._production = iter(company.production)

    def close(self) -> None:
        """Let go of the topics."""
        self._following.close()

    def warm(self, rate: float, seconds: float) -> None:
        """Let everything have been done once, and the broker have seen some load."""
        self._progress(Step("warm"))
        self._publish(islice(self._targets(), WARM), 2.0, WARM)
        self._publish(islice(self._harmless, int(rate * seconds)), rate, 0)
        self._progress(Step("warm", 1, 1))

    def load(self, rate: float, seconds: float, each: float, *, asked: bool = False) -> Measured:
        """So many findings a second for so long; `each` a second lead to a change, or to a question to people."""
        name, count = f"load {rate:.0f}/s{', people asked' if asked else ''}", int(rate * seconds)
        every = max(1, round(rate / each))
        changes = count // every
        self._progress(Step(name, 0, 1))
        before, began = os.getloadavg()[0], time.monotonic()
        with Watcher(self._stack) as watcher:
            chains, late = self._publish(self._mixed(count, every, asked=asked), rate, changes)
        self._progress(Step(name, 1, 1))
        return Measured(
            rate=rate,
            asked=asked,
            findings=count,
            changes=changes,
            chains=chains,
            usage=watcher.usage,
            memory=watcher.whole,
            seconds=time.monotonic() - began,
            late=late,
            load=before,
        )

    def leaks(self, times: int) -> list[float]:
        """Seconds from the report of a leaked key until it is disabled in the account, one after the other."""
        found: list[float] = []
        for number, user in enumerate(islice(self._users, times)):
            self._progress(Step("leaked key", number, times))
            key = self._keys[user]
            reported = self._scanner.send(leaked_key(user, key))
            self._until(partial(self._is_disabled, user, key), "a key to be disabled", GLANCE_S)
            found.append(time.time() - reported)
        self._progress(Step("leaked key", times, times))
        return found

    # -- inside --------------------------------------------------------------------------------------------------

    def _is_disabled(self, user: str, key: str) -> bool:
        return bool(self._account.state()["users"][user]["keys"][key] == INACTIVE)

    def _targets(self) -> Iterator[Report]:
        """What leads to a change: a bucket and a key by turns, each another one."""
        while True:
            yield public_bucket(next(self._buckets))
            user = next(self._users)
            yield leaked_key(user, self._keys[user])

    def _mixed(self, count: int, every: int, *, asked: bool) -> Iterator[Report]:
        targets = map(public_bucket, self._production) if asked else self._targets()
        for number in range(1, count + 1):
            yield next(targets) if number % every == 0 else next(self._harmless)

    def _publish(self, reports: Iterator[Report], rate: float, changes: int) -> tuple[Chains, float]:
        """Publish at that rate, and wait until all is done that comes of it."""
        before = dict(self._scanner.appended)
        late = self._scanner.publish(reports, rate)
        mine = {name: at for name, at in self._scanner.appended.items() if name not in before}
        chains = Chains(mine, changes)

        def done() -> bool:
            new = self._following.more()
            chains.add(new)
            return chains.settled

        self._until(done, "all findings to be assessed, decided and changed", LOOK_S)
        return chains, late

    def _until(self, happened: Callable[[], bool], what: str, every: float) -> None:
        limit = time.monotonic() + PATIENCE_S
        while not happened():
            if time.monotonic() > limit:
                logs = self._stack.home.logs
                raise Unavailable(f"waited {PATIENCE_S:.0f} s for {what} in vain", remedy=f"See the logs in {logs}.")
            time.sleep(every)


def sampled(program: Program, folder: Path) -> Program:
    """The program with its processor time sampled, when it is one of ours in Python."""
    name = program.command[2]
    if not name.startswith(("services.", "fixgate.log")):
        return program
    return replace(program, command=module(SAMPLED, str(folder / f"{program.name}.json"), *program.command[2:]))


@contextmanager
def working(home: Path, company: Company, progress: Progress, *, samples: Path | None = None) -> Generator[Works]:
    """A stack of its own in a new folder, everything on, with people who vouch for the company; gone afterwards."""
    cast = Cast(home, ACCOUNT, company.vouched)
    cast.prepare(datetime.now(UTC))

    def services(stack: Stack) -> Sequence[Program]:
        programs = pipeline_services(stack, company.scenario)
        return programs if samples is None else [sampled(program, samples) for program in programs]

    settings = Settings(kafka_port=0, home=home)
    with Stack(home, settings=settings, services=services, report=progress) as stack:
        identity = WorkloadIdentity(stack.socket("scanner"))
        update = {"bootstrap_servers": stack.bootstrap, "workload_api": stack.socket(DESK)}
        try:
            with opened(stack.settings.model_copy(update=update)) as desk:
                cast.speak(desk, "")
                scanner = Scanner(identity, stack.bootstrap, f"{settings.prefix}findings.raw")
                works = Works(stack, company, desk, scanner, progress)
                try:
                    yield works
                finally:
                    works.close()
        finally:
            identity.close()
