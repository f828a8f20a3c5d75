"""How each record becomes what fastavro writes, is made of what it read, and is taken apart.

Generated from schemas/ by `make generate`; do not edit.
"""

from collections.abc import Callable, Mapping
from typing import Any

from fixgate.events.approval import Approval, approval_of, datum_approval
from fixgate.events.approval_statement import ApprovalStatement, approval_statement_of, datum_approval_statement
from fixgate.events.assessment import Assessment, assessment_of, datum_assessment, embedded_assessment
from fixgate.events.asset import Asset, asset_of, datum_asset
from fixgate.events.asset_statement import AssetStatement, asset_statement_of, datum_asset_statement
from fixgate.events.control import Control, control_of, datum_control
from fixgate.events.control_statement import ControlStatement, control_statement_of, datum_control_statement
from fixgate.events.decision import Decision, datum_decision, decision_of, embedded_decision
from fixgate.events.finding import Finding, datum_finding, finding_of
from fixgate.events.grant import Grant, datum_grant, grant_of
from fixgate.events.intent import Intent, datum_intent, intent_of
from fixgate.events.outcome import Outcome, datum_outcome, embedded_outcome, outcome_of
from fixgate.events.proposal import Proposal, datum_proposal, embedded_proposal, proposal_of
from fixgate.events.rejected import Rejected, datum_rejected, rejected_of
from fixgate.events.request import Request, datum_request, request_of
from fixgate.events.request_statement import RequestStatement, datum_request_statement, request_statement_of
from fixgate.events.review import Review, datum_review, embedded_review, review_of
from fixgate.events.signal import Signal, datum_signal, signal_of
from fixgate.events.signed import Signed
from fixgate.events.state_entry import StateEntry, datum_state_entry, state_entry_of

Record = (
    Approval
    | ApprovalStatement
    | Assessment
    | Asset
    | AssetStatement
    | Control
    | ControlStatement
    | Decision
    | Finding
    | Grant
    | Intent
    | Outcome
    | Proposal
    | Rejected
    | Request
    | RequestStatement
    | Review
    | Signal
    | StateEntry
)
"""Every record that stands alone: on a topic, or signed by a person."""

Enveloped = (
    Approval
    | Assessment
    | Asset
    | Control
    | Decision
    | Finding
    | Grant
    | Intent
    | Outcome
    | Proposal
    | Rejected
    | Request
    | Review
    | Signal
)
"""Every record that carries an envelope: what is written to topics and signed by its writer."""

RECORDS: Mapping[str, type[Record]] = {
    "Approval": Approval,
    "ApprovalStatement": ApprovalStatement,
    "Assessment": Assessment,
    "Asset": Asset,
    "AssetStatement": AssetStatement,
    "Control": Control,
    "ControlStatement": ControlStatement,
    "Decision": Decision,
    "Finding": Finding,
    "Grant": Grant,
    "Intent": Intent,
    "Outcome": Outcome,
    "Proposal": Proposal,
    "Rejected": Rejected,
    "Request": Request,
    "RequestStatement": RequestStatement,
    "Review": Review,
    "Signal": Signal,
    "StateEntry": StateEntry,
}
"""The class of each record, by its schema's name."""

ENVELOPED: frozenset[type[Record]] = frozenset(
    {
        Approval,
        Assessment,
        Asset,
        Control,
        Decision,
        Finding,
        Grant,
        Intent,
        Outcome,
        Proposal,
        Rejected,
        Request,
        Review,
        Signal,
    }
)
"""The classes whose first field is an envelope."""

TO_DATUM: Mapping[type[Record], Callable[[Any], dict[str, Any]]] = {
    Approval: datum_approval,
    ApprovalStatement: datum_approval_statement,
    Assessment: datum_assessment,
    Asset: datum_asset,
    AssetStatement: datum_asset_statement,
    Control: datum_control,
    ControlStatement: datum_control_statement,
    Decision: datum_decision,
    Finding: datum_finding,
    Grant: datum_grant,
    Intent: datum_intent,
    Outcome: datum_outcome,
    Proposal: datum_proposal,
    Rejected: datum_rejected,
    Request: datum_request,
    RequestStatement: datum_request_statement,
    Review: datum_review,
    Signal: datum_signal,
    StateEntry: datum_state_entry,
}
"""How to turn a record into what fastavro writes."""

