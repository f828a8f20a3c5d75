"""The record of a change, and the same as an in-toto statement for tools that know nothing of fixgate. Pure.

The statement is an in-toto Statement v1 (https://in-toto.io/Statement/v1) whose subject is the proposal by its digest,
in a DSSE v1.0.0 envelope, JSON. It is signed with the executor's SVID key, whose certificate chain it carries.
"""

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from fixgate.chain import DecisionChain
from fixgate.events import Outcome, Result, Signed, Warrant
from fixgate.ids import derived_id
from fixgate.signing import Signature, digest
from services.executor.change import ChangeState

PREDICATE: Final = "https://fixgate.dev/attestations/change/v1"
STATEMENT: Final = "https://in-toto.io/Statement/v1"
PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
WORDS: Final = 4_000
"""Characters of the outcome's detail at most."""
Attest = Callable[[str, bytes], Signature]
"""Signs a payload of a type, as DSSE says."""


def draft_of(chain: DecisionChain, warrant: Warrant, decision: Signed, now: datetime) -> Outcome:
    """What can be said of a change before anything was done."""
    proposal, assessment = chain.proposed.proposal, chain.proposed.assessment
    return Outcome(
        outcome_id=derived_id("outcome", warrant.warrant_id),
        result=Result.UNKNOWN,
        proposal_id=proposal.proposal_id,
        proposal_digest=chain.proposed.digest,
        decision_digest=chain.digest,
        lock_key=proposal.lock_key,
        finding_ids=proposal.finding_ids,
        problem_key=assessment.problem_key,
        template=proposal.template,
        revision=proposal.revision,
        target=proposal.target,
        executor=warrant.executor,
        pre_state_digest=proposal.pre_state_digest,
        started_at=now,
        ended_at=now,
        decision=decision,
    )


def outcome_of(change: ChangeState, ended_at: datetime) -> Outcome:
    """The record of a change that has ended, still without its statement."""
    return replace(
        change.draft,
        result=change.result,
        intent_digest=change.intents[-1] if change.intents else None,
        detail=change.draft.detail[:WORDS],
        ended_at=max(ended_at, change.draft.started_at),
    )


def statement(outcome: Outcome, intents: tuple[str, ...], attest: Attest) -> bytes:
    """The DSSE envelope of the statement, as JSON."""
    payload = json.dumps(
        {
            "_type": STATEMENT,
            "subject": [{"name": outcome.proposal_id, "digest": _digest_set(outcome.proposal_digest)}],
            "predicateType": PREDICATE,
            "predicate": _predicate(outcome, intents),
        },
        sort_keys=True,
        separators=(",", ":"),
    ).encode()
    signature = attest(PAYLOAD_TYPE, payload)
    envelope = {
        "payload": b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [
            {
                "keyid": digest(signature.certificate).removeprefix("sha256:"),
                "sig": b64encode(signature.signature).decode(),
                "cert": b64encode(signature.certificate).decode(),
            }
        ],
    }
    return json.dumps(envelope, sort_keys=True, separators=(",", ":")).encode()


def _predicate(outcome: Outcome, intents: tuple[str, ...]) -> dict[str, Any]:
    """What a consumer needs to judge the change; digests lead to the signed records for the rest."""
    rollback = outcome.rollback
    return {
        "result": outcome.result.value,
        "outcomeId": outcome.outcome_id,
        "executor": outcome.executor,
        "template": {"id": outcome.template.id, "digest": _digest_set(outcome.template.digest)},
        "target": {"kind": outcome.target.kind, "id": outcome.target.id},
        "findings": list(outcome.finding_ids),
        "decision": _digest_set(outcome.decision_digest),
        "intents": [_digest_set(d) for d in intents],
        "grants": [_digest_set(d) for d in outcome.grant_digests],
        "states": {
            "approved": _digest_set(outcome.pre_state_digest),
            "found": _digest_set(outcome.found_digest),
            "after": _digest_set(outcome.post_state_digest),
        },
        "steps": [{"action": s.action, "resource": s.resource, "succeeded": s.succeeded} for s in outcome.steps],
        "changes": [{"resource": c.resource, "path": c.path} for c in outcome.changes],
        "unexpected": [{"resource": c.resource, "path": c.path} for c in outcome.unexpected],
        "validation": [{"name": v.name, "verdict": v.verdict.value} for v in outcome.validation],
        "rollback": None if rollback is None else {"cause": rollback.cause, "complete": rollback.complete},
        "incident": outcome.incident,
        "startedAt": _time(outcome.started_at),
        "endedAt": _time(outcome.ended_at),
    }


def _digest_set(name: str | None) -> dict[str, str]:
    """An in-toto DigestSet; empty where there is no digest."""
    return {} if name is None else {"sha256": name.removeprefix("sha256:")}


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
