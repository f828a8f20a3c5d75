"""The record of a change as an in-toto statement, for tools that know nothing of fixgate. Pure.

An in-toto Statement v1 (https://in-toto.io/Statement/v1) whose subject is the proposal by its digest, in a DSSE v1.0.0
envelope, JSON. It is signed with the executor's SVID key, whose certificate chain it carries. It says nothing that the
record does not say: whoever has the record can write the payload again and compare.
"""

import json
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from fixgate.errors import Refused
from fixgate.events import Outcome
from fixgate.signing import Signature, digest
from fixgate.strict64 import strictly

PREDICATE: Final = "https://fixgate.dev/attestations/change/v1"
STATEMENT: Final = "https://in-toto.io/Statement/v1"
PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attested:
    """What an envelope holds; nothing about it has been checked."""

    payload: bytes
    signature: bytes
    certificate: bytes


def payload_of(outcome: Outcome, intents: tuple[str, ...]) -> bytes:
    """The statement about an outcome; `intents` are the digests of all attempts."""
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": outcome.proposal_id, "digest": _digest_set(outcome.proposal_digest)}],
        "predicateType": PREDICATE,
        "predicate": _predicate(outcome, intents),
    }
    return json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()


def envelope_of(payload: bytes, signature: Signature, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """The DSSE envelope as JSON."""
    envelope = {
        "payload": b64encode(payload).decode(),
        "payloadType": payload_type,
        "signatures": [
            {
                "keyid": digest(signature.certificate).removeprefix("sha256:"),
                "sig": b64encode(signature.signature).decode(),
                "cert": b64encode(signature.certificate).decode(),
            }
        ],
    }
    return json.dumps(envelope, sort_keys=True, separators=(",", ":")).encode()


def read(envelope: bytes, payload_type: str = PAYLOAD_TYPE) -> Attested:
    """What `envelope_of` wrote around a payload of that type; raises Refused when it is anything else."""
    try:
        document: Any = json.loads(envelope)
        (signed,) = document["signatures"]
        found = Attested(
            payload=strictly(document["payload"]),
            signature=strictly(signed["sig"]),
            certificate=strictly(signed["cert"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Refused("the statement is no DSSE envelope with one signature") from None
    if envelope_of(found.payload, Signature(found.signature, found.certificate), payload_type) != envelope:
        raise Refused("the statement's envelope is not in its one form")
    return found


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
