"""A receiver for each test that wants one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fixgate.graph import MIB
from fixgate.receiving.sources import STORED
from tests.receiving.reception import Reception, reception


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Reception]:
    """A receiver on loopback with the usual sources."""
    with reception(tmp_path) as made:
        yield made


@pytest.fixture
def large(tmp_path: Path) -> Iterator[Reception]:
    """The same where reports may be of any size that is taken at all: what no message holds is stored."""
    with reception(tmp_path, STORED, stores=True) as made:
        made.usual(max_bytes=12 * MIB, bytes_per_minute=1 << 30)
        yield made
