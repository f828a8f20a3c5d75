"""The log as a process on the real broker, under its own identity, killed and started again."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from confluent_kafka import Producer

from fixgate.codec import Codec
from fixgate.errors import FixgateError
from fixgate.events import Envelope, Signal, SignalKind
from fixgate.identity import WorkloadIdentity
from fixgate.local.process import CODE_ROOT
from fixgate.local.stack import Stack
from fixgate.log import keys
from fixgate.log.audit import Keys, Report, audit
from fixgate.log.filesystem import FolderStore
from fixgate.log.places import Places
from fixgate.log.proof import time_of
from fixgate.settings import Settings
from fixgate.signing import digest

pytestmark = pytest.mark.broker

WRITER = "analyzer-signals"
TOPIC = "fixgate.signals"
CODEC = Codec()
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@contextmanager
def running(environment: Mapping[str, str], *arguments: str) -> Generator["subprocess.Popen[str]"]:
    """The process; killed at the end if it is still there."""
    command = [sys.executable, "-m", "fixgate.log", *arguments]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FIXGATE_")}
    with subprocess.Popen(
        command,
        env={**kept, "FIXGATE_LOG_INTERVAL": "0.2", **environment},
        cwd=CODE_ROOT,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def report(places: Places) -> Report | None:
    """What the log says now; None while there is no key yet."""
    public = keys.public_path(places.log_key)
    if not public.exists():
        return None
    key = keys.load_public(str(public))
    try:
        return audit(FolderStore(Path(places.log)), Keys(origin=key.name, log=(key,)))
    except FixgateError:
        return None


def await_leaves(places: Places, count: int) -> Report:
    """Wait until the log has at least `count` record leaves."""
    limit = time.monotonic() + 90
    while time.monotonic() < limit:
        found = report(places)
        if found is not None and found.head is not None and found.records >= count:
            return found
        time.sleep(0.1)
    raise AssertionError(f"the log did not reach {count} records")


def values(first: int, count: int) -> list[bytes]:
    """Records of one stream of our own, in sequence."""
    return [
        CODEC.encode(
            Signal(
                signal_id=f"live:{n}",
                kind=SignalKind.BURST,
                lock_key="live",
                subject="subject",
                count=n,
                threshold=1,
                window_start_at=EPOCH,
                window_end_at=EPOCH,
                expires_at=EPOCH,
            ),
            Envelope(trace_id="a" * 32, parents=("sha256:" + "0" * 64,), stream="", sequence=0),
        )
        for n in range(first, first + count)
    ]


def publish(stack: Stack, records: list[bytes]) -> None:
    """Write signed records as their topic's writer."""
    identity = WorkloadIdentity(stack.socket(WRITER))
    try:
        producer = Producer(identity.kafka_client_config(stack.bootstrap))
        signer = identity.signer()
        for value in records:
            producer.produce(TOPIC, value, b"live", 0, headers=list(signer.sign(value).headers()))
        assert producer.flush(20) == 0
    finally:
        identity.close()


def test_every_signed_record_is_a_leaf_through_a_kill(stack: Stack, tmp_path: Path) -> None:
    """Signed records become verified leaves; after kill -9 and without its cache the log goes on exactly there."""
    environment = {**stack.environment("log"), "FIXGATE_HOME": str(tmp_path)}
    places = Places(Settings(home=tmp_path))
    sent = values(1, 300)
    publish(stack, sent[:200])
    with running(environment) as process:
        before = await_leaves(places, 200)
        publish(stack, sent[200:250])
        process.kill()
    assert before.verified, before.problems
    places.positions.unlink(missing_ok=True)
    with running(environment) as process:
        publish(stack, sent[250:])
        after = await_leaves(places, 300)
        process.terminate()
        assert process.wait(30) == 0
    assert after.verified, after.problems
    assert (after.records, after.warnings) == (300, ())
    assert after.bundles >= 1
    key = keys.load_public(str(keys.public_path(places.log_key)))
    dated = time_of(FolderStore(Path(places.log)), Keys(origin=key.name, log=(key,)), digest(sent[-1]))
    assert dated.leaf.signer == f"spiffe://fixgate.internal/fixgate/{WRITER}"
    assert (tmp_path / "objects" / digest(sent[0])[7:9] / digest(sent[0])[9:]).read_bytes() == sent[0]


def test_the_process_checks_itself(stack: Stack, tmp_path: Path) -> None:
    """With `--check` it exits with 0 when it could start, and says who it must be when it is somebody else."""
    good = {**stack.environment("log"), "FIXGATE_HOME": str(tmp_path)}
    with running(good, "--check") as process:
        assert process.wait(60) == 0
    other = {**good, "FIXGATE_WORKLOAD_API": stack.environment(WRITER)["FIXGATE_WORKLOAD_API"]}
    with running(other, "--check") as process:
        assert process.wait(60) == 2
        assert process.stderr is not None
        assert "log must be" in process.stderr.read()
    assert json.loads((tmp_path / "log/journal").read_bytes())["to"] == 0
