"""What people must do for a change, what they can stop, and what of their answers does not count."""

from datetime import UTC, datetime

import pytest

from fixgate.chain import DecisionChain, decision_chain
from fixgate.codec import Codec
from fixgate.demo.cast import ALICE, BOB, CAROL
from fixgate.events import (
    Answer,
    Approval,
    ApprovalStatement,
    Assessment,
    Decision,
    Result,
    Verdict,
)
from fixgate.local.account import acme
from fixgate.people.showings import show
from fixgate.verbs import Received
from tests.end_to_end.town import Town, tags
from tests.people.persons import keygen

CODEC = Codec()
OTHER = "sha256:" + "ab" * 32


def chain_of(received: Received) -> DecisionChain:
    """A decision with all that it carries."""
    assert received.signed is not None
    return decision_chain(CODEC, received.signed)


def statement(chain: DecisionChain, person: str, **changed: str) -> ApprovalStatement:
    """An approval of exactly what is shown now."""
    _, showing = show(chain, datetime.now(UTC))
    given = {"proposal_digest": showing.proposal_digest, **changed}
    return ApprovalStatement(
        answer=Answer.APPROVE,
        obligations=showing.obligations,
        view_digest=showing.view_digest,
        showing_nonce=showing.nonce,
        shown_at=showing.shown_at,
        answered_at=datetime.now(UTC),
        person=person,
        roster_version=1,
        **given,
    )


@pytest.fixture(scope="module")
def allowed(town: Town) -> tuple[Town, str, Decision]:
    """A change that two people must approve, after many answers of which only two were such; and what was decided.

    All answers stand in one partition, and the gate reads it in order: with the last one counted, all were judged.
    """
    lock_key = town.open_bucket("acme-ledger", dependants=("billing", "ledger"))
    received, waiting = town.decision(lock_key, Verdict.WAITING)
    assert waiting.quorum is not None
    assert waiting.quorum.approvals == 2
    chain, proposal = chain_of(received), waiting.proposal_id
    town.answer(BOB, statement(chain, BOB, proposal_digest=OTHER), proposal)
    stranger = keygen(town.cast.home / "people", "mallory")
    town.answer("mallory", statement(chain, "mallory"), proposal, stranger)
    town.answer(ALICE, statement(chain, ALICE), proposal, stranger)
    town.answer(BOB, statement(chain, BOB), proposal)
    town.answer(BOB, statement(chain, BOB), proposal)
    assert town.bucket("acme-ledger")["public_access_block"] is None
    town.answer(ALICE, statement(chain, ALICE), proposal)
    _, decision = town.decision(lock_key, Verdict.ALLOWED)
    return town, lock_key, decision


def test_only_two_people_of_the_roster_made_two_approvals(allowed: tuple[Town, str, Decision]) -> None:
    """Neither a stranger, nor one person twice, nor a stranger's key under somebody's name counted."""
    _, _, decision = allowed
    counted = [CODEC.decode(signed.value, Approval) for signed in decision.approvals]
    assert sorted(s.person for a in counted for s in a.statement.signatures) == [ALICE, BOB]


def test_a_change_is_decided_once_and_not_before_the_last_of_two(allowed: tuple[Town, str, Decision]) -> None:
    """It waited all the time, whatever was said of another digest or by others."""
    town, lock_key, decision = allowed
    verdicts = [d.verdict for _, d in town.decisions(lock_key)]
    assert verdicts == [Verdict.WAITING, Verdict.ALLOWED]
    _, outcome = town.outcome(lock_key)
    assert (outcome.result, outcome.proposal_digest) == (Result.DONE, decision.proposal_digest)


def test_why_an_answer_did_not_count_is_said_in_the_decision(allowed: tuple[Town, str, Decision]) -> None:
    """Those who answered in vain are not left to wonder."""
    _, _, decision = allowed
    words = " ".join(decision.reasons)
    assert "mallory" in words
    assert words.count(f"an answer by {BOB} does not count") == 1, words


def test_a_halt_stops_what_was_approved_before_a_credential_is_made(town: Town) -> None:
    """Between the decision and the minting somebody presses the kill switch: nothing is issued, nothing is changed."""
    lock_key = town.open_bucket("acme-halted")
    _, waiting = town.decision(lock_key, Verdict.WAITING)
    before = town.bucket("acme-halted")
    with town.held("executor"):
        town.approve(waiting.proposal_id)
        town.decision(lock_key, Verdict.ALLOWED)
        town.run("halt", "--resource", lock_key, "--reason", "Wait", "--key", str(town.cast.key(CAROL)))
    _, outcome = town.outcome(lock_key)
    assert outcome.result in {Result.HALTED, Result.REFUSED}
    assert "halt" in outcome.detail
    assert not town.issued(lock_key)
    assert town.bucket("acme-halted") == before


def test_what_moved_since_it_was_proposed_is_read_and_proposed_again(town: Town) -> None:
    """Nobody's approval is used for another state than the one that they saw."""
    lock_key = town.open_bucket("acme-moving")
    _, waiting = town.decision(lock_key, Verdict.WAITING)
    retagged = tags(environment="production", owner="team-finance", stage="second")
    town.administrator("s3").put_bucket_tagging(Bucket="acme-moving", Tagging=retagged)
    before = town.bucket("acme-moving")
    town.approve(waiting.proposal_id)
    _, outcome = town.outcome(lock_key)
    assert outcome.result is Result.MOVED
    assert outcome.found_digest != outcome.pre_state_digest
    assert not outcome.steps
    _, again = town.decision(lock_key, Verdict.WAITING, revision=2)
    assert town.bucket("acme-moving") == before
    readings = [a.reading for _, a in town.feed.all(Assessment) if a.lock_key == lock_key]
    assert readings == [1, 2]
    assert again.proposal_id == waiting.proposal_id
    assert again.proposal_digest != waiting.proposal_digest


def test_a_change_in_production_waits_for_a_person_and_is_made_then(town: Town, approved: str) -> None:
    """The person approved by the command line, as a reviewer does; their answer stands in the decision."""
    _, decision = town.decision(approved, Verdict.ALLOWED)
    (signed,) = decision.approvals
    assert [s.person for s in CODEC.decode(signed.value, Approval).statement.signatures] == [BOB]
    _, outcome = town.outcome(approved)
    assert outcome.result is Result.DONE
    assert set(town.bucket(acme.PRODUCTION)["public_access_block"].values()) == {True}
