"""Who approved, judged again from the records alone: by what they were asked, and by the roster of that moment."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fixgate.events import Answer, Approval, ApprovalStatement, Decision, Obligation, Quorum
from fixgate.people.roster import Role, Roster
from fixgate.provenance.checks import Verdicts
from tests.people.persons import Key, person
from tests.provenance.book import Book
from tests.provenance.telling import Telling, answered, asked, cosigned, enrolled, made, tell
from tests.services_people import FIRST
from tests.services_world import CODEC, START

HOUR = timedelta(hours=1)
OTHER = "sha256:" + "e" * 64


def steps(verdicts: Verdicts) -> set[str]:
    """The steps that failed."""
    return {c.step for c in verdicts.failures}


def words(verdicts: Verdicts) -> str:
    """What failed about the people."""
    return "; ".join(c.words for c in verdicts.failures if c.step == "people")


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ({"person": "eve"}, "eve is not in roster 1"),
        ({"person": "ann"}, "has no role|may answer|somebody who is approver"),
        ({"answer": Answer.REJECT}, "bob said reject"),
        ({"answer": Answer.REQUEST_CHANGES}, "bob said request_changes"),
        ({"proposal_digest": OTHER}, "another proposal"),
        ({"view_digest": OTHER}, "what was shown is not what had to be shown"),
        ({"showing_nonce": "n2"}, "what was shown is not what had to be shown"),
        ({"obligations": ("look",)}, "other obligations were shown"),
        ({"shown_at": START - HOUR}, "what was shown|shown before"),
        ({"answered_at": START + HOUR}, "still to come"),
        ({"roster_version": 2}, "names roster 2"),
    ],
)
def test_an_approval_that_does_not_count(book: Book, statement: Mapping[str, Any], why: str) -> None:
    """Whatever is wrong with an answer at the gate is wrong with it here."""
    tell(book, statement=statement)
    found = book.verify(book.evidence())
    assert steps(found) == {"people"}
    assert any(part in words(found) for part in why.split("|"))


def test_an_approval_that_somebody_else_signed(book: Book) -> None:
    """Bob's approval carries bob's signature."""
    for number, signers in enumerate((("cid",), (("bob", Key.of("mallory")),), ())):
        again = Book(book.folder / str(number))
        tell(again, signed_by={"people": signers})
        assert steps(again.verify(again.evidence())) == {"people"}


def test_an_approval_whose_statement_was_altered(book: Book) -> None:
    """The signature is over the statement's exact bytes."""
    told = tell(book)
    statement = CODEC.decode(told["approval"].value, Approval).statement
    other = CODEC.encode(replace(CODEC.decode(statement.value, ApprovalStatement), reason="because"))
    again = Book(book.folder / "again")
    tell(again, approval={"statement": replace(statement, value=other)})
    assert steps(again.verify(again.evidence())) == {"people"}


def test_a_decision_without_the_approvals_that_it_waited_for(book: Book) -> None:
    """Allowed is not enough where people were asked."""
    permissions: tuple[dict[str, Any], ...] = ({"approvals": ()}, {"approvals": (), "quorum": None})
    for number, permission in enumerate(permissions):
        again = Book(book.folder / str(number))
        tell(again, permission=permission)
        found = again.verify(again.evidence())
        assert steps(found) == {"people"}
        assert "without the approvals" in words(found)


def test_a_quorum_that_one_person_does_not_make(book: Book) -> None:
    """Two were asked, or another role, and one approved."""
    for number, quorum in enumerate(
        (Quorum(approvals=2), Quorum(approvals=1, roles=("security",)), Quorum(approvals=1, excluded=("bob",)))
    ):
        again = Book(book.folder / str(number))
        tell(again, waiting={"quorum": quorum})
        assert steps(again.verify(again.evidence())) == {"people"}
        later = Book(book.folder / f"{number}later")
        tell(later, permission={"quorum": quorum})
        assert steps(later.verify(later.evidence())) == {"people"}


def test_an_obligation_that_nobody_was_shown(book: Book) -> None:
    """What had to be shown was shown."""
    tell(book, waiting={"obligations": (Obligation(id="look", words="Look at it"),)}, statement={"obligations": ()})
    assert steps(book.verify(book.evidence())) == {"people"}


def test_an_approval_without_the_question(book: Book) -> None:
    """The waiting decision is what approvals are judged by."""
    tell(book, without={"waiting"})
    found = book.verify(book.evidence())
    assert steps(found) == {"people"}
    assert "the waiting decision that asked people is not here" in words(found)


