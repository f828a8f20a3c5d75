"""The executor in memory, with an emulated account behind loopback and an issuer that a test commands.

Everything of ours is real: runtime, verb, engine, catalogue, readers, rehearsal, sealed snapshots. What stands outside
is not: the account is moto's server, and the issuer gives credentials for it and remembers which of them are alive.
"""

import json
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError, EndpointConnectionError

from fixgate import targets
from fixgate.changes.blast import blast_radius
from fixgate.changes.catalogue import CATALOGUE
from fixgate.changes.rehearsal import rehearse
from fixgate.changes.template import worse
from fixgate.errors import Transient
from fixgate.events import (
    Assembler,
    AssemblerKind,
    Assessment,
    Control,
    ControlKind,
    Decision,
    Intent,
    Outcome,
    Proposal,
    Resource,
    Signed,
    Verdict,
    Warrant,
)
from fixgate.minting.client import Minted, NotMinted
from fixgate.objects import FileStore
from fixgate.resources.readers import read
from fixgate.resources.reading import Session, canonical, projection_digest
from fixgate.resources.sessions import aws_session
from fixgate.runtime import Runtime
from fixgate.signing import digest
from fixgate.verbs import Workload, gather_nothing
from services.executor.adapters.acts import Acts
from services.executor.adapters.engine import Engine
from services.executor.adapters.ports import Ports
from services.executor.adapters.snapshots import sealed_snapshots
from services.executor.adapters.workshop import CatalogueWorkshop
from services.executor.decide import Plan
from tests.people.persons import control, signed
from tests.runtime.world import Crash
from tests.samples import assessment, fact, finding
from tests.services_people import enrol
from tests.services_world import CODEC, NAMING, START, ServicesWorld, spiffe_id

TEMPLATE: Final = "aws-iam-deactivate-access-key"
REGION: Final = "us-east-1"
ADMIN: Final = {"access_key_id": "admin", "secret_access_key": "admin"}
PATIENCE: Final = 30.0
"""Seconds after which a test that makes no progress fails; nothing waits for them to pass."""
_USERS: Final = count(1)


@dataclass
class IssuerStandIn:
    """Gives credentials of the emulated account, one alive at a time for each change, as the real one does."""

    world: ServicesWorld
    window: timedelta = timedelta(seconds=45)
    refuses: list[str] = field(default_factory=list[str])
    down: int = 0
    forgetful: bool = False
    """Whether it does not listen when a credential is given back."""
    minted: list[Intent] = field(default_factory=list[Intent])
    given: dict[str, tuple[str, datetime]] = field(default_factory=dict[str, tuple[str, datetime]])
    """Access key ids by grant digest, and until when they live; those that were given back are gone."""

    @property
    def alive(self) -> set[str]:
        """Access key ids of living credentials."""
        return {key for key, until in self.given.values() if self.world.now < until}

    def mint(self, intent: Signed, decision: Signed, deadline: float = 15.0, *, context: str = "") -> Minted:
        """See `fixgate.minting.client.Issuer.mint`."""
        grant = self.world.sign(CODEC.decode(intent.value, Intent), "issuer", trace_id=f"{len(self.minted) + 1:032x}")
        if self.down:
            self.down -= 1
            raise Transient("the issuer is down")
        if self.refuses:
            raise NotMinted(tuple(self.refuses), grant)
        if self.alive:
            raise Transient("an earlier credential is not dead yet")
        self.minted.append(CODEC.decode(intent.value, Intent))
        key = f"minted{len(self.minted)}"
        until = self.world.now + self.window
        self.given[digest(grant.value)] = key, until
        credential = {"access_key_id": key, "secret_access_key": key, "session_token": key}
        return Minted(credential=credential, grant=grant, grant_digest=digest(grant.value), not_after=until)

    def give_back(self, grant_digest: str, deadline: float = 10.0, *, context: str = "") -> None:
        """See `fixgate.minting.client.Issuer.give_back`."""
        if self.forgetful:
            raise Transient("the issuer is down")
        self.given.pop(grant_digest, None)


@dataclass
class Stops:
    """A probe of the engine: at a place it crashes, sleeps, or has the test's thread do something first."""

    crash_at: str = ""
    sleeps_at: str = ""
    does: dict[str, Callable[[], None]] = field(default_factory=dict[str, Callable[[], None]])
    reached: list[str] = field(default_factory=list[str])
    crashed: bool = False
    asleep: threading.Event = field(default_factory=threading.Event)
    wake: threading.Event = field(default_factory=threading.Event)
    bell: threading.Event = field(default_factory=threading.Event)
    todo: "queue.Queue[tuple[Callable[[], None], threading.Event]]" = field(default_factory=queue.Queue)

    def __call__(self, place: str) -> None:
        """Called in the engine's threads."""
        self.reached.append(place)
        act = self.does.pop(place, None)
        if act is not None:
            done = threading.Event()
            self.todo.put((act, done))
            self.bell.set()
            done.wait(PATIENCE)
        if place == self.sleeps_at:
            self.sleeps_at = ""
            self.asleep.set()
            self.bell.set()
            self.wake.wait(PATIENCE)
        if place == self.crash_at:
            self.crash_at, self.crashed = "", True
            self.bell.set()
            raise Crash
        self.bell.set()


