"""What policies look at: a change as the signed assessment, the inventory and the catalogue show it (law 3).

Nothing here is the proposal's word alone: what it claims is computed again (`honest`), and where a claim stands beside
a fact, the worse of the two counts. What is not known has a value that says so, and that value never asks for less than
any other (law 8).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from fixgate.chain import ProposalChain
from fixgate.changes.blast import target_radius
from fixgate.changes.catalogue import Catalogue, Template
from fixgate.changes.template import worse
from fixgate.events import (
    AssemblerKind,
    Assessment,
    BlastLevel,
    Environment,
    Fact,
    FactState,
    Finding,
    ManagedBy,
    Proposal,
    Reversibility,
)
from fixgate.policy.assets import Entry, Inventory, names_of
from fixgate.policy.cautions import Cautions
from fixgate.policy.scopes import environment_of
from fixgate.policy.testimony import Testimony, testimony, unfounded, voices
from fixgate.targets import ACCESS_KEY

IN_USE_DAYS: Final = 90
"""A key that was used in so many days is in use."""
BLAST: Final[Mapping[BlastLevel, int]] = {
    BlastLevel.NONE: 0,
    BlastLevel.LOW: 1,
    BlastLevel.MEDIUM: 2,
    BlastLevel.HIGH: 3,
    BlastLevel.UNKNOWN: 4,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A change for the policies; each field is an attribute of the Cedar schema but the first three.

    `digest` is the proposal's. `lies` are what it claims and is not so. `excluded` are those who may not approve it.
    """

    digest: str
    lies: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    template: str
    template_class: str
    problem: str
    status: str
    target_kind: str
    environment: str
    blast: int
    blast_name: str
    dependants: int
    dependants_known: bool
    reversibility: str
    severity: str
    automatic: bool
    deciding_known: bool
    independent_sources: int
    tainted_slots: int
    assembler: str
    owner_known: bool
    managed_by: str
    shared: bool
    secret: bool
    in_use: bool
    signals: int
    stale_inventory: bool
    sender_known: bool
    honest: bool
    revision: int
    reading: int
    soak_seconds: int

    @property
    def attributes(self) -> Mapping[str, Any]:
        """As Cedar takes them."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in _APART}


_APART: Final = frozenset({"digest", "lies", "excluded"})


def subject_of(chain: ProposalChain, inventory: Inventory, signals: Cautions, catalogue: Catalogue) -> Subject:
    """The subject of a proposal; pure. A template that is not in the catalogue makes a subject that is not honest."""
    assessment, proposal = chain.assessment, chain.proposal
    heard = testimony(assessment, inventory)
    entries, evidence = heard.entries, heard.evidence
    template = catalogue.templates.get(proposal.template.id)
    lies = (*unfounded(chain), *catalogue.check(proposal, assessment))
    seen = target_radius(evidence, assessment.target.kind)
    radii = (seen, assessment.blast_radius, proposal.blast_radius)
    blast = max((r.level for r in radii), key=BLAST.__getitem__)
    known, sources = _deciding(template, evidence)
    return Subject(
        digest=chain.digest,
        lies=lies,
        excluded=excluded(assessment, proposal, evidence, entries),
        template=proposal.template.id,
        template_class="unknown" if template is None else template.manifest.klass,
        problem=assessment.kind,
        status=assessment.status.value,
        target_kind=assessment.target.kind,
        environment=_environment(assessment, heard).value,
        blast=BLAST[blast],
        blast_name=blast.value,
        dependants=max(r.dependants or 0 for r in radii),
        dependants_known=all(r.dependants is not None for r in radii),
        reversibility=_reversibility(assessment, proposal, template).value,
        severity=assessment.severity.value,
        automatic=template is not None and template.manifest.automatic,
        deciding_known=known,
        independent_sources=sources,
        tainted_slots=sum(s.tainted for s in proposal.slots),
        assembler=proposal.assembler.kind.value,
        owner_known=bool(assessment.ownership.owner) or any(e.statement.ownership.owner for e in entries),
        managed_by=_managed_by(assessment, heard).value,
        shared=_shared(assessment, entries),
        secret=assessment.secret is not None or any(f.secret is not None for f in chain.findings),
        in_use=_in_use(assessment.target.kind, evidence),
        signals=signals.about(assessment),
        stale_inventory=any(e.stale for e in entries) or heard.doubtful,
        sender_known=_sent_by_somebody(chain.findings),
        honest=not lies and template is not None,
        revision=proposal.revision,
        reading=assessment.reading,
        soak_seconds=proposal.durations.soak_seconds,
    )


def excluded(
    assessment: Assessment, proposal: Proposal, evidence: Sequence[Fact], entries: Sequence[Entry]
) -> tuple[str, ...]:
    """Who may not approve: who asked for the change, and whom the affected identity belongs to, whoever says so."""
    found: set[str] = set()
    if proposal.assembler.kind is AssemblerKind.PERSON:
        found.add(proposal.assembler.name)
    if assessment.identity is not None or assessment.target.kind == ACCESS_KEY:
        found.update(map(_last_name, (*_identity(assessment), *names_of(assessment.target)[1:])))
        facts = (*_named(assessment.evidence, "owner"), *_named(evidence, "owner"))
        found.update(str(f.value) for f in facts if f.state is FactState.VALUE)
        found.update(o.owner or "" for o in (assessment.ownership, *(e.statement.ownership for e in entries)))
    return tuple(sorted(name for name in found if name))


def _identity(assessment: Assessment) -> tuple[str, ...]:
    return () if assessment.identity is None else (assessment.identity.id,)


def _last_name(identity: str) -> str:
    """What an identity is called: the user of arn:aws:iam::1:user/ci/deploy is deploy."""
    return identity.partition("#")[0].rpartition("/")[2].rpartition(":")[2]


def _named(evidence: Iterable[Fact], name: str) -> Iterator[Fact]:
    """A fact, and the same fact by each of its sources."""
    return (f for f in evidence if f.name == name or f.name.startswith(f"{name}."))


def _environment(assessment: Assessment, heard: Testimony) -> Environment:
    """Where it serves, when all who say anything say the same, and unknown otherwise."""
    facts = list(_named(heard.evidence, "environment"))
    if any(f.state is FactState.UNREADABLE for f in facts):
        return Environment.UNKNOWN
    said = {assessment.environment, *heard.environments}
    said |= {environment_of(f.value) for f in facts if f.state is FactState.VALUE}
    return said.pop() if len(said) == 1 else Environment.UNKNOWN


def _managed_by(assessment: Assessment, heard: Testimony) -> ManagedBy:
    facts = list(_named(heard.evidence, "managed_by"))
    if any(f.state is FactState.UNREADABLE for f in facts):
        return ManagedBy.UNKNOWN
    said = {assessment.ownership.managed_by, *(e.statement.ownership.managed_by for e in heard.entries)}
    said |= {_manager(f.value) for f in facts if f.state is FactState.VALUE}
    return said.pop() if len(said) == 1 else ManagedBy.UNKNOWN


def _manager(value: object) -> ManagedBy:
    return ManagedBy(value) if isinstance(value, str) and value in list(ManagedBy) else ManagedBy.UNKNOWN


def _shared(assessment: Assessment, entries: Sequence[Entry]) -> bool:
    """Whether several use it, or may: only people can say that nobody else does."""
    said = {e.statement.ownership.shared for e in entries}
    return said != {False} or assessment.ownership.shared is not False


def _reversibility(assessment: Assessment, proposal: Proposal, template: Template | None) -> Reversibility:
    if template is None:
        return Reversibility.UNKNOWN
    found = worse(template.manifest.reversibility, proposal.rehearsal.reversibility)
    return worse(worse(found, proposal.reversibility), assessment.reversibility)


def _sent_by_somebody(findings: Sequence[Finding]) -> bool:
    """Whether somebody vouches for who sent each of the reports."""
    return bool(findings) and all(f.source.principal is not None for f in findings)


def _deciding(template: Template | None, evidence: Sequence[Fact]) -> tuple[bool, int]:
    """Whether every deciding fact is known and undisputed, and by how many independent sources at the least."""
    if template is None:
        return False, 0
    support = [_support(list(_named(evidence, name))) for name in template.manifest.deciding]
    return all(support), min(support, default=0)


def _support(facts: Sequence[Fact]) -> int:
    """By how many sources a fact is known: 0 when it is not, when one cannot be read, or when they do not agree."""
    if any(f.state not in {FactState.VALUE, FactState.ABSENT} for f in facts):
        return 0
    values = [f for f in facts if f.state is FactState.VALUE]
    if len({(type(f.value), f.value) for f in values}) > 1:
        return 0
    return voices(values or facts)


def _in_use(kind: str, evidence: Sequence[Fact]) -> bool:
    """Whether a key was used lately, or nobody can tell; nothing else is in use in this sense."""
    if kind != ACCESS_KEY:
        return False
    unused = list(_named(evidence, "unused"))
    if any(f.state is FactState.UNREADABLE or f.value is False for f in unused):
        return True
    days = list(_named(evidence, "last_used_days"))
    return not days or any(_recent(f) for f in days)


def _recent(days: Fact) -> bool:
    if days.state is FactState.ABSENT:
        return False
    known = days.state is FactState.VALUE and type(days.value) is int
    return not known or int(str(days.value)) < IN_USE_DAYS
