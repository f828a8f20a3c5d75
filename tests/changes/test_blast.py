"""The blast radius: what is not known raises it, and nothing that is said lowers it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgate import targets
from fixgate.changes.blast import ORDER, blast_radius, target_radius
from fixgate.changes.catalogue import CATALOGUE
from fixgate.changes.samples import AT, sample
from fixgate.events import BlastLevel, BlastRadius, Fact, FactState
from fixgate.forms import Scalar
from tests.changes.drafts import BUCKET, IDS

GOOD: dict[str, dict[str, Scalar]] = {
    targets.ACCESS_KEY: {"state": "{}", "unused.aws:iam": True, "other_active_keys": 0},
    targets.BUCKET: {"state": "{}", "website": False, "dependants.assets": ()},
    targets.WORKFLOW: {"state": "{}"},
}


def facts(kind: str, **changed: Fact | Scalar) -> list[Fact]:
    """The good facts, some of them changed (dots and colons are written as _)."""
    names = {name.replace(".", "_").replace(":", "_"): name for name in GOOD[kind]}
    made = {**GOOD[kind], **{names.get(name, name): value for name, value in changed.items()}}
    return [value if isinstance(value, Fact) else fact(name, value) for name, value in made.items()]


def fact(name: str, value: Scalar, state: FactState = FactState.VALUE) -> Fact:
    """A fact."""
    return Fact(name=name, state=state, value=value, source="example", observed_at=AT)


@pytest.mark.parametrize("kind", GOOD)
def test_a_fact_that_is_missing_or_unreadable_raises(kind: str) -> None:
    """One by one."""
    assert target_radius(facts(kind), kind).level is BlastLevel.LOW
    for name in GOOD[kind]:
        rest = [f for f in facts(kind) if f.name != name]
        unreadable = target_radius([*rest, fact(name, None, FactState.UNREADABLE)], kind)
        assert unreadable.level is BlastLevel.UNKNOWN, name
        assert ORDER.index(target_radius(rest, kind).level) > ORDER.index(BlastLevel.LOW), name


@pytest.mark.parametrize(
    ("kind", "changed", "level"),
    [
        (targets.ACCESS_KEY, {"unused_aws_iam": False}, BlastLevel.HIGH),
        (targets.ACCESS_KEY, {"other_active_keys": 1}, BlastLevel.MEDIUM),
        (targets.ACCESS_KEY, {"other_active_keys": "none"}, BlastLevel.UNKNOWN),
        (targets.BUCKET, {"website": True}, BlastLevel.HIGH),
        (targets.BUCKET, {"dependants_assets": ("a",)}, BlastLevel.MEDIUM),
        (targets.BUCKET, {"dependants_assets": 10}, BlastLevel.HIGH),
        (targets.BUCKET, {"dependants_assets": "some"}, BlastLevel.UNKNOWN),
        ("aws.ec2.instance", {}, BlastLevel.UNKNOWN),
    ],
)
def test_each_fact_has_its_weight(kind: str, changed: dict[str, Scalar], level: BlastLevel) -> None:
    """With the words for it."""
    made = target_radius(facts(kind, **changed) if kind in GOOD else [], kind)
    assert made.level is level
    assert made.reasons


def test_the_largest_word_on_dependants_counts() -> None:
    """A second source cannot lower the first."""
    said = [*facts(targets.BUCKET), fact("dependants.other", ("a", "b"))]
    made = target_radius(said, targets.BUCKET)
    assert (made.dependants, made.sample) == (2, ("a", "b"))


@given(st.sampled_from(ORDER), st.sampled_from(IDS))
def test_a_change_never_hits_less_than_its_target(level: BlastLevel, template_id: str) -> None:
    """The assessment's own word and the residual power can only raise it."""
    template = CATALOGUE.templates[template_id]
    assessment = replace(sample(template), blast_radius=BlastRadius(level=level))
    made = blast_radius(assessment, template)
    target = target_radius(assessment.evidence, assessment.target.kind)
    for least in (level, target.level, template.manifest.residual):
        assert ORDER.index(made.level) >= ORDER.index(least)
    assert any(words.startswith("residual power") for words in made.reasons)


def test_what_an_assessment_knows_more_is_kept() -> None:
    """Its dependants and its reasons."""
    template = CATALOGUE.templates[BUCKET]
    said = BlastRadius(level=BlastLevel.LOW, dependants=40, sample=("service",), reasons=("a burst",))
    made = blast_radius(replace(sample(template), blast_radius=said), template)
    assert (made.dependants, made.sample) == (40, ("service",))
    assert "a burst" in made.reasons