class Lab:
    """A user with an access key in the emulated account, and executors that are to deactivate it."""

    def __init__(self, world: ServicesWorld, endpoint: str, folder: Path) -> None:
        self.world, self.endpoint, self.folder = world, endpoint, folder
        self.roster = enrol(world)
        self.issuer = IssuerStandIn(world)
        self.faults: dict[str, list[Exception]] = {}
        self.calls: list[tuple[str, str]] = []
        self.admin = aws_session(ADMIN, endpoint, REGION).aws("iam", None)
        self.engines: list[Engine] = []
        self.stopped: list[threading.Event] = []
        self.warrants = count(1)
        self.user = f"svc-{next(_USERS)}"
        arn = str(self.admin.create_user(UserName=self.user)["User"]["Arn"])
        key = str(self.admin.create_access_key(UserName=self.user)["AccessKey"]["AccessKeyId"])
        self.target = Resource(kind=targets.ACCESS_KEY, id=f"{arn}#{key}", account=arn.split(":")[4], region=None)

    # -- the account ---------------------------------------------------------------------------------------------

    @property
    def status(self) -> str:
        """Whether the key is Active or Inactive, in truth."""
        (key,) = self.admin.list_access_keys(UserName=self.user)["AccessKeyMetadata"]
        return str(key["Status"])

    def set_status(self, status: str) -> None:
        """Somebody else changes the key."""
        self.admin.update_access_key(UserName=self.user, AccessKeyId=self.target.id.partition("#")[2], Status=status)

    def tag(self) -> None:
        """Somebody else changes something of the user that is no part of the change."""
        self.admin.tag_user(UserName=self.user, Tags=[{"Key": "touched", "Value": "yes"}])

    def session(self, credential: Any) -> Session:
        """A session of a credential: once it is dead it is denied, and faults are injected before the call."""
        made = aws_session(credential, self.endpoint, REGION)
        key = str(credential["access_key_id"])

        def before_call(model: Any, **_given: Any) -> None:
            self.calls.append((key, model.name))
            if key not in self.issuer.alive:
                raise PermissionError(f"{model.name} with a dead credential")
            waiting = self.faults.get(model.name)
            if waiting:
                raise waiting.pop(0)

        def client(service: str, region: str | None) -> Any:
            found = made.aws(service, region)
            found.meta.events.register_first("before-call", before_call, unique_id="faults")
            return found

        return replace(made, aws=client)

    # -- what is asked of it -------------------------------------------------------------------------------------

    def decision(self, *, proposed: dict[str, Any] | None = None, **warranted: Any) -> Signed:
        """An allowed decision on an honest proposal from the key's present state; not published."""
        world, now = self.world, self.world.now
        reading = read(self.target, aws_session(ADMIN, self.endpoint, REGION), now)
        assert reading.projection is not None
        evidence = (*reading.facts, fact("environment.assets", "staging", "assets", now))
        found = finding(resource=self.target, account=self.target.account)
        basis = assessment(
            (world.sign(found, "ingest"),), target=self.target, evidence=evidence, identity=None, last_seen_at=now
        )
        signed_basis = world.sign(basis, "analyzer")
        proposal = world.sign(replace(self.proposal(signed_basis, basis), **(proposed or {})), "proposer")
        number = next(self.warrants)
        warrant: dict[str, Any] = {
            "warrant_id": f"warrant-{self.user}-{number}",
            "proposal_digest": digest(proposal.value),
            "policy_bundle_digest": digest(b"policies"),
            "executor": spiffe_id("executor"),
            "not_before_at": now,
            "not_after_at": now + timedelta(minutes=10),
        }
        decided = Decision(
            decision_id=f"decision-{self.user}-{number}",
            verdict=Verdict.ALLOWED,
            proposal_id="proposal-1",
            proposal_digest=digest(proposal.value),
            lock_key=basis.lock_key,
            finding_ids=basis.finding_ids,
            policy_bundle_digest=digest(b"policies"),
            decided_at=now,
            proposal=proposal,
            warrant=Warrant(**(warrant | warranted)),
        )
        return world.sign(decided, "gate")

    @staticmethod
    def proposal(signed_basis: Signed, basis: Assessment) -> Proposal:
        """What an honest proposer makes of the assessment."""
        template = CATALOGUE.templates[TEMPLATE]
        plan = CATALOGUE.plan(basis, TEMPLATE, {})
        state = next(f for f in basis.evidence if f.name == "state")
        assert isinstance(state.value, str)
        before = json.loads(state.value)
        assert canonical(before) == state.value
        rehearsal = rehearse(template, plan, before, basis.last_seen_at)
        return Proposal(
            proposal_id="proposal-1",
            lock_key=basis.lock_key,
            finding_ids=basis.finding_ids,
            template=template.reference,
            slots=(),
            offer_digest=CATALOGUE.offers(basis).digest,
            assembler=Assembler(kind=AssemblerKind.RULES, name="rules"),
            summary=plan.summary,
            target=plan.target,
            pre_state_digest=projection_digest(before),
            pre_state_read_at=state.observed_at,
            blast_radius=blast_radius(basis, template),
            residual_power=template.manifest.residual_power,
            reversibility=worse(template.manifest.reversibility, rehearsal.reversibility),
            write_set=plan.write_set,
            calls=plan.calls,
            rollback=template.manifest.put_back,
            validation=template.manifest.validation,
            durations=template.manifest.limits,
            rehearsal=rehearsal,
            expires_at=basis.last_seen_at + timedelta(hours=1),
            assessment=signed_basis,
        )

    def decide(self, **warranted: Any) -> Signed:
        """Publish an allowed decision; as it was sent."""
        made = self.decision(**warranted)
        self.world.publish("decisions", CODEC.decode(made.value, Decision))
        return self.world.signed("decisions")[-1]

    def halt(self) -> None:
        """A person halts everything."""
        made = control(ControlKind.HALT, control_id="halt-1", issued_at=self.world.now)
        record = Control(control_id="halt-1", kind=ControlKind.HALT, statement=signed(made, "ann"))
        self.world.publish("controls", record)

    # -- executors -----------------------------------------------------------------------------------------------

    def executor(
        self,
        stops: Stops | None = None,
        *,
        slot: int = 0,
        recommend_only: bool = False,
        refusal: Callable[[Resource], str] = lambda _target: "",
        bounds: Callable[[Resource], str] = lambda _target: "",
        snapshots: Path | None = None,
    ) -> "Executor":
        """An instance, started."""
        stopping, world = threading.Event(), self.world
        probe = stops or Stops()

        def wait(seconds: float) -> bool:
            """Time passes at once."""
            world.advance(timedelta(seconds=seconds))
            return stopping.is_set()

        def clock() -> Any:
            return world.now

        workshop = CatalogueWorkshop(CATALOGUE, rehearse, self.session, clock)
        store = FileStore(snapshots or self.folder / "snapshots")
        ports = Ports(
            issuer=self.issuer,
            workshop=workshop,
            snapshots=sealed_snapshots(store, "", self.folder / "keys"),
            attest=world.person("executor").signer().attest,
            clock=clock,
            wait=wait,
            bounds=bounds,
        )
        verb = Plan(
            codec=CODEC,
            executor=spiffe_id("executor"),
            roster=self.roster,
            steps=workshop.steps,
            refusal=refusal,
            recommend_only=recommend_only,
        )
        engine = Engine(Acts(ports), CODEC, world.telemetry, wait=wait, stopping=stopping, probe=probe)
        workload = Workload(service="executor", verb=verb, gather=gather_nothing, effects=engine)
        self.engines.append(engine)
        runtime = world.runtime(workload, slot=slot, folder=self.folder / f"state-{slot}")
        return Executor(self, runtime, engine, probe)

    def outcomes(self) -> list[Outcome]:
        """The change records so far."""
        return self.world.read("outcomes", Outcome)


