"""Which answers of people count, and what comes of them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fixgate.chain import decision_chain
from fixgate.events import (
    Answer,
    BlastLevel,
    BlastRadius,
    ControlKind,
    Decision,
    Environment,
    Ownership,
    ReviewKind,
    Verdict,
)
from fixgate.people.roster import Role, Roster
from fixgate.signing import digest
from tests.gate.court import HOUR, MINUTE, SECOND, Court, refused_because
from tests.people.persons import person
from tests.samples import assessment
from tests.services_people import FIRST
from tests.services_world import CODEC

OTHER = digest(b"another")


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"obligations": ()}, "other obligations"),
        ({"obligations": ("residual-power", "more")}, "other obligations"),
        ({"view_digest": OTHER}, "what was shown is not"),
    ],
)
def test_an_approval_of_something_else_does_not_count(court: Court, changed: dict[str, object], why: str) -> None:
    """What was shown must be what had to be shown; why it does not count is said in the next decision."""
    waiting = court.propose()
    assert court.answers("bob", waiting, **changed) == waiting
    allowed = court.answers("bob", waiting)
    assert allowed.verdict is Verdict.ALLOWED
    assert any(why in r and "bob" in r for r in allowed.reasons)


def test_an_approval_of_another_proposal_does_not_count(court: Court) -> None:
    """The digest fixes exactly what is approved."""
    waiting = court.propose()
    assert court.answers("bob", waiting, proposal_digest=OTHER) == waiting


def test_an_approval_for_another_proposal_id_does_not_count(court: Court) -> None:
    """What carries the statement must name the same proposal."""
    waiting = court.propose()
    made = replace(court.answer("bob", waiting), proposal_id="proposal-9")
    court.world.publish("approvals", made)
    court.work()
    assert court.decisions() == [waiting]


def test_an_unknown_person_does_not_count(court: Court) -> None:
    """Only people of the roster do."""
    waiting = court.propose()
    assert court.answers("mallory", waiting) == waiting
    assert any("mallory" in r for r in court.answers("bob", waiting).reasons)


def test_a_signature_by_another_key_does_not_count(court: Court) -> None:
    """The desk cannot answer in somebody's name."""
    waiting = court.propose()
    assert court.answers("bob", waiting, by="mallory") == waiting


