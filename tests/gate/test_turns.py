"""One proposal is open under each lock key; time and outcomes end what is open."""

from datetime import timedelta

from fixgate.events import ControlKind, Verdict
from fixgate.events import Result as Ended
from tests.gate.court import MINUTE, Court, refused_because


def test_an_older_revision_is_refused(court: Court) -> None:
    """What is open is not older."""
    waiting = court.propose(revision=2)
    refused_because(court.propose(revision=1), "revision 2 of it is open")
    refused_because(court.propose(revision=2, summary=""), "revision 2 of it is open")
    assert court.answers("bob", waiting).verdict is Verdict.ALLOWED


def test_a_newer_revision_withdraws_the_older(court: Court) -> None:
    """An answer to the older one counts no more."""
    first = court.propose()
    second = court.propose(revision=2)
    assert court.verdicts() == [Verdict.WAITING, Verdict.WITHDRAWN, Verdict.WAITING]
    assert court.decisions()[1].proposal_digest == first.proposal_digest
    assert court.answers("bob", first) == second
    assert court.answers("bob", second).verdict is Verdict.ALLOWED


def test_another_proposal_waits_for_its_turn(court: Court) -> None:
    """It is decided when the one that holds the lock key is over."""
    first = court.propose()
    assert court.propose(proposal_id="proposal-2") == first
    refused = court.answers("bob", first, answer="reject")
    assert refused.proposal_id == "proposal-2"
    assert court.verdicts() == [Verdict.WAITING, Verdict.REFUSED, Verdict.WAITING]


def test_a_change_under_way_holds_its_lock_key(lenient: Court) -> None:
    """Until its outcome, and not that of another."""
    first = lenient.propose()
    assert first.verdict is Verdict.ALLOWED
    assert lenient.propose(proposal_id="proposal-2") == first
    assert lenient.propose(revision=2) == first
    lenient.pass_time(20 * MINUTE)
    assert lenient.decisions() == [first]
    lenient.end(first)
    second = lenient.decisions()[-1]
    assert (second.proposal_id, second.verdict) == ("proposal-2", Verdict.ALLOWED)
    lenient.end(first)
    assert lenient.decisions()[-1] == second
    lenient.end(second, Ended.MOVED)
    third = lenient.decisions()[-1]
    assert (third.proposal_id, third.verdict) == ("proposal-1", Verdict.ALLOWED)


def test_a_newer_revision_takes_the_older_ones_turn(lenient: Court) -> None:
    """Only the newest waits."""
    first = lenient.propose()
    lenient.propose(proposal_id="proposal-2", revision=1)
    withdrawn = lenient.propose(proposal_id="proposal-2", revision=3)
    assert withdrawn.verdict is Verdict.WITHDRAWN
    refused_because(lenient.propose(proposal_id="proposal-2", revision=2), "revision 3 of it waits")
    lenient.end(first)
    assert lenient.verdicts()[-1] is Verdict.ALLOWED
    assert len(lenient.decisions()) == 4


def test_too_many_turns_are_refused(lenient: Court) -> None:
    """What waits is bounded, and nothing is dropped silently."""
    lenient.propose()
    for number in range(16):
        assert lenient.propose(proposal_id=f"other-{number}").verdict is Verdict.ALLOWED
    refused_because(lenient.propose(proposal_id="one-too-many"), "wait for their turn")


def test_a_wait_expires(court: Court) -> None:
    """Nobody answered in time: the next one has its turn, and nothing is kept of the wait."""
    court.propose(expires_at=court.world.now + 5 * MINUTE)
    court.propose(proposal_id="proposal-2")
    court.pass_time(4 * MINUTE)
    assert court.verdicts() == [Verdict.WAITING]
    court.pass_time(MINUTE)
    assert court.verdicts() == [Verdict.WAITING, Verdict.EXPIRED, Verdict.WAITING]
    court.answers("bob", court.decisions()[-1], answer="reject")
    assert court.world.state("gate") == {}


def test_a_turn_that_never_comes_expires(lenient: Court) -> None:
    """It is said, not forgotten."""
    lenient.propose()
    lenient.propose(proposal_id="proposal-2", expires_at=lenient.world.now + 5 * MINUTE)
    lenient.pass_time(6 * MINUTE)
    assert [(d.proposal_id, d.verdict) for d in lenient.decisions()] == [
        ("proposal-1", Verdict.ALLOWED),
        ("proposal-2", Verdict.EXPIRED),
    ]


def test_people_have_three_days_at_most(court: Court) -> None:
    """However long the proposal would hold."""
    waiting = court.propose(expires_at=court.world.now + timedelta(days=30))
    assert waiting.expires_at == court.world.now + timedelta(days=3)


def test_a_halt_stops_everything(lenient: Court) -> None:
    """Until somebody with a role ends it."""
    lenient.control(ControlKind.HALT, nonce="n1")
    refused_because(lenient.propose(), "halted by ann")
    lenient.control(ControlKind.RESUME, person="cid", ends="control-1", control_id="control-2", nonce="n2")
    refused_because(lenient.propose(), "halted by ann")
    lenient.control(ControlKind.RESUME, ends="control-1", control_id="control-3", nonce="n3")
    assert lenient.propose().verdict is Verdict.ALLOWED


def test_another_instance_goes_on_with_what_waits(court: Court) -> None:
    """The state is the topic's: a standby counts the answers that were given before."""
    waiting = court.propose()
    court.answers("cid", waiting)
    court.gate.close()
    court.gate = court.begin(slot=1)
    allowed = court.answers("bob", waiting)
    assert allowed.verdict is Verdict.ALLOWED
    assert len(allowed.approvals) == 2


def test_what_comes_after_a_wait_is_a_new_trace(court: Court) -> None:
    """A wait for people ends the trace's last span; what comes after is linked to it."""
    waiting = court.propose()
    [held] = [v for k, v in court.world.state("gate").items() if k.startswith(b"wait/")]
    assert waiting.envelope.trace_id.encode() in held
    allowed = court.answers("bob", waiting)
    assert allowed.envelope.trace_id not in {"", waiting.envelope.trace_id}
