"""The verb: from what is on offer to proposals, one at a time for each problem. Pure (law 13)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from fixgate.changes.catalogue import Catalogue
from fixgate.codec import Codec
from fixgate.errors import Poison, Reason, Refused
from fixgate.events import (
    Assessment,
    AssessmentStatus,
    Outcome,
    Proposal,
    Request,
    Review,
    ReviewKind,
)
from fixgate.events import Result as Ended
from fixgate.ids import derived_id
from fixgate.verbs import Event, Facts, Output, Received, Result
from services.proposer import journal
from services.proposer.asking import Asked, asked
from services.proposer.building import LIFE, asked_by, build, revised
from services.proposer.drafts import Drafted
from services.proposer.journal import Case

PROPOSALS: Final = "proposals"
_PROPOSES: Final = frozenset({AssessmentStatus.OPEN, AssessmentStatus.SEEN_AGAIN})
_BUSY: Final = frozenset({journal.PROPOSED, Ended.MOVED.value})
"""While it is so, another sighting leads to nothing: the proposal is out, or a new reading is on its way."""
_FRESH: Final = frozenset({journal.NOTHING, journal.RESOLVED, Ended.DONE.value, ReviewKind.EXPIRED.value})
"""After this, the next sighting is a new beginning; after anything else only when what is on offer has changed."""
_INSUFFICIENT: Final = "the facts do not suffice"
_AFTERWARDS: Final = timedelta(hours=1)
"""A change that was allowed at the last moment is over by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Propose:
    """`propose(event, facts) -> proposal`; `first_roster` pins whose requests count."""

    codec: Codec
    catalogue: Catalogue
    first_roster: str

    def __call__(self, event: Event, facts: Facts[Drafted]) -> Result:
        """At most one proposal for an event; what is remembered of the problem says why there is none."""
        if not isinstance(event, Received):
            return Result()
        match event.record:
            case Assessment() as assessment:
                return self._assessed(event, assessment, facts)
            case Review() as review:
                return self._reviewed(review, facts)
            case Outcome() as outcome:
                return _ended(outcome, facts)
            case Request() as request:
                return self._requested(request, facts)
            case _:
                return Result()

    # -- assessments ---------------------------------------------------------------------------------------------

    def _assessed(self, event: Received, assessment: Assessment, facts: Facts[Drafted]) -> Result:
        if event.signed is None:
            raise AssertionError("assessments are signed")
        lock_key = assessment.lock_key
        known = journal.case_of(facts.state, lock_key, assessment.problem_key)
        past = known or Case(problem_key=assessment.problem_key)
        if assessment.status not in _PROPOSES:
            return _closed(assessment, past, facts)
        again = assessment.reading > max(past.reading, 1)
        out = _busy(past, facts.now) and not again
        if out and (assessment.status is not AssessmentStatus.OPEN or past.status != journal.PROPOSED):
            return Result()
        drafted = facts.gathered
        if not drafted.drafts:
            return Result() if out else _forgotten(assessment, past, journal.NOTHING, drafted.why, facts)
        built = [build(self.catalogue, event.signed, assessment, draft, facts.now) for draft in drafted.drafts]
        basis = journal.basis_of(assessment, built[0])
        if known is not None and not again and past.basis == basis and not _may_repeat(past, out=out):
            return Result()
        follows = (again or out) and past.proposal_id != ""
        new = Case(
            problem_key=assessment.problem_key,
            finding_ids=assessment.finding_ids,
            proposal_id=past.proposal_id
            if follows
            else derived_id("proposal", assessment.problem_key, event.digest, event.origin),
            revision=past.revision if follows else 0,
            reading=assessment.reading,
            digest=past.digest if follows else None,
            basis=basis,
            drafts=len(built),
        )
        changes = journal.forgetting(lock_key, past, beyond=len(built))
        for number, draft in enumerate(built):
            changes[journal.draft_key(lock_key, new.problem_key, number)] = self.codec.encode(draft)
        return self._sent(lock_key, new, 0, built[0], facts, changes)

    def _sent(
        self,
        lock_key: str,
        case: Case,
        number: int,
        draft: Proposal,
        facts: Facts[Drafted],
        changes: dict[bytes, bytes | None] | None = None,
    ) -> Result:
        """The next revision, made from that draft."""
        new = replace(
            case,
            revision=case.revision + 1,
            status=journal.PROPOSED,
            why="",
            digest=None,
            tried=tuple(sorted({*case.tried, number})),
            at=journal.stamp(facts.now),
        )
        proposal = revised(
            draft, proposal_id=new.proposal_id, revision=new.revision, supersedes=case.digest, now=facts.now
        )
        output = Output(topic=PROPOSALS, key=lock_key.encode(), record=proposal)
        return _kept(lock_key, new, changes or {}, output)

    # -- what came of a proposal ---------------------------------------------------------------------------------

    def _reviewed(self, review: Review, facts: Facts[Drafted]) -> Result:
        case = _of_proposal(facts, review.lock_key, review.proposal_id)
        if case is None or review.revision != case.revision or review.kind is ReviewKind.UNKNOWN:
            return Result()
        heard = replace(
            case, digest=review.proposal_digest, status=review.kind.value, at=journal.stamp(facts.now), why=""
        )
        if review.kind is not ReviewKind.CHANGES_REQUESTED:
            return _kept(review.lock_key, heard)
        for number, draft in self._usable(review.lock_key, heard, facts):
            if number not in heard.tried:
                return self._sent(review.lock_key, heard, number, draft, facts)
        return _kept(review.lock_key, replace(heard, why="changes were requested, and nothing else is on offer"))

    def _usable(self, lock_key: str, case: Case, facts: Facts[Drafted]) -> list[tuple[int, Proposal]]:
        """The drafts that are still true: the catalogue may have changed since they were made."""
        found: list[tuple[int, Proposal]] = []
        for number, draft in journal.drafts_of(self.codec, facts.state, lock_key, case):
            assessment = self.codec.decode(draft.assessment.value, Assessment)
            if not self.catalogue.check(draft, assessment):
                found.append((number, draft))
        return found

    # -- people --------------------------------------------------------------------------------------------------

    def _requested(self, request: Request, facts: Facts[Drafted]) -> Result:
        try:
            wanted = asked(self.codec, self.first_roster, request, facts)
        except Refused as error:
            raise Poison(Reason.INVALID, f"the request does not count: {error.message}") from None
        used: dict[bytes, bytes | None] = {
            journal.nonce_key(wanted.person, wanted.nonce): journal.stamp(facts.now).encode()
        }
        cases = [case for case in journal.cases_under(facts.state, request.lock_key) if wanted.means(case)]
        if len(cases) != 1:
            return Result(state=used)
        case, lock_key = cases[0], request.lock_key
        why = _obstacle(wanted, case, facts.now)
        if not why:
            for number, draft in self._usable(lock_key, case, facts):
                if wanted.template_id in {None, draft.template.id}:
                    return self._sent(lock_key, case, number, asked_by(draft, wanted.person), facts, used)
            why = "nothing that was asked for is on offer"
        return _kept(lock_key, replace(case, why=f"{wanted.person} asked to {wanted.kind.value}: {why}"), used)


