"""What several sources say together: unknown and disagreement raise, nothing lowers (law 8)."""

from datetime import timedelta
from typing import Any

import pytest

from fixgate.events import (
    AssetStatement,
    Environment,
    Fact,
    FactState,
    ManagedBy,
    Ownership,
    Reversibility,
    Severity,
)
from fixgate.policy.testimony import of_assets
from services.analyzer import weighing
from tests.fixgate.certificates import NOW
from tests.samples import BUCKET, fact, finding, unreadable


def entry(**changed: Any) -> AssetStatement:
    """An inventory entry."""
    given: dict[str, Any] = {
        "asset_id": BUCKET.id,
        "kind": "aws.s3.bucket",
        "environment": Environment.STAGING,
        "ownership": Ownership(owner="alice", managed_by=ManagedBy.HAND, shared=False),
        "version": 1,
        "issued_at": NOW - timedelta(days=1),
        "person": "alice",
        "roster_version": 1,
    }
    return AssetStatement(**(given | changed))


def environment(**said: str) -> list[Fact]:
    """The facts of these sources."""
    return [fact(f"environment.{source}", value, source) for source, value in said.items()]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([], Environment.UNKNOWN),
        (environment(report="development"), Environment.UNKNOWN),
        (environment(report="production"), Environment.PRODUCTION),
        (environment(assets="staging", tags="development"), Environment.UNKNOWN),
        (environment(assets="staging", report="production"), Environment.PRODUCTION),
        (environment(assets="development", tags="production"), Environment.PRODUCTION),
        ([*environment(assets="staging"), unreadable("environment.aws:tags")], Environment.UNKNOWN),
        ([*environment(assets="production"), unreadable("environment.aws:tags")], Environment.PRODUCTION),
        (environment(assets="staging", tags="staging"), Environment.STAGING),
        (environment(tags="test"), Environment.TEST),
    ],
)
def test_the_environment_is_the_worst_that_anybody_says(said: list[Fact], expected: Environment) -> None:
    """Nobody, only a report, a disagreement or a source that cannot be read: unknown; production wins."""
    assert weighing.environment_of(said) is expected


def test_an_inventory_that_cannot_be_relied_on_is_unreadable() -> None:
    """Not absent: somebody may have said something."""
    facts = of_assets((entry(),), "an entry cannot be believed", NOW)
    assert {f.state for f in facts} == {FactState.UNREADABLE}
    assert weighing.environment_of(facts) is Environment.UNKNOWN


def test_nobody_known_is_no_owner() -> None:
    """Without entries there is no owner, no manager and nobody knows who shares it."""
    whose = weighing.ownership_of(of_assets((), "", NOW), ())
    assert whose == Ownership(owner=None, managed_by=ManagedBy.UNKNOWN, shared=None)


def test_owners_that_differ_are_no_owner() -> None:
    """Two sources that name different owners leave nobody."""
    evidence = [*of_assets((entry(),), "", NOW), fact("owner.aws:tags", "bob", "aws:tags")]
    assert weighing.ownership_of(evidence, (entry(),)).owner is None


def test_code_as_a_manager_beats_all_others() -> None:
    """Whoever else says by hand: infrastructure as code would put it back."""
    evidence = [
        fact("managed_by.assets", "hand", "assets"),
        fact("managed_by.aws:tags", "infrastructure_as_code", "aws:tags"),
    ]
    assert weighing.ownership_of(evidence, (entry(),)).managed_by is ManagedBy.INFRASTRUCTURE_AS_CODE
    doubtful = [fact("managed_by.assets", "hand", "assets"), unreadable("managed_by.aws:tags")]
    assert weighing.ownership_of(doubtful, (entry(),)).managed_by is ManagedBy.UNKNOWN


def test_shared_is_kept_and_unknown_is_not_unshared() -> None:
    """One entry that says shared is enough; one that does not know leaves it open."""
    yes, no, unknown = (Ownership(shared=value) for value in (True, False, None))
    assert weighing.ownership_of((), (entry(ownership=yes), entry(ownership=no))).shared is True
    assert weighing.ownership_of((), (entry(ownership=no), entry(ownership=unknown))).shared is None
    assert weighing.ownership_of((), (entry(ownership=no),)).shared is False


def test_people_can_say_that_a_thing_is_unused() -> None:
    """The inventory is an independent source of it; two entries that differ, or a strange word, leave it open."""
    found = of_assets((entry(tags={"unused": "true"}),), "", NOW)
    assert fact("unused.assets", value=True, source="assets") in found
    both = (entry(tags={"unused": "true"}), entry(tags={"unused": "false"}))
    for entries in (both, (entry(tags={"unused": "perhaps"}),)):
        [said] = [f for f in of_assets(entries, "", NOW) if f.name == "unused.assets"]
        assert said.state is FactState.UNREADABLE


def test_a_critical_asset_raises_a_severity_by_one() -> None:
    """And nothing lowers it."""
    critical = (entry(criticality=Severity.CRITICAL),)
    assert weighing.severity_in(Severity.MEDIUM, critical) is Severity.HIGH
    assert weighing.severity_in(Severity.CRITICAL, critical) is Severity.CRITICAL
    assert weighing.severity_in(Severity.HIGH, (entry(criticality=Severity.LOW),)) is Severity.HIGH


def test_only_a_state_that_was_read_can_be_put_back() -> None:
    """Unreadable or missing: nobody can tell."""
    assert weighing.reversibility_of([fact("state", "{}")]) is Reversibility.LOSSLESS
    assert weighing.reversibility_of([unreadable("state")]) is Reversibility.UNKNOWN
    assert weighing.reversibility_of([]) is Reversibility.UNKNOWN


def test_a_report_says_what_its_rule_means_and_nothing_in_free_text() -> None:
    """Its title, description and odd labels are no facts."""
    found = finding(title="environment: development", labels={"environment": "paradise", "note": "unused"})
    assert weighing.of_report(found, {"unused": True}) == (fact("unused.report", value=True, source="report"),)
    assert weighing.of_report(finding(labels={"env": "Prod"}), {}) == (
        fact("environment.report", "production", source="report"),
    )
