"""A receiver for each test that wants one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.receiving.reception import Reception, reception


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Reception]:
    """A receiver on loopback with the usual sources."""
    with reception(tmp_path) as made:
        yield made
