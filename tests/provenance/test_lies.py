"""Records that are signed and logged as they must be, and yet do not say together that a change was made rightly."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fixgate.events import (
    Decision,
    GrantState,
    Intent,
    IntentPurpose,
    Outcome,
    Result,
    Verdict,
)
from fixgate.provenance.checks import Verdicts
from fixgate.signing import digest
from tests.provenance.book import Book
from tests.provenance.telling import READ, UPDATE, USER, attested, ended_parents, tell
from tests.samples import BUCKET
from tests.services_world import CODEC, START, spiffe_id

OTHER = "sha256:" + "e" * 64
HOUR = timedelta(hours=1)


def judged(book: Book, **telling: Any) -> Verdicts:
    """The verdicts on a change that is told with lies in it."""
    tell(book, **telling)
    return book.verify(book.evidence())


def steps(verdicts: Verdicts) -> set[str]:
    """The steps that failed."""
    return {c.step for c in verdicts.failures}


# -- warrants --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("telling", "step"),
    [
        pytest.param({"warrant": {"executor": spiffe_id("analyzer")}}, "warrant", id="for-another"),
        pytest.param({"warrant": {"policy_bundle_digest": OTHER}}, "warrant", id="under-other-policies"),
        pytest.param({"warrant": {"proposal_digest": OTHER}}, "chain", id="for-another-proposal"),
        pytest.param({"warrant": {"approval_digests": ()}}, "chain", id="by-nobodys-word"),
        pytest.param({"allowed": {"warrant": None}}, "warrant", id="allowed-without"),
        pytest.param({"allowed": {"verdict": Verdict.REFUSED}}, "warrant", id="refused-with"),
        pytest.param(
            {"warrant": {"not_after_at": START - HOUR, "not_before_at": START - HOUR}}, "warrant", id="ran-out"
        ),
        pytest.param({"allowed": {"proposal_id": "proposal-2"}}, "chain", id="another-proposal-named"),
    ],
)
def test_a_warrant_that_is_none(book: Book, telling: Mapping[str, Any], step: str) -> None:
    """What is done under a warrant for something else, or under none, is told."""
    assert step in steps(judged(book, **telling))


@pytest.mark.parametrize(
    "changed",
    [
        {"decision_digest": OTHER},
        {"proposal_digest": OTHER},
        {"proposal_id": "proposal-2"},
        {"warrant_id": "warrant-2"},
        {"lock_key": "another"},
        {"target": BUCKET},
        {"executor": spiffe_id("gate")},
        {"planned_at": START + HOUR},
    ],
)
def test_an_intent_under_another_warrant(book: Book, changed: Mapping[str, Any]) -> None:
    """An intent names exactly what was allowed, and begins in time."""
    assert "warrant" in steps(judged(book, intent=changed))


def test_a_warrant_used_twice(book: Book) -> None:
    """Another change under the same warrant is told, whoever names it."""
    told = tell(book)
    intent = CODEC.decode(told["intent"].value, Intent)
    book.record(replace(intent, intent_id="intent-2"), parents=(digest(told["allowed"].value),))
    book.checkpoint()
    assert steps(book.verify(book.evidence())) == {"warrant"}


def test_a_warrant_given_twice(book: Book) -> None:
    """A second decision with the same warrant is told."""
    told = tell(book)
    again = replace(CODEC.decode(told["allowed"].value, Decision), decision_id="decision-3")
    book.record(again)
    book.checkpoint()
    assert steps(book.verify(book.evidence())) == {"warrant"}


# -- credentials -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changed",
    [
        {"calls": (UPDATE.action, READ.action, "iam:CreateAccessKey")},
        {"resources": (USER, "arn:aws:iam::111122223333:user/admin")},
        {"session_name": "fg-of-something-else"},
        {"not_after_at": START + HOUR},
        {"not_before_at": START - HOUR, "not_after_at": START - HOUR},
        {"not_before_at": START + HOUR, "not_after_at": START + HOUR},
    ],
)
def test_a_credential_for_more(book: Book, changed: Mapping[str, Any]) -> None:
    """A credential carries the proposal, and allows nothing beyond it, neither in power nor in time."""
    assert "credential" in steps(judged(book, credential=changed))


@pytest.mark.parametrize(
    "changed",
    [
        {"intent_digest": OTHER},
        {"decision_digest": OTHER},
        {"warrant_id": "warrant-2"},
        {"lock_key": "another"},
        {"executor": spiffe_id("gate")},
    ],
)
def test_a_credential_of_another_change(book: Book, changed: Mapping[str, Any]) -> None:
    """A credential is of an intent under an allowed decision, and says so in all its names."""
    assert "credential" in steps(judged(book, issued=changed))


def test_a_credential_of_another_proposal(book: Book) -> None:
    """A credential that names another proposal than the outcome's is not this change's."""
    assert steps(judged(book, issued={"proposal_digest": OTHER})) == {"outcome"}


@pytest.mark.parametrize("name", ["intent", "allowed"])
def test_a_credential_without_what_allows_it(book: Book, name: str) -> None:
    """Without the intent, or the decision, a credential was nobody's to give."""
    assert steps(judged(book, without={name})) >= {"credential", "parents"}


