"""Ingest on the real runtime: what becomes of reports, good, bad and in between."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from fixgate.errors import Transient
from fixgate.events import Finding, Rejected
from fixgate.objects import FileStore
from fixgate.originals import CONTEXT
from fixgate.partitioning import partition_of
from fixgate.rejections import SEALED_LABELS
from fixgate.sealing import Seal, Unseal
from fixgate.signing import digest
from fixgate.topology import PIPELINE
from services.ingest.adapters.originals import Originals
from services.ingest.service import workload
from tests.reports.making import KEY, KEY_ID, asff, data, guardduty, leak, result, sarif
from tests.runtime.world import Crash, crashing
from tests.services_world import NAMING, ServicesWorld

PRIVATE = X25519PrivateKey.generate()
SECRET = "s3cr" + "et-" + "v4lue" * 4


class Ingesting:
    """A world with ingest in it."""

    def __init__(self, world: ServicesWorld) -> None:
        self.world = world
        self.seal = Seal(PRIVATE.public_key())
        self.store = FileStore(world.folder / "objects")

    def run(self, *reports: bytes, **wiring: Any) -> None:
        """Send reports and work until nothing is left."""
        for report in reports:
            self.world.raw("findings.raw", report)
        kind = workload(KEY, Originals(store=self.store, sealer=self.seal))
        self.world.work(self.world.runtime(kind, sealer=self.seal, **wiring))

    @property
    def findings(self) -> list[Finding]:
        """What came out."""
        return self.world.read("findings", Finding)

    @property
    def letters(self) -> list[Rejected]:
        """What was rejected."""
        return self.world.rejected("ingest")

    def opened(self, letter: Rejected) -> bytes:
        """The bytes of a dead letter."""
        origin = f"findings.raw/{letter.origin_partition}/{letter.origin_offset}".encode()
        value = letter.value
        if value is None:
            assert letter.stored is not None
            value = self.world.kept[letter.stored.digest]
        return Unseal([PRIVATE]).open(value, origin)


@pytest.fixture
def ingesting(tmp_path: Path) -> Iterator[Ingesting]:
    """Nothing sent yet."""
    with ServicesWorld(tmp_path) as world:
        yield Ingesting(world)


@pytest.mark.parametrize(
    ("bad", "reason", "says"),
    [
        (b"not json", "invalid", "is not JSON"),
        (b"", "invalid", "the report is empty"),
        (data([leak(SECRET)])[:-30], "invalid", "cut off"),
        (b"[" * 20_000 + b"]" * 20_000, "invalid", "254 levels"),
        (b'{"a":1,"a":2}', "invalid", "same key twice"),
        (data({"hello": "world"}), "invalid", "no format that is known"),
        (data([asff(Id=7), asff(Severity=7)]), "invalid", "2 of 2 results"),
        (b"\xff\xfe{", "invalid", "UTF-16"),
    ],
    ids=["no json", "empty", "cut off", "deep", "key twice", "unknown", "wrong types", "utf-16"],
)
def test_what_cannot_be_used_is_kept_sealed(ingesting: Ingesting, bad: bytes, reason: str, says: str) -> None:
    """Its bytes, with the reason, and what comes after it is not held up."""
    ingesting.run(bad, data([leak(SECRET)]))
    (letter,) = ingesting.letters
    assert (letter.reason, says in letter.detail, letter.sealed) == (reason, True, True), letter.detail
    assert ingesting.opened(letter) == bad
    assert len(ingesting.findings) == 1


def test_fifty_megabytes_are_kept_in_the_object_store(ingesting: Ingesting) -> None:
    """They are over the topic's limit and are not even parsed."""
    bad = b"[" + b" " * (50 * 1024 * 1024 - 2) + b"]"
    ingesting.run(bad)
    (letter,) = ingesting.letters
    assert (letter.reason, letter.stored is not None) == ("oversized", True)
    assert ingesting.opened(letter) == bad


def test_a_bad_result_costs_the_others_nothing_and_is_not_lost(ingesting: Ingesting) -> None:
    """The good ones are findings, and the whole report is a dead letter that names the bad one."""
    report = data([leak(SECRET), leak(SECRET, StartLine="three"), leak(SECRET, File="b")])
    ingesting.run(report)
    assert len(ingesting.findings) == 2
    (letter,) = ingesting.letters
    assert letter.detail == "1 of 3 results cannot be used: /1: wrong types: /StartLine expected int | null, got str"
    assert ingesting.opened(letter) == report


