"""What several sources say together: unknown and disagreement raise caution, they never lower it (law 8). Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from fixgate.events import (
    AssetStatement,
    Environment,
    Fact,
    FactState,
    Finding,
    ManagedBy,
    Ownership,
    Reversibility,
    Severity,
)
from fixgate.forms import Scalar
from fixgate.policy.testimony import REPORT, manager_of

_ENVIRONMENT: Final = "environment."
_OWNER: Final = "owner."
_MANAGED_BY: Final = "managed_by."
_LABELS: Final = ("environment", "env", "stage")
_WORDS: Final = {
    "dev": Environment.DEVELOPMENT,
    "development": Environment.DEVELOPMENT,
    "test": Environment.TEST,
    "stage": Environment.STAGING,
    "staging": Environment.STAGING,
    "prod": Environment.PRODUCTION,
    "production": Environment.PRODUCTION,
}
_TOP: Final = (Severity.UNKNOWN, Severity.CRITICAL)


def of_report(finding: Finding, said: Mapping[str, bool]) -> tuple[Fact, ...]:
    """What the report says, and what its rule means by it (`said`); never free text."""
    label = next((finding.labels[name].strip().lower() for name in _LABELS if finding.labels.get(name)), "")
    facts = [_fact(f"{name}.{REPORT}", value, REPORT, finding.reported_at) for name, value in sorted(said.items())]
    if label in _WORDS:
        facts.append(_fact(f"{_ENVIRONMENT}{REPORT}", _WORDS[label].value, REPORT, finding.reported_at))
    return tuple(facts)


def environment_of(evidence: Sequence[Fact]) -> Environment:
    """Production when anybody says so; else what all say; unknown when they disagree, cannot be read, or nobody says.

    A report is nobody: whoever may send one could make little of a thing by it.
    """
    about = [f for f in evidence if f.name.startswith(_ENVIRONMENT)]
    said = {Environment(str(f.value)) for f in about if f.state is FactState.VALUE}
    trusted = {Environment(str(f.value)) for f in about if f.state is FactState.VALUE and f.source != REPORT}
    if Environment.PRODUCTION in said:
        return Environment.PRODUCTION
    if any(f.state is FactState.UNREADABLE for f in about) or len(said) != 1 or not trusted:
        return Environment.UNKNOWN
    return said.pop()


def ownership_of(evidence: Sequence[Fact], entries: Sequence[AssetStatement]) -> Ownership:
    """Whose it is: an owner only when all who name one agree, a manager likewise; code as a manager beats them all."""
    owners = {str(f.value) for f in evidence if f.name.startswith(_OWNER) and f.state is FactState.VALUE}
    managers = [f for f in evidence if f.name.startswith(_MANAGED_BY)]
    said = {ManagedBy(str(f.value)) for f in managers if f.state is FactState.VALUE}
    doubtful = any(f.state is FactState.UNREADABLE for f in managers)
    manager = manager_of(said)
    if doubtful and manager is not ManagedBy.INFRASTRUCTURE_AS_CODE:
        manager = ManagedBy.UNKNOWN
    whose = [e.ownership for e in entries]
    teams = {o.team for o in whose if o.team}
    truths = {o.source_of_truth for o in whose if o.source_of_truth}
    shared = {o.shared for o in whose}
    return Ownership(
        owner=owners.pop() if len(owners) == 1 else None,
        team=teams.pop() if len(teams) == 1 else None,
        contacts=tuple(dict.fromkeys(c for o in whose for c in o.contacts)),
        managed_by=manager,
        source_of_truth=truths.pop() if len(truths) == 1 else None,
        shared=True if True in shared else (False if shared == {False} else None),
    )


def severity_in(severity: Severity, entries: Sequence[AssetStatement]) -> Severity:
    """The severity, raised by one where people say that the loss of the thing would be bad."""
    order = tuple(Severity)
    critical = any(e.criticality in {Severity.HIGH, Severity.CRITICAL} for e in entries)
    if severity in _TOP or not critical:
        return severity
    return order[order.index(severity) + 1]


def reversibility_of(evidence: Sequence[Fact]) -> Reversibility:
    """Lossless where the whole state is known, for that can be put back; else nobody can tell."""
    state = next((f for f in evidence if f.name == "state"), None)
    known = state is not None and state.state is FactState.VALUE
    return Reversibility.LOSSLESS if known else Reversibility.UNKNOWN


def _fact(name: str, value: Scalar, source: str, at: datetime) -> Fact:
    return Fact(name=name, state=FactState.VALUE, value=value, source=source, observed_at=at)
