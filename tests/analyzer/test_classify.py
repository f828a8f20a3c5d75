"""The verb on the real runtime: what becomes of a finding, of a problem that is seen again, and of an outcome."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fixgate import targets
from fixgate.chain import decision_chain
from fixgate.events import (
    Assessment,
    AssessmentStatus,
    BlastLevel,
    Environment,
    Fact,
    FactState,
    FindingStatus,
    Ownership,
    Resource,
)
from fixgate.events import Result as Ended
from fixgate.resources import Reading
from fixgate.runtime import Runtime
from fixgate.signing import digest
from fixgate.verbs import Event, Facts, Received, Result, Workload
from services.analyzer.decide import CHANGE_DONE, KEEPS_MOVING, Classify
from services.analyzer.gathered import Gathered
from services.analyzer.journal import QUIET
from services.analyzer.rules import load
from tests.chains import outcome
from tests.samples import ACCESS_KEY, BUCKET, fact, finding, key_facts, public_bucket
from tests.services_people import FIRST, asset, enrol
from tests.services_world import CODEC, START, ServicesWorld


class Target:
    """What discovery finds; a test changes it between two findings."""

    def __init__(self, target: Resource | None = ACCESS_KEY, facts: tuple[Fact, ...] | None = None) -> None:
        self.target = target
        self.facts = key_facts() if facts is None else facts
        self.asked: list[str] = []

    def __call__(self, event: Event, deadline: float) -> Gathered:
        """The answer for any event."""
        assert deadline > 0
        assert isinstance(event, Received)
        self.asked.append(event.topic)
        if self.target is None:
            return Gathered(why="nobody knows whose it is")
        state = next((f.state for f in self.facts if f.name == "state"), FactState.UNREADABLE)
        reading = Reading(
            target=self.target, state=state, projection=None, facts=self.facts, read_at=START, why="denied"
        )
        return Gathered(target=self.target, reading=reading)


def analyzer(world: ServicesWorld, target: Target) -> Runtime[Any]:
    """The service."""
    verb = Classify(codec=CODEC, rules=load(), first_roster=FIRST.digest)
    return world.runtime(Workload(service="analyzer", verb=verb, gather=target))


def see(world: ServicesWorld, target: Target, **changed: Any) -> Assessment:
    """The assessment of one finding."""
    world.publish("findings", finding(**changed))
    world.work(analyzer(world, target))
    [made] = world.read("assessments", Assessment)
    assert world.rejected("analyzer") == []
    return made


def bucket_facts(*, public: bool = True) -> tuple[Fact, ...]:
    """What a reader says of the bucket."""
    s3 = "aws:s3"
    return (
        fact("state", "{}", s3),
        fact("exists", value=True, source=s3),
        fact("public.aws:s3", public, s3),
        fact("website", value=False, source=s3),
    )


def test_a_target_that_cannot_be_made_out_is_insufficient(tmp_path: Path) -> None:
    """Nothing is ever changed under its lock key, and the assessment says why."""
    with ServicesWorld(tmp_path) as world:
        made = see(world, Target(None))
        assert made.status is AssessmentStatus.INSUFFICIENT
        assert made.lock_key == targets.unresolved_lock_key(finding().problem_key)
        assert made.blast_radius.level is BlastLevel.UNKNOWN
        [state] = [f for f in made.evidence if f.name == "state"]
        assert (state.state, state.why) == (FactState.UNREADABLE, "nobody knows whose it is")


def test_a_target_that_cannot_be_read_is_insufficient(tmp_path: Path) -> None:
    """Its lock key is known, its state is not."""
    with ServicesWorld(tmp_path) as world:
        made = see(world, Target(facts=()))
        assert (made.status, made.lock_key) == (AssessmentStatus.INSUFFICIENT, targets.lock_key(ACCESS_KEY))
        assert [(f.state, f.why) for f in made.evidence if f.name == "state"] == [(FactState.UNREADABLE, "denied")]


@pytest.mark.parametrize("status", [FindingStatus.SUPPRESSED, FindingStatus.RESOLVED])
def test_what_the_scanner_calls_over_is_not_acted_on(tmp_path: Path, status: FindingStatus) -> None:
    """Nor is it believed: the target shows it as open, so people have to look."""
    with ServicesWorld(tmp_path) as world:
        assert see(world, Target(), status=status).status is AssessmentStatus.INSUFFICIENT


def test_an_asset_that_nobody_who_counts_signed_says_nothing(tmp_path: Path) -> None:
    """Law 8: not left out, but unreadable; the environment is unknown although the tags agree."""
    with ServicesWorld(tmp_path) as world:
        enrol(world)
        asset(world, "cid", person="cid")
        world.publish("findings", public_bucket())
        tagged = (*bucket_facts(), fact("environment.aws:tags", "staging", "aws:tags"))
        world.work(analyzer(world, Target(BUCKET, tagged)))
        [made] = world.read("assessments", Assessment)
        assert made.environment is Environment.UNKNOWN
        assert [f.state for f in made.evidence if f.name == "environment.assets"] == [FactState.UNREADABLE]


def test_without_a_roster_nobody_counts(tmp_path: Path) -> None:
    """The desk's word for an asset is not taken."""
    with ServicesWorld(tmp_path) as world:
        asset(world)
        world.publish("findings", public_bucket())
        world.work(analyzer(world, Target(BUCKET, bucket_facts())))
        [made] = world.read("assessments", Assessment)
        assert (made.environment, made.ownership.owner) == (Environment.UNKNOWN, None)


