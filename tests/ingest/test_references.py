"""Reports that are too large for a message: stored in sealed segments, referred to, fetched, read like others."""

import io
import shutil
import tracemalloc
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from fixgate import originals, segments
from fixgate.events import Envelope, Finding
from fixgate.intake import SOURCE_HEADER
from fixgate.objects import FileStore
from fixgate.sealing import Seal, Unseal
from fixgate.segments import LARGEST, REFERENCE, SMALLEST, Manifest, Purpose
from fixgate.signing import digest
from fixgate.verbs import Received
from services.ingest.adapters.originals import Originals
from services.ingest.adapters.references import References
from services.ingest.adapters.spool import mapped
from services.ingest.decide import Normalize
from services.ingest.service import workload
from tests.reports.making import KEY, data, leak
from tests.runtime.world import Crash, crashing
from tests.services_world import NAMING, START, ServicesWorld

SECRET = "s3cr" + "et-" + "v4lue" * 4
INTAKE, KEPT = X25519PrivateKey.generate(), X25519PrivateKey.generate()
INTAKE_SEAL, KEPT_SEAL = Seal(INTAKE.public_key()), Seal(KEPT.public_key())
LIMIT = 64 * 1024 * 1024


class Publishing:
    """A world with ingest in it, and a store that publishers and ingest share."""

    def __init__(self, world: ServicesWorld) -> None:
        self.world = world
        self.store = FileStore(world.folder / "objects")
        self.spools = world.folder / "spools"
        self.spools.mkdir()

    def stored(self, report: bytes) -> Manifest:
        """The report in the store, as a publisher puts it there."""
        return segments.store(io.BytesIO(report), self.store, INTAKE_SEAL, Purpose.INTAKE)

    def refer(self, value: bytes, *headers: tuple[str, bytes], version: bytes = b"1") -> None:
        """Send a record that is said to be a reference."""
        topic = NAMING.topic("findings.raw")
        self.world.broker.append(topic, value, key=b"scanner", headers=((REFERENCE, version), *headers))

    def run(self, *, key: X25519PrivateKey | None = INTAKE, part: int = 20, limit: int = LIMIT, **wiring: Any) -> None:
        """Work until nothing is left."""
        kept = Originals(store=self.store, sealer=KEPT_SEAL)
        references = None if key is None else References(self.store, Unseal([key]), self.spools, limit, kept)
        kind = replace(workload(KEY, kept, references), verb=Normalize(key=KEY, part=part))
        self.world.work(self.world.runtime(kind, sealer=KEPT_SEAL, **wiring))

    @property
    def findings(self) -> list[Finding]:
        """What came out."""
        return self.world.read("findings", Finding)

    def refusals(self) -> list[str]:
        """Why records are dead letters."""
        return [letter.detail for letter in self.world.rejected("ingest")]


@pytest.fixture
def publishing(tmp_path: Path) -> Iterator[Publishing]:
    """Nothing sent yet."""
    with ServicesWorld(tmp_path) as world:
        yield Publishing(world)


def leaks(count: int, size: int = 0) -> bytes:
    """A report of so many results, and of at least so many bytes."""
    report = data([leak(f"{SECRET}{n}", File=f"f{n}") for n in range(count)])
    return report + b" " * max(0, size - len(report))


# -- what is refused ---------------------------------------------------------------------------------------------------


def test_what_is_no_reference_is_a_dead_letter(publishing: Publishing) -> None:
    """And holds nothing up."""
    manifest = publishing.stored(leaks(1))
    publishing.refer(b"no manifest")
    publishing.refer(manifest.encode(), version=b"2")
    publishing.refer(manifest.model_copy(update={"size": 7}).encode())
    publishing.refer(manifest.encode())
    publishing.run()
    told = ["is no manifest", "another version", "does not add up"]
    assert [t in said for t, said in zip(told, publishing.refusals(), strict=True)] == [True] * 3
    assert len(publishing.findings) == 1


def test_a_report_over_the_limit_is_refused_before_it_is_fetched(publishing: Publishing) -> None:
    """By what the manifest says of it; the store is not asked."""
    manifest = publishing.stored(leaks(1, SMALLEST))
    shutil.rmtree(publishing.world.folder / "objects")
    publishing.refer(manifest.encode())
    publishing.run(limit=SMALLEST - 1)
    assert publishing.refusals() == [f"the report has {SMALLEST} bytes; {SMALLEST - 1} are taken"]


