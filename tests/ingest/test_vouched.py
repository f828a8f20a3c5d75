"""Who sent a report is on its findings, as it was authenticated, or is said to be unknown."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fixgate.events import Finding
from fixgate.objects import FileStore
from fixgate.signing import digest
from fixgate.vouching import HEADER, Voucher, Way, make
from services.ingest.adapters.originals import Originals
from services.ingest.service import workload
from tests.ingest.test_normalize import SECRET
from tests.reports.making import KEY, data, leak
from tests.runtime.test_vouched import Sealer
from tests.services_world import ServicesWorld

REPORT = data([leak(SECRET)])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ServicesWorld]:
    """Nothing sent yet."""
    with ServicesWorld(tmp_path) as made:
        yield made


def ingest(world: ServicesWorld, *, vouched: bool, headers: tuple[tuple[str, bytes], ...] = ()) -> list[Finding]:
    """Send the report with these headers, and let ingest read it."""
    world.broker.append("fixgate.findings.raw", REPORT, key=b"ci", headers=headers, partition=0)
    originals = Originals(store=FileStore(world.folder / "objects"), sealer=None)
    world.work(world.runtime(workload(KEY, originals, vouched=vouched), sealer=Sealer()))
    return world.read("findings", Finding)


def voucher(world: ServicesWorld) -> tuple[tuple[str, bytes], ...]:
    """What the receiver adds to the report."""
    said = Voucher(
        report=digest(REPORT), source="ci", principal="token:ci", way=Way.HTTP, received_at=world.now, delivery="7"
    )
    return ((HEADER, make(said, world.person("receiver").signer())),)


def test_where_vouchers_are_required_a_report_without_one_is_refused(world: ServicesWorld) -> None:
    """It is a dead letter, whatever name it claims."""
    assert not ingest(world, vouched=True, headers=(("fixgate-source", b"ci"),))
    assert [letter.reason for letter in world.rejected("ingest")] == ["unsigned"]


def test_without_a_voucher_the_principal_is_unknown(world: ServicesWorld) -> None:
    """A name that a source has is not made an identity by claiming it."""
    (finding,) = ingest(world, vouched=False, headers=(("fixgate-source", b"ci"),))
    assert (finding.source.name, finding.source.principal) == ("ci", None)


@pytest.mark.parametrize("vouched", [False, True])
def test_a_voucher_names_the_principal(world: ServicesWorld, *, vouched: bool) -> None:
    """And the source, over what the headers claim."""
    headers = (("fixgate-source", b"other"), *voucher(world))
    (finding,) = ingest(world, vouched=vouched, headers=headers)
    assert (finding.source.name, finding.source.principal) == ("ci", "token:ci")