OF_DATUM: Mapping[type[Record], Callable[[Mapping[str, Any]], Record]] = {
    Approval: approval_of,
    ApprovalStatement: approval_statement_of,
    Assessment: assessment_of,
    Asset: asset_of,
    AssetStatement: asset_statement_of,
    Control: control_of,
    ControlStatement: control_statement_of,
    Decision: decision_of,
    Finding: finding_of,
    Grant: grant_of,
    Intent: intent_of,
    Outcome: outcome_of,
    Proposal: proposal_of,
    Rejected: rejected_of,
    Request: request_of,
    RequestStatement: request_statement_of,
    Review: review_of,
    Signal: signal_of,
    StateEntry: state_entry_of,
}
"""How to make a record of what fastavro read."""

EMBEDDED: Mapping[type[Record], Callable[[Any], tuple[Signed, ...]]] = {
    Assessment: embedded_assessment,
    Decision: embedded_decision,
    Outcome: embedded_outcome,
    Proposal: embedded_proposal,
    Review: embedded_review,
}
"""What a record embeds, for those that embed anything."""

FINGERPRINTS: Mapping[str, str] = {
    "Approval": "sha256:79e8bf8852da83efec40035597e89933e90cb6080e646df4275f6bf3135ca3ec",
    "ApprovalStatement": "sha256:ecacb33519be28adc3ecfdeae55c9648a0d820a66e5cc089315db322cde9b229",
    "Assessment": "sha256:d78933fe7164248f96301843778c731e7791f38daf1d9102456b7757cc6faa0f",
    "Asset": "sha256:d3132aac48ca188a057fdee9c4556a406dfdf31ac0217ee9b4ff513953fe2d81",
    "AssetStatement": "sha256:f324c305375a258264733640d2b5e6064cb4d54ae302d9c30c01f0aa66b4a311",
    "Control": "sha256:403d3bea938c714cea8e587be5491e53dc26080b848e1af2ad82f16343352fb9",
    "ControlStatement": "sha256:82e4c325605bb171dab290089124e5800bf3ce07c4045d86ceb6ecd7152a8692",
    "Decision": "sha256:4d5094c04b2930ef353a3965e80befb94bad9f077f238f73e5b21babe004da86",
    "Finding": "sha256:ebe3c6686e8aa3a22c9578e79263726d3a4d7528652ac7afb4d3898e1c8d6b37",
    "Grant": "sha256:3b534c54a3f7424e2610e66b6b1c030ca73670ba312f7e0347e67690ff6ad26e",
    "Intent": "sha256:bc6ad7bf835587f4d7085bf849b8f7cbd7d188f50a992b0d7731e000971e6797",
    "Outcome": "sha256:a8a551d714b67f5b73c3845bd8e11c494c877f0cba8e54d9a90cb8d63dccc40c",
    "Proposal": "sha256:b34650d16ae2fc3f876e787a7e61c668ecb458447e3d7282807fdbe2f608569f",
    "Rejected": "sha256:8a1710e3d9528f7a70732559b5fa9e72a3d6e481e977004e8f64254c9e00b55f",
    "Request": "sha256:826e841be17d44d540300926706de33495991daf96829a2e78c27b7ae31aeca9",
    "RequestStatement": "sha256:d9b0cf8b25ca7023e2e180708d57d6fa36ee534cd5ac52bdd8a3245e225ed13e",
    "Review": "sha256:dd5aa25a6b4990a5ee3e538928c896851eb239ea2c1c2e592c48f4cd54f83194",
    "Signal": "sha256:debeb79416812dc13c140b56a5733d21846f14e5fda7b000fa5c0fa28a6caf12",
    "StateEntry": "sha256:d4e98f8807dc279ca484b3159451f8dd8eaed9cfdddf587299776dfc1b0e1b9a",
}
"""The schemas that this package was generated from."""