def test_a_missing_segment_is_a_dead_letter(publishing: Publishing) -> None:
    """It was to be there before the reference: nobody waits for what a sender only claims."""
    absent = digest(b"never put")
    manifest = publishing.stored(leaks(1))
    lacking = manifest.segments[0].model_copy(update={"location": absent})
    publishing.refer(manifest.model_copy(update={"segments": (lacking,)}).encode())
    publishing.run()
    assert publishing.refusals() == ["segment 1 of 1 is not in the object store"]


def test_segments_that_were_sealed_for_another_key_are_refused(publishing: Publishing) -> None:
    """As are altered ones: which of the two it is cannot be told."""
    publishing.refer(publishing.stored(leaks(1)).encode())
    publishing.run(key=KEPT)
    assert "was altered, or sealed for another place or key" in publishing.refusals()[0]


def test_nothing_is_kept_of_a_report_that_is_not_what_its_manifest_says(publishing: Publishing) -> None:
    """All of it is verified before it is kept, or read."""
    good, other = publishing.stored(leaks(1)), publishing.stored(leaks(1, 5000))
    held = _objects(publishing)
    publishing.refer(good.model_copy(update={"digest": other.digest}).encode())
    publishing.run()
    assert len(publishing.refusals()) == 1
    assert _objects(publishing) == held


def _objects(publishing: Publishing) -> set[str]:
    return {path.name for path in (publishing.world.folder / "objects").rglob("*") if path.is_file()}


def test_without_a_key_a_reference_is_a_dead_letter(publishing: Publishing) -> None:
    """It can be put back when there is one."""
    publishing.refer(publishing.stored(leaks(1)).encode())
    publishing.run(key=None)
    assert "no key to open it with" in publishing.refusals()[0]


def test_a_record_that_does_not_say_that_it_is_a_reference_is_none(publishing: Publishing) -> None:
    """A manifest without the header is a report like any other, and of no known format."""
    publishing.world.raw("findings.raw", publishing.stored(leaks(1)).encode())
    publishing.run()
    assert "no format that is known" in publishing.refusals()[0]


@pytest.mark.parametrize(("report", "says"), [(b"no json", "JSON"), (b" ", "is empty"), (b'{"a":1}', "no format")])
def test_a_stored_report_that_cannot_be_used_is_a_dead_letter(publishing: Publishing, report: bytes, says: str) -> None:
    """The letter holds the reference; what it refers to stays where it is."""
    publishing.refer(publishing.stored(report).encode())
    publishing.run()
    assert says in publishing.refusals()[0]


def test_a_stored_report_of_which_a_part_is_unusable_is_a_dead_letter_in_the_end(publishing: Publishing) -> None:
    """What can be used is written first."""
    found = [leak(f"{SECRET}{n}", File=f"f{n}") for n in range(50)]
    publishing.refer(publishing.stored(data([*found, leak(SECRET, StartLine="three")])).encode())
    publishing.run()
    assert len(publishing.findings) == 50
    assert publishing.refusals()[0].startswith("1 of 51 results cannot be used: /50: ")


# -- what is promised --------------------------------------------------------------------------------------------------


def test_a_stored_report_is_read_like_one_that_came_itself(publishing: Publishing) -> None:
    """The same findings, in as many transactions, under the digest of the report and not of the reference."""
    report = leaks(70, LARGEST + 7)
    headers = (SOURCE_HEADER, b"ci"), ("fixgate-repository", b"https://git.test/acme/shop")
    publishing.refer(publishing.stored(report).encode(), *headers)
    publishing.world.broker.append(NAMING.topic("findings.raw"), report, key=b"scanner", headers=headers)
    publishing.run()
    assert publishing.refusals() == []
    found: dict[str, list[Finding]] = {}
    for finding in publishing.findings:
        found.setdefault(finding.finding_id, []).append(finding)
    assert len(found) == 70
    for one, other in found.values():
        assert one.original.digest == other.original.digest == digest(report)
        assert _without_place(one) == _without_place(other)


