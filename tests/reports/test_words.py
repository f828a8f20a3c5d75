"""What every adapter reads words, paths and secrets with; also of a length that only an attack has."""

import pytest

from fixgate.reports.fields import alone, step, text, texts, word
from fixgate.reports.paths import clone_address, portable
from fixgate.reports.secrets import about_secrets, shown

BLANKS = " " * 300_000
"""With a pattern that looks for blanks twice this would take hours."""


@pytest.mark.parametrize(
    "nothing", [None, "", "  ", "<uid>", "requires login", "N/A", " na ", "None", "null", "Unknown"]
)
def test_what_stands_for_nothing_is_no_word(nothing: str | None) -> None:
    """In any spelling."""
    assert word(nothing) is None


@pytest.mark.parametrize("some", ["nothing", "unknowns", "<a", "x", "n/a or so", "requires a login"])
def test_what_only_begins_so_is_a_word(some: str) -> None:
    """Without the blanks around it."""
    assert word(f" {some} ") == some


def test_many_blanks_cost_no_more_than_they_are_long() -> None:
    """In front of a word, of a secret, and between the signs of a mask."""
    assert word(BLANKS + "x") == "x"
    assert shown(BLANKS + "x" + BLANKS + "y") == "x" + BLANKS + "y"
    assert shown("*" + BLANKS + "*") == ""
    assert portable("../" * 100_000 + "a").path == "a"


@pytest.mark.parametrize("nothing", [None, 7, ["a"], "", " none "])
def test_what_is_no_word_stands_not_even_alone(nothing: object) -> None:
    """A value of another type decorates nothing."""
    assert (alone(nothing), alone(" a ")) == ((), ("a",))


@pytest.mark.parametrize("before", ["", "x" * 400])
def test_rules_about_secrets_are_known_by_any_of_their_names(before: str) -> None:
    """In any spelling, and in a name that is too long to be remembered."""
    assert not about_secrets(f"{before} sql injection", "keys")
    assert about_secrets("sql injection", f"{before} Hard-Coded API_Key")


def test_what_only_decorates_may_be_anything() -> None:
    """What is no text is left out."""
    assert (text(7), text("a"), texts("a"), texts(["a", 7, None, "a", " b "]), texts({"a": 1})) == (
        "",
        "a",
        ("a",),
        ("a", "b"),
        (),
    )


def test_a_name_is_one_step_of_a_pointer() -> None:
    """Whatever is in it (RFC 6901, 3)."""
    assert step("@acme/a~b") == "@acme~1a~0b"


@pytest.mark.parametrize(
    "address", [None, "", "shop", "/srv/shop", "javascript://x", "https://", "https://[", "https://h:p/x"]
)
def test_what_is_no_address_of_a_repository_is_none(address: str | None) -> None:
    """A folder is somewhere else on another machine."""
    assert clone_address(address) is None


def test_an_address_of_a_repository_loses_what_may_be_secret() -> None:
    """User, password, query and fragment; the user of SSH is a part of the address."""
    assert clone_address("https://user:word@git.test:8443/a/b.git?x=1#y") == "https://git.test:8443/a/b.git"
    assert clone_address("ssh://git@git.test/a/b.git") == "ssh://git@git.test/a/b.git"
