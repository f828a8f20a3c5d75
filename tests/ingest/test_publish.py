"""Reports onto the real broker: by `fixgate publish`, and by a scanner that has nothing of this project."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fixgate import sealing
from fixgate.broker import Inbound
from fixgate.cli.publish import Sender
from fixgate.errors import EXIT_REFUSED, EXIT_UNABLE, EXIT_USAGE, Refused
from fixgate.identity import WorkloadIdentity
from fixgate.kafka import KafkaBroker
from fixgate.local.process import CODE_ROOT
from fixgate.local.stack import Stack
from fixgate.objects import FileStore
from fixgate.segments import REFERENCE, Purpose, manifest_of, opened
from fixgate.topology import PIPELINE
from fixgate.vouching import HEADER as VOUCHER
from tests.integration.verdict import Reader
from tests.reports.making import data, leak, sarif

pytestmark = pytest.mark.broker

TOPIC = "fixgate.findings.raw"
MIB = 1024 * 1024


def run(stack: Stack, *command: object, **settings: str) -> "subprocess.CompletedProcess[str]":
    """A program as the scanner would run it."""
    return run_with(b"", stack, *command, **settings)


def run_with(given: bytes, stack: Stack, *command: object, **settings: str) -> "subprocess.CompletedProcess[str]":
    """The same with something on standard input."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FIXGATE_")}
    ran = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=CODE_ROOT,
        env={**kept, **stack.environment("scanner"), **settings},
        capture_output=True,
        input=given,
        check=False,
        timeout=120,
    )
    return subprocess.CompletedProcess(ran.args, ran.returncode, ran.stdout.decode(), ran.stderr.decode())


@contextmanager
def reading(stack: Stack) -> Generator[Reader, None, None]:
    """Everything on `findings.raw`, as ingest sees it."""
    identity = WorkloadIdentity(stack.socket("ingest"))
    broker = KafkaBroker(identity.kafka_client_config(stack.bootstrap))
    reader = Reader(broker, TOPIC, PIPELINE.topic("findings.raw").partitions)
    try:
        reader.refresh()
        yield reader
    finally:
        reader.close()
        broker.close()
        identity.close()


def sent(reader: Reader, value: bytes) -> list[Inbound]:
    """The records with this value, as of now."""
    reader.refresh()
    return [record for record in reader.records if record.value == value]


@pytest.fixture
def storing(tmp_path: Path) -> dict[str, str]:
    """The settings of a publisher with a store and a key to seal for ingest with, and no stack in its home."""
    sealing.generate(tmp_path, "intake")
    home = tmp_path / "home"
    home.mkdir()
    return {
        "FIXGATE_HOME": str(home),
        "FIXGATE_OBJECTS": str(tmp_path / "objects"),
        "FIXGATE_INTAKE_KEY": str(tmp_path / "intake.pub"),
    }


@pytest.mark.parametrize(
    ("changed", "code", "says"),
    [
        ({"FIXGATE_REPORT_LIMIT": str(8 * MIB + 1)}, EXIT_REFUSED, f"{8 * MIB + 2} bytes, where {8 * MIB + 1} are"),
        ({"FIXGATE_INTAKE_KEY": ""}, EXIT_USAGE, "no key to seal it for ingest"),
        ({"FIXGATE_INTAKE_KEY": "/nowhere.pub"}, EXIT_USAGE, "/nowhere.pub cannot be read"),
        ({"FIXGATE_OBJECTS": ""}, EXIT_USAGE, "no object store to put it into"),
        ({"FIXGATE_OBJECTS": "/nowhere/objects"}, EXIT_UNABLE, "the object store at /nowhere/objects failed"),
    ],
    ids=["over the limit", "no key", "unreadable key", "no store", "store away"],
)
def test_a_large_report_that_cannot_be_stored_says_why(
    stack: Stack, tmp_path: Path, storing: dict[str, str], changed: dict[str, str], code: int, says: str
) -> None:
    """And before anything is sent: nor is the good one that was named behind it."""
    good, large = tmp_path / "good.json", tmp_path / "large.json"
    good.write_bytes(data([leak(f"too{code}large")]))
    large.write_bytes(b"[" + b" " * (8 * MIB) + b"]")
    ran = run(stack, "-m", "fixgate.cli", "publish", large, good, **(storing | changed))
    assert (ran.returncode, says in ran.stderr, "Traceback" in ran.stderr) == (code, True, False), ran.stderr
    with reading(stack) as reader:
        assert sent(reader, good.read_bytes()) == []


