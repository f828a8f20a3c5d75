"""A large report through the real ingest on the real broker, which is killed while it works on it."""

import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fixgate.cli import app
from fixgate.events import Finding
from fixgate.graph import MIB
from fixgate.identity import WorkloadIdentity
from fixgate.kafka import KafkaBroker
from fixgate.local.pipeline import pipeline_services
from fixgate.local.process import Program
from fixgate.local.stack import Stack
from fixgate.settings import Settings
from fixgate.topology import PIPELINE
from tests.integration.verdict import CODEC, Reader
from tests.reports.making import data, leak

pytestmark = pytest.mark.broker

RESULTS = 5_000
SECRET = "large-" + "v4lue" * 5


def ingest_alone(stack: Stack) -> Sequence[Program]:
    """Of the pipeline, ingest: nobody else is to be kept busy."""
    return [program for program in pipeline_services(stack) if program.name == "ingest"]


@contextmanager
def findings(stack: Stack) -> Generator[Reader, None, None]:
    """Everything on `findings`, as the desk sees it."""
    identity = WorkloadIdentity(stack.socket("desk"))
    broker = KafkaBroker(identity.kafka_client_config(stack.bootstrap))
    reader = Reader(broker, "fixgate.findings", PIPELINE.topic("findings").partitions)
    try:
        yield reader
    finally:
        reader.close()
        broker.close()
        identity.close()


def await_findings(reader: Reader, least: int) -> int:
    """Read until there are so many, without a pause: the next blow is to fall in the middle. How many there are."""
    limit = time.monotonic() + 180
    while len(reader.records) < least and time.monotonic() < limit:
        reader.refresh()
    assert len(reader.records) >= least
    return len(reader.records)


def test_kills_in_the_middle_of_a_stored_report_lose_and_double_nothing(short_tmp: Path, tmp_path: Path) -> None:
    """Five thousand results in 9 MiB, and kill -9 whenever some more of them are written."""
    path = tmp_path / "large.json"
    path.write_bytes(data([leak(f"{SECRET}{n}", File=f"f{n}", Match="x" * 1_600) for n in range(RESULTS)]))
    assert path.stat().st_size > 9 * MIB
    seen: list[int] = []
    with Stack(short_tmp / "ingest", settings=Settings(kafka_port=0), services=ingest_alone) as stack:
        ran = CliRunner().invoke(app, ["publish", str(path)], env=stack.environment("scanner"))
        assert ran.exit_code == 0, ran.output
        with findings(stack) as reader:
            for least in (1, RESULTS // 4, RESULTS // 2):
                seen.append(await_findings(reader, least))
                before = stack.kill("ingest")
                stack.wait_ready("ingest", after=before)
            await_findings(reader, RESULTS)
            records = list(reader.records)
    found = [CODEC.decode(record.value or b"", Finding) for record in records]
    assert seen[0] < RESULTS, "the first kill came too late to be in the middle"
    assert len(found) == len({f.finding_id for f in found}) == RESULTS
    assert len({f.original.stored for f in found}) == 1
    sequences: dict[int, list[int]] = {}
    for record, finding in zip(records, found, strict=True):
        sequences.setdefault(record.source.partition, []).append(finding.envelope.sequence)
    assert all(s == list(range(1, len(s) + 1)) for s in sequences.values())