def _obstacle(wanted: Asked, case: Case, now: datetime) -> str:
    if not wanted.repeats:
        return "this is not on offer"
    return "a proposal is out" if _busy(case, now) else ""


def _ended(outcome: Outcome, facts: Facts[Drafted]) -> Result:
    """A change is over: the problem is free for what comes next."""
    case = journal.case_of(facts.state, outcome.lock_key, outcome.problem_key)
    if case is None or case.proposal_id != outcome.proposal_id or case.revision != outcome.revision:
        return Result()
    heard = replace(
        case,
        status=outcome.result.value,
        why=outcome.detail[:200],
        digest=outcome.proposal_digest,
        at=journal.stamp(facts.now),
    )
    if outcome.result is not Ended.DONE:
        return _kept(outcome.lock_key, heard)
    forgotten = journal.forgetting(outcome.lock_key, heard)
    return _kept(outcome.lock_key, replace(heard, drafts=0, tried=()), forgotten)


def _closed(assessment: Assessment, past: Case, facts: Facts[Drafted]) -> Result:
    """There is nothing (more) to do, or nothing that could be done; what is out stays out until it is answered."""
    if assessment.status is AssessmentStatus.RESOLVED:
        return _forgotten(assessment, past, journal.RESOLVED, "", facts)
    if past.status == journal.PROPOSED:
        return Result()
    return _forgotten(assessment, past, journal.NOTHING, _INSUFFICIENT, facts)


def _forgotten(assessment: Assessment, past: Case, status: str, why: str, facts: Facts[Drafted]) -> Result:
    closed = replace(
        past,
        finding_ids=assessment.finding_ids,
        status=status,
        why=why,
        basis="",
        drafts=0,
        tried=(),
        at=journal.stamp(facts.now),
    )
    return _kept(assessment.lock_key, closed, journal.forgetting(assessment.lock_key, past))


def _busy(case: Case, now: datetime) -> bool:
    """Whether a proposal is out, or a new reading on its way; what nobody answers is not waited for for ever."""
    return case.status in _BUSY and now < datetime.fromisoformat(case.at) + LIFE + _AFTERWARDS


def _may_repeat(case: Case, *, out: bool) -> bool:
    """Whether the same may be proposed once more: not while it is out, nor after somebody or something said no."""
    return not out and case.status in {*_FRESH, journal.PROPOSED}


def _of_proposal(facts: Facts[Drafted], lock_key: str, proposal_id: str) -> Case | None:
    return next((c for c in journal.cases_under(facts.state, lock_key) if c.proposal_id == proposal_id), None)


def _kept(lock_key: str, case: Case, changes: dict[bytes, bytes | None] | None = None, *outputs: Output) -> Result:
    state = {**(changes or {}), journal.case_key(lock_key, case.problem_key): case.encode()}
    return Result(outputs=outputs, state=state)
