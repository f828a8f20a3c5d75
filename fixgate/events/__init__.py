"""The records of the pipeline, as frozen dataclasses.

Generated from schemas/ by `make generate`; do not edit.
"""

from fixgate.events.affected_identity import AffectedIdentity
from fixgate.events.approval import Approval
from fixgate.events.approval_statement import ApprovalStatement
from fixgate.events.approval_statement_parts import Answer
from fixgate.events.assessment import Assessment
from fixgate.events.assessment_parts import AssessmentStatus
from fixgate.events.asset import Asset
from fixgate.events.asset_statement import AssetStatement
from fixgate.events.blast_level import BlastLevel
from fixgate.events.blast_radius import BlastRadius
from fixgate.events.control import Control
from fixgate.events.control_kind import ControlKind
from fixgate.events.control_statement import ControlStatement
from fixgate.events.decision import Decision
from fixgate.events.decision_parts import Obligation, Quorum, Verdict, Warrant
from fixgate.events.determining_policy import DeterminingPolicy
from fixgate.events.envelope import Envelope
from fixgate.events.environment import Environment
from fixgate.events.fact import Fact
from fixgate.events.fact_state import FactState
from fixgate.events.finding import Finding
from fixgate.events.finding_parts import FindingStatus, Location, Original, Package, SeverityRating, Source
from fixgate.events.grant import Grant
from fixgate.events.grant_parts import Admission, Credential, Death, DeathMethod, GrantState
from fixgate.events.intent import Intent
from fixgate.events.intent_parts import IntentPurpose, PlannedStep
from fixgate.events.managed_by import ManagedBy
from fixgate.events.oracle_kind import OracleKind
from fixgate.events.oracle_verdict import OracleVerdict
from fixgate.events.outcome import Outcome
from fixgate.events.outcome_parts import Change, OracleResult, Result, RollbackResult, StepResult
from fixgate.events.ownership import Ownership
from fixgate.events.person_signature import PersonSignature
from fixgate.events.person_signed import PersonSigned
from fixgate.events.policy_effect import PolicyEffect
from fixgate.events.proposal import Proposal
from fixgate.events.proposal_parts import (
    Assembler,
    AssemblerKind,
    Call,
    Durations,
    Oracle,
    Rollback,
    Saga,
    Slot,
    SlotFiller,
    WriteSetEntry,
)
from fixgate.events.rehearsal import Rehearsal
from fixgate.events.rejected import Rejected
from fixgate.events.rejected_parts import Header
from fixgate.events.request import Request
from fixgate.events.request_statement import RequestStatement
from fixgate.events.request_statement_parts import RequestKind
from fixgate.events.resource import Resource
from fixgate.events.reversibility import Reversibility
from fixgate.events.review import Review
from fixgate.events.review_parts import ReviewKind
from fixgate.events.scope import Scope
from fixgate.events.secret_mark import SecretMark
from fixgate.events.severity import Severity
from fixgate.events.signal import Signal
from fixgate.events.signal_parts import SignalKind
from fixgate.events.signed import Signed
from fixgate.events.state_entry import StateEntry
from fixgate.events.stored import Stored
from fixgate.events.tables import ENVELOPED, RECORDS, Enveloped, Record
from fixgate.events.template_reference import TemplateReference

__all__ = [
    "Admission",
    "AffectedIdentity",
    "Answer",
    "Approval",
    "ApprovalStatement",
    "Assembler",
    "AssemblerKind",
    "Assessment",
    "AssessmentStatus",
    "Asset",
    "AssetStatement",
    "BlastLevel",
    "BlastRadius",
    "Call",
    "Change",
    "Control",
    "ControlKind",
    "ControlStatement",
    "Credential",
    "Death",
    "DeathMethod",
    "Decision",
    "DeterminingPolicy",
    "Durations",
    "ENVELOPED",
    "Envelope",
    "Enveloped",
    "Environment",
    "Fact",
    "FactState",
    "Finding",
    "FindingStatus",
    "Grant",
    "GrantState",
    "Header",
    "Intent",
    "IntentPurpose",
    "Location",
    "ManagedBy",
    "Obligation",
    "Oracle",
    "OracleKind",
    "OracleResult",
    "OracleVerdict",
    "Original",
    "Outcome",
    "Ownership",
    "Package",
    "PersonSignature",
    "PersonSigned",
    "PlannedStep",
    "PolicyEffect",
    "Proposal",
    "Quorum",
    "RECORDS",
    "Record",
    "Rehearsal",
    "Rejected",
    "Request",
    "RequestKind",
    "RequestStatement",
    "Resource",
    "Result",
    "Reversibility",
    "Review",
    "ReviewKind",
    "Rollback",
    "RollbackResult",
    "Saga",
    "Scope",
    "SecretMark",
    "Severity",
    "SeverityRating",
    "Signal",
    "SignalKind",
    "Signed",
    "Slot",
    "SlotFiller",
    "Source",
    "StateEntry",
    "StepResult",
    "Stored",
    "TemplateReference",
    "Verdict",
    "Warrant",
    "WriteSetEntry",
]