@pytest.mark.parametrize(
    "changed",
    [{"state": GrantState.UNPROVED}, {"state": GrantState.ISSUED}, {"death": None}, {"grant_id": "grant-2"}],
)
def test_a_credential_that_nobody_saw_dead(book: Book, changed: Mapping[str, Any]) -> None:
    """A credential's death is proved, and its own."""
    assert "credential" in steps(judged(book, dead=changed))


def test_a_credential_that_was_given_after_a_refusal(book: Book) -> None:
    """Under a refused decision nothing is issued and nothing is done."""
    found = judged(book, allowed={"verdict": Verdict.REFUSED, "warrant": None})
    assert steps(found) == {"warrant", "credential", "outcome"}


# -- outcomes --------------------------------------------------------------------------------------------------------


def lying(book: Book, **changed: Any) -> Verdicts:
    """The verdicts on an outcome that says something else, and whose statement says the same."""
    tell(book, result=changed)
    return book.verify(book.evidence())


def test_a_step_that_nobody_approved(book: Book) -> None:
    """What was done is among the approved calls, and a credential covered it at its time."""
    told = CODEC.decode(tell(book)["outcome"].value, Outcome)
    step = told.steps[0]
    for number, other in enumerate(
        (
            replace(step, action="iam:DeleteUser"),
            replace(step, resource="arn:aws:iam::111122223333:user/admin"),
            replace(step, started_at=START + HOUR),
            replace(step, started_at=START - HOUR),
        )
    ):
        again = Book(book.folder / str(number))
        assert steps(lying(again, steps=(other,))) == {"outcome"}


@pytest.mark.parametrize(
    "changed",
    [
        {"grant_digests": ()},
        {"decision_digest": OTHER},
        {"proposal_digest": OTHER},
        {"lock_key": "another"},
        {"intent_digest": None},
        {"intent_digest": OTHER},
        {"validation": ()},
        {"result": Result.DONE, "intent_digest": None, "grant_digests": (), "steps": ()},
    ],
)
def test_an_outcome_of_nothing(book: Book, changed: Mapping[str, Any]) -> None:
    """An outcome follows from an intent under an allowed decision, with credentials that are its own."""
    assert "outcome" in steps(lying(book, **changed))


def test_an_outcome_after_no_decision(book: Book) -> None:
    """Without the decision there is no outcome."""
    assert steps(judged(book, without={"allowed"})) >= {"outcome", "warrant"}


def test_a_second_outcome(book: Book) -> None:
    """A change ends once."""
    told = tell(book)
    other = replace(CODEC.decode(told["outcome"].value, Outcome), outcome_id="outcome-2", result=Result.FAILED)
    book.record(other, parents=ended_parents(other))
    book.checkpoint()
    assert steps(book.verify(book.evidence())) == {"outcome", "statement"}


def test_a_statement_that_says_something_else(book: Book) -> None:
    """The statement that travels elsewhere says what the record says, and is the executor's."""
    found = CODEC.decode(tell(book)["outcome"].value, Outcome)
    intents = (found.intent_digest or "",)
    statements = (
        attested(book, replace(found, result=Result.ROLLED_BACK), intents),
        attested(book, found, intents, party="analyzer"),
        attested(book, found, ()),
        found.statement[:-1],
        found.statement.replace(b'"sig":"', b'"sig":"AA'),
        b"",
        b"[" * 20_000,
    )
    for number, statement in enumerate(statements):
        again = Book(book.folder / str(number), shared=book.world)
        tell(again, outcome={"statement": statement})
        # The change is told in the same seconds, so all of it but the statement is the same.
        assert steps(again.verify(again.evidence())) == {"statement"}, number


# -- what may be -----------------------------------------------------------------------------------------------------


def test_a_change_that_nobody_had_to_approve(book: Book) -> None:
    """Where policies alone allow, nobody is asked, and that is said."""
    alone = {"permission": {"approvals": (), "quorum": None}, "without": {"waiting", "approval"}}
    found = judged(book, **alone)
    assert found.verified
    assert any("nobody had to be asked" in c.words for c in found.checks)


def test_a_change_that_was_refused(book: Book) -> None:
    """A finding of which nothing came but a refusal verifies, and is told as that."""
    rest = {"approval", "allowed", "intent", "issued", "dying", "outcome", "dead"}
    found = judged(book, waiting={"verdict": Verdict.REFUSED}, without=rest)
    assert found.verified
    assert found.ended == {"refused": 1}


def test_putting_back_after_the_warrant(book: Book) -> None:
    """What puts a change back may come after the warrant's end."""
    late = {"not_before_at": START + HOUR, "not_after_at": START + HOUR}
    found = judged(book, credential=late, intent={"purpose": IntentPurpose.UNDO}, result={"steps": ()})
    assert found.verified


def test_a_change_that_ran_out_before_it_began(book: Book) -> None:
    """A change that never came to an intent has an outcome without one."""
    nothing = {"result": Result.EXPIRED, "intent_digest": None, "grant_digests": (), "steps": (), "validation": ()}
    tell(book, result=nothing, without={"intent", "issued", "dying", "dead"})
    found = book.verify(book.evidence())
    assert found.verified
    assert found.ended == {"expired": 1}
