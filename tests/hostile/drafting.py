"""Honest proposals on what an account really holds, as analyzer and proposer would make them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from fixgate import targets
from fixgate.changes.blast import blast_radius
from fixgate.changes.catalogue import Catalogue, filled
from fixgate.changes.rehearsal import rehearse
from fixgate.changes.template import worse
from fixgate.events import (
    Assembler,
    AssemblerKind,
    Assessment,
    Decision,
    Environment,
    Proposal,
    Resource,
    Signed,
    SlotFiller,
    Verdict,
    Warrant,
)
from fixgate.resources.readers import read
from fixgate.resources.reading import Session, projection_digest
from fixgate.signing import digest
from tests.samples import assessment, fact, finding
from tests.services_world import ServicesWorld

REGION: Final = "us-east-1"
KEY, BLOCK, PIN = "aws-iam-deactivate-access-key", "aws-s3-block-public-access", "git-pin-github-action"
KINDS: Final = {
    targets.ACCESS_KEY: ("leaked_access_key", "access_key", Environment.STAGING),
    targets.BUCKET: ("public_bucket", "bucket", Environment.STAGING),
    targets.WORKFLOW: ("unpinned_action", "workflow", Environment.DEVELOPMENT),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """A signed proposal."""

    signed: Signed
    record: Proposal

    def allowed(self, warrant: Warrant, now: datetime) -> Decision:
        """The gate's leave to make the change."""
        return Decision(
            decision_id=f"decision-{warrant.warrant_id}",
            verdict=Verdict.ALLOWED,
            proposal_id=self.record.proposal_id,
            proposal_digest=digest(self.signed.value),
            lock_key=self.record.lock_key,
            finding_ids=self.record.finding_ids,
            policy_bundle_digest=warrant.policy_bundle_digest,
            decided_at=now,
            proposal=self.signed,
            warrant=warrant,
        )


def drafted(
    world: ServicesWorld, catalogue: Catalogue, reader: Session, target: Resource, template_id: str, number: int
) -> Drafted:
    """The proposal to change the target, from what it is at this moment."""
    reading = read(target, reader, world.now)
    assert reading.projection is not None, reading.why
    kind, asset, environment = KINDS[target.kind]
    evidence = (
        *reading.facts,
        fact("environment.assets", environment.value, "assets", world.now),
        fact("dependants.assets", 0, "assets", world.now),
    )
    found = finding(resource=target, account=target.account, identity=None, finding_id=f"finding-{number}")
    basis: Assessment = assessment(
        (world.sign(found, "ingest"),),
        assessment_id=f"assessment-{number}",
        finding_ids=(found.finding_id,),
        kind=kind,
        asset_type=asset,
        environment=environment,
        target=target,
        evidence=evidence,
        identity=None,
        last_seen_at=world.now,
    )
    record = _proposal(catalogue, world.sign(basis, "analyzer"), basis, template_id, reading.projection, number)
    return Drafted(signed=world.sign(record, "proposer"), record=record)


def _proposal(
    catalogue: Catalogue, signed: Signed, basis: Assessment, template_id: str, before: Any, number: int
) -> Proposal:
    template, offers = catalogue.templates[template_id], catalogue.offers(basis)
    applicable = offers.of(template_id)
    assert applicable is not None, offers.refused
    slots = filled(applicable, {}, SlotFiller.RULES)
    plan = catalogue.plan(basis, template_id, {s.name: s.value for s in slots})
    rehearsal = rehearse(template, plan, before, basis.last_seen_at)
    manifest = template.manifest
    return Proposal(
        proposal_id=f"proposal-{number}",
        lock_key=basis.lock_key,
        finding_ids=basis.finding_ids,
        template=template.reference,
        slots=slots,
        offer_digest=offers.digest,
        assembler=Assembler(kind=AssemblerKind.RULES, name="rules"),
        summary=plan.summary,
        target=plan.target,
        pre_state_digest=projection_digest(before),
        pre_state_read_at=next(f for f in basis.evidence if f.name == "state").observed_at,
        blast_radius=blast_radius(basis, template),
        residual_power=manifest.residual_power,
        reversibility=worse(manifest.reversibility, rehearsal.reversibility),
        write_set=plan.write_set,
        calls=plan.calls,
        rollback=manifest.put_back,
        validation=manifest.validation,
        durations=manifest.limits,
        rehearsal=rehearsal,
        expires_at=basis.last_seen_at + timedelta(hours=1),
        assessment=signed,
    )
