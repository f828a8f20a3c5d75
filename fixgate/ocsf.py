"""Decisions and outcomes as OCSF events, for SOAR platforms and lakes that know nothing of fixgate. Pure.

| record | OCSF class | what says what |
|---|---|---|
| `Decision` | Detection Finding (2004), Update or Close, profile `security_control`, one event for each finding | `disposition_id`: 8 Approved, 14 Delayed, 25 Rejected |
| `Outcome` | Remediation Activity (7001) | `activity_id`: 2 Evict, 3 Restore (put back), 4 Harden; `status_id` |

OCSF has no class for an approval: who approved stands in the decision that embeds it, and the digests of both under
`unmapped`. Field names and numbers are those of OCSF 1.8.0.
"""  # noqa: E501 - a table's row is one line

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from fixgate.events import Assessment, Decision, Finding, Outcome, Severity, Verdict
from fixgate.events import Result as OutcomeResult
from fixgate.targets import ACCESS_KEY

SCHEMA_VERSION: Final = "1.8.0"
DETECTION_FINDING: Final = 2004
REMEDIATION_ACTIVITY: Final = 7001
UPDATE, CLOSE = 2, 3
EVICT, RESTORE, HARDEN = 2, 3, 4
_ACTIVITIES: Final = {EVICT: "Evict", RESTORE: "Restore", HARDEN: "Harden"}
_SEVERITIES: Final[Mapping[Severity, tuple[int, str]]] = {
    Severity.UNKNOWN: (0, "Unknown"),
    Severity.INFORMATIONAL: (1, "Informational"),
    Severity.LOW: (2, "Low"),
    Severity.MEDIUM: (3, "Medium"),
    Severity.HIGH: (4, "High"),
    Severity.CRITICAL: (5, "Critical"),
}
# (action_id, action), (disposition_id, disposition), (status_id, status) of the finding.
_ALLOWED: Final = ((1, "Allowed"), (8, "Approved"), (2, "In Progress"))
_DELAYED: Final = ((0, "Unknown"), (14, "Delayed"), (2, "In Progress"))
_REJECTED: Final = ((2, "Denied"), (25, "Rejected"), (1, "New"))
_VERDICTS: Final = {Verdict.ALLOWED: _ALLOWED, Verdict.WAITING: _DELAYED}
_RESULTS: Final[Mapping[OutcomeResult, tuple[int, str]]] = {
    OutcomeResult.DONE: (1, "Success"),
    OutcomeResult.ROLLED_BACK: (2, "Failure"),
    OutcomeResult.MOVED: (2, "Failure"),
    OutcomeResult.HALTED: (2, "Failure"),
    OutcomeResult.EXPIRED: (2, "Failure"),
    OutcomeResult.REFUSED: (2, "Failure"),
    OutcomeResult.FAILED: (6, "Error"),
}


def finding_update(decision: Decision, digest: str, assessment: Assessment, finding: Finding) -> dict[str, Any]:
    """What a decision (`digest` is its record's) says about one finding, as a Detection Finding update."""
    action, disposition, status = _VERDICTS.get(decision.verdict, _REJECTED)
    return {
        **_base(DETECTION_FINDING, UPDATE, decision.decision_id, decision.decided_at, finding.finding_id),
        "class_name": "Detection Finding",
        "category_name": "Findings",
        "activity_name": "Update",
        "type_name": "Detection Finding: Update",
        **_pair("severity", _SEVERITIES[assessment.severity]),
        **_pair("status", status),
        **_pair("action", action),
        **_pair("disposition", disposition),
        "message": "; ".join(decision.reasons) or f"the change is {decision.verdict.value}",
        "finding_info": {
            "uid": finding.finding_id,
            "uid_alt": finding.fingerprint,
            "title": finding.title,
            "types": [assessment.kind],
            "created_time": _ms(assessment.first_seen_at),
            "first_seen_time": _ms(assessment.first_seen_at),
            "last_seen_time": _ms(assessment.last_seen_at),
        },
        "resources": [_resource(assessment)],
        "policy": {
            "uid": decision.policy_bundle_digest,
            "name": ", ".join(p.id for p in decision.policies) or "default: refused",
            "is_applied": True,
        },
        "unmapped": _chain(
            decision=digest,
            proposal=decision.proposal_digest,
            warrant=decision.warrant.warrant_id if decision.warrant else None,
            trace=decision.envelope.trace_id,
        ),
    }


def remediation_activity(outcome: Outcome, digest: str) -> dict[str, Any]:
    """What was done (`digest` is the outcome's record), as a Remediation Activity."""
    harder = EVICT if outcome.target.kind == ACCESS_KEY else HARDEN
    activity = RESTORE if outcome.result is OutcomeResult.ROLLED_BACK else harder
    return {
        **_base(REMEDIATION_ACTIVITY, activity, outcome.outcome_id, outcome.ended_at, outcome.finding_ids[0]),
        "class_name": "Remediation Activity",
        "category_name": "Remediation",
        "activity_name": _ACTIVITIES[activity],
        "type_name": f"Remediation Activity: {_ACTIVITIES[activity]}",
        **_pair("severity", (1, "Informational") if not outcome.incident else (4, "High")),
        **_pair("status", _RESULTS.get(outcome.result, (99, "Other"))),
        "status_detail": outcome.result.value,
        "message": outcome.detail,
        "start_time": _ms(outcome.started_at),
        "end_time": _ms(outcome.ended_at),
        "command_uid": outcome.template.id,
        "countermeasures": [
            {
                "name": outcome.template.id,
                "version": "1.0.0",
                "d3f_tactic": {"uid": f"d3f:{_ACTIVITIES[activity]}", "name": _ACTIVITIES[activity]},
            }
        ],
        "remediation": {"desc": f"{outcome.template.id} {outcome.template.version} on {outcome.target.id}"},
        "unmapped": _chain(
            outcome=digest,
            decision=outcome.decision_digest,
            proposal=outcome.proposal_digest,
            grants=list(outcome.grant_digests),
            trace=outcome.envelope.trace_id,
        ),
    }


def _base(class_uid: int, activity_id: int, uid: str, at: datetime, finding_id: str) -> dict[str, Any]:
    return {
        "class_uid": class_uid,
        "category_uid": class_uid // 1000,
        "activity_id": activity_id,
        "type_uid": class_uid * 100 + activity_id,
        "time": _ms(at),
        "metadata": {
            "version": SCHEMA_VERSION,
            "uid": uid,
            "correlation_uid": finding_id,
            "profiles": ["security_control"] if class_uid == DETECTION_FINDING else [],
            "product": {"name": "fixgate", "vendor_name": "fixgate", "uid": "fixgate"},
        },
    }


def _resource(assessment: Assessment) -> dict[str, Any]:
    target = assessment.target
    found: dict[str, Any] = {"uid": target.id, "type": target.kind, "name": target.id.rpartition(":")[2]}
    if target.region:
        found["region"] = target.region
    if assessment.ownership.owner:
        found["labels"] = [f"owner={assessment.ownership.owner}"]
    return found


def _pair(name: str, value: tuple[int, str]) -> dict[str, Any]:
    return {f"{name}_id": value[0], name: value[1]}


def _chain(**digests: str | list[str] | None) -> dict[str, Any]:
    return {"fixgate": {name: value for name, value in digests.items() if value}}


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