def test_a_letter_names_no_file_of_the_report(ingesting: Ingesting) -> None:
    """Where formats have names in place of numbers, only their own words are told."""
    file = f"{SECRET}/settings.py"
    whole = {"type": "Secret Keyword", "filename": file, "hashed_secret": "a" * 40, "line_number": 3}
    baseline: dict[str, Any] = {
        "version": "1.5.0",
        "plugins_used": [],
        "results": {file: [{**whole, "line_number": "x"}, whole]},
    }
    ingesting.run(data(baseline))
    (letter,) = ingesting.letters
    assert (
        letter.detail
        == "1 of 2 results cannot be used: /results/…/0: wrong types: /line_number expected int | null, got str"
    )


def test_putting_such_a_report_back_makes_no_new_finding(ingesting: Ingesting) -> None:
    """The same ids under the same keys."""
    report = data([leak(SECRET), leak(SECRET, Secret=7), leak(SECRET, File="b")])
    ingesting.run(report, report)
    assert len(ingesting.findings) == 4
    assert len({(f.finding_id, f.problem_key) for f in ingesting.findings}) == 2


def test_findings_stand_under_their_problem(ingesting: Ingesting) -> None:
    """In the partition of the key, with the report as parent."""
    bucket = [{"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::acme-assets"}]
    reports = [data([leak(SECRET)]), data(guardduty()), data(asff(Resources=bucket)), data(sarif([result()]))]
    ingesting.run(*reports)
    topic = PIPELINE.topic("findings")
    records = ingesting.world.inbound("findings")
    keys = {(r.key or b"").decode().partition(":")[0] for r in records}
    assert keys == {"secret", "identity", "resource"}
    assert all(r.source.partition == partition_of(r.key or b"", topic.partitions) for r in records)
    for record, finding in zip(records, ingesting.findings, strict=True):
        assert record.key == finding.problem_key.encode()
        assert finding.envelope.parents[0] in {digest(r) for r in reports}
        assert finding.original.digest == finding.envelope.parents[0]
        assert finding.reported_at == ingesting.world.now


def test_the_same_secret_in_two_reports_is_one_problem(ingesting: Ingesting) -> None:
    """Whoever found it, and wherever."""
    ingesting.run(data([leak(SECRET)]), data([leak(SECRET, File="elsewhere", RuleID="other")]))
    assert len({f.problem_key for f in ingesting.findings}) == 1
    assert len({f.finding_id for f in ingesting.findings}) == 2


def test_the_original_is_kept_sealed(ingesting: Ingesting) -> None:
    """Only the holder of the private key reads it, and only as that report."""
    report = data([leak(SECRET)])
    ingesting.run(report)
    stored = ingesting.findings[0].original.stored
    assert stored is not None
    sealed = ingesting.store.get(stored.location)
    assert (digest(sealed), len(sealed), stored.sealing_key) == (stored.digest, stored.size, ingesting.seal.key_id)
    assert SECRET.encode() not in sealed
    assert Unseal([PRIVATE]).open(sealed, CONTEXT + digest(report).encode()) == report


def test_without_room_for_originals_nothing_is_lost(ingesting: Ingesting) -> None:
    """The report waits until it can be kept."""
    blocked = ingesting.world.folder / "objects"
    blocked.write_text("no folder")
    with pytest.raises(Transient, match="object store"):
        Originals(store=ingesting.store, sealer=ingesting.seal).keep(b"[]", digest(b"[]"))
    blocked.unlink()
    ingesting.run(data([leak(SECRET)]))
    assert len(ingesting.findings) == 1


def test_a_sender_may_name_source_format_and_repository(ingesting: Ingesting) -> None:
    """In headers; the source is its word, and nobody vouches for it."""
    headers = (
        ("fixgate-source", b"ci"),
        ("fixgate-format", b"sarif"),
        ("fixgate-repository", b"https://git.test/acme/shop"),
    )
    report = data(sarif([result("unpinned-uses", ".github/workflows/ci.yml")]))
    ingesting.world.broker.append(NAMING.topic("findings.raw"), report, headers=headers)
    ingesting.world.broker.append(NAMING.topic("findings.raw"), report, headers=(("fixgate-format", b"asff"),))
    ingesting.run()
    (finding,) = ingesting.findings
    assert (finding.source.name, finding.source.principal) == ("ci", None)
    assert finding.resource is not None
    assert finding.resource.id == "https://git.test/acme/shop#.github/workflows/ci.yml"
    (letter,) = ingesting.letters
    assert "said to be asff" in letter.detail
    assert [h.name for h in letter.headers] == [SEALED_LABELS]


