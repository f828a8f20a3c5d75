from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gate.court import Court, ceiling


@pytest.fixture
def court(tmp_path: Path) -> Iterator[Court]:
    """A gate under which nothing is automatic."""
    made = Court(tmp_path)
    yield made
    made.close()


@pytest.fixture
def lenient(tmp_path: Path) -> Iterator[Court]:
    """A gate whose ceiling lets small changes in staging be automatic."""
    made = Court(tmp_path, ceiling("development", "test", "staging"))
    yield made
    made.close()


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Court]:
    """The same, of which people's inventory knows nothing."""
    made = Court(tmp_path, ceiling("development", "test", "staging"), listed=False)
    yield made
    made.close()
