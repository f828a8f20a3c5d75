"""The ceiling: what people signed may ever be automatic."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from fixgate.errors import Misconfigured
from fixgate.people.roster import Role
from fixgate.policy.cases import UNREMARKABLE
from fixgate.policy.ceiling import Allowance, Ceiling, CeilingDocument, read_signed, signed_file
from tests.people.persons import NOW, Key, person, roster

DAY = timedelta(days=1)
ROSTER = roster(
    person("ann", Role.ADMINISTRATOR), person("eve", Role.ADMINISTRATOR), person("bob", Role.OWNER), threshold=2
)
DOCUMENT = CeilingDocument(
    version=1,
    expires_at=NOW + DAY,
    allows=(
        Allowance(templates=(UNREMARKABLE.template,), environments=("staging",), max_blast="low"),
        Allowance(templates=(), environments=("test",), max_blast="medium"),
    ),
)


def signed_by(*names: str, document: bytes = DOCUMENT.written) -> Ceiling:
    """The ceiling, signed by these people."""
    return Ceiling(read_signed(signed_file(document, [Key.of(n).signs(n, document) for n in names])))


def test_without_a_ceiling_nothing_is_allowed() -> None:
    """Absent means nothing, not everything."""
    for none in (Ceiling(), Ceiling.load(None), Ceiling.load(Path())):
        assert not none.allows(UNREMARKABLE, ROSTER, NOW)
        assert none.digest.startswith("sha256:")


@pytest.mark.parametrize(
    "names", [(), ("ann",), ("ann", "ann"), ("ann", "bob"), ("ann", "mallory"), ("ann", "eve", "mallory")]
)
def test_too_few_administrators_do_not_suffice(names: tuple[str, ...]) -> None:
    """As many as the next roster would ask for; and nobody whom the roster does not know."""
    assert not signed_by(*names).allows(UNREMARKABLE, ROSTER, NOW)


def test_a_signature_over_other_bytes_does_not_count() -> None:
    """Not one bit of it may be changed."""
    signatures = [Key.of(n).signs(n, DOCUMENT.written) for n in ("ann", "eve")]
    raised = DOCUMENT.written.replace(b'"low"', b'"medium"')
    assert not Ceiling(read_signed(signed_file(raised, signatures))).allows(UNREMARKABLE, ROSTER, NOW)


def test_it_counts_by_the_roster_in_force() -> None:
    """Without a roster nobody counts; who is no administrator any more does not either."""
    made = signed_by("ann", "eve")
    assert made.allows(UNREMARKABLE, ROSTER, NOW)
    assert not made.allows(UNREMARKABLE, None, NOW)
    later = roster(
        person("ann", Role.ADMINISTRATOR), person("dan", Role.ADMINISTRATOR), person("eve", Role.OWNER), threshold=2
    )
    assert not made.allows(UNREMARKABLE, later, NOW)
    assert made.allows(UNREMARKABLE, ROSTER, NOW)


def test_what_is_not_listed_is_not_allowed() -> None:
    """Template, environment, blast level, and an end."""
    made = signed_by("eve", "ann")
    for other in (
        replace(UNREMARKABLE, template="another"),
        replace(UNREMARKABLE, environment="production"),
        replace(UNREMARKABLE, environment="unknown"),
        replace(UNREMARKABLE, environment="test"),
        replace(UNREMARKABLE, blast=2),
        replace(UNREMARKABLE, blast=4),
    ):
        assert not made.allows(other, ROSTER, NOW)
    assert made.allows(replace(UNREMARKABLE, blast=0), ROSTER, NOW)
    assert not made.allows(UNREMARKABLE, ROSTER, NOW + DAY)


def test_a_file_that_is_no_ceiling_is_refused_at_the_start(tmp_path: Path) -> None:
    """Not later, when something is to be decided."""
    path = tmp_path / "ceiling.json"
    with pytest.raises(Misconfigured, match="cannot be read"):
        Ceiling.load(path)
    for text, why in (
        (b"{", "not valid"),
        (b"{}", "document"),
        (signed_file(b"{}", []), "the ceiling's document"),
        (signed_file(DOCUMENT.written.replace(b'"low"', b'"high"'), []), "max_blast"),
        (b" " * 300_000, "bytes"),
    ):
        path.write_bytes(text)
        with pytest.raises(Misconfigured, match=why):
            Ceiling.load(path)
    path.write_bytes(signed_file(DOCUMENT.written, [Key.of(n).signs(n, DOCUMENT.written) for n in ("ann", "eve")]))
    assert Ceiling.load(path).allows(UNREMARKABLE, ROSTER, NOW)
