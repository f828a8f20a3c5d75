"""The receiver as a process on the real broker, with real identities: what is on the topic, and what is not."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from fixgate.broker import Outbound, TopicPartition
from fixgate.codec import Codec
from fixgate.errors import EXIT_USAGE, Transient, Unavailable
from fixgate.graph import MIB
from fixgate.identity import WorkloadIdentity
from fixgate.intake import Intake
from fixgate.kafka import KafkaBroker
from fixgate.kafka.posting import KafkaPosting
from fixgate.local.ports import free_ports
from fixgate.local.process import CODE_ROOT, Program, module
from fixgate.local.stack import Stack
from fixgate.naming import Naming
from fixgate.objects import open_objects
from fixgate.receiving import editing
from fixgate.receiving.sources import STORED
from fixgate.receiving.svids import AUDIENCE
from fixgate.sealing import generate, load_unseal
from fixgate.segments import REFERENCE, Purpose, manifest_of, opened
from fixgate.signing import digest
from fixgate.topology import PIPELINE, RECEIVER
from fixgate.verbs import Received
from fixgate.vouching import Way
from tests.integration.verdict import Reader
from tests.receiving.reception import REPORT, WAIT_S, github

pytestmark = pytest.mark.broker

NAMING = Naming()
RAW = NAMING.topic("findings.raw")
SCANNER = "spiffe://fixgate.internal/fixgate/scanner"


class Receiving:
    """A receiver of the stack, and the topic as ingest reads it."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack = stack
        self.folder = folder
        self.sources = folder / "sources.yaml"
        (self.port,) = free_ports(1)
        self.token = editing.add(self.sources, "ci", {"kind": "token"})
        self.secret = editing.add(self.sources, "gh", {"kind": "github"})
        editing.add(self.sources, "scan", {"kind": "svid", "spiffe_id": SCANNER})
        self.large = editing.add(self.sources, "large", {"kind": "token", "max_bytes": STORED})
        generate(folder, "intake")
        self.ingest = WorkloadIdentity(stack.socket("ingest"))
        self.broker = KafkaBroker(self.ingest.kafka_client_config(stack.bootstrap))
        self.reader = Reader(self.broker, RAW, PIPELINE.topic("findings.raw").partitions)
        self.intake = Intake(PIPELINE, NAMING, Codec(), self.ingest.trust)
        self.reader.refresh()
        self.seen = len(self.reader.records)
        program = Program(name=RECEIVER, command=module("fixgate.receiving"), env=self.environment(), port=self.port)
        stack.add(program)
        stack.wait_ready(RECEIVER)

    def environment(self, **more: str) -> dict[str, str]:
        """What the process is told."""
        told = {
            "FIXGATE_RECEIVER": f"127.0.0.1:{self.port}",
            "FIXGATE_RECEIVER_TLS": "false",
            "FIXGATE_INTAKE_KEY": str(self.folder / "intake.pub"),
            "FIXGATE_OBJECTS": str(self.folder / "objects"),
        }
        return {**self.stack.environment(RECEIVER), "FIXGATE_SOURCES": str(self.sources), **told, **more}

    def post(self, headers: Mapping[str, str], source: str = "", body: bytes = REPORT) -> tuple[int, Any]:
        """Status and body of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)
        try:
            connection.request("POST", "/v1/reports" + (f"/{source}" if source else ""), body, dict(headers))
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def came(self) -> list[Received]:
        """What has come onto the topic since the last question, verified as ingest does it."""
        self.reader.refresh()
        fresh = self.reader.records[self.seen :]
        self.seen = len(self.reader.records)
        return [self.intake.receive(record) for record in fresh]

    def close(self) -> None:
        """Stop it."""
        self.stack.supervisor.stop(RECEIVER)
        self.reader.close()
        self.broker.close()
        self.ingest.close()


@pytest.fixture(scope="module")
def receiving(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiving]:
    """A receiver that runs."""
    made = Receiving(stack, tmp_path_factory.mktemp("receiving"))
    yield made
    made.close()


def test_what_is_refused_leaves_nothing_on_the_topic(receiving: Receiving) -> None:
    """A wrong signature, a wrong token, another audience, and a token of another identity."""
    identity = WorkloadIdentity(receiving.stack.socket("scanner"))
    other = WorkloadIdentity(receiving.stack.socket("doctor"))
    try:
        attempts: list[tuple[dict[str, str], str]] = [
            (github(REPORT, b"another secret, as long as it"), "gh"),
            (github(REPORT + b" ", receiving.secret.encode()), "gh"),
            ({"Authorization": "Bearer fgs_" + "A" * 43}, ""),
            ({"Authorization": f"Bearer {identity.jwt('kafka')[0]}"}, ""),
            ({"Authorization": f"Bearer {other.jwt(AUDIENCE)[0]}"}, ""),
            ({}, ""),
        ]
        for headers, source in attempts:
            status, told = receiving.post(headers, source)
            assert (status, told) == (401, {"error": "the sender is not authenticated"})
    finally:
        identity.close()
        other.close()
    assert not receiving.came()


@pytest.mark.parametrize(("name", "principal"), [("ci", "token:ci"), ("gh", "github:gh"), ("scan", SCANNER)])
def test_what_is_acknowledged_is_on_the_topic_with_its_sender(receiving: Receiving, name: str, principal: str) -> None:
    """Where the answer says, and ingest knows who sent it, by the receiver's own signature."""
    identity = WorkloadIdentity(receiving.stack.socket("scanner"))
    try:
        headers = {
            "ci": {"Authorization": f"Bearer {receiving.token}"},
            "gh": github(REPORT, receiving.secret.encode()),
            "scan": {"Authorization": f"Bearer {identity.jwt(AUDIENCE)[0]}"},
        }[name]
    finally:
        identity.close()
    status, told = receiving.post(headers, name)
    (came,) = receiving.came()
    assert (status, came.record, came.source) == (202, REPORT, name)
    assert (told["digest"], told["partition"], told["offset"]) == (digest(REPORT), came.partition, came.offset)
    assert came.voucher is not None
    assert (came.voucher.principal, came.voucher.way) == (principal, Way.HTTP)


