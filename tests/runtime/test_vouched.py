"""Vouchers on the runtime: who sent a report is known or not known, and never believed against a voucher that fails."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fixgate.errors import Reason
from fixgate.events import Rejected
from fixgate.rejections import Limits
from fixgate.runtime import Runtime, Wiring
from fixgate.signing import digest
from fixgate.verbs import Event, Facts, Output, Received, Result, Workload, gather_nothing
from fixgate.vouching import HEADER, Voucher, Way, make
from tests.runtime.world import CODEC, NAMING, World, signal

SCANNER = "spiffe://fixgate.internal/fixgate/scanner"


class Sealer:
    """Seals nothing."""

    key_id = "test"

    def seal(self, value: bytes, context: bytes) -> bytes:
        """As it is."""
        return value


class Reading:
    """A service that reads reports, and what it was told of them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.seen: list[Received] = []
        wiring: dict[str, Any] = {
            "topology": world.topology,
            "naming": NAMING,
            "broker": world.broker,
            "codec": CODEC,
            "identity": world.person("numberer"),
            "telemetry": world.telemetry,
            "folder": world.folder,
            "keep": world.keep,
            "sealer": Sealer(),
            "limits": Limits(source_strikes=3, quarantine=timedelta(minutes=1)),
            "batch": 1,
        }
        workload = Workload(service="numberer", verb=self.verb, gather=gather_nothing)
        self.runtime: Runtime[Any] = Runtime(workload, Wiring(**wiring))
        self.runtime.start()

    def verb(self, event: Event, facts: Facts[Any]) -> Result:
        """Note what came; fail on what is not good."""
        assert isinstance(event, Received)
        if event.record != b"good":
            raise ValueError("no report")
        self.seen.append(event)
        return Result(outputs=(Output(topic="numbers", key=b"k", record=signal("k")),))

    def send(self, report: bytes, *vouchers: bytes, source: bytes = b"claimed") -> None:
        """Append a report with these vouchers, and let it be read."""
        headers = (("fixgate-source", source), *((HEADER, voucher) for voucher in vouchers))
        self.world.broker.append(NAMING.topic("raw"), report, key=source, headers=headers, partition=0)
        self.world.work(self.runtime)

    def voucher(self, report: bytes = b"good", by: str = "receiver", **changed: Any) -> bytes:
        """A voucher as the party would make it."""
        said = Voucher(
            report=digest(report),
            source="ci",
            principal="token:ci",
            way=Way.HTTP,
            received_at=datetime.fromtimestamp(self.world.broker.now_ms / 1000, UTC),
        )
        return make(replace(said, **changed), self.world.person(by).signer())

    @property
    def letters(self) -> list[str]:
        """Why reports were rejected."""
        records = self.world.broker.visible(NAMING.topic("numberer.rejected"))
        return [CODEC.decode(r.value or b"", Rejected).reason for r in records]


@pytest.fixture
def reading(tmp_path: Path) -> Iterator[Reading]:
    """A reader of reports."""
    world = World(tmp_path)
    yield Reading(world)
    world.telemetry.shutdown()


def test_a_voucher_that_fails_takes_its_report_with_it(reading: Reading) -> None:
    """Of another report, by another party, for another than oneself, twice, or none at all: a dead letter each."""
    good = reading.voucher()
    reading.send(b"good", reading.voucher(b"another"))
    reading.send(b"good", reading.voucher(by="counter"))
    reading.send(b"good", reading.voucher(by="scanner"))
    reading.send(b"good", good, good)
    reading.send(b"good", b"{}")
    assert not reading.seen
    assert reading.letters == [
        Reason.BAD_SIGNATURE,
        Reason.WRONG_SIGNER,
        Reason.WRONG_SIGNER,
        Reason.BAD_SIGNATURE,
        Reason.UNSIGNED,
    ]
    assert reading.world.logs.getvalue().count('"kind": "unverified"') == 5


def test_a_report_without_a_voucher_has_a_label_and_no_principal(reading: Reading) -> None:
    """Whatever it claims in its headers."""
    reading.send(b"good", source=b"ci")
    (seen,) = reading.seen
    assert (seen.source, seen.voucher) == ("ci", None)


def test_a_voucher_wins_over_what_is_claimed(reading: Reading) -> None:
    """The source is the one that was proved."""
    reading.send(b"good", reading.voucher(), source=b"somebody-else")
    (seen,) = reading.seen
    assert seen.source == "ci"
    assert seen.voucher is not None
    assert seen.voucher.principal == "token:ci"
    assert HEADER not in seen.labels


def test_a_source_that_proved_its_name_is_quarantined_and_nobody_else_is(reading: Reading) -> None:
    """It sends nothing but what is rejected: for a while it is not read, while claims of its name are."""
    for _ in range(4):
        reading.send(b"junk", reading.voucher(b"junk"))
    reading.send(b"good", reading.voucher())
    assert reading.letters == [Reason.DEFECT] * 3 + [Reason.QUARANTINED] * 2
    reading.send(b"good", source=b"ci")
    reading.send(b"good", reading.voucher(source="other", principal="token:other"))
    reading.send(b"good", reading.voucher(by="scanner", principal=SCANNER, way=Way.KAFKA))
    assert len(reading.seen) == 3
    reading.world.broker.now_ms += 61_000
    reading.send(b"good", reading.voucher())
    assert len(reading.seen) == 4


def test_nobody_is_quarantined_for_what_others_send_in_its_name(reading: Reading) -> None:
    """Neither for claims, nor for vouchers that were forged, nor for what a scanner calls itself."""
    for _ in range(5):
        reading.send(b"junk", source=b"ci")
        reading.send(b"junk", reading.voucher(b"junk", by="counter"), source=b"ci")
        reading.send(b"junk", reading.voucher(b"junk", by="scanner", principal=SCANNER, way=Way.KAFKA))
    reading.send(b"good", reading.voucher())
    assert len(reading.seen) == 1
