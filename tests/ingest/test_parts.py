"""A report with many findings takes several transactions, and comes to the same as if it had taken one."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from fixgate.errors import Poison, Reason
from fixgate.events import Finding, Stored
from fixgate.objects import FileStore
from fixgate.reports.adapter import Hints
from fixgate.reports.findings import findings
from fixgate.reports.report import Report, read
from fixgate.sealing import Seal
from fixgate.verbs import Received
from services.ingest.adapters.originals import Originals
from services.ingest.decide import PART as REAL_PART
from services.ingest.decide import Normalize
from services.ingest.progress import Progress, entry, progress_of
from services.ingest.service import workload
from tests.reports.making import KEY, data, leak
from tests.runtime.world import Crash, crashing
from tests.services_world import ServicesWorld

SECRET = "s3cr" + "et-" + "v4lue" * 4
SEAL = Seal(X25519PrivateKey.generate().public_key())
PART = 20
"""Findings in one transaction here, where nothing else is said."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ServicesWorld]:
    """Nothing sent yet."""
    with ServicesWorld(tmp_path) as world:
        yield world


def leaks(count: int, **last: Any) -> bytes:
    """A report of so many results; what is said of the last one may be strange."""
    found = [leak(f"{SECRET}{n}", File=f"f{n}") for n in range(count)]
    return data([*found[:-1], found[-1] | last])


def run(world: ServicesWorld, *reports: bytes, sealer: Seal | None = None, part: int = PART, **wiring: Any) -> None:
    """Send reports and work until nothing is left."""
    for report in reports:
        world.raw("findings.raw", report)
    originals = Originals(store=FileStore(world.folder / "objects"), sealer=sealer)
    kind = replace(workload(KEY, originals), verb=Normalize(key=KEY, part=part))
    world.work(world.runtime(kind, sealer=SEAL, **wiring))


def run_crashing(world: ServicesWorld, *reports: bytes, place: str = "committed", **given: Any) -> int:
    """The same, with a crash at the place in every transaction's turn; how many there were."""
    crashes = 0
    for report in reports:
        world.raw("findings.raw", report)
    while True:
        world.broker.probe = crashing(place, 1 if place == "committed" else 2)
        folder = world.folder / f"machine {crashes}"
        folder.mkdir()
        try:
            run(world, folder=folder, **given)
        except Crash:
            crashes += 1
        else:
            return crashes


def values(world: ServicesWorld) -> list[bytes | None]:
    """The findings as they were written, in the order of their partitions."""
    return [r.value for r in world.inbound("findings")]


def test_a_dead_letter_comes_once_and_last(world: ServicesWorld) -> None:
    """However often the process dies before; not before all that can be used has been written."""
    report = leaks(3 * PART + 1, StartLine="three")
    world.raw("findings.raw", report)
    for parts in (1, 2):
        world.broker.probe = crashing("committed", 1)
        with pytest.raises(Crash):
            run(world, folder=_fresh(world, parts))
        assert (len(values(world)), world.rejected("ingest")) == (parts * PART, [])
    run_crashing(world)
    assert len(values(world)) == 3 * PART
    (letter,) = world.rejected("ingest")
    assert letter.detail.startswith(f"1 of {3 * PART + 1} results cannot be used: /{3 * PART}: ")


def _fresh(world: ServicesWorld, number: int) -> Path:
    folder = world.folder / f"fresh {number}"
    folder.mkdir()
    return folder


