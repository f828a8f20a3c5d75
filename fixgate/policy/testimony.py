"""Who says what about a target, and for whom: nobody's word is taken for another's (law 3). Pure.

The analyzer's signature says what it read. What a finding is about stands in the finding, and what people's inventory
says is read there, not in an assessment that repeats it. All that the analyzer reads itself is one voice, however many
names it gives to its sources.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fixgate import targets
from fixgate.chain import ProposalChain
from fixgate.events import (
    Assessment,
    AssetStatement,
    Environment,
    Fact,
    FactState,
    Finding,
    ManagedBy,
    Resource,
)
from fixgate.forms import Scalar
from fixgate.people.statements import CLOCK_LEEWAY
from fixgate.policy.assets import Entry, Inventory, names_of

REPORT: Final = "report"
ASSETS: Final = "assets"
STATE: Final = "state"
NEVER: Final = 1_000_000
"""Hours since a time that nobody knows, or that is still to come."""
_HOUR: Final = timedelta(hours=1)
_ARN_ACCOUNT: Final = 4
_TRUTHS: Final = {"true": True, "false": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Testimony:
    """What counts of an assessment's evidence, and the inventory's entries about its target.

    `evidence` has the inventory's facts as it says them now. `doubtful`: there may be an entry that cannot be used.
    """

    entries: tuple[Entry, ...]
    evidence: tuple[Fact, ...]
    doubtful: bool

    @property
    def environments(self) -> frozenset[Environment]:
        """Where people say that it serves; unknown among them when they may have said more."""
        said = {e.statement.environment for e in self.entries}
        return frozenset(said | {Environment.UNKNOWN} if self.doubtful else said)


def testimony(assessment: Assessment, inventory: Inventory) -> Testimony:
    """The evidence of an assessment, with the inventory's own word in the place of what it repeats of it."""
    names = (*names_of(assessment.target), *(() if assessment.identity is None else (assessment.identity.id,)))
    entries, doubtful = inventory.find(*names), inventory.in_doubt(names)
    doubt = "an entry cannot be believed" if doubtful else ""
    if any(entry.stale for entry in entries):
        doubt = "nobody has confirmed an entry for long"
    own = of_assets([entry.statement for entry in entries], doubt, assessment.last_seen_at)
    others = (f for f in assessment.evidence if not _repeats(f))
    return Testimony(entries=entries, evidence=(*others, *own), doubtful=doubtful)


def unfounded(chain: ProposalChain) -> Iterator[str]:
    """What an assessment says of its target that nobody else does, in words."""
    target = chain.assessment.target
    if not any(_names(finding, target) for finding in chain.findings):
        yield "no finding names the target"
    if chain.assessment.lock_key != _lock_key(target):
        yield "the lock key is not the target's"
    account = target.id.split(":")[_ARN_ACCOUNT] if target.id.startswith("arn:aws:iam:") else target.account
    if account != target.account:
        yield "the account is not the one of the target's name"


def voices(facts: Iterable[Fact]) -> int:
    """How many independent sources these facts have."""
    return len({f.source if f.source in {REPORT, ASSETS} else "" for f in facts})


def hours_since(assessment: Assessment, now: datetime) -> int:
    """Full hours since the target was read; `NEVER` when nobody knows, or when that is still to come."""
    read = [f.observed_at for f in assessment.evidence if f.name == STATE]
    if not read or max(read) > now + CLOCK_LEEWAY:
        return NEVER
    return max(0, (now - min(read)) // _HOUR)


def of_assets(entries: Sequence[AssetStatement], doubt: str, now: datetime) -> tuple[Fact, ...]:
    """What people's inventory says of the target; `doubt` tells why it cannot be relied on, empty when it can."""
    names = tuple(f"{name}.{ASSETS}" for name in ("environment", "owner", "managed_by"))
    if doubt:
        unreadable = FactState.UNREADABLE
        return tuple(Fact(name=n, state=unreadable, why=doubt, source=ASSETS, observed_at=now) for n in names)
    known = [e.environment for e in entries if e.environment is not Environment.UNKNOWN]
    owners = {e.ownership.owner for e in entries if e.ownership.owner}
    managers = {e.ownership.managed_by for e in entries} - {ManagedBy.UNKNOWN}
    unused = {_TRUTHS.get(e.tags["unused"].strip().lower()) for e in entries if "unused" in e.tags}
    facts = [
        _known(names[0], max(known, key=tuple(Environment).index).value if known else None, now),
        _known(names[1], owners.pop() if len(owners) == 1 else None, now),
        _known(names[2], manager_of(managers).value if managers else None, now),
    ]
    if unused:
        facts.append(_unused(unused, now))
    named = tuple(dict.fromkeys(d for e in entries for d in e.dependants))
    # An empty list says that there are none only when somebody looked.
    if named or any(e.reviewed_at is not None for e in entries):
        facts.append(_known("dependants.assets", named, now))
    return tuple(facts)


def manager_of(said: set[ManagedBy]) -> ManagedBy:
    """Who changes it, when all say the same; code beats them all."""
    if ManagedBy.INFRASTRUCTURE_AS_CODE in said:
        return ManagedBy.INFRASTRUCTURE_AS_CODE
    return next(iter(said)) if len(said) == 1 else ManagedBy.UNKNOWN


def _known(name: str, value: Scalar, now: datetime) -> Fact:
    state = FactState.ABSENT if value is None else FactState.VALUE
    return Fact(name=name, state=state, value=value, source=ASSETS, observed_at=now)


def _unused(said: set[bool | None], now: datetime) -> Fact:
    """Whether people say that it is unused; two words, or one that is not known here, are none."""
    if len(said) == 1 and None not in said:
        return _known("unused.assets", said.pop(), now)
    why = "the entries do not agree, or say what is not known here"
    return Fact(name="unused.assets", state=FactState.UNREADABLE, why=why, source=ASSETS, observed_at=now)


def _repeats(fact: Fact) -> bool:
    """Whether it is the inventory's word, or has its name; that it could not be read stays."""
    whose = fact.source == ASSETS or fact.name.endswith(f".{ASSETS}")
    return whose and fact.state in {FactState.VALUE, FactState.ABSENT}


def _names(finding: Finding, target: Resource) -> bool:
    """Whether a finding is about the target, as far as its scanner could know: of a key it may know the id alone."""
    found, key = finding.resource, targets.parts(target)[1]
    account = (found.account if found is not None else None) or finding.account
    if account not in {None, target.account}:
        return False
    by_key = target.kind == targets.ACCESS_KEY and key != ""
    if found is not None and found.kind == target.kind and (found.id == target.id or (by_key and found.id == key)):
        return True
    return by_key and finding.identity is not None and key in {finding.identity.credential, finding.identity.id}


def _lock_key(target: Resource) -> str | None:
    try:
        return targets.lock_key(target)
    except ValueError:
        return None