def test_an_approval_that_was_never_logged(book: Book) -> None:
    """A decision does not bring its approvals along: each is in the log itself."""
    tell(book, without={"approval"})
    assert steps(book.verify(book.evidence())) >= {"parents"}


def test_an_approval_counted_twice(book: Book) -> None:
    """One person is one person, however often they are carried."""
    told = tell(book, waiting={"quorum": Quorum(approvals=2)})
    decision = CODEC.decode(told["allowed"].value, Decision)
    again = Book(book.folder / "again", shared=book.world)
    tell(again, waiting={"quorum": Quorum(approvals=2)}, permission={"approvals": decision.approvals * 2})
    assert steps(again.verify(again.evidence())) == {"people"}


# -- rosters ---------------------------------------------------------------------------------------------------------


def test_no_roster_is_pinned(book: Book) -> None:
    """Who pins nothing is told so, and nobody counts."""
    tell(book)
    book.first_roster = ""
    found = book.verify(book.evidence())
    assert steps(found) == {"people"}
    assert "no roster is pinned" in words(found)


def test_another_roster_is_pinned(book: Book) -> None:
    """A roster that does not lead from the pinned one lets nobody count."""
    tell(book)
    book.first_roster = OTHER
    assert steps(book.verify(book.evidence())) == {"people"}


def test_no_roster_is_there(book: Book) -> None:
    """A roster that was left out is missed."""
    tell(book)
    whole = book.evidence()
    assert steps(book.verify(replace(whole, entries=whole.entries[1:]))) == {"people"}


def changed(book: Book, after: Roster, *, signed_at: timedelta, published_late: bool) -> Verdicts:
    """The verdicts when the roster is replaced: signed then, and published before the answer or after it all."""
    telling = Telling(book, {}, ())
    with cosigned(book):
        enrolled(book)
    with cosigned(book):
        waiting = asked(telling)
    if not published_late:
        enrolled(book, after, 1, issued_at=START + signed_at)
    with cosigned(book):
        answered(telling, waiting)
    if published_late:
        enrolled(book, after, 1, issued_at=START + signed_at)
    with cosigned(book):
        made(telling)
    return book.verify(book.evidence())


WITHOUT_BOB = Roster(
    version=2,
    people=(
        person("ann", Role.ADMINISTRATOR, Role.SECURITY),
        person("cid", Role.APPROVER),
    ),
    threshold=1,
    expires_at=START + timedelta(days=365),
)


def test_a_person_who_had_been_removed(book: Book) -> None:
    """Who was removed before the decision does not count."""
    assert steps(changed(book, WITHOUT_BOB, signed_at=timedelta(seconds=1), published_late=False)) == {"people"}


def test_a_removal_that_was_held_back(book: Book) -> None:
    """A removal counts from its signing on, however late its carrier lets it through."""
    found = changed(book, WITHOUT_BOB, signed_at=timedelta(seconds=1), published_late=True)
    assert steps(found) == {"people"}
    assert "bob is not in roster 2" in words(found)


def test_a_removal_that_came_later(book: Book) -> None:
    """Who was removed after the decision had counted."""
    found = changed(book, WITHOUT_BOB, signed_at=timedelta(minutes=1), published_late=True)
    assert found.verified


def test_a_person_who_was_added_afterwards(book: Book) -> None:
    """Nobody is made an approver for what was decided before that was published."""
    first = Roster(
        version=1,
        people=(person("ann", Role.ADMINISTRATOR), person("cid", Role.APPROVER)),
        threshold=1,
        expires_at=START + timedelta(days=365),
    )
    book.first_roster = first.digest
    telling = Telling(book, {}, ())
    with cosigned(book):
        enrolled(book, first)
        waiting = asked(telling)
        answered(telling, waiting)
        enrolled(book, replace_version(FIRST), 1, issued_at=START + timedelta(seconds=1))
        made(telling)
    assert steps(book.verify(book.evidence())) == {"people"}


def replace_version(roster: Roster) -> Roster:
    """The same people as the second version."""
    return roster.model_copy(update={"version": 2})


def test_a_roster_that_had_run_out(book: Book) -> None:
    """Under a roster that has run out nobody counts."""
    short = FIRST.model_copy(update={"expires_at": START + timedelta(seconds=2)})
    book.first_roster = short.digest
    telling = Telling(book, {}, ())
    with cosigned(book):
        enrolled(book, short)
        answered(telling, asked(telling))
        made(telling)
    assert steps(book.verify(book.evidence())) == {"people"}
