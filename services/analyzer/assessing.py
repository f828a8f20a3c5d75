"""One assessment, from a finding, what discovery found and what people's inventory says. Pure."""

from dataclasses import dataclass
from datetime import datetime

from fixgate import targets
from fixgate.changes.blast import target_radius
from fixgate.events import (
    Assessment,
    AssessmentStatus,
    AssetStatement,
    Fact,
    FactState,
    Finding,
    FindingStatus,
    Resource,
    Signed,
)
from fixgate.policy.assets import Inventory, names_of
from fixgate.policy.testimony import of_assets
from fixgate.resources.reading import STATE
from services.analyzer import weighing
from services.analyzer.gathered import Gathered
from services.analyzer.rules import UNCLASSIFIED, Rulebook

DISCOVERY = "discovery"
SAID_OVER = "scanner-says-it-is-over"
NOT_THERE = "target-not-made-out"
UNRESOLVED = "unresolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What an assessment is made from."""

    finding: Finding
    signed: tuple[Signed, ...]
    gathered: Gathered
    inventory: Inventory
    now: datetime


def assess(rules: Rulebook, sighting: Sighting) -> Assessment:
    """The assessment as if nothing had been seen before; whoever calls puts in what is remembered, and the id."""
    finding, target, now = sighting.finding, sighting.gathered.target, sighting.now
    entries, doubt = _inventory(sighting)
    outside = (*_read(sighting), *of_assets(entries, doubt, now))
    said = rules.classify(finding, target, weighing.environment_of(outside)).said
    evidence = (*outside, *weighing.of_report(finding, said))
    environment = weighing.environment_of(evidence)
    judged = rules.classify(finding, target, environment)
    named = judged.rules
    if finding.status in {FindingStatus.RESOLVED, FindingStatus.SUPPRESSED}:
        named = (*named, SAID_OVER)
    if target is None:
        named = (*named, NOT_THERE)
    return Assessment(
        assessment_id=finding.finding_id,
        finding_ids=(finding.finding_id,),
        problem_key=finding.problem_key,
        lock_key=targets.unresolved_lock_key(finding.problem_key) if target is None else targets.lock_key(target),
        kind=judged.kind,
        status=_status(rules, judged.kind, evidence, named),
        severity=weighing.severity_in(judged.severity, entries),
        asset_type=judged.asset_type,
        environment=environment,
        target=target or _unresolved(finding),
        identity=finding.identity,
        secret=finding.secret,
        evidence=evidence,
        blast_radius=target_radius(evidence, UNRESOLVED if target is None else target.kind),
        reversibility=weighing.reversibility_of(evidence),
        ownership=weighing.ownership_of(evidence, entries),
        rules=named,
        first_seen_at=now,
        last_seen_at=now,
        findings=sighting.signed,
    )


def _inventory(sighting: Sighting) -> tuple[tuple[AssetStatement, ...], str]:
    """What people say of the target, and why that cannot be relied on."""
    target = sighting.gathered.target
    if target is None:
        return (), ""
    entries = sighting.inventory.about(target)
    if sighting.inventory.in_doubt(names_of(target)):
        return (), "an entry of the inventory cannot be believed or read"
    if any(entry.stale for entry in entries):
        return (), "nobody has confirmed the inventory's entry for long"
    return tuple(entry.statement for entry in entries), ""


def _read(sighting: Sighting) -> tuple[Fact, ...]:
    """What discovery says; the fact `state` is always there."""
    reading, now = sighting.gathered.reading, sighting.now
    if reading is None:
        why = sighting.gathered.why or "nothing was read"
        return (Fact(name=STATE, state=FactState.UNREADABLE, why=why, source=DISCOVERY, observed_at=now),)
    if any(fact.name == STATE for fact in reading.facts):
        return reading.facts
    state = reading.state if reading.state is not FactState.VALUE else FactState.UNREADABLE
    why = reading.why or "the reader did not say"
    made = Fact(name=STATE, state=state, why=why, source=DISCOVERY, observed_at=reading.read_at)
    return (made, *reading.facts)


def _status(rules: Rulebook, kind: str, evidence: tuple[Fact, ...], named: tuple[str, ...]) -> AssessmentStatus:
    if rules.is_over(kind, evidence):
        return AssessmentStatus.RESOLVED
    state = next(f for f in evidence if f.name == STATE)
    readable = state.state is FactState.VALUE
    if kind == UNCLASSIFIED or not readable or SAID_OVER in named:
        return AssessmentStatus.INSUFFICIENT
    return AssessmentStatus.OPEN


def _unresolved(finding: Finding) -> Resource:
    return finding.resource or Resource(kind=UNRESOLVED, id=finding.problem_key, account=finding.account, region=None)
