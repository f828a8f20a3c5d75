"""A gate in memory, and a desk that reads what it decided."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from fixgate.broker import Outbound
from fixgate.cli import seat
from fixgate.desk import Desk
from fixgate.memory import MemoryBroker
from fixgate.settings import Settings
from tests.gate.court import Court
from tests.services_world import CODEC, NAMING


@dataclass
class Appending:
    """Writes to the broker in memory."""

    broker: MemoryBroker

    def publish(self, record: Outbound) -> int:
        """See `desk.Publisher.publish`."""
        return self.broker.write(record, None).offset


@pytest.fixture
def court(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Court]:
    """A gate in memory, and a desk that reads there."""
    made = Court(tmp_path)
    person = made.world.person("desk")

    @contextmanager
    def taken(bootstrap: str = "") -> Generator[seat.Seat]:
        desk = Desk(
            broker=made.world.broker,
            publisher=Appending(made.world.broker),
            codec=CODEC,
            signer=person.signer,
            trust=person.trust,
            naming=NAMING,
        )
        yield seat.Seat(Settings(roster=made.pin, home=tmp_path), desk)

    monkeypatch.setattr(seat, "taken", taken)
    monkeypatch.setattr(seat, "clock", lambda: made.world.now)
    yield made
    made.close()