def test_the_largest_report_is_taken(receiving: Receiving) -> None:
    """8 MiB and its headers fit the topic; one byte more is refused before it is read."""
    headers = {"Authorization": f"Bearer {receiving.token}"}
    assert receiving.post(headers, body=b"x" * (8 * MIB + 1))[0] == 413
    assert receiving.post(headers, body=b"x" * (8 * MIB))[0] == 202
    assert [len(r.record) for r in receiving.came() if isinstance(r.record, bytes)] == [8 * MIB]


def test_what_no_message_holds_is_stored_and_referred_to(receiving: Receiving) -> None:
    """The topic has the manifest, vouched for; whoever has the private half reads the report from the store."""
    report = b"0123456789" * MIB
    status, told = receiving.post({"Authorization": f"Bearer {receiving.large}"}, body=report)
    (came,) = receiving.came()
    assert (status, told["digest"], told["segments"]) == (202, digest(report), 3)
    assert isinstance(came.record, bytes)
    assert (came.labels[REFERENCE], came.offset) == ("1", told["offset"])
    assert came.voucher is not None
    assert came.voucher.principal == "token:large"
    store = open_objects(str(receiving.folder / "objects"), receiving.folder)
    unseal = load_unseal(receiving.folder / "intake.key")
    assert b"".join(opened(manifest_of(came.record), store, unseal, Purpose.INTAKE)) == report


def test_a_source_is_taken_out_while_it_runs(receiving: Receiving) -> None:
    """And let in again with another token."""
    before = {"Authorization": f"Bearer {receiving.token}"}
    receiving.token = editing.renew(receiving.sources, "ci")
    assert receiving.post(before)[0] == 401
    assert receiving.post({"Authorization": f"Bearer {receiving.token}"})[0] == 202
    receiving.came()


def test_it_says_whether_it_could_start(receiving: Receiving) -> None:
    """`--check` refuses a wrong address, sources that cannot be read or kept to, and another's identity."""

    def checked(**more: str) -> "subprocess.CompletedProcess[str]":
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FIXGATE_")}
        told = {**kept, **receiving.environment(FIXGATE_RECEIVER="127.0.0.1:0"), **more}
        command = [sys.executable, "-m", "fixgate.receiving", "--check"]
        return subprocess.run(command, cwd=CODE_ROOT, env=told, capture_output=True, text=True, check=False)

    broken = receiving.sources.with_name("broken.yaml")
    broken.write_text("version: 2\n")
    broken.chmod(0o600)
    wrong = [
        ({"FIXGATE_RECEIVER": "0.0.0.0:0"}, "without TLS"),
        ({"FIXGATE_RECEIVER": ""}, "cannot listen"),
        ({"FIXGATE_SOURCES": str(broken)}, "version"),
        ({"FIXGATE_INTAKE_KEY": ""}, "Set FIXGATE_INTAKE_KEY"),
        ({"FIXGATE_OBJECTS": ""}, "Set FIXGATE_OBJECTS"),
        ({"FIXGATE_REPORT_LIMIT": "20000000"}, "source large"),
        ({"FIXGATE_INTAKE_KEY": str(receiving.folder / "intake.key")}, "PEM"),
        ({"FIXGATE_WORKLOAD_API": receiving.stack.socket("scanner")}, "must be spiffe"),
    ]
    for more, why in wrong:
        done = checked(**more)
        assert done.returncode == EXIT_USAGE
        assert why in done.stderr
    assert checked().returncode == 0
    assert checked(FIXGATE_RECEIVER_TLS="true").returncode == 0


def posting(stack: Stack, party: str, bootstrap: str = "") -> tuple[WorkloadIdentity, KafkaPosting]:
    """A posting as a party."""
    identity = WorkloadIdentity(stack.socket(party))
    config = {**identity.kafka_client_config(bootstrap or stack.bootstrap), "log_level": 0}
    return identity, KafkaPosting(config)


@pytest.mark.parametrize(
    ("party", "size", "reachable", "fault"),
    [
        ("receiver", 9 * MIB, True, Unavailable),
        ("doctor", 3, True, Unavailable),
        ("receiver", 3, False, Transient),
    ],
)
def test_what_the_broker_does_not_have_is_told(
    stack: Stack, party: str, size: int, *, reachable: bool, fault: type[Exception]
) -> None:
    """Too large, not granted, or nobody there: each is another error, and none is silence."""
    nowhere = f"127.0.0.1:{free_ports(1)[0]}"
    identity, made = posting(stack, party, "" if reachable else nowhere)
    try:
        with pytest.raises(fault):
            made.post(Outbound(TopicPartition(RAW, 0), b"k", b"x" * size)).result(WAIT_S)
        if party == "doctor":
            # Without a grant the client is over for good, which only a restart mends.
            with pytest.raises(Unavailable, match="cannot go on"):
                made.check()
        else:
            made.check()
    finally:
        made.close()
        identity.close()


def test_records_are_posted_side_by_side(stack: Stack) -> None:
    """Each with an offset of its own, in one partition in order."""
    identity, made = posting(stack, "receiver")
    try:
        futures = [made.post(Outbound(TopicPartition(RAW, 0), b"k", b"%d" % n)) for n in range(20)]
        offsets = [future.result(WAIT_S) for future in futures]
    finally:
        made.close()
        identity.close()
    assert offsets == list(range(offsets[0], offsets[0] + 20))
