"""A waiting decision with its whole chain, for whoever signs it: in memory, or with the identities of a real stack."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from fixgate.chain import DecisionChain, decision_chain
from fixgate.codec import Codec
from fixgate.events import (
    Assembler,
    AssemblerKind,
    BlastLevel,
    BlastRadius,
    Call,
    Decision,
    DeterminingPolicy,
    Durations,
    Obligation,
    Oracle,
    OracleKind,
    PolicyEffect,
    Proposal,
    Quorum,
    Record,
    Rehearsal,
    Reversibility,
    Rollback,
    Signed,
    Slot,
    SlotFiller,
    TemplateReference,
    Verdict,
    WriteSetEntry,
)
from fixgate.signing import digest
from tests import samples

Sign = Callable[[Record, str], Signed]
"""Signs a record as a party, its parents filled in."""

DIGEST = "sha256:" + "cd" * 32


def proposal(assessment: Signed, now: datetime, **changed: Any) -> Proposal:
    """Deactivate the leaked key."""
    user = samples.ACCESS_KEY.id.partition("#")[0]
    made = Proposal(
        proposal_id="proposal-" + "5" * 32,
        lock_key=samples.assessment().lock_key,
        finding_ids=("finding-1",),
        template=TemplateReference(id="aws-iam-deactivate-access-key", version="1", digest=DIGEST),
        slots=(Slot(name="key", value=samples.KEY_ID, filler=SlotFiller.ASSESSMENT, tainted=True),),
        offer_digest=DIGEST,
        assembler=Assembler(kind=AssemblerKind.RULES, name="rules"),
        summary="Deactivate the access key",
        target=samples.ACCESS_KEY,
        pre_state_digest=DIGEST,
        pre_state_read_at=now,
        blast_radius=BlastRadius(level=BlastLevel.LOW, dependants=0, reasons=("unused for 90 days",)),
        residual_power=("could change every key of the user",),
        reversibility=Reversibility.LOSSLESS,
        write_set=(WriteSetEntry(resource=user, path="/keys/x/status", meaning="Inactive"),),
        calls=(Call(action="iam:UpdateAccessKey", resource=user),),
        rollback=Rollback(operation="activate", restores=("status",)),
        validation=(Oracle(name="status", kind=OracleKind.STATE, question="Is it inactive?"),),
        durations=Durations(apply_seconds=5, validate_seconds=5, rollback_seconds=5, credential_seconds=60),
        rehearsal=Rehearsal(
            reversibility=Reversibility.LOSSLESS,
            stage="copy",
            before_digest=DIGEST,
            validated=True,
            performed_at=now,
        ),
        expires_at=now + timedelta(days=1),
        assessment=assessment,
    )
    return replace(made, **changed)


def waiting(sign: Sign, now: datetime, *, finding: dict[str, Any] | None = None, **changed: Any) -> Decision:
    """The gate waits for one approver who is not alice; `changed` are fields of the decision, or `change`."""
    change: dict[str, Any] = changed.pop("change", {})
    found = sign(samples.finding(**(finding or {})), "ingest")
    assessed = sign(samples.assessment([found], last_seen_at=now), "analyzer")
    proposed = sign(proposal(assessed, now, **change), "proposer")
    made = Decision(
        decision_id="decision-" + "6" * 32,
        verdict=Verdict.WAITING,
        proposal_id=change.get("proposal_id", "proposal-" + "5" * 32),
        proposal_digest=digest(proposed.value),
        lock_key=samples.assessment().lock_key,
        finding_ids=("finding-1",),
        policies=(DeterminingPolicy(id="people-look", effect=PolicyEffect.PERMIT, words="People look at keys"),),
        reasons=("a person must look",),
        obligations=(Obligation(id="check-owner", words="Ask the owner"),),
        quorum=Quorum(approvals=1, roles=("approver",), excluded=("alice",)),
        policy_bundle_digest=DIGEST,
        decided_at=now,
        expires_at=now + timedelta(hours=4),
        proposal=proposed,
    )
    return replace(made, **changed)


def chain(codec: Codec, sign: Sign, now: datetime, **changed: Any) -> DecisionChain:
    """The decision, signed by the gate, unpacked."""
    return decision_chain(codec, sign(waiting(sign, now, **changed), "gate"))
