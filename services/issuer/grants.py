"""The records on `grants`: one for each step of a credential's life. What it was good for, never what it is."""

from dataclasses import dataclass
from datetime import datetime

from fixgate.events import (
    Admission,
    Credential,
    Death,
    DeathMethod,
    DeterminingPolicy,
    Grant,
    GrantState,
    PolicyEffect,
)
from fixgate.forms import moment
from fixgate.ids import derived_id
from fixgate.verbs import Output
from services.issuer.admission import Asked, Judged
from services.issuer.ledger import Entry

TOPIC = "grants"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How a credential's death was seen. Without a probe it is by time alone, and `probe` is empty."""

    method: DeathMethod
    attempts: int
    probe: str = ""
    answer_before: str = ""
    answer_after: str = ""
    proved_at: datetime | None = None


def refused(asked: Asked, judged: Judged, reasons: tuple[str, ...], executor: str, now: datetime) -> Output:
    """The record that no credential was made, and why."""
    decision, intent = asked.chain.decision, asked.intent
    grant = Grant(
        grant_id=derived_id("grant", asked.intent_digest, asked.chain.digest, "refused"),
        state=GrantState.REFUSED,
        intent_digest=asked.intent_digest,
        decision_digest=asked.chain.digest,
        proposal_digest=decision.proposal_digest,
        warrant_id=decision.warrant.warrant_id if decision.warrant else intent.warrant_id,
        lock_key=decision.lock_key,
        finding_ids=decision.finding_ids,
        executor=executor,
        admission=Admission(
            policy_bundle_digest=judged.bundle_digest,
            ceiling_digest=judged.ceiling_digest,
            policies=tuple(DeterminingPolicy(id=i, effect=e, words=w) for i, e, w in judged.policies),
            reasons=reasons,
        ),
        recorded_at=now,
    )
    return _output(grant)


def failed(entry: Entry, reason: str, now: datetime) -> Output:
    """The record that an admitted credential could not be made."""
    return _output(_grant(entry, GrantState.REFUSED, now, reasons=(reason,)))


def step(entry: Entry, state: GrantState, now: datetime, proof: Proof | None = None) -> Output:
    """The record that a credential was issued, is dying, is dead, or cannot be proved to be."""
    if proof is None and state is GrantState.DYING:
        proof = Proof(method=DeathMethod.UNKNOWN, attempts=0)
    death = None
    if proof is not None:
        death = Death(
            method=proof.method,
            asked_at=moment(entry.asked_us) if entry.asked_us else None,
            proved_at=proof.proved_at,
            attempts=proof.attempts,
            probe=proof.probe,
            answer_before=proof.answer_before,
            answer_after=proof.answer_after,
        )
    return _output(_grant(entry, state, now, credential=_credential(entry), death=death))


def _grant(
    entry: Entry,
    state: GrantState,
    now: datetime,
    *,
    reasons: tuple[str, ...] = (),
    credential: Credential | None = None,
    death: Death | None = None,
) -> Grant:
    return Grant(
        grant_id=entry.grant_id,
        state=state,
        intent_digest=entry.intent_digest,
        decision_digest=entry.decision_digest,
        proposal_digest=entry.proposal_digest,
        warrant_id=entry.warrant_id,
        lock_key=entry.lock_key,
        finding_ids=entry.finding_ids,
        executor=entry.executor,
        admission=Admission(
            policy_bundle_digest=entry.bundle_digest,
            ceiling_digest=entry.ceiling_digest,
            policies=tuple(DeterminingPolicy(id=i, effect=PolicyEffect(e), words=w) for i, e, w in entry.policies),
            reasons=reasons,
        ),
        credential=credential,
        death=death,
        recorded_at=now,
    )


def _credential(entry: Entry) -> Credential:
    return Credential(
        kind=entry.kind,
        session_name=entry.session_name,
        public_id=entry.public_id or None,
        scope_digest=entry.scope_digest or entry.proposal_digest,
        calls=tuple(dict.fromkeys(action for action, _ in entry.calls)),
        resources=tuple(dict.fromkeys(resource for _, resource in entry.calls)),
        not_before_at=moment(entry.not_before_us),
        not_after_at=entry.not_after,
    )


def _output(grant: Grant) -> Output:
    return Output(
        topic=TOPIC,
        key=grant.lock_key.encode(),
        record=grant,
        parents=(grant.intent_digest, grant.decision_digest),
    )
