"""Every format has its row and its page, and no page is of a format that is not read."""

import re
from pathlib import Path
from typing import Final

import pytest

from fixgate.reports.registry import ADAPTERS

DOCS: Final = Path(__file__).parents[2] / "docs"
ROW: Final = re.compile(r"^\| \[`([^`]+)`\]\(formats/([^)]+)\.md\) \|", re.MULTILINE)
TABLE: Final = ROW.findall((DOCS / "formats.md").read_text())
PARTS: Final = ("**Read**", "**Identity**", "**Severity**", "**Left out**")


def test_the_table_has_each_format_once_in_order() -> None:
    """With a link to the page of its name."""
    assert [name for name, _ in TABLE] == sorted(ADAPTERS)
    assert all(name == page for name, page in TABLE)


def test_no_page_is_of_a_format_that_is_not_read() -> None:
    """It would promise something."""
    assert {page.stem for page in (DOCS / "formats").glob("*.md")} == set(ADAPTERS)


@pytest.mark.parametrize("name", sorted(ADAPTERS))
def test_a_page_says_what_is_read_and_what_is_not(name: str) -> None:
    """Identity and severity too: whoever points a scanner at fixgate wants to know."""
    page = (DOCS / "formats" / f"{name}.md").read_text()
    assert page.startswith(f"# {name}\n")
    assert not [part for part in PARTS if part not in page]
