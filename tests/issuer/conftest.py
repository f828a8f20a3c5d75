from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.issuer.office import Office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A deployment with an issuer, closed at the end."""
    made = Office(tmp_path)
    yield made
    made.close()
