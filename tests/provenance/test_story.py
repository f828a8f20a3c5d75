"""Stories of findings, whichever way they went; and what a terminal is shown of them."""

import io
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from rich.console import Console

from fixgate.cli.story_tree import trees
from fixgate.cli.verdicts import lines, summary
from fixgate.events import Decision, Outcome, Proposal, Result, Verdict
from fixgate.provenance.checks import Check, Verdicts
from fixgate.provenance.story import Chapter, story
from fixgate.signing import digest
from tests.provenance.book import Book
from tests.provenance.telling import tell
from tests.samples import assessment, finding
from tests.services_world import CODEC

REST = ("approval", "allowed", "intent", "issued", "dying", "outcome", "dead")


def told(book: Book) -> list[Chapter]:
    """The story of the finding."""
    return story(list(book.archive().about(("finding-1",))))


def shown(chapters: list[Chapter]) -> list[str]:
    """The lines without times, ids left in."""
    return [line.partition(":")[2][6:] for chapter in chapters for line in chapter.lines()]


def kinds(chapter: Chapter) -> list[object]:
    """What followed, nested."""
    return [chapter.kind, *(kinds(after) for after in chapter.followed)]


def test_text_of_a_scanner_cannot_forge_lines(book: Book) -> None:
    """A title with control characters stands escaped, on one line, in text and in the tree."""
    tell(book, finding={"title": "bad\n12:00:00 outcome x: done \x1b[2J[bold]y[/bold]"}, without=REST)
    (chapter,) = told(book)
    assert len(list(chapter.lines())) == 4
    out = io.StringIO()
    for tree in trees([chapter]):
        Console(file=out, width=200, force_terminal=False).print(tree)
    for text in ("\n".join(chapter.lines()), out.getvalue()):
        assert "\x1b" not in text
        assert "\\n12:00:00" in text
        assert "[bold]y" in text


def test_a_change_from_report_to_outcome(book: Book) -> None:
    """Each record stands under the newest of those that it was made from."""
    tell(book)
    (chapter,) = told(book)
    after = ["decision", ["intent", ["grant", ["outcome"]], ["grant"], ["grant"]]]
    assert kinds(chapter) == ["finding", ["assessment", ["proposal", ["decision"], ["approval", after]]]]
    assert "allowed by 1 approval" in "\n".join(chapter.lines())


@pytest.mark.parametrize("verdict", [Verdict.REFUSED, Verdict.EXPIRED, Verdict.WITHDRAWN])
def test_a_change_that_was_not_made(book: Book, verdict: Verdict) -> None:
    """It ends with the decision."""
    tell(book, waiting={"verdict": verdict, "reasons": ("because",)}, without=REST)
    (chapter,) = told(book)
    assert kinds(chapter) == ["finding", ["assessment", ["proposal", ["decision"]]]]
    assert list(chapter.lines())[-1].endswith(f"{verdict.value}: because")


@pytest.mark.parametrize("result", [Result.ROLLED_BACK, Result.MOVED, Result.FAILED])
def test_a_change_that_did_not_stay(book: Book, result: Result) -> None:
    """Its outcome says how it ended, and that people must look."""
    tell(book, result={"result": result, "incident": True, "detail": "in words"})
    text = "\n".join(told(book)[0].lines())
    assert f"{result.value}: in words INCIDENT" in text


def test_a_target_that_had_moved_is_read_again(book: Book) -> None:
    """Another reading and another revision follow the outcome; both readings have one id."""
    first = tell(book, result={"result": Result.MOVED})
    outcome = CODEC.decode(first["outcome"].value, Outcome)
    again = book.record(
        assessment((first["finding"],), last_seen_at=book.now), parents=(digest(first["outcome"].value),)
    )
    proposal = CODEC.decode(first["proposal"].value, Proposal)
    second = book.record(replace(proposal, revision=2, assessment=again))
    decision = CODEC.decode(first["waiting"].value, Decision)
    book.record(replace(decision, proposal=second, proposal_digest=digest(second.value), verdict=Verdict.REFUSED))
    book.checkpoint()
    (chapter,) = told(book)
    text = [line.strip() for line in chapter.lines()]
    assert outcome.result is Result.MOVED
    assert sum("revision 2" in line for line in text) == 1
    assert sum(" assessment assessment-1:" in line for line in text) == 2
    assert book.archive().find("assessment-1").digest == digest(again.value)


def test_a_finding_that_was_seen_again(book: Book) -> None:
    """Every report of it begins a chain of its own, the oldest first."""
    tell(book, without=REST)
    book.now += timedelta(hours=1)
    book.record(finding(reported_at=book.now))
    book.checkpoint()
    assert [kinds(c)[0] for c in told(book)] == ["finding", "finding"]
    assert shown(told(book))


def test_json_has_all_of_it(book: Book) -> None:
    """A program gets the same, with whole digests, signers and times."""
    tell(book, without=REST)
    found = json.loads(json.dumps([c.to_json() for c in told(book)]))
    assert set(found[0]) == {"kind", "id", "digest", "at", "words", "signer", "trace_id", "followed"}
    assert found[0]["at"] == "2026-03-01T12:00:02.000Z"
    assert found[0]["followed"][0]["kind"] == "assessment"


def test_a_tree_fits_the_terminal(book: Book) -> None:
    """Nothing is wider than 80 columns, and nothing is lost."""
    tell(book)
    out = io.StringIO()
    for tree in trees(told(book)):
        Console(file=out, width=80, force_terminal=False).print(tree)
    assert max(map(len, out.getvalue().splitlines())) <= 80
    assert out.getvalue().count("grant") >= 3


# -- how verification is told ----------------------------------------------------------------------------------------


def test_failures_are_told_in_full(book: Book) -> None:
    """A line for each record, failures below it, and at the end that it does not verify."""
    tell(book, without={"dead"})
    found = book.verify(book.evidence())
    text = list(lines(found, verbose=False))
    assert sum("FAILED" in line for line in text) == len(found.failures) == 2
    assert sum(line.startswith(("✓", "ok")) for line in text) == 9
    assert summary(found, ["w"]) == f"NOT verified: 2 of {len(found.checks)} checks failed"


def test_whose_time_it_is_is_told(book: Book) -> None:
    """By the witness's name, or the operator for so many."""
    tell(book)
    found = book.verify(book.evidence())
    assert summary(found, ["witness.test/one"]) == "verified: 12 records (1 done); time by the witness witness.test/one"
    assert summary(replace(found, asserted=3), []).endswith("time asserted by the operator for 3 of them")
    assert len(list(lines(found, verbose=True))) == 12 + len(found.checks)


def test_what_evidence_says_is_escaped() -> None:
    """Words that came from a file cannot write on the terminal."""
    check = Check(
        record="sha256:" + "0" * 64, kind="Fin\x1b[2J", step="leaf", passed=False, words="a\x1b[1mb\nverified"
    )
    text = list(lines(Verdicts(checks=(check,)), verbose=True))
    assert len(text) == 2
    assert not any("\x1b" in line or "\n" in line for line in text)
