"""The executor and the issuer as they are, over real gRPC, at work on the emulated account, which enforces.

Only the broker is in memory, stepped by the test's thread, and the chain before the decision is made by the test: the
gate and those before it are not here. Credentials live for seconds, so that their deaths can be waited for.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

from fixgate.changes.catalogue import CATALOGUE, Catalogue
from fixgate.changes.rehearsal import rehearse
from fixgate.changes.session_policy import session_policy
from fixgate.events import Decision, Grant, GrantState, Intent, ManagedBy, Outcome, Ownership, Resource, Warrant
from fixgate.intake import Intake
from fixgate.local.account import GIT_AUDIENCE, STS_AUDIENCE
from fixgate.local.account.roles import CHANGE_ROLE, ISSUER_ROLE
from fixgate.local.ports import free_ports
from fixgate.minting.client import Issuer
from fixgate.minting.server import Minting, MintServer
from fixgate.objects import FileStore
from fixgate.policy.bundle import Bundle
from fixgate.policy.ceiling import Allowance, Ceiling, CeilingDocument, read_signed, signed_file
from fixgate.policy.shipped import SHIPPED
from fixgate.resources.reading import Session
from fixgate.resources.sessions import aws_session
from fixgate.runtime import Runtime
from fixgate.signing import digest
from fixgate.targets import parts
from fixgate.topology import PIPELINE
from fixgate.verbs import Workload, gather_nothing
from services.executor.adapters.acts import Acts, Attempt
from services.executor.adapters.engine import Engine
from services.executor.adapters.ports import Ports
from services.executor.adapters.snapshots import sealed_snapshots
from services.executor.adapters.workshop import CatalogueWorkshop
from services.executor.decide import Plan
from services.executor.reports import Report
from services.issuer.adapters.aws import AwsSessions
from services.issuer.adapters.git import GitTokens
from services.issuer.calls import Calls
from services.issuer.deaths import Deaths
from services.issuer.decide import Admit
from services.issuer.judging import Judging
from services.issuer.outside import Outside
from services.issuer.scopes import AWS, GIT
from services.issuer.systems import CredentialSystem
from services.issuer.vault import Vault
from tests.hostile.books import Books
from tests.hostile.drafting import KINDS, REGION, drafted
from tests.hostile.parties import PresentWorld
from tests.local.account.world import World
from tests.people.persons import Key
from tests.runtime.world import Crash
from tests.services_people import FIRST, asset, enrol
from tests.services_world import CODEC, NAMING, spiffe_id

BUNDLE: Final = Bundle.load(SHIPPED)
EXECUTOR: Final = spiffe_id("executor")
PATIENCE_S: Final = 90.0
TICK: Final = timedelta(seconds=1)


def brief(seconds: int) -> Catalogue:
    """The shipped catalogue with credentials that live for so many seconds."""

    def shorter(template: Any) -> Any:
        durations = template.manifest.durations.model_copy(update={"credential": seconds})
        return replace(template, manifest=template.manifest.model_copy(update={"durations": durations}))

    return Catalogue([shorter(t) for t in CATALOGUE.templates.values()])


def ceiling(now: datetime) -> Ceiling:
    """A ceiling that lets all templates be automatic outside production."""
    allows = (
        Allowance(templates=tuple(CATALOGUE.templates), environments=("staging", "development"), max_blast="medium"),
    )
    document = CeilingDocument(
        version=1, expires_at=now.replace(microsecond=0) + timedelta(days=1), allows=allows
    ).written
    return Ceiling(read_signed(signed_file(document, [Key.of("ann").signs("ann", document)])))


class Marked(Acts):
    """Acts that let a probe know which change it is in."""

    now: Final = threading.local()

    def act(self, attempt: Attempt) -> Report:
        """See `Acts.act`."""
        self.now.lock = attempt.change.draft.lock_key
        return super().act(attempt)


@dataclass
class Deadly:
    """A probe of the engine: each change stops where `places` says, and dies there when `strike` is called."""

    places: Mapping[str, str] = field(default_factory=dict[str, str])
    does: dict[str, Callable[[], None]] = field(default_factory=dict[str, Callable[[], None]])
    """What is done at a place, once, before it goes on there."""
    stopped: set[str] = field(default_factory=set[str])
    reached: list[str] = field(default_factory=list[str])
    _struck: threading.Event = field(default_factory=threading.Event)

    def __call__(self, place: str) -> None:
        """Called in the engine's threads."""
        self.reached.append(place)
        act = self.does.pop(place, None)
        if act is not None:
            act()
        lock = getattr(Marked.now, "lock", "")
        if lock not in self.stopped and self.places.get(lock) == place:
            self.stopped.add(lock)
            self._struck.wait(PATIENCE_S)
            raise Crash

    def strike(self) -> None:
        """Let all that have stopped die."""
        self._struck.set()