@pytest.mark.parametrize("name", ["file", "-"])
def test_a_report_over_eight_mebibytes_is_stored_and_referred_to(
    stack: Stack, tmp_path: Path, storing: dict[str, str], name: str
) -> None:
    """From a file or standard input; what is on the topic is small, and only ingest can read what it names."""
    path = tmp_path / "large.json"
    path.write_bytes(b"[" + b" " * (9 * MIB) + f'"{time.time_ns()}"]'.encode())
    given = path.read_bytes() if name == "-" else b""
    command = ["-m", "fixgate.cli", "publish", name if name == "-" else path, "--source", "ci", "--json"]
    ran = run_with(given, stack, *command, **storing)
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert (said["bytes"], said["segments"]) == (path.stat().st_size, 3)
    with reading(stack) as reader:
        reader.refresh()
        (record,) = (r for r in reader.records if (r.source.partition, r.offset) == (said["partition"], said["offset"]))
    sent_with = {name: value for name, value in record.headers if name != VOUCHER}
    assert sent_with == {"fixgate-source": b"ci", REFERENCE: b"1"}
    assert record.value is not None
    manifest = manifest_of(record.value)
    store, unseal = FileStore(tmp_path / "objects"), sealing.load_unseal(tmp_path / "intake.key")
    assert b"".join(opened(manifest, store, unseal, Purpose.INTAKE)) == path.read_bytes()


@pytest.mark.parametrize(
    ("content", "arguments", "settings", "code", "says"),
    [
        (None, [], {}, EXIT_USAGE, "cannot be read"),
        (b"", [], {}, EXIT_REFUSED, "is empty"),
        (b"[]", ["--source", "a\nb"], {}, EXIT_USAGE, "cannot be printed"),
        (b"[]", [], {"FIXGATE_WORKLOAD_API": "unix:///nowhere.sock"}, EXIT_UNABLE, "authority"),
    ],
    ids=["no file", "empty", "source", "no identity"],
)
def test_what_cannot_be_published_says_why(
    stack: Stack,
    tmp_path: Path,
    content: bytes | None,
    arguments: list[str],
    settings: dict[str, str],
    code: int,
    says: str,
) -> None:
    """With its exit code, and without a traceback."""
    path = tmp_path / "r.json"
    if content is not None:
        path.write_bytes(content)
    ran = run(stack, "-m", "fixgate.cli", "publish", path, *arguments, **settings)
    assert (ran.returncode, says in ran.stderr, "Traceback" in ran.stderr) == (code, True, False), ran.stderr


def test_whoever_may_not_write_reports_is_told_so(stack: Stack) -> None:
    """The broker refuses, and the reason is not taken for a fault of the network."""
    identity = WorkloadIdentity(stack.socket("subscriber"))
    try:
        with pytest.raises(Refused, match="does not let"):
            Sender(identity, stack.bootstrap, TOPIC).send(b"[]", b"s", [])
    finally:
        identity.close()


def test_a_published_report_is_on_the_topic_with_its_headers(stack: Stack, tmp_path: Path) -> None:
    """Byte for byte, keyed by the source, acknowledged with its place."""
    path = tmp_path / "r.sarif"
    path.write_bytes(data(sarif([])))
    options = ["--source", "ci", "--format", "sarif", "--repository", "https://git.test/a", "--json"]
    ran = run(stack, "-m", "fixgate.cli", "publish", path, *options)
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    with reading(stack) as reader:
        (record,) = sent(reader, path.read_bytes())
    assert (record.key, record.source.partition, record.offset) == (b"ci", said["partition"], said["offset"])
    assert {name: value for name, value in record.headers if name != VOUCHER} == {
        "fixgate-source": b"ci",
        "fixgate-format": b"sarif",
        "fixgate-repository": b"https://git.test/a",
    }


def test_a_report_of_eight_mebibytes_is_taken(stack: Stack, tmp_path: Path) -> None:
    """The limit itself is no fault."""
    path = tmp_path / "r.json"
    path.write_bytes(b"[" + b" " * (8 * MIB - 2) + b"]")
    ran = run(stack, "-m", "fixgate.cli", "publish", path)
    assert (ran.returncode, f"{8 * MIB} bytes are findings.raw/" in ran.stdout) == (0, True), ran.stderr


def test_a_scanner_needs_nothing_but_a_producer_and_a_token(stack: Stack, tmp_path: Path) -> None:
    """The example is short, imports nothing of this project, and its report arrives."""
    example = CODE_ROOT / "examples" / "scanner.py"
    source = example.read_text()
    assert "fixgate import" not in source
    assert "import fixgate" not in source
    assert len(source.splitlines()) < 60
    path = tmp_path / "r.json"
    path.write_bytes(data([leak("example-" + "value")]))
    settings = {"KAFKA": stack.bootstrap, "SPIFFE_ENDPOINT_SOCKET": stack.socket("scanner")}
    ran = run(stack, example, path, "nightly", **settings)
    assert ran.returncode == 0, ran.stderr
    with reading(stack) as reader:
        (record,) = sent(reader, path.read_bytes())
    assert (record.key, dict(record.headers)) == (b"nightly", {"fixgate-source": b"nightly"})
    topic, partition, offset = ran.stdout.strip().split("/")
    assert (topic, int(partition), int(offset)) == (TOPIC, record.source.partition, record.offset)


def test_the_example_says_when_it_may_not(stack: Stack, tmp_path: Path) -> None:
    """As somebody whom the broker does not let write."""
    path = tmp_path / "r.json"
    path.write_bytes(b"[]")
    settings = {"KAFKA": stack.bootstrap, "SPIFFE_ENDPOINT_SOCKET": stack.socket("subscriber")}
    ran = run(stack, CODE_ROOT / "examples" / "scanner.py", path, **settings)
    assert ran.returncode == 1
    assert "not published" in ran.stderr
