"""The issuer in the services' world: real runtime, real judgement, honest chains; the credential system is scripted."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from fixgate.changes.blast import blast_radius
from fixgate.changes.catalogue import CATALOGUE, filled
from fixgate.errors import FixgateError
from fixgate.events import (
    Approval,
    Assembler,
    AssemblerKind,
    Assessment,
    Control,
    ControlKind,
    Decision,
    Grant,
    Intent,
    IntentPurpose,
    PersonSigned,
    Proposal,
    Rehearsal,
    Reversibility,
    Scope,
    Signed,
    SlotFiller,
    Verdict,
    Warrant,
)
from fixgate.intake import Intake
from fixgate.minting.server import Answer, Minting
from fixgate.policy.bundle import Bundle
from fixgate.policy.ceiling import Allowance, Ceiling, CeilingDocument, read_signed, signed_file
from fixgate.policy.shipped import SHIPPED
from fixgate.resources.reading import projection_digest
from fixgate.runtime import Runtime
from fixgate.signing import digest
from fixgate.telemetry import Alarm
from fixgate.topology import PIPELINE
from fixgate.verbs import Workload, gather_nothing
from services.issuer.calls import Calls
from services.issuer.deaths import Deaths
from services.issuer.decide import Admit
from services.issuer.judging import Judging
from services.issuer.ledger import Entry
from services.issuer.outside import Outside
from services.issuer.scopes import AWS, GIT
from services.issuer.systems import Issued, Killed, Probe, Seen
from services.issuer.vault import Vault
from tests.chains import assessed, proposed
from tests.people.persons import Key, approval, control, signed
from tests.samples import key_projection
from tests.services_people import enrol, user
from tests.services_world import CODEC, NAMING, START, ServicesWorld, spiffe_id

TEMPLATE: Final = "aws-iam-deactivate-access-key"
EXECUTOR: Final = spiffe_id("executor")
BUNDLE: Final = Bundle.load(SHIPPED)
MINUTE: Final = timedelta(minutes=1)
SECOND: Final = timedelta(seconds=1)
T = TypeVar("T")


def ceiling(*templates: str) -> Ceiling:
    """A ceiling that ann, the only administrator, has signed."""
    allows = (Allowance(templates=templates, environments=("staging",), max_blast="medium"),)
    document = CeilingDocument(version=1, expires_at=START + timedelta(days=30), allows=allows).written
    return Ceiling(read_signed(signed_file(document, [Key.of("ann").signs("ann", document)])))


@dataclass
class Script:
    """A credential system that does what it is told to; `made` are the entries it made credentials for."""

    made: list[Entry] = field(default_factory=list[Entry])
    killed: list[str] = field(default_factory=list[str])
    fails: FixgateError | None = None
    kills: Killed | FixgateError = Killed.KILLED
    answers: list[Seen] = field(default_factory=lambda: [Seen.ALLOWED, Seen.DENIED])
    """What probes see, one after the other; the last one again and again."""
    before_issue: Callable[[], None] | None = None

    def issue(self, entry: Entry) -> Issued:
        """Make one."""
        if self.before_issue:
            self.before_issue()
        if self.fails:
            raise self.fails
        self.made.append(entry)
        return Issued(
            credential={"token": f"made-{len(self.made)}"},
            public_id=f"public-{len(self.made)}",
            scope_digest=digest(b"scope"),
            hard_end=entry.not_after + 10 * MINUTE,
        )

    def kill(self, entry: Entry) -> Killed:
        """Kill one."""
        self.killed.append(entry.grant_id)
        if isinstance(self.kills, FixgateError):
            raise self.kills
        return self.kills

    def probe(self, entry: Entry, credential: Mapping[str, str]) -> Probe:
        """Look."""
        seen = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return Probe(asked="read", answer=seen.value, seen=seen)


class _Open:
    def stop(self) -> None:
        """Nothing listens in these tests: `tests/minting` has the wire."""


@dataclass
class Office:
    """One deployment with an issuer; `process()` starts it, also again after a crash."""

    folder: Path
    ceiling: Ceiling = field(default_factory=lambda: ceiling(TEMPLATE))
    bundle: Bundle = BUNDLE
    script: Script = field(default_factory=Script)

    def __post_init__(self) -> None:
        self.world = ServicesWorld(self.folder)
        self.pin = enrol(self.world)
        user(self.world)
        self.alarms: list[str] = []
        self.pool = ThreadPoolExecutor(4)
        self.attempts = 0
        self.process()

    def process(self, *, slot: int = 0, probe: Callable[[object], None] | None = None, folder: str = "") -> None:
        """A process of the issuer that has begun: its memory is empty."""
        vault, world = Vault(), self.world
        systems = {AWS: self.script, GIT: self.script}
        self.deaths = Deaths(systems, vault, clock=lambda: world.now, alarm=self.alarms.append, threads=0)
        intake = Intake(PIPELINE, NAMING, CODEC, world.person("issuer").trust)
        self.calls: Minting = Calls(intake, systems, vault, self.deaths, lambda: world.now)
        judging = Judging(
            codec=CODEC, catalogue=CATALOGUE, bundle=self.bundle, ceiling=self.ceiling, first_roster=self.pin
        )
        workload: Workload[None] = Workload(
            service="issuer",
            verb=Admit(codec=CODEC, judge=judging, executor=EXECUTOR),
            gather=gather_nothing,
            ticks=SECOND,
            effects=Outside(self.calls, self.deaths, vault, lambda _: _Open()),
        )
        given: dict[str, Any] = {"probe": probe} if probe else {}
        self.runtime: Runtime[Any] = world.runtime(workload, slot=slot, **given)
        self.settle()

    def abandon(self) -> None:
        """The process was killed: the kernel closes its files and connections, and the broker is told nothing."""
        self.world.broker.probe = lambda _: None
        outside: Any = self.runtime._outside  # pyright: ignore[reportPrivateUsage] - what the kernel would do
        outside.close()
        for state in self.runtime.shards.owned.values():
            state.close()

    def close(self) -> None:
        """End everything."""
        self.pool.shutdown(wait=True)
        self.world.__exit__(None, None, None)

    # -- the chain ---------------------------------------------------------------------------------------------------

    def proposal(self, assessed_with: Mapping[str, Any] | None = None, **changed: Any) -> Signed:
        """An honest proposal to deactivate an unused key in staging, unless something is changed."""
        basis = assessed(self.world, **(assessed_with or {}))
        assessment = CODEC.decode(basis.value, Assessment)
        offers, template = CATALOGUE.offers(assessment), CATALOGUE.templates[TEMPLATE]
        applicable = offers.of(TEMPLATE)
        assert applicable is not None
        slots = filled(applicable, {}, SlotFiller.RULES)
        plan = CATALOGUE.plan(assessment, TEMPLATE, {s.name: s.value for s in slots})
        before, manifest = projection_digest(key_projection()), template.manifest
        fields: dict[str, Any] = {
            "template": template.reference,
            "slots": slots,
            "offer_digest": offers.digest,
            "assembler": Assembler(kind=AssemblerKind.RULES, name="rules"),
            "summary": plan.summary,
            "pre_state_digest": before,
            "pre_state_read_at": next(f for f in assessment.evidence if f.name == "state").observed_at,
            "blast_radius": blast_radius(assessment, template),
            "residual_power": manifest.residual_power,
            "reversibility": Reversibility.LOSSLESS,
            "write_set": plan.write_set,
            "calls": plan.calls,
            "rollback": manifest.put_back,
            "validation": manifest.validation,
            "durations": manifest.limits,
            "rehearsal": Rehearsal(
                reversibility=Reversibility.LOSSLESS,
                stage="test",
                before_digest=before,
                applied_digest=digest(b"applied"),
                restored_digest=before,
                validated=True,
                performed_at=START,
            ),
        }
        return proposed(self.world, basis, **(fields | changed))

    def decision(
        self, proposal: Signed | None = None, *, approvals: tuple[Signed, ...] = (), **changed: Any
    ) -> Decision:
        """The gate's leave to make the change, or what else it decided."""
        carried = proposal or self.proposal()
        about = CODEC.decode(carried.value, Proposal)
        warrant = Warrant(
            warrant_id="warrant-1",
            proposal_digest=digest(carried.value),
            approval_digests=tuple(digest(a.value) for a in approvals),
            policy_bundle_digest=BUNDLE.digest,
            executor=EXECUTOR,
            not_before_at=self.world.now,
            not_after_at=self.world.now + 10 * MINUTE,
        )
        made = Decision(
            decision_id="decision-1",
            verdict=Verdict.ALLOWED,
            proposal_id=about.proposal_id,
            proposal_digest=digest(carried.value),
            lock_key=about.lock_key,
            finding_ids=about.finding_ids,
            policy_bundle_digest=BUNDLE.digest,
            decided_at=self.world.now,
            warrant=replace(warrant, **changed.pop("warrant_with", {})),
            proposal=carried,
            approvals=approvals,
        )
        return replace(made, **changed)

    def decided(self, decision: Decision | None = None) -> Signed:
        """A decision that the issuer has read from its topic."""
        self.world.publish("decisions", decision or self.decision())
        self.settle()
        return self.world.signed("decisions")[-1]

    def approved(self, proposal: Signed, person: str = "bob", **changed: Any) -> Signed:
        """A person's approval, as the desk sends it."""
        fields: dict[str, Any] = {
            "proposal_digest": digest(proposal.value),
            "obligations": ("residual-power",),
            "person": person,
            "shown_at": self.world.now,
            "answered_at": self.world.now,
            "showing_nonce": f"nonce-{person}",
        }
        statement = signed(approval(**(fields | changed)), person)
        record = Approval(approval_id=f"approval-{person}", proposal_id="proposal-1", statement=statement)
        return self.world.sign(record, "desk")

    def intent(self, decision: Signed, party: str = "executor", **changed: Any) -> Signed:
        """The executor's intent under a decision."""
        about = CODEC.decode(decision.value, Decision)
        proposal = CODEC.decode(about.proposal.value, Proposal)
        self.attempts += 1
        made = Intent(
            intent_id="intent-1",
            purpose=IntentPurpose.APPLY,
            attempt=self.attempts,
            proposal_id=about.proposal_id,
            proposal_digest=about.proposal_digest,
            decision_digest=digest(decision.value),
            warrant_id=about.warrant.warrant_id if about.warrant else "none",
            lock_key=about.lock_key,
            finding_ids=about.finding_ids,
            executor=EXECUTOR,
            target=proposal.target,
            steps=(),
            planned_at=self.world.now,
        )
        return self.world.sign(replace(made, **changed), party, parents=(digest(decision.value),))

    def control(self, kind: ControlKind, person: str = "ann", **changed: Any) -> None:
        """Publish a halt, a freeze, an exception."""
        fields = {"issued_at": self.world.now, "person": person, "scope": Scope(), **changed}
        made = control(kind, **fields)
        self.world.publish("controls", Control(control_id=made.control_id, kind=kind, statement=signed(made, person)))

    def publish_roster(self, statement: PersonSigned) -> None:
        """Publish the next version of the roster."""
        self.world.publish("controls", Control(control_id="roster", kind=ControlKind.ROSTER, statement=statement))

    # -- work --------------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Let the loop and the deaths do all that is to be done now; ticks come with time alone."""
        for _ in range(4):
            self.runtime.step()
            while self.deaths.step():
                self.runtime.step()

    def pass_time(self, by: timedelta) -> None:
        """Time passes, second by second as ticks do."""
        self.world.advance(by)
        self.settle()

    def ask(self, intent: Signed, decision: Signed) -> "Future[Answer]":
        """Call `Mint` in a thread of its own."""
        return self.pool.submit(self.calls.mint, intent, decision, 10.0, "")

    def wait(self, asked: "Future[T]") -> T:
        """Let the loop work until the call is answered."""
        while not asked.done():
            self.runtime.step()
        self.settle()
        return asked.result()

    def mint(self, decision: Signed, intent: Signed | None = None, **changed: Any) -> Answer:
        """Call `Mint` for an intent and wait for the answer."""
        return self.wait(self.ask(intent or self.intent(decision, **changed), decision))

    def give_back(self, answer: Answer) -> None:
        """Call `GiveBack` and let happen what follows."""
        self.wait(self.pool.submit(self.calls.give_back, digest(answer.grant.value), 10.0, ""))

    def grants(self) -> list[Grant]:
        """The records on `grants`."""
        return self.world.read("grants", Grant)

    def states(self) -> list[str]:
        """Their states."""
        return [g.state.value for g in self.grants()]


__all__ = ["AWS", "EXECUTOR", "MINUTE", "SECOND", "Alarm", "Office", "Script", "ceiling"]
