"""The view: what must not get into it, and that it says everything that is signed for."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixgate.chain import DecisionChain
from fixgate.people.showings import Showings, show
from fixgate.people.view import safe, view, view_digest, view_of
from tests.people.chains import chain
from tests.people.persons import CODEC
from tests.services_world import ServicesWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ServicesWorld]:
    """Identities to sign with."""
    with ServicesWorld(tmp_path) as made:
        yield made


@pytest.fixture
def waiting(world: ServicesWorld) -> DecisionChain:
    """A waiting decision."""
    return chain(CODEC, world.sign, world.now)


@given(st.text(max_size=600))
def test_text_from_outside_stays_on_its_line(text: str) -> None:
    """Whatever it holds: no line's end, no control, nothing that turns the direction; and two texts differ."""
    shown = safe(text)
    assert shown.isprintable()
    assert len(shown) <= 500 * len(r"\U00010000") + len("… (600 characters)")
    if len(text) <= 500 and text.isprintable() and "\\" not in text:
        assert shown == text


def test_a_title_cannot_draw_lines_of_ours(world: ServicesWorld) -> None:
    """A scanner's text that ends its line, moves the cursor or turns the direction is shown escaped."""
    evil = 'x"\nPOLICY\n  policies         all is well\x1b[2J\u202e' + "y" * 600
    text = view_of(chain(CODEC, world.sign, world.now, finding={"title": evil}), "n", world.now)
    assert text.count("\nPOLICY\n") == 1
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert r'x"\nPOLICY\n' in text
    assert "characters)" in text
    assert all(line.isprintable() for line in text.split("\n"))


def test_every_difference_shows(world: ServicesWorld, waiting: DecisionChain) -> None:
    """Another nonce, moment, obligation, quorum or proposal is another view; the same is the same."""
    text = view_of(waiting, "n", world.now)
    assert view_of(waiting, "n", world.now) == text
    decision = waiting.decision
    others = [
        view_of(waiting, "m", world.now),
        view_of(waiting, "n", world.now + timedelta(seconds=1)),
        view(replace(decision, obligations=()), waiting.proposed, "n", world.now),
        view(replace(decision, quorum=None), waiting.proposed, "n", world.now),
        view(replace(decision, policies=()), waiting.proposed, "n", world.now),
        view_of(chain(CODEC, world.sign, world.now, change={"summary": "else"}), "n", world.now),
    ]
    assert len({view_digest(t) for t in (text, *others)}) == 7


def test_the_view_does_not_depend_on_how_the_decision_was_written(world: ServicesWorld, waiting: DecisionChain) -> None:
    """Envelope and digest come after the gate decided: it can make the same view before."""
    envelope = replace(waiting.decision.envelope, trace_id="f" * 32)
    again = replace(waiting, digest="sha256:" + "0" * 64, decision=replace(waiting.decision, envelope=envelope))
    assert view_of(again, "n", world.now) == view_of(waiting, "n", world.now)


def test_everything_that_is_signed_for_is_in_it(world: ServicesWorld, waiting: DecisionChain) -> None:
    """Finding, evidence, change, blast radius, residual power, rehearsal, rollback, policy, obligations, digest."""
    text = view_of(waiting, "the-nonce", world.now)
    for said in (
        waiting.proposed.digest,
        "the-nonce",
        "gitleaks aws-access-token",
        "unused.aws:iam",
        "absent",
        "Deactivate the access key",
        "TAINTED",
        "iam:UpdateAccessKey",
        "unused for 90 days",
        "could change every key of the user",
        "lossless, validated, on copy",
        "activate",
        "Is it inactive?",
        "people-look (permit): People look at keys",
        "check-owner: Ask the owner",
        "1 people; of the roles: approver",
        "alice",
    ):
        assert said in text, said
    assert '"keys"' not in text


def test_a_showing_is_kept_until_it_is_answered(world: ServicesWorld, waiting: DecisionChain, tmp_path: Path) -> None:
    """With the digest taken when it was shown; a broken file counts as none."""
    showings = Showings(tmp_path)
    assert showings.of(waiting.proposed.digest) is None
    text, showing = show(waiting, world.now)
    showings.keep(showing)
    assert showings.of(waiting.proposed.digest) == showing
    assert showing.view_digest == view_digest(text)
    assert show(waiting, world.now)[1].nonce != showing.nonce
    showings.used(showing)
    assert showings.of(waiting.proposed.digest) is None
    showings.keep(showing)
    next((tmp_path / "showings").iterdir()).write_text("{")
    assert showings.of(waiting.proposed.digest) is None