def test_a_person_without_a_role_does_not_count(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Operators halt; they do not approve."""
    people = (*FIRST.people, person("oda", Role.OPERATOR))
    court = Court(tmp_path_factory.mktemp("court"), roster=FIRST.model_copy(update={"people": people}))
    waiting = court.propose()
    assert court.answers("oda", waiting) == waiting
    court.close()


def test_an_affected_person_does_not_count(court: Court) -> None:
    """Whom the key belongs to may not decide about it, by whatever form of the name."""
    waiting = court.propose({"ownership": Ownership(owner="Bob@example.org", shared=False)})
    assert court.answers("bob", waiting) == waiting
    assert court.answers("bob", waiting, answer=Answer.REJECT) == waiting
    assert court.answers("ann", waiting).verdict is Verdict.ALLOWED


def test_a_removed_person_counts_no_more(court: Court) -> None:
    """Neither with a new answer nor with one that was counted before."""
    waiting = _four_eyes(court)
    assert court.answers("bob", waiting) == waiting
    _replace_roster(court, "bob")
    assert court.answers("ann", waiting) == waiting
    assert court.answers("bob", waiting) == waiting
    assert court.answers("cid", waiting).verdict is Verdict.ALLOWED


def test_one_person_does_not_count_twice(court: Court) -> None:
    """Four eyes are two people's."""
    waiting = _four_eyes(court)
    assert court.answers("bob", waiting) == waiting
    assert court.answers("bob", waiting) == waiting
    allowed = court.answers("cid", waiting)
    assert allowed.verdict is Verdict.ALLOWED
    assert len(allowed.approvals) == 2
    assert any("bob has approved already" in r for r in allowed.reasons)


def test_a_role_must_be_among_them(court: Court) -> None:
    """An approver alone does not suffice where an owner or somebody of security must approve."""
    waiting = court.propose()
    assert court.answers("cid", waiting) == waiting
    assert court.answers("bob", waiting).verdict is Verdict.ALLOWED


def test_a_used_showing_does_not_count(court: Court) -> None:
    """Each showing is answered once, by one person."""
    waiting = court.propose()
    assert court.answers("cid", waiting, showing_nonce="once") == waiting
    assert court.answers("bob", waiting, showing_nonce="once") == waiting


def test_what_was_shown_before_the_decision_does_not_count(court: Court) -> None:
    """Nobody can have seen it."""
    waiting = court.propose()
    assert court.answers("bob", waiting, shown_at=court.world.now - HOUR) == waiting


def test_an_answer_from_the_future_does_not_count(court: Court) -> None:
    """A clock that is far ahead could outlive a wait."""
    waiting = court.propose()
    assert court.answers("bob", waiting, answered_at=court.world.now + HOUR) == waiting


def test_an_answer_that_comes_too_late_does_not_count(court: Court) -> None:
    """The wait is over; the decision has expired."""
    waiting = court.propose(expires_at=court.world.now + 5 * MINUTE)
    answer = court.answer("bob", waiting)
    court.world.advance(10 * MINUTE)
    court.world.publish("approvals", answer)
    court.work()
    assert court.verdicts() == [Verdict.WAITING, Verdict.EXPIRED]


def test_without_a_roster_nobody_counts(court: Court) -> None:
    """A roster that has run out lets nobody count."""
    waiting = court.propose(expires_at=court.world.now + timedelta(days=500))
    short = FIRST.model_copy(update={"version": 2, "expires_at": court.world.now + 5 * MINUTE})
    _publish_roster(court, short)
    court.world.advance(10 * MINUTE)
    assert court.answers("bob", waiting) == waiting


def test_a_rejection_wins(court: Court) -> None:
    """One person who may answer can say no, also after others said yes."""
    waiting = court.propose()
    assert court.answers("cid", waiting) == waiting
    made = court.answers("cid", waiting, answer=Answer.REJECT, reason="not today")
    refused_because(made, "cid rejected it: not today")
    assert court.answers("bob", waiting) == made


def test_an_answer_of_unknown_meaning_is_a_rejection(court: Court) -> None:
    """What cannot be understood is not a yes."""
    waiting = court.propose()
    refused_because(court.answers("bob", waiting, answer=Answer.UNKNOWN), "bob rejected it")


def test_changes_can_be_asked_for(court: Court) -> None:
    """The proposal is withdrawn, and the proposer is told what the person wrote."""
    waiting = court.propose()
    made = court.answers("bob", waiting, answer=Answer.REQUEST_CHANGES, reason="use the other key")
    assert made.verdict is Verdict.WITHDRAWN
    [review] = court.reviews()
    assert review.kind is ReviewKind.CHANGES_REQUESTED
    assert (review.proposal_digest, review.feedback) == (waiting.proposal_digest, "use the other key")
    assert review.approval is not None
    assert court.propose(revision=2).verdict is Verdict.WAITING


def test_the_quorum_allows_with_the_approvals_inside(court: Court) -> None:
    """The decision carries what it was allowed by, and its chain holds together."""
    waiting = court.propose()
    court.world.advance(10 * SECOND)
    allowed = court.answers("bob", waiting)
    assert allowed.verdict is Verdict.ALLOWED
    assert allowed.warrant is not None
    [approval] = allowed.approvals
    assert allowed.warrant.approval_digests == (digest(approval.value),)
    assert allowed.warrant.not_before_at == court.world.now
    chain = decision_chain(CODEC, court.world.sign(allowed, "gate"))
    assert [d for d, _ in chain.approvals] == [digest(approval.value)]
    assert allowed.quorum == waiting.quorum


def test_it_is_ruled_on_again_when_the_quorum_is_reached(court: Court) -> None:
    """A freeze that came while people thought about it prevents the change."""
    waiting = court.propose()
    court.control(ControlKind.FREEZE)
    refused_because(court.answers("bob", waiting), "frozen")


def test_a_higher_demand_is_asked_for_again(court: Court) -> None:
    """An exception that ran out meanwhile must be shown before it is approved."""
    court.control(ControlKind.EXCEPTION, not_after_at=court.world.now + 5 * MINUTE)
    refused_because(court.propose(), "there is an exception")
    court.world.advance(10 * MINUTE)
    waiting = court.propose()
    assert "lapsed-exception" in [o.id for o in waiting.obligations]
    assert court.answers("bob", waiting, obligations=("residual-power",)) == waiting
    assert court.answers("bob", waiting).verdict is Verdict.ALLOWED


def _four_eyes(court: Court) -> Decision:
    """A waiting decision about a change in production that can hit something."""
    waiting = court.propose(
        {
            "environment": Environment.PRODUCTION,
            "evidence": tuple(f for f in assessment().evidence if not f.name.startswith("environment")),
            "blast_radius": BlastRadius(level=BlastLevel.MEDIUM, dependants=3),
        }
    )
    assert waiting.quorum is not None
    assert waiting.quorum.approvals == 2
    return waiting


def _publish_roster(court: Court, roster: Roster) -> None:
    court.control(ControlKind.ROSTER, document=roster.document, control_id=f"roster-{roster.version}")


def _replace_roster(court: Court, without: str) -> None:
    people = tuple(p for p in FIRST.people if p.name != without)
    _publish_roster(court, FIRST.model_copy(update={"version": 2, "people": people}))