def test_a_public_bucket_is_assessed_with_every_source(tmp_path: Path) -> None:
    """The report, the inventory and the account each say their own; the rules that held are named."""
    with ServicesWorld(tmp_path) as world:
        enrol(world)
        asset(world)
        world.publish("findings", public_bucket())
        world.work(
            analyzer(world, Target(BUCKET, (*bucket_facts(), fact("environment.aws:tags", "staging", "aws:tags"))))
        )
        [made] = world.read("assessments", Assessment)
        said = {f.name: (f.value, f.source) for f in made.evidence}
        assert said["public.report"] == (True, "report")
        assert said["public.aws:s3"] == (True, "aws:s3")
        assert said["environment.assets"] == ("staging", "assets")
        assert said["owner.assets"] == ("bob", "assets")
        assert (made.kind, made.asset_type, made.status) == ("public_bucket", "bucket", AssessmentStatus.OPEN)
        assert (made.environment, made.ownership.owner) == (Environment.STAGING, "bob")
        assert made.rules == ("public-bucket",)
        assert made.blast_radius.level is BlastLevel.LOW
        assert made.findings == tuple(world.signed("findings"))
        assert made.lock_key == BUCKET.id


def test_the_same_event_and_facts_give_the_same_result(tmp_path: Path) -> None:
    """Law 13: nothing but what the verb is given goes into its answer."""
    verb = Classify(codec=CODEC, rules=load(), first_roster=FIRST.digest)
    asked: list[bool] = []

    def twice(event: Event, facts: Facts[Gathered]) -> Result:
        one, other = verb(event, facts), verb(event, facts)
        asked.append(one == other)
        return one

    with ServicesWorld(tmp_path) as world:
        world.publish("findings", finding())
        for ended in (Ended.DONE, Ended.MOVED):
            world.publish("outcomes", outcome(world, result=ended))
        world.work(world.runtime(Workload(service="analyzer", verb=twice, gather=Target())))
    assert asked == [True] * 3


def test_a_problem_that_is_over_is_resolved(tmp_path: Path) -> None:
    """The key is inactive: there is nothing left to do."""
    with ServicesWorld(tmp_path) as world:
        assert see(world, Target(facts=key_facts("Inactive"))).status is AssessmentStatus.RESOLVED


def test_a_problem_seen_again_is_counted_and_said_again_only_after_a_while(tmp_path: Path) -> None:
    """A scanner that runs every minute floods nobody."""
    with ServicesWorld(tmp_path) as world:
        service = analyzer(world, Target())
        for number in range(5):
            world.publish("findings", finding(finding_id=f"finding-{number}"))
        world.work(service)
        assert [a.status for a in world.read("assessments", Assessment)] == [AssessmentStatus.OPEN]
        world.advance(QUIET)
        world.publish("findings", finding())
        world.work(service)
        again = world.read("assessments", Assessment)[-1]
        assert (again.status, again.occurrences) == (AssessmentStatus.SEEN_AGAIN, 6)
        assert (again.first_seen_at, again.last_seen_at) == (START, START + QUIET)


def test_what_looks_different_is_said_at_once(tmp_path: Path) -> None:
    """The key was switched off, and then on again: each is an assessment of its own."""
    with ServicesWorld(tmp_path) as world:
        target = Target()
        service = analyzer(world, target)
        for status in ("Active", "Inactive", "Active"):
            target.facts = key_facts(status)
            world.publish("findings", finding())
            world.work(service)
        said = [a.status for a in world.read("assessments", Assessment)]
        assert said == [AssessmentStatus.OPEN, AssessmentStatus.RESOLVED, AssessmentStatus.OPEN]


