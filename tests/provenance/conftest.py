"""A change that was told whole, for each test to tamper with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fixgate.provenance.evidence import Evidence
from tests.provenance.book import Book
from tests.provenance.telling import tell


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    """A log with nothing in it but whom it trusts."""
    made = Book(tmp_path)
    with made.world:
        yield made
    made.log.close()


@pytest.fixture
def whole(book: Book) -> Evidence:
    """The evidence of a change that people approved; it verifies."""
    tell(book)
    return book.evidence()
