"""Which rosters are refused, and why; then how a history goes on."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from fixgate.errors import Refused
from fixgate.events import ControlKind, PersonSigned
from fixgate.people.roster import Person, Role, Roster, RosterHistory, document_digest
from tests.people.persons import CODEC, NOW, Key, control, introducing, person, roster, signed

ADMIN = Role.ADMINISTRATOR
FIRST = roster(person("ann", ADMIN), person("bob", ADMIN), person("cid", ADMIN), threshold=2)
PINNED = introducing(FIRST, FIRST, "ann", "bob")


def history(*documents: PersonSigned, first: Roster = FIRST) -> RosterHistory:
    """The history in these statements, the first roster's before them."""
    return RosterHistory.of(CODEC, first.digest, documents)


def second(*people: Person, **changes: Any) -> Roster:
    """A roster to follow the first one."""
    fields = {"version": 2, "threshold": 2, **changes}
    return roster(*(people or FIRST.people), **fields)


def why(*documents: PersonSigned) -> str:
    """Assert that the last of the documents after the first roster is refused; the words."""
    found = history(PINNED, *documents)
    before = history(PINNED, *documents[:-1])
    assert found.versions == before.versions
    assert len(found.refused) == len(before.refused) + 1
    return found.refused[-1]


def test_without_a_pin_nobody_counts() -> None:
    """No digest, another digest, no document: there is no roster."""
    for digest in ("", document_digest(b""), FIRST.digest.upper()):
        found = RosterHistory.of(CODEC, digest, [PINNED])
        assert found.current(NOW) is None
        assert "pinned" in found.refused[0]
    assert history().current(NOW) is None


def test_the_first_roster_must_be_signed_by_itself() -> None:
    """The pin is of the bytes; its own administrators must have signed it too."""
    assert "1 administrators" in history(introducing(FIRST, FIRST, "ann")).refused[0]
    assert "not one of" in history(introducing(FIRST, FIRST, "ann", "eve")).refused[0]


def test_too_few_of_the_last_roster_is_refused() -> None:
    """One of two; and one person with two keys is one."""
    assert "1 administrators of version 1" in why(introducing(second(), FIRST, "ann"))
    keys = (Key.of("ann"), Key.of("ann-2"))
    two = roster(person("ann", ADMIN, keys=keys), person("bob", ADMIN), threshold=2)
    twice = introducing(two, two, ("ann", keys[0]), ("ann", keys[1]))
    assert "1 administrators" in history(twice, first=two).refused[0]
    assert history(introducing(two, two, ("ann", keys[0]), ("ann", keys[1]), "bob"), first=two).newest == two


def test_too_few_of_the_new_roster_is_refused() -> None:
    """Who leaves signs for the last roster alone; those who stay must be enough for the new one."""
    dee = second(person("cid", ADMIN), person("dee", ADMIN))
    assert "0 administrators of version 2" in why(introducing(dee, FIRST, "ann", "bob"))
    assert "1 administrators of version 1" in why(introducing(dee, FIRST, "cid", "dee"))
    assert history(PINNED, introducing(dee, FIRST, "ann", "cid", "dee")).newest == dee


def test_who_is_no_administrator_does_not_count() -> None:
    """People with other roles sign in vain."""
    first = roster(person("ann", ADMIN), person("bob", Role.SECURITY, Role.APPROVER))
    found = history(introducing(first, first, "bob"), first=first)
    assert "not signed by bob" in found.refused[0]


def test_a_signature_that_does_not_fit_spoils_all() -> None:
    """A foreign key, another statement's signature, none at all, too many."""
    good = introducing(second(), FIRST, "ann", "bob")
    assert "not one of bob's" in why(introducing(second(), FIRST, "ann", ("bob", Key.of("eve"))))
    mixed = PersonSigned(value=good.value, signatures=(good.signatures[0], PINNED.signatures[1]))
    assert "does not fit" in why(mixed)
    assert "0 signatures" in why(PersonSigned(value=good.value, signatures=()))
    assert "33 signatures" in why(PersonSigned(value=good.value, signatures=good.signatures[:1] * 33))


def test_gaps_forks_and_rollbacks_are_refused() -> None:
    """A version left out, a second one of the same number, an older one."""
    two = introducing(second(), FIRST, "ann", "bob")
    fork = introducing(second(days=100), FIRST, "ann", "bob")
    assert "gap" in why(introducing(second(version=3), FIRST, "ann", "bob"))
    assert "fork" in why(two, fork)
    other = roster(*FIRST.people, threshold=2, days=100)
    assert "fork" in why(introducing(other, FIRST, "ann", "bob"))
    assert "rollback" in why(two, introducing(other, second(), "ann", "bob"))


def test_published_twice_is_no_fork() -> None:
    """The same document again changes nothing."""
    assert history(PINNED, PINNED).refused == ()


