"""What a change can hit beyond its target; pure. Whatever is not known raises, and nothing that is said lowers."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from fixgate import targets
from fixgate.changes.offers import Template
from fixgate.events import Assessment, BlastLevel, BlastRadius, Fact, FactState

ORDER: Final = (BlastLevel.NONE, BlastLevel.LOW, BlastLevel.MEDIUM, BlastLevel.HIGH, BlastLevel.UNKNOWN)
"""From the least to the worst: unknown is the worst."""
MANY: Final = 10
_SAMPLE: Final = 5
_DEPENDANTS: Final = "dependants"

Raised = tuple[BlastLevel, str]


def target_radius(facts: Iterable[Fact], kind: str) -> BlastRadius:
    """What a change of the target can hit, as the facts show it. `kind` is the target's kind.

    Facts named `dependants` or `dependants.<source>` may be numbers or names; the largest counts.
    """
    by_name = {fact.name: fact for fact in facts}
    raised = [*_RULES.get(kind, _unknown_kind)(by_name), *_shared(by_name)]
    dependants, sample, of_dependants = _dependants(by_name, kind)
    return _radius([*raised, *of_dependants], dependants, sample)


def blast_radius(assessment: Assessment, template: Template) -> BlastRadius:
    """What the change can hit: the target's, never less than the assessment says, plus the residual power."""
    target = target_radius(assessment.evidence, assessment.target.kind)
    said = assessment.blast_radius
    level = max(target.level, said.level, template.manifest.residual, key=ORDER.index)
    counts = [count for count in (target.dependants, said.dependants) if count is not None]
    reasons = (
        *target.reasons,
        *said.reasons,
        *(f"residual power: {words}" for words in template.manifest.residual_power),
    )
    return BlastRadius(
        level=level,
        dependants=max(counts, default=None),
        sample=tuple(dict.fromkeys((*target.sample, *said.sample)))[:_SAMPLE],
        reasons=tuple(dict.fromkeys(reasons)),
    )


def _access_key(facts: Mapping[str, Fact]) -> Iterator[Raised]:
    unused = facts.get("unused.aws:iam")
    yield BlastLevel.LOW, "whatever signs with this key stops working"
    if unused is None or unused.state is not FactState.VALUE:
        yield BlastLevel.UNKNOWN, "when the key was last used is not known"
    elif unused.value is not True:
        yield BlastLevel.HIGH, "the key was used in the last 90 days"
    others = facts.get("other_active_keys")
    if others is None or others.state is not FactState.VALUE or not isinstance(others.value, int):
        yield BlastLevel.UNKNOWN, "whether the user has other keys is not known"
    elif others.value > 0:
        yield BlastLevel.MEDIUM, "the user has other active keys, which the same permission covers"


def _bucket(facts: Mapping[str, Fact]) -> Iterator[Raised]:
    yield BlastLevel.LOW, "whoever reads the bucket without credentials no longer can"
    yield from _flag(facts, "website", BlastLevel.HIGH, "the bucket serves a website")


def _workflow(facts: Mapping[str, Fact]) -> Iterator[Raised]:
    del facts
    yield BlastLevel.LOW, "a branch is added; nothing runs from it until somebody merges it"


def _unknown_kind(facts: Mapping[str, Fact]) -> Iterator[Raised]:
    del facts
    yield BlastLevel.UNKNOWN, "nothing is known of this kind of target"


def _shared(facts: Mapping[str, Fact]) -> Iterator[Raised]:
    state = facts.get("state")
    if state is None or state.state is not FactState.VALUE:
        yield BlastLevel.UNKNOWN, "the target's state is not known"


def _flag(facts: Mapping[str, Fact], name: str, level: BlastLevel, words: str) -> Iterator[Raised]:
    fact = facts.get(name)
    if fact is None or fact.state is FactState.UNREADABLE:
        yield BlastLevel.UNKNOWN, f"not known: {words}"
    elif fact.value is True:
        yield level, words


def _dependants(facts: Mapping[str, Fact], kind: str) -> tuple[int | None, tuple[str, ...], list[Raised]]:
    said = [fact for name, fact in facts.items() if name == _DEPENDANTS or name.startswith(_DEPENDANTS + ".")]
    counts = [_count(fact) for fact in said if fact.state is FactState.VALUE]
    named = tuple(name for fact in said if isinstance(fact.value, tuple) for name in fact.value)[:_SAMPLE]
    known = [count for count in counts if count is not None]
    if any(fact.state is FactState.UNREADABLE for fact in said) or len(known) != len(counts):
        return None, named, [(BlastLevel.UNKNOWN, "what depends on it could not be read")]
    if not known:
        # Nobody keeps a list. For a key its own last use tells; a branch that is not merged has no dependants.
        return None, (), [(BlastLevel.MEDIUM, "what depends on it is not known")] if kind == targets.BUCKET else []
    most = max(known)
    if most >= MANY:
        return most, named, [(BlastLevel.HIGH, f"{most} things depend on it")]
    return most, named, [(BlastLevel.MEDIUM, f"{most} things depend on it")] if most else []


def _count(fact: Fact) -> int | None:
    match fact.value:
        case bool() | None | str():
            return None
        case int():
            return fact.value
        case names:
            return len(names)


def _radius(raised: list[Raised], dependants: int | None, sample: tuple[str, ...]) -> BlastRadius:
    return BlastRadius(
        level=max((level for level, _ in raised), default=BlastLevel.UNKNOWN, key=ORDER.index),
        dependants=dependants,
        sample=sample,
        reasons=tuple(words for _, words in raised),
    )


_RULES: Final = {targets.ACCESS_KEY: _access_key, targets.BUCKET: _bucket, targets.WORKFLOW: _workflow}