def test_what_a_refused_report_left_is_gone_with_the_next(
    world: ServicesWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report that is refused in the middle leaves how far it came; nobody goes on from there with another report."""

    def failing(*given: Any, start: int, stop: int) -> tuple[Finding, ...]:
        if start:
            raise Poison(Reason.INVALID, "the second part is broken")
        return findings(*given, start=start, stop=stop)

    monkeypatch.setattr("services.ingest.decide.findings", failing)
    run(world, leaks(2 * PART))
    assert [r.detail for r in world.rejected("ingest")] == ["the second part is broken"]
    assert len(world.state("ingest")) == 1
    monkeypatch.undo()
    run(world, leaks(PART + 3), folder=_fresh(world, 1))
    assert len(values(world)) == 2 * PART + 3
    assert world.state("ingest") == {}


def test_five_thousand_results_are_the_same_with_a_crash_after_each_transaction(
    world: ServicesWorld, tmp_path: Path
) -> None:
    """Byte for byte, sequences and all: ten transactions, each in another process on another machine."""
    report = leaks(5_000)
    crashes = run_crashing(world, report, part=REAL_PART)
    (tmp_path / "whole").mkdir()
    with ServicesWorld(tmp_path / "whole") as whole:
        run(whole, report, part=REAL_PART)
        assert values(world) == values(whole)
    assert crashes == 5_000 // REAL_PART == 10
    assert len({f.finding_id for f in world.read("findings", Finding)}) == 5_000
    assert world.state("ingest") == {}


@pytest.mark.parametrize("place", ["begin", "write", "positions", "commit"])
def test_a_crash_within_any_transaction_neither_repeats_nor_loses_a_finding(world: ServicesWorld, place: str) -> None:
    """Each process gets through one transaction, and dies in the next."""
    assert run_crashing(world, leaks(4 * PART), place=place) >= 3
    found = world.read("findings", Finding)
    assert len(found) == len({f.finding_id for f in found}) == 4 * PART
    sequences: dict[int, list[int]] = {}
    for record, finding in zip(world.inbound("findings"), found, strict=True):
        sequences.setdefault(record.source.partition, []).append(finding.envelope.sequence)
    assert all(s == list(range(1, len(s) + 1)) for s in sequences.values())


def test_all_findings_of_a_report_name_one_original(world: ServicesWorld) -> None:
    """Sealed anew by each process, the report would be another object each time."""
    run_crashing(world, leaks(3 * PART), sealer=SEAL)
    found = world.read("findings", Finding)
    assert len({f.original.stored for f in found}) == 1
    assert found[0].original.stored is not None


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[int]:
    """How often a report was read, by its size."""
    counted: Counter[int] = Counter()

    def counting(report: bytes, hints: Hints) -> Report:
        counted[len(report)] += 1
        return read(report, hints)

    monkeypatch.setattr("services.ingest.progress.read", counting)
    return counted


def test_a_report_is_read_once_for_all_its_parts(world: ServicesWorld, reads: Counter[int]) -> None:
    """Whatever else is read between them."""
    for key in (b"a", b"b", b"c", b"d", b"e"):
        world.raw("findings.raw", leaks(1), key=key)
    world.raw("findings.raw", leaks(9 * PART), key=b"f")
    for key in (b"a", b"b", b"c", b"d", b"e"):
        world.raw("findings.raw", leaks(2), key=key)
    run(world, batch=2)
    assert reads == {len(leaks(1)): 5, len(leaks(9 * PART)): 1, len(leaks(2)): 5}
    assert len(values(world)) == 9 * PART + 15


def test_of_several_reports_with_parts_none_is_read_more_than_twice(world: ServicesWorld, reads: Counter[int]) -> None:
    """For its first part when it comes, and for the others when its turn has come."""
    for number, key in enumerate((b"a", b"b", b"c", b"d", b"e")):
        world.raw("findings.raw", leaks(4 * PART + number), key=key)
    run(world)
    assert len(reads) == 5
    assert max(reads.values()) <= 2
    assert len(values(world)) == 20 * PART + 10


def test_one_transaction_is_enough_for_a_small_report(world: ServicesWorld) -> None:
    """It writes nothing to the state."""
    run(world, leaks(PART))
    assert len(values(world)) == PART
    assert world.state("ingest") == {}
    assert all(r.key is not None and r.key.startswith(b"\x00") for r in world.inbound("ingest.state"))


STORED = Stored(digest="sha256:" + "1" * 64, location="sha256:" + "1" * 64, size=7, sealing_key="k")


class Kept:
    """A state of one entry."""

    def __init__(self, key: bytes, value: bytes) -> None:
        self._key, self._value = key, value

    def get(self, key: bytes) -> bytes | None:
        """See `verbs.StateView`."""
        return self._value if key == self._key else None

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """See `verbs.StateView`."""
        yield from [(self._key, self._value)] if self._key.startswith(prefix) else []


@pytest.mark.parametrize("stored", [None, STORED])
def test_progress_is_of_one_record_and_one_reading_of_it(world: ServicesWorld, stored: Stored | None) -> None:
    """Another record, or a version that makes another number of findings of it, begins anew."""
    event = received(world)
    kept = Progress(done=500, total=1000, stored=stored)
    state = Kept(entry(event), kept.encode(event))
    assert progress_of(event, state, 1000) == kept
    assert progress_of(event, state, 999) is None
    assert progress_of(replace(event, offset=8), state, 1000) is None
    assert progress_of(replace(event, digest="sha256:" + "2" * 64), state, 1000) is None
    assert progress_of(replace(event, partition=1), state, 1000) is None


def received(world: ServicesWorld) -> Received:
    """A report on its topic."""
    return Received(
        topic="findings.raw",
        partition=0,
        offset=7,
        key=None,
        record=b"[]",
        digest="sha256:" + "0" * 64,
        appended_at=world.now,
        signer="",
        signed=None,
        source="s",
        trace_id="a" * 32,
    )
