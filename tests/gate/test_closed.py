"""The proposer hears of it when nothing more comes of a proposal, and of nothing else."""

from fixgate.events import Review, ReviewKind, Verdict
from tests.gate.court import MINUTE, Court


def heard(court: Court) -> list[tuple[ReviewKind, str, int]]:
    """What was said, about which proposal and revision."""
    return [(r.kind, r.proposal_id, r.revision) for r in court.world.read("reviews", Review)]


def test_while_it_waits_and_when_it_is_allowed_nothing_is_said(court: Court) -> None:
    """The outcome will tell."""
    waiting = court.propose()
    assert heard(court) == []
    assert court.answers("bob", waiting).verdict is Verdict.ALLOWED
    assert heard(court) == []


def test_what_is_refused_replaced_or_expired_is_told(court: Court) -> None:
    """Each with its revision: the proposer knows whether it is about its latest."""
    waiting = court.propose()
    court.answers("bob", waiting, answer="reject")
    court.propose(proposal_id="proposal-2", expires_at=court.world.now + 5 * MINUTE)
    court.propose(proposal_id="proposal-2", revision=2, expires_at=court.world.now + 5 * MINUTE)
    court.pass_time(6 * MINUTE)
    assert heard(court) == [
        (ReviewKind.REFUSED, "proposal-1", 1),
        (ReviewKind.WITHDRAWN, "proposal-2", 1),
        (ReviewKind.EXPIRED, "proposal-2", 2),
    ]
    [refused, *_] = court.world.read("reviews", Review)
    assert "bob rejected it" in refused.feedback
    assert refused.proposal_digest in refused.envelope.parents


def test_a_request_for_changes_is_told_once(court: Court) -> None:
    """As what it is, not as a withdrawal besides."""
    court.answers("bob", court.propose(), answer="request_changes")
    assert [kind for kind, _, _ in heard(court)] == [ReviewKind.CHANGES_REQUESTED]