class Pair:
    """One deployment: an account, an issuer, an executor; `executor` and `issuer` may be started again after a kill."""

    def __init__(self, folder: Path, account: World, *, credential_seconds: int = 20) -> None:
        self.folder, self.account = folder, account
        self.world = PresentWorld(folder)
        self.catalogue = brief(credential_seconds)
        self.pin = enrol(
            self.world, FIRST.model_copy(update={"expires_at": _now().replace(microsecond=0) + timedelta(days=1)})
        )
        (self.port,) = free_ports(1)
        self.numbers = count(1)
        self.alarms: list[str] = []
        self.runtimes: dict[str, Runtime[Any]] = {}
        self.reader = self._session(account.take("analyzer", "fixgate-read"))
        self._before = {s["access_key_id"] for s in account.account.control.state()["sessions"]}
        self._began = time.time()
        self.before_issue: Callable[[], None] = lambda: None
        self.after_issue: Callable[[], None] = lambda: None
        self._endings: list[Callable[[], None]] = []

    def close(self) -> None:
        """End everything."""
        self.world.__exit__(None, None, None)
        for end in self._endings:
            end()

    # -- the issuer ----------------------------------------------------------------------------------------------

    def issuer(self, *, slot: int = 0) -> None:
        """Start an issuer: its memory is empty."""
        world, vault = self.world, Vault()
        systems = {AWS: self._watched(self._aws()), GIT: self._watched(self._git())}
        deaths = Deaths(systems, vault, clock=_now, alarm=self.alarms.append, threads=2)
        intake = Intake(PIPELINE, NAMING, CODEC, world.person("issuer").trust)
        calls = Calls(intake, systems, vault, deaths, _now)
        judging = Judging(
            codec=CODEC,
            catalogue=self.catalogue,
            bundle=BUNDLE,
            ceiling=ceiling(world.now),
            first_roster=self.pin,
        )

        def listen(minting: Minting) -> MintServer:
            server = MintServer(f"127.0.0.1:{self.port}", world.person("issuer"), EXECUTOR, minting)
            self._endings.append(lambda: server.stop(0))
            return server

        workload: Workload[None] = Workload(
            service="issuer",
            verb=Admit(codec=CODEC, judge=judging, executor=EXECUTOR),
            gather=gather_nothing,
            ticks=TICK,
            effects=Outside(calls, deaths, vault, listen),
        )
        self.runtimes["issuer"] = world.runtime(workload, slot=slot, folder=self.folder / f"issuer-{slot}")

    def _aws(self) -> CredentialSystem:
        return AwsSessions(
            token=lambda _: self.account.authority.token("issuer", STS_AUDIENCE),
            session_policy=session_policy,
            issuer_role=f"arn:aws:iam::{{account}}:role/{ISSUER_ROLE}",
            change_role="arn:aws:iam::{account}:role/" + CHANGE_ROLE,
            region=REGION,
            endpoint=self.account.account.endpoint,
        )

    def _git(self) -> CredentialSystem:
        return GitTokens(self.account.account.git, token=lambda _: self.account.authority.token("issuer", GIT_AUDIENCE))

    def _watched(self, system: Any) -> CredentialSystem:
        issue = system.issue

        def watched(entry: Any) -> Any:
            self.before_issue()
            made = issue(entry)
            self.after_issue()
            return made

        system.issue = watched
        return system  # type: ignore[no-any-return]  # one of the two above

    # -- the executor --------------------------------------------------------------------------------------------

    def executor(self, probe: Deadly | None = None, *, slot: int = 0, snapshots: Path | None = None) -> Deadly:
        """Start an executor."""
        world, stopping, probe = self.world, threading.Event(), probe or Deadly()
        identity = world.person("executor")
        issuer = Issuer(f"127.0.0.1:{self.port}", identity)
        self._endings.append(issuer.close)
        workshop = CatalogueWorkshop(self.catalogue, rehearse, self._change_session, _now)
        ports = Ports(
            issuer=issuer,
            workshop=workshop,
            snapshots=sealed_snapshots(FileStore(snapshots or self.folder / "snapshots"), "", self.folder / "keys"),
            attest=identity.signer().attest,
            clock=_now,
            wait=stopping.wait,
        )
        verb = Plan(codec=CODEC, executor=EXECUTOR, roster=self.pin, steps=workshop.steps, refusal=lambda _target: "")
        engine = Engine(
            Marked(ports), CODEC, world.telemetry, wait=stopping.wait, stopping=stopping, probe=probe, threads=40
        )
        self._endings.append(stopping.set)
        workload = Workload(service="executor", verb=verb, gather=gather_nothing, effects=engine)
        self.runtimes["executor"] = world.runtime(workload, slot=slot, folder=self.folder / f"executor-{slot}")
        return probe

    def kill(self, service: str, slot: int = 0) -> None:
        """The process is gone: its files and connections are closed, and the broker notices."""
        runtime = self.runtimes.pop(service)
        if service == "issuer":
            outside: Any = runtime._outside  # pyright: ignore[reportPrivateUsage] - what the kernel would do
            outside.close()
        for state in runtime.shards.owned.values():
            state.close()
        self.world.broker.expire(NAMING.group(service), NAMING.instance(service, slot))

    def _change_session(self, credential: Mapping[str, str]) -> Session:
        return aws_session(credential, self.account.account.endpoint, REGION, git_mirrors=self.account.account.git)

    def _session(self, given: Mapping[str, str]) -> Session:
        return self._change_session(
            {
                "access_key_id": given["key"],
                "secret_access_key": given["proof"],
                "session_token": given["token"],
            }
        )

    # -- work ----------------------------------------------------------------------------------------------------

    def decide(self, target: Resource, template: str) -> str:
        """Publish leave to change the target from what it is now; its lock key."""
        number = next(self.numbers)
        self.world.tick()
        self._list(target)
        proposal = drafted(self.world, self.catalogue, self.reader, target, template, number)
        about = proposal.record
        warrant = Warrant(
            warrant_id=f"warrant-{number}",
            proposal_digest=digest(proposal.signed.value),
            policy_bundle_digest=BUNDLE.digest,
            executor=EXECUTOR,
            not_before_at=self.world.now,
            not_after_at=self.world.now + timedelta(minutes=10),
        )
        self.world.publish("decisions", proposal.allowed(warrant, self.world.now))
        return about.lock_key

    def _list(self, target: Resource) -> None:
        """People's inventory has it."""
        _, about, environment = KINDS[target.kind]
        holders = {"access_key": "aws.iam.user", "bucket": "aws.s3.bucket", "workflow": "git.repository"}
        asset(
            self.world,
            "ann",
            asset_id=parts(target)[0],
            kind=holders[about],
            environment=environment,
            ownership=Ownership(owner="alice", team="platform", managed_by=ManagedBy.HAND, shared=False),
            reviewed_at=self.world.now,
            issued_at=self.world.now,
            person="ann",
        )

    def until(self, there: Callable[[], bool], what: str = "") -> None:
        """Step everything until it is so."""
        limit = time.monotonic() + PATIENCE_S
        while not there():
            assert time.monotonic() < limit, (what, self.world.logs.getvalue()[-3000:])
            self.world.tick()
            if not sum(runtime.step() for runtime in list(self.runtimes.values())):
                time.sleep(0.005)  # the other threads are at work

    def finish(self, *locks: str) -> dict[str, Outcome]:
        """Step until each of these has an outcome; the last ones."""
        self.until(lambda: set(locks) <= {o.lock_key for o in self.outcomes()}, f"outcomes of {locks}")
        return {o.lock_key: o for o in self.outcomes() if o.lock_key in locks}

    def bury(self) -> None:
        """Step until every credential is dead by its record."""

        def alive() -> set[str]:
            last = {g.grant_id: g.state for g in self.grants().values()}
            return {name for name, state in last.items() if state not in {GrantState.DEAD, GrantState.REFUSED}}

        self.until(lambda: not alive() and not self.credentials(), "the death of every credential")

    def credentials(self) -> list[bytes]:
        """The issuer's entries of credentials that are not known to be dead."""
        return [key for key in self.world.state("issuer") if key.startswith(b"credential/")]

    def outcomes(self) -> list[Outcome]:
        """The change records so far."""
        return self.world.read("outcomes", Outcome)

    def grants(self) -> dict[str, Grant]:
        """The records on `grants`, by digest."""
        return {digest(r.value or b""): CODEC.decode(r.value or b"", Grant) for r in self.world.inbound("grants")}

    def books(self, *, twice: bool = False) -> Books:
        """Records and account as of now; what the account remembers of earlier tests is left out."""
        control = self.account.account.control
        state = dict(control.state())
        state["sessions"] = [s for s in state["sessions"] if s["access_key_id"] not in self._before]
        return Books(
            decisions=self.world.read("decisions", Decision),
            outcomes=self.outcomes(),
            grants=self.grants(),
            intents=frozenset(digest(r.value or b"") for r in self.world.inbound("intents")),
            state=state,
            trail=[entry for entry in control.trail() if entry["at"] >= self._began],
            git=self.account.account.git,
            twice=twice,
        )

    def intents(self) -> list[Intent]:
        """The records on `intents`."""
        return self.world.read("intents", Intent)


def _now() -> datetime:
    return datetime.now(UTC)