@dataclass
class Executor:
    """One instance under a test's hand."""

    lab: Lab
    runtime: Runtime[Any]
    engine: Engine
    stops: Stops

    def until(self, there: Callable[[], bool]) -> None:
        """Step until it is so."""
        limit = time.monotonic() + PATIENCE
        while not there():
            assert time.monotonic() < limit, (self.stops.reached, self.lab.world.logs.getvalue()[-2000:])
            self.stops.bell.wait(0.02)
            self.stops.bell.clear()
            while not self.stops.todo.empty():
                act, done = self.stops.todo.get()
                act()
                done.set()
            self.runtime.step()

    def finish(self, outcomes: int = 1) -> Outcome:
        """Step until so many outcomes are there; the last one."""
        self.until(lambda: len(self.lab.outcomes()) >= outcomes)
        return self.lab.outcomes()[-1]

    def die(self) -> None:
        """The process is gone: nothing is closed but what its death closes, and its session times out."""
        for state in self.runtime.shards.owned.values():
            state.close()
        self.expire()

    def expire(self) -> None:
        """The session times out; the process does not know."""
        instance = NAMING.instance("executor", 0)
        self.lab.world.broker.expire(NAMING.group("executor"), instance)


def unreachable() -> Exception:
    """What botocore says when nobody answers."""
    return EndpointConnectionError(endpoint_url="http://127.0.0.1:1")


def denied(operation: str) -> Exception:
    """What AWS says to who may not."""
    return ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, operation)


def throttled(operation: str) -> Exception:
    """What AWS says to who asks too often."""
    return ClientError({"Error": {"Code": "Throttling", "Message": "slow down"}}, operation)


__all__ = ["START", "Executor", "Lab", "Stops", "denied", "throttled", "unreachable"]