def test_an_expired_roster_lets_nobody_count_but_can_be_followed() -> None:
    """After its day nobody counts, until the next version is there; one signed too late is refused."""
    late = NOW + timedelta(days=366)
    found = history(PINNED)
    assert found.current(late - timedelta(days=2)) == FIRST
    assert found.current(FIRST.expires_at) is None
    renewed = second(days=1000)
    assert history(PINNED, introducing(renewed, FIRST, "ann", "bob")).current(late) == renewed
    assert "run out when it was signed" in why(introducing(second(days=0), FIRST, "ann", "bob"))


def test_the_statement_must_fit_its_document() -> None:
    """Signed under another version, asked for by somebody who did not sign, not readable: refused."""
    assert "under version 2" in why(introducing(second(), second(), "ann", "bob"))
    foreign = control(ControlKind.ROSTER, document=second().document, person="cid")
    assert "not signed by cid" in why(signed(foreign, "ann", "bob"))
    assert "cannot be read" in why(PersonSigned(value=b"x", signatures=PINNED.signatures))
    broken = control(ControlKind.ROSTER, document=second().document.replace(b"\n", b"\r\n"))
    assert "one form" in why(signed(broken, "ann", "bob"))


def test_other_controls_are_passed_over() -> None:
    """A halt is no roster, even when it carries one."""
    halt = control(ControlKind.HALT, document=second().document)
    assert history(PINNED, signed(halt, "ann", "bob")) == history(PINNED)


def test_who_was_removed_counts_no_more() -> None:
    """With the version that lacks them they can sign no roster."""
    without = second(person("bob", ADMIN), person("cid", ADMIN))
    third = roster(*without.people, version=3, threshold=2)
    removed = introducing(without, FIRST, "ann", "bob", "cid")
    assert "not one of ann's" in why(removed, introducing(third, without, "ann", "bob"))
    found = history(PINNED, removed, introducing(third, without, "cid", "bob"))
    assert [r.version for r in found.versions] == [1, 2, 3]
    assert found.version(1) == FIRST
    assert found.version(4) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"threshold": 4}, "higher than the number"),
        ({"threshold": 0}, "threshold"),
        ({"version": 0}, "version"),
        ({"people": []}, "people"),
        ({"expires_at": "2026-06-01T12:00:00"}, "time zone"),
        ({"more": 1}, "more"),
    ],
)
def test_a_document_that_is_not_valid_is_refused(change: dict[str, Any], words: str) -> None:
    """With words that say what is wrong."""
    with pytest.raises(Refused, match=words):
        Roster.read(json.dumps({**json.loads(FIRST.document), **change}).encode())


def test_people_and_keys_are_distinct() -> None:
    """Two of one name, whatever its case, and a key of two people are refused; so are names that can deceive."""
    with pytest.raises(ValidationError, match="same name"):
        roster(person("ann", ADMIN), person("Ann", ADMIN))
    with pytest.raises(ValidationError, match="a key is there twice"):
        roster(person("ann", ADMIN), person("bob", keys=[Key.of("ann")]))
    for name in ("", " ann", "an\u0430\u200b", "ann\n"):
        with pytest.raises(ValidationError):
            person(name)
    with pytest.raises(ValidationError, match="base64"):
        Person(name="ann", keys=("ssh-ed25519 %",), roles=())


def test_a_document_has_one_form() -> None:
    """The order of people and roles does not matter; another spelling is refused."""
    turned = roster(*reversed(FIRST.people), threshold=2)
    assert turned.document == FIRST.document
    assert Roster.read(FIRST.document).digest == FIRST.digest
    with pytest.raises(Refused, match="one form"):
        Roster.read(FIRST.document + b"\n")
    with pytest.raises(Refused, match="it may have"):
        Roster.read(bytes(300_000))


NAMES = ("ann", "bob", "cid", "dee")
PEOPLE = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True)
STEP = st.tuples(PEOPLE, st.integers(1, 4), PEOPLE, st.sampled_from([0, 1, 1, 1, 2]))


@given(st.lists(STEP, max_size=6))
def test_a_history_is_what_the_rule_says(steps: Sequence[tuple[list[str], int, list[str], int]]) -> None:
    """Over any sequence of rosters: a version counts exactly when both thresholds are met and it is the next one."""
    newest, documents, versions = FIRST, [PINNED], [FIRST]
    for members, threshold, who, ahead in steps:
        new = roster(
            *(person(n, ADMIN) for n in members),
            version=newest.version + ahead,
            threshold=min(threshold, len(members)),
        )
        documents.append(introducing(new, newest, *who))
        known = {p.name for p in newest.people}
        meant = (
            ahead == 1
            and set(who) <= known | set(members)
            and who[0] in known
            and len(set(who) & known) >= newest.threshold
            and len(set(who) & set(members)) >= new.threshold
        )
        if meant:
            newest = new
            versions.append(new)
    found = history(*documents)
    assert list(found.versions) == versions
    assert found.current(NOW) == newest
    # Adding one by one comes to the same as all at once.
    grown = RosterHistory(first_digest=FIRST.digest)
    for document in documents:
        grown = grown.after(CODEC, document)
    assert grown == found
