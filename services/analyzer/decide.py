"""The verb: what a finding means, and what an outcome changes about that. Pure (law 13)."""

from dataclasses import dataclass, replace
from typing import Final

from fixgate import targets
from fixgate.chain import ProposalChain, decision_chain
from fixgate.codec import Codec
from fixgate.events import Assessment, AssessmentStatus, Finding, Outcome
from fixgate.events import Result as Ended
from fixgate.ids import derived_id
from fixgate.policy.assets import Inventory
from fixgate.policy.controls import history_of
from fixgate.signing import digest
from fixgate.verbs import Broadcast, Event, Facts, Output, Received, Result
from services.analyzer import journal
from services.analyzer.assessing import Sighting, assess
from services.analyzer.gathered import Gathered
from services.analyzer.rules import Rulebook

ASSESSMENTS: Final = "assessments"
READINGS: Final = 3
"""So often one problem's target is read; when it has moved once more, people have to look."""
KEEPS_MOVING: Final = "target-keeps-moving"
CHANGE_DONE: Final = "change-done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Classify:
    """`classify(event, facts) -> assessment`; `first_roster` is the pinned digest of whom to believe about assets."""

    codec: Codec
    rules: Rulebook
    first_roster: str

    def __call__(self, event: Event, facts: Facts[Gathered]) -> Result:
        """A finding becomes an assessment, unless it says nothing new; a moved or finished change one more."""
        if not isinstance(event, Received):
            return Result()
        match event.record:
            case Finding() as finding:
                return self._sighted(event, finding, facts)
            case Outcome() as outcome:
                return self._ended(event, outcome, facts)
            case _:
                return Result()

    def _sighted(self, event: Received, finding: Finding, facts: Facts[Gathered]) -> Result:
        if event.signed is None:
            raise AssertionError("findings are signed")
        fresh = assess(
            self.rules,
            Sighting(
                finding=finding,
                signed=(event.signed,),
                gathered=facts.gathered,
                inventory=self._inventory(facts),
                now=facts.now,
            ),
        )
        key = journal.key_of(finding.problem_key)
        kept = facts.state.get(key)
        seen = None if kept is None else journal.Seen.decode(kept)
        looks = journal.looks_of(fresh)
        status = journal.status_of(fresh.status, looks, seen, facts.now)
        now = journal.Seen(
            first_at=min(seen.first_at, event.appended_at) if seen else event.appended_at,
            last_at=max(seen.last_at, event.appended_at) if seen else event.appended_at,
            occurrences=seen.occurrences + 1 if seen else 1,
            said_at=facts.now if status is not None or seen is None else seen.said_at,
            looks=looks if status is not None or seen is None else seen.looks,
        )
        outputs: tuple[Output, ...] = ()
        if status is not None:
            said = replace(
                fresh,
                assessment_id=derived_id("assessment", finding.problem_key, event.digest, event.origin),
                status=status,
                first_seen_at=now.first_at,
                last_seen_at=now.last_at,
                occurrences=now.occurrences,
            )
            outputs = (_output(said),)
        return Result(outputs=outputs, state={key: now.encode()})

    def _ended(self, event: Received, outcome: Outcome, facts: Facts[Gathered]) -> Result:
        """Whatever this needs is inside the outcome: its problem's state may be in another shard."""
        if outcome.result not in {Ended.DONE, Ended.MOVED}:
            return Result()
        chain = decision_chain(self.codec, outcome.decision).proposed
        before = digest(chain.proposal.assessment.value)
        assessment_id = derived_id("assessment", chain.assessment.problem_key, event.digest, event.origin)
        if outcome.result is Ended.DONE:
            made = replace(chain.assessment, status=AssessmentStatus.RESOLVED)
            named = (*made.rules, CHANGE_DONE)
        else:
            made = self._read_again(chain, facts)
            named = made.rules
            if made.reading > READINGS and made.status is AssessmentStatus.OPEN:
                made = replace(made, status=AssessmentStatus.INSUFFICIENT)
                named = (*named, KEEPS_MOVING)
        made = replace(made, assessment_id=assessment_id, supersedes=before, rules=named)
        return Result(outputs=(_output(made),))

    def _read_again(self, chain: ProposalChain, facts: Facts[Gathered]) -> Assessment:
        past = chain.assessment
        fresh = assess(
            self.rules,
            Sighting(
                finding=chain.findings[0],
                signed=past.findings,
                gathered=replace(facts.gathered, target=past.target),
                inventory=self._inventory(facts),
                now=facts.now,
            ),
        )
        return replace(
            fresh,
            finding_ids=past.finding_ids,
            lock_key=targets.lock_key(past.target),
            first_seen_at=past.first_seen_at,
            last_seen_at=past.last_seen_at,
            occurrences=past.occurrences,
            reading=past.reading + 1,
        )

    def _inventory(self, facts: Facts[Gathered]) -> Inventory:
        controls = facts.broadcasts.get("controls", Broadcast(records=()))
        roster = history_of(self.codec, self.first_roster, controls).current(facts.now)
        return Inventory.of(self.codec, facts.broadcasts.get("assets", Broadcast(records=())), roster, facts.now)


def _output(assessment: Assessment) -> Output:
    return Output(topic=ASSESSMENTS, key=assessment.lock_key.encode(), record=assessment)
