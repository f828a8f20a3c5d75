"""What a change touches, and what a control covers: the two sides of the one predicate. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final

from fixgate import targets
from fixgate.events import Assessment, Environment, FactState, Scope

UNCLASSIFIED: Final = "unclassified"


class PreventionKind(StrEnum):
    """What prevents a change."""

    HALT = "halt"
    FREEZE = "freeze"
    EXCEPTION = "exception"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prevention:
    """Why a change may not be made now; `control_id` is what a person ends to lift it."""

    kind: PreventionKind
    control_id: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What a change touches, as scopes name it. None, or an empty set of environments or kinds: nobody knows."""

    lock_key: str
    resources: frozenset[str]
    account: str | None
    environments: frozenset[Environment]
    kinds: frozenset[str]
    templates: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A control that counts."""

    kind: PreventionKind
    control_id: str
    scope: Scope
    not_before: datetime | None
    not_after: datetime | None
    words: str

    def covers(self, reach: Reach) -> bool:
        """Whether the change is in its scope; what is not known of the change counts as in."""
        scope = self.scope
        return (
            _meets(scope.lock_keys, frozenset({reach.lock_key}))
            and _meets(scope.resources, reach.resources)
            and _meets(scope.accounts, frozenset({reach.account}) if reach.account else frozenset())
            and _meets_where(scope.environments, reach.environments)
            and _meets(scope.kinds, reach.kinds)
            and _meets(scope.templates, reach.templates)
        )

    def begun(self, now: datetime) -> bool:
        """Whether it has begun."""
        return self.not_before is None or self.not_before <= now

    def over(self, now: datetime) -> bool:
        """Whether its own end has come."""
        return self.not_after is not None and self.not_after <= now


def reach_of(assessment: Assessment, template_id: str, environments: Iterable[Environment] = ()) -> Reach:
    """What a change of the assessment's target with that template touches.

    `environments` are those that people's inventory names, for who reads it.
    """
    whole, _ = targets.parts(assessment.target)
    named = {assessment.target.id, whole, assessment.lock_key, _last_name(whole)}
    if assessment.identity is not None:
        named.add(assessment.identity.id)
    return Reach(
        lock_key=assessment.lock_key,
        resources=frozenset(named),
        account=assessment.target.account,
        environments=_environments(assessment, environments),
        kinds=frozenset() if assessment.kind == UNCLASSIFIED else frozenset({assessment.kind}),
        templates=frozenset({template_id}),
    )


def _environments(assessment: Assessment, more: Iterable[Environment]) -> frozenset[Environment]:
    """Every environment that somebody claims; empty when any of them is not known."""
    found = {assessment.environment, *more}
    for fact in assessment.evidence:
        if fact.name != "environment" and not fact.name.startswith("environment."):
            continue
        if fact.state is FactState.UNREADABLE:
            return frozenset()
        if fact.state is FactState.VALUE:
            found.add(environment_of(fact.value))
    return frozenset() if Environment.UNKNOWN in found else frozenset(found)


def environment_of(value: object) -> Environment:
    """The environment that a fact names; unknown for anything else."""
    return Environment(value) if isinstance(value, str) and value in list(Environment) else Environment.UNKNOWN


def _meets_where(wanted: tuple[Environment, ...], there: frozenset[Environment]) -> bool:
    return not wanted or not there or Environment.UNKNOWN in wanted or not there.isdisjoint(wanted)


def _meets(wanted: tuple[str, ...], there: frozenset[str]) -> bool:
    """Whether a scope names one of these; what a person may have meant counts: case does not matter, `*` and `?` do."""
    return not wanted or not there or any(_fits(name, pattern) for pattern in wanted for name in there)


def _fits(name: str, pattern: str) -> bool:
    folded, meant = name.casefold(), pattern.strip().casefold()
    return folded == meant or fnmatchcase(folded, meant.replace("[", "[[]"))


def _last_name(whole: str) -> str:
    """What a person calls it: the bucket's or the user's name, the repository's."""
    return whole.rpartition("/")[2].rpartition(":")[2].removesuffix(".git")