def _without_place(finding: Finding) -> Finding:
    return replace(finding, envelope=Envelope(), original=replace(finding.original, stored=None))


def test_its_original_is_kept_for_the_deployments_key(publishing: Publishing) -> None:
    """Segment by segment; the intake key opens none of it."""
    report = leaks(3, LARGEST + 7)
    publishing.refer(publishing.stored(report).encode())
    publishing.run()
    (stored,) = {f.original.stored for f in publishing.findings}
    assert stored is not None
    assert stored.sealing_key == KEPT_SEAL.key_id
    assert b"".join(originals.original(digest(report), stored, publishing.store, Unseal([KEPT]))) == report


@pytest.mark.parametrize("place", ["committed", "commit"])
def test_a_crash_in_the_middle_neither_repeats_nor_loses_a_finding(publishing: Publishing, place: str) -> None:
    """Each time the report is fetched again; all findings name the original that was kept first."""
    publishing.refer(publishing.stored(leaks(70, LARGEST + 7)).encode())
    for crash in range(3):
        publishing.world.broker.probe = crashing(place, 1 if place == "committed" else 2)
        folder = publishing.world.folder / f"machine {crash}"
        folder.mkdir()
        with pytest.raises(Crash):
            publishing.run(folder=folder)
    publishing.world.broker.probe = lambda _step: None
    (publishing.world.folder / "last").mkdir()
    publishing.run(folder=publishing.world.folder / "last")
    found = publishing.findings
    assert len(found) == len({f.finding_id for f in found}) == 70
    assert len({f.original.stored for f in found}) == 1


def test_a_store_that_fails_delays_a_report_and_loses_none(publishing: Publishing) -> None:
    """Nothing is rejected for it."""
    publishing.refer(publishing.stored(leaks(1)).encode())
    away = publishing.world.folder / "away"
    (publishing.world.folder / "objects").rename(away)
    (publishing.world.folder / "objects").write_text("no folder")
    publishing.run()
    assert (publishing.findings, publishing.refusals()) == ([], [])
    (publishing.world.folder / "objects").unlink()
    away.rename(publishing.world.folder / "objects")
    publishing.run(folder=publishing.spools)
    assert len(publishing.findings) == 1


def test_two_large_reports_are_never_there_at_once(publishing: Publishing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has its transactions for itself, between the others of its batch."""
    maps: list[weakref.ref[Any]] = []
    others: list[int] = []

    def noting(spool: BinaryIO) -> Any:
        others.append(sum(known() is not None for known in maps))
        made = mapped(spool)
        maps.append(weakref.ref(made))
        return made

    monkeypatch.setattr("services.ingest.adapters.references.mapped", noting)
    for count in (30, 1, 25):
        publishing.refer(publishing.stored(leaks(count)).encode())
        publishing.world.raw("findings.raw", leaks(count + 1))
    publishing.run()
    assert len(publishing.findings) == 30 + 31 + 1 + 2 + 25 + 26
    assert others == [0, 0, 0]


def received(manifest: Manifest, **changes: Any) -> Received:
    """A reference as ingest gets it."""
    event = Received(
        topic="findings.raw",
        partition=0,
        offset=0,
        key=None,
        record=manifest.encode(),
        digest=digest(manifest.encode()),
        appended_at=START,
        signer="",
        signed=None,
        source="s",
        trace_id="a" * 32,
        labels={REFERENCE: "1"},
    )
    return replace(event, **changes)


def test_fetching_and_keeping_take_little_memory(publishing: Publishing) -> None:
    """A few segments, however large the report is."""
    found = [leak(f"{SECRET}{n}", File=f"f{n}", Match="x" * 64_000) for n in range(800)]
    manifest = publishing.stored(data(found))
    assert manifest.size > 12 * LARGEST
    del found
    kept = Originals(store=publishing.store, sealer=KEPT_SEAL)
    references = References(publishing.store, Unseal([INTAKE]), publishing.spools, LIMIT, kept)
    tracemalloc.start()
    try:
        gathered = references.whole(received(manifest), manifest.encode(), 60.0)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert gathered.whole is not None
    assert len(gathered.whole.report.findings) == 800
    assert most < 8 * LARGEST
