"""The gate in the services' world: real runtime, shipped policies, people who sign, honest proposals."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from fixgate.chain import proposal_chain
from fixgate.changes.blast import blast_radius
from fixgate.changes.catalogue import CATALOGUE
from fixgate.changes.offers import filled
from fixgate.events import (
    Answer,
    Approval,
    Assembler,
    AssemblerKind,
    Assessment,
    Control,
    ControlKind,
    Decision,
    Outcome,
    Proposal,
    Rehearsal,
    Reversibility,
    Review,
    Signed,
    SlotFiller,
    Verdict,
)
from fixgate.events import Result as Ended
from fixgate.people.roster import Roster
from fixgate.people.view import view, view_digest
from fixgate.policy.bundle import Bundle
from fixgate.policy.ceiling import Allowance, Ceiling, CeilingDocument, read_signed, signed_file
from fixgate.policy.shipped import SHIPPED
from fixgate.resources.reading import projection_digest
from fixgate.runtime import Runtime
from fixgate.signing import digest
from fixgate.verbs import Event, Facts, Result, Verb, Workload, gather_nothing
from services.gate.decide import Judge
from tests.chains import assessed, outcome, proposed
from tests.people.persons import Key, approval, control, signed
from tests.samples import key_projection
from tests.services_people import FIRST, enrol, user
from tests.services_world import CODEC, START, ServicesWorld, spiffe_id

TEMPLATE: Final = "aws-iam-deactivate-access-key"
BUNDLE: Final = Bundle.load(SHIPPED)
SECOND: Final = timedelta(seconds=1)
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)


def ceiling(*environments: Any) -> Ceiling:
    """A ceiling over the template that ann, the only administrator, has signed."""
    allows = (Allowance(templates=(TEMPLATE,), environments=environments, max_blast="low"),)
    document = CeilingDocument(version=1, expires_at=START + timedelta(days=30), allows=allows).written
    return Ceiling(read_signed(signed_file(document, [Key.of("ann").signs("ann", document)])))


@dataclass
class Court:
    """A deployment with a gate; nothing is automatic unless a ceiling is given.

    `listed`: people's inventory has the user of the key, as the sample's assessment says it.
    """

    folder: Path
    ceiling: Ceiling = field(default_factory=Ceiling)
    roster: Roster = FIRST
    listed: bool = True

    def __post_init__(self) -> None:
        self.world = ServicesWorld(self.folder)
        self.pin = enrol(self.world, self.roster)
        if self.listed:
            user(self.world)
        self.showings = 0
        self.gate: Runtime[Any] = self.begin()

    def begin(self, slot: int = 0) -> "Runtime[Any]":
        """An instance of the gate."""
        judge = Judge(
            codec=CODEC,
            bundle=BUNDLE,
            catalogue=CATALOGUE,
            ceiling=self.ceiling,
            first_roster=self.pin,
            executor=spiffe_id("executor"),
        )
        workload = Workload(service="gate", verb=_twice(judge), gather=gather_nothing, ticks=SECOND)
        return self.world.runtime(workload, slot=slot)

    def close(self) -> None:
        """End everything."""
        self.world.__exit__(None, None, None)

    # -- proposals -----------------------------------------------------------------------------------------------

    def proposal(self, assessed_with: Mapping[str, Any] | None = None, **changed: Any) -> Proposal:
        """An honest proposal to deactivate an unused key in staging, unless something is changed."""
        return self.proposal_of(assessed(self.world, **(assessed_with or {})), **changed)

    def proposal_of(self, basis: Signed, **changed: Any) -> Proposal:
        """An honest proposal from a signed assessment, unless something is changed."""
        assessment = CODEC.decode(basis.value, Assessment)
        offers, template = CATALOGUE.offers(assessment), CATALOGUE.templates[TEMPLATE]
        applicable = offers.of(TEMPLATE)
        assert applicable is not None
        slots = filled(applicable, {}, SlotFiller.RULES)
        plan = CATALOGUE.plan(assessment, TEMPLATE, {s.name: s.value for s in slots})
        before, manifest = projection_digest(key_projection()), template.manifest
        rehearsal = Rehearsal(
            reversibility=Reversibility.LOSSLESS,
            stage="test",
            before_digest=before,
            applied_digest=digest(b"applied"),
            restored_digest=before,
            validated=True,
            performed_at=START,
        )
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
            "write_set": plan.write_set,
            "calls": plan.calls,
            "rollback": manifest.put_back,
            "validation": manifest.validation,
            "durations": manifest.limits,
            "rehearsal": rehearsal,
            "expires_at": self.world.now + 24 * HOUR,
        }
        made = proposed(self.world, basis, **(fields | changed))
        return CODEC.decode(made.value, Proposal)

    def propose(self, assessed_with: Mapping[str, Any] | None = None, **changed: Any) -> Decision:
        """Publish a proposal and let the gate decide; the newest decision."""
        self.world.publish("proposals", self.proposal(assessed_with, **changed))
        self.work()
        return self.decisions()[-1]

    # -- people --------------------------------------------------------------------------------------------------

    def answer(self, person: str, decision: Decision, *, by: str = "", **changed: Any) -> Approval:
        """A person's answer to a waiting decision, after it was shown to them; `by` is whose key signs."""
        self.showings += 1
        fields: dict[str, Any] = {
            "answer": Answer.APPROVE,
            "proposal_digest": decision.proposal_digest,
            "obligations": tuple(o.id for o in decision.obligations),
            "showing_nonce": f"nonce-{self.showings}",
            "shown_at": self.world.now,
            "answered_at": self.world.now,
            "person": person,
            **changed,
        }
        chain = proposal_chain(CODEC, decision.proposal)
        shown = view(decision, chain, fields["showing_nonce"], fields["shown_at"])
        statement = approval(**({"view_digest": view_digest(shown)} | fields))
        return Approval(
            approval_id=f"approval-{self.showings}",
            proposal_id=decision.proposal_id,
            statement=signed(statement, (person, Key.of(by or person))),
        )

    def answers(self, person: str, decision: Decision, **changed: Any) -> Decision:
        """Publish a person's answer and let the gate decide; the newest decision."""
        self.world.publish("approvals", self.answer(person, decision, **changed))
        self.work()
        return self.decisions()[-1]

    def control(self, kind: ControlKind, person: str = "ann", **changed: Any) -> None:
        """Publish a halt, a freeze, an exception."""
        made = control(kind, **{"issued_at": self.world.now, "person": person, **changed})
        record = Control(control_id=made.control_id, kind=kind, statement=signed(made, person))
        self.world.publish("controls", record)

    # -- the rest ------------------------------------------------------------------------------------------------

    def end(self, decision: Decision, result: Ended = Ended.DONE) -> None:
        """The executor says that the change is over."""
        carried = self.world.sign(replace(decision), "gate")
        made: Outcome = outcome(self.world, result=result, decision=carried)
        self.world.publish("outcomes", made)
        self.work()

    def pass_time(self, by: timedelta) -> None:
        """Time passes, and the gate sees it."""
        self.world.advance(by)
        self.work()

    def work(self) -> None:
        """Let the gate do all that is to be done."""
        self.world.work(self.gate)

    def decisions(self) -> list[Decision]:
        """All decisions, in their order."""
        found = self.world.read("decisions", Decision)
        return sorted(found, key=lambda d: d.envelope.sequence)

    def verdicts(self) -> list[Verdict]:
        """Their verdicts."""
        return [d.verdict for d in self.decisions()]

    def reviews(self) -> list[Review]:
        """All reviews."""
        return self.world.read("reviews", Review)


def _twice(verb: Verb[None]) -> Verb[None]:
    """The verb, asked twice each time: decisions are pure (law 13)."""

    def asked(event: Event, facts: Facts[None]) -> Result:
        first, second = verb(event, facts), verb(event, facts)
        assert first == second
        return first

    return asked


def refused_because(decision: Decision, words: str) -> None:
    """Check that it was refused, and why."""
    assert decision.verdict is Verdict.REFUSED
    assert any(words in reason for reason in decision.reasons), decision.reasons
    assert decision.warrant is None


__all__ = ["BUNDLE", "HOUR", "MINUTE", "SECOND", "TEMPLATE", "Court", "Signed", "ceiling", "refused_because"]
