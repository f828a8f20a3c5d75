"""A gate in memory, and a desk that reads what it decided."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fixgate.cli import seat
from fixgate.settings import Settings
from tests.gate.court import Court
from tests.services_desk import desk_of


@pytest.fixture
def court(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Court]:
    """A gate in memory, and a desk that reads there."""
    made = Court(tmp_path)

    @contextmanager
    def taken(bootstrap: str = "") -> Generator[seat.Seat]:
        desk = desk_of(made.world)
        yield seat.Seat(Settings(roster=made.pin, home=tmp_path), desk)

    monkeypatch.setattr(seat, "taken", taken)
    monkeypatch.setattr(seat, "clock", lambda: made.world.now)
    yield made
    made.close()