@pytest.mark.parametrize("results", [[], [result("a")]])
def test_a_scan_that_failed_is_not_taken_for_a_clean_one(ingesting: Ingesting, results: list[Any]) -> None:
    """What it found is taken, and somebody is told that it did not come to its end."""
    log = sarif(results)
    log["runs"][0]["invocations"] = [{"executionSuccessful": False}]
    report = data(log)
    ingesting.run(report)
    assert len(ingesting.findings) == len(results)
    (letter,) = ingesting.letters
    assert "the scan failed" in letter.detail
    assert "not successful" in letter.detail
    assert ingesting.opened(letter) == report


def test_a_clean_scan_is_no_dead_letter(ingesting: Ingesting) -> None:
    """Nothing was found, and nothing is wrong."""
    ingesting.run(data(sarif([])))
    assert (ingesting.findings, ingesting.letters) == ([], [])


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ("https://ci-token:glpat-private@git.test/acme/shop", "https://git.test/acme/shop"),
        ("https://ghs_private@git.test/acme/shop?token=private#private", "https://git.test/acme/shop"),
        ("ci:private@git.test:acme/shop", None),
        ("https://ci:private@[git.test/acme", None),
        ("git@git.test:acme/shop.git", "git@git.test:acme/shop.git"),
        ("acme/shop", "acme/shop"),
    ],
)
def test_no_password_of_a_clone_address_leaves_ingest(ingesting: Ingesting, said: str, taken: str | None) -> None:
    """CI systems clone with a token in the address, and scripts send that address along."""
    headers = (("fixgate-repository", said.encode()),)
    report = data(sarif([result("unpinned-uses", ".github/workflows/ci.yml")]))
    ingesting.world.broker.append(NAMING.topic("findings.raw"), report, headers=headers)
    ingesting.run()
    (finding,) = ingesting.findings
    assert finding.repository == taken
    assert "private" not in repr(finding)


def test_no_secret_leaves_ingest(ingesting: Ingesting) -> None:
    """Neither with a finding, nor with a dead letter, nor in a log line."""
    ingesting.run(data([leak(SECRET), leak(SECRET, StartLine=SECRET)]), data([leak(SECRET)])[:-5], data([leak(KEY_ID)]))
    topics = ("findings", "ingest.rejected", "ingest.state")
    held = b"".join((r.value or b"") + (r.key or b"") for t in topics for r in ingesting.world.inbound(t))
    assert SECRET.encode() not in held
    assert SECRET not in ingesting.world.logs.getvalue()
    assert len(ingesting.letters) == 2


@pytest.mark.parametrize("step", ["gather", "decide", "sign", "commit", "cache"])
def test_a_crash_neither_repeats_nor_loses_a_finding(ingesting: Ingesting, step: str) -> None:
    """At any step."""
    report = data([leak(SECRET, File=f"f{n}") for n in range(5)])
    with pytest.raises(Crash):
        ingesting.run(report, probe=crashing(step, 1))
    other = ingesting.world.folder / "other"
    other.mkdir()
    ingesting.run(folder=other)
    assert len(ingesting.findings) == len({f.finding_id for f in ingesting.findings}) == 5
    assert ingesting.letters == []


def test_the_same_report_twice_gives_the_same_findings(ingesting: Ingesting) -> None:
    """The verb is pure."""
    report = json.dumps([leak(SECRET), leak(KEY_ID, File="b")], indent=1).encode()
    ingesting.run(report, report)
    made = [(f.finding_id, f.fingerprint, f.problem_key) for f in ingesting.findings]
    assert len(made) == 4
    assert len(set(made)) == 2


def test_what_became_no_finding_is_counted_and_told(ingesting: Ingesting) -> None:
    """Nobody can hide results by calling them suppressed: how many there were is said of each report."""
    suppressed = result("s", suppressions=[{"kind": "external"}])
    log = sarif([result("a"), result("a"), suppressed, result("p", kind="pass"), {"ruleId": 7}])
    ingesting.run(data(log))
    said = map(json.loads, ingesting.world.logs.getvalue().splitlines())
    (told,) = (line for line in said if line["message"] == "a record's parts are counted")
    assert told["fields"]["parts"] == dict.fromkeys(("findings", "suppressed", "passed", "repeated", "rejected"), 1)
    assert told["fields"]["record"].startswith("findings.raw/")