def test_a_state_that_cannot_be_read_is_a_dead_letter(tmp_path: Path) -> None:
    """What was remembered is broken: nothing is guessed."""
    with ServicesWorld(tmp_path) as world:
        world.publish("findings", finding())
        key = f"problem/{finding().problem_key}".encode()
        verb = Classify(codec=CODEC, rules=load(), first_roster="")
        breaking: Workload[Gathered] = Workload(
            service="analyzer",
            verb=lambda e, f: verb(e, f) if f.state.get(key) else type(verb(e, f))(state={key: b"broken"}),
            gather=Target(),
        )
        service = world.runtime(breaking)
        world.work(service)
        world.publish("findings", finding())
        world.work(service)
        assert [r.reason for r in world.rejected("analyzer")] == ["defect"]


@pytest.mark.parametrize("ended", [r for r in Ended if r not in {Ended.DONE, Ended.MOVED}])
def test_other_outcomes_lead_to_no_new_reading(tmp_path: Path, ended: Ended) -> None:
    """Rolled back, halted, refused, failed: people look, nothing begins by itself."""
    with ServicesWorld(tmp_path) as world:
        world.publish("outcomes", outcome(world, result=ended))
        world.work(analyzer(world, Target()))
        assert world.read("assessments", Assessment) == []
        assert world.rejected("analyzer") == []


def test_an_outcome_whose_chain_does_not_fit_is_a_dead_letter(tmp_path: Path) -> None:
    """Its decision carries a proposal with another target."""
    with ServicesWorld(tmp_path) as world:
        world.publish("outcomes", outcome(world, result=Ended.MOVED, proposed_with={"target": BUCKET}))
        world.work(analyzer(world, Target()))
        assert world.read("assessments", Assessment) == []
        assert [r.reason for r in world.rejected("analyzer")] == ["invalid"]


def test_a_target_that_moved_is_read_again(tmp_path: Path) -> None:
    """A new reading replaces the old one and carries the same findings; what is remembered elsewhere is not needed."""
    with ServicesWorld(tmp_path) as world:
        sent = outcome(world, result=Ended.MOVED)
        world.publish("outcomes", sent)
        target = Target(facts=(*key_facts()[1:], fact("state", '{"moved":true}')))
        world.advance(timedelta(minutes=1))
        world.work(analyzer(world, target))
        [made] = world.read("assessments", Assessment)
        before = decision_chain(CODEC, sent.decision).proposed
        assert (made.reading, made.status) == (2, AssessmentStatus.OPEN)
        assert made.supersedes == digest(before.proposal.assessment.value)
        assert made.findings == before.assessment.findings
        assert made.lock_key == sent.lock_key
        assert target.asked == ["outcomes"]


def test_three_readings_are_enough(tmp_path: Path) -> None:
    """A target that has moved three times is left to people."""
    with ServicesWorld(tmp_path) as world:
        world.publish("outcomes", outcome(world, result=Ended.MOVED, assessed_with={"reading": 3}))
        world.work(analyzer(world, Target()))
        [made] = world.read("assessments", Assessment)
        assert (made.reading, made.status) == (4, AssessmentStatus.INSUFFICIENT)
        assert made.rules[-1] == KEEPS_MOVING


def test_a_target_that_moved_to_where_the_change_would_bring_it_is_resolved(tmp_path: Path) -> None:
    """Somebody was quicker."""
    with ServicesWorld(tmp_path) as world:
        world.publish("outcomes", outcome(world, result=Ended.MOVED))
        world.work(analyzer(world, Target(facts=key_facts("Inactive"))))
        assert [a.status for a in world.read("assessments", Assessment)] == [AssessmentStatus.RESOLVED]


def test_a_change_that_is_done_resolves_its_problem(tmp_path: Path) -> None:
    """It is said under the lock key, for whoever proposes."""
    with ServicesWorld(tmp_path) as world:
        sent = outcome(world, result=Ended.DONE)
        world.publish("outcomes", sent)
        world.work(analyzer(world, Target()))
        [made] = world.read("assessments", Assessment)
        assert (made.status, made.reading, made.rules[-1]) == (AssessmentStatus.RESOLVED, 1, CHANGE_DONE)
        assert made.ownership == Ownership(
            owner="alice", team="platform", managed_by=made.ownership.managed_by, shared=False
        )
        [record] = world.inbound("assessments")
        assert record.key == sent.lock_key.encode()
