"""A service as a process, on the real broker: what it refuses to start with, and what it does with bad input."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer

from fixgate.errors import EXIT_REFUSED, EXIT_UNABLE, EXIT_USAGE, Reason
from fixgate.events import Envelope, Rejected
from fixgate.identity import WorkloadIdentity
from fixgate.local.process import CODE_ROOT
from fixgate.partitioning import partition_of
from fixgate.signing import digest
from tests.integration.conftest import Laboratory
from tests.integration.lab import SHARDS, signal
from tests.integration.verdict import CODEC, Reader

pytestmark = pytest.mark.broker


def check(lab: Laboratory, service: str = "counter", **changed: str) -> tuple[int, str]:
    """Run a service's `--check`, with some settings changed; its exit code and what it said."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FIXGATE_")}
    ran = subprocess.run(
        [sys.executable, "-m", "tests.integration.lab", service, "--check"],
        env={**environment, **lab.program(service, 7).env, **changed},
        cwd=CODE_ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ran.returncode, ran.stderr


@pytest.mark.parametrize(
    ("changed", "code", "says"),
    [
        ({"FIXGATE_KAFKA_PROT": "1"}, EXIT_USAGE, "unknown settings: FIXGATE_KAFKA_PROT"),
        ({"FIXGATE_SLOT": "many"}, EXIT_USAGE, "FIXGATE_SLOT"),
        ({"FIXGATE_BOOTSTRAP_SERVERS": ""}, EXIT_USAGE, "no broker"),
        ({"FIXGATE_PREFIX": "elsewhere."}, EXIT_USAGE, "elsewhere."),
        ({"FIXGATE_TRUST_DOMAIN": "other.test"}, EXIT_USAGE, "must be spiffe://other.test/fixgate/counter"),
        ({"FIXGATE_WORKLOAD_API": "unix:///nowhere.sock"}, EXIT_UNABLE, "authority"),
    ],
    ids=["unknown setting", "bad value", "no broker", "no such topics", "trust domain", "no authority"],
)
def test_a_service_that_could_not_work_refuses_to_start(
    lab: Laboratory, changed: dict[str, str], code: int, says: str
) -> None:
    """Each fault is found before any record is read, and said with what to do."""
    returned, said = check(lab, **changed)
    assert (returned, says in said, "Traceback" in said) == (code, True, False), said


def test_a_service_refuses_another_services_identity(lab: Laboratory) -> None:
    """A socket that gives another name is noticed at once."""
    returned, said = check(lab, FIXGATE_WORKLOAD_API=lab.stack.socket("numberer"))
    assert returned in {EXIT_USAGE, EXIT_REFUSED}
    assert "but counter must be" in said


def test_a_service_that_could_work_says_so_and_exits(lab: Laboratory) -> None:
    """With everything in place the check passes, and has joined nothing."""
    assert check(lab) == (0, "")


@pytest.fixture
def numberer(lab: Laboratory) -> Iterator[WorkloadIdentity]:
    """The identity that may write `numbers`."""
    identity = WorkloadIdentity(lab.stack.socket("numberer"))
    yield identity
    identity.close()


def test_bad_input_on_the_wire_ends_in_the_dead_letters_with_its_bytes(
    lab: Laboratory, numberer: WorkloadIdentity
) -> None:
    """Garbage, an altered byte, a foreign signer and a replay are rejected whole; the good record is counted."""
    key = f"wire-{time.time_ns()}"
    stream = f"numberer/{time.time_ns()}"
    envelope = Envelope(trace_id="a" * 32, parents=("sha256:" + "0" * 64,), stream=stream, sequence=1)
    value = CODEC.encode(signal(key, 0), envelope)
    headers = numberer.signer().sign(value).headers()
    counter = WorkloadIdentity(lab.stack.socket("counter"))
    sent = [
        (b"junk", headers, Reason.BAD_SIGNATURE),
        (value, (), Reason.UNSIGNED),
        (value[:-1] + bytes([value[-1] ^ 1]), headers, Reason.BAD_SIGNATURE),
        (value, counter.signer().sign(value).headers(), Reason.WRONG_SIGNER),
        (value, headers, None),
        (value, headers, Reason.REPLAYED),
    ]
    counter.close()
    producer = Producer(numberer.kafka_client_config(lab.stack.bootstrap))
    partition = partition_of(key.encode(), SHARDS)
    for body, labels, _ in sent:
        producer.produce("fixgate.numbers", body, key.encode(), partition, headers=list(labels))
    assert producer.flush(10) == 0
    lab.stack.add(lab.program("counter", 0))
    try:
        with lab.broker("desk") as broker:
            letters = Reader(broker, "fixgate.counter.rejected", 4)
            found: list[Rejected] = []
            limit = time.monotonic() + 60
            while len(found) < len(sent) - 1 and time.monotonic() < limit:
                letters.await_count(len(letters.records) + 1, 5)
                rejected = (CODEC.decode(r.value or b"", Rejected) for r in letters.records)
                found = [r for r in rejected if r.key == key.encode()]
            letters.close()
    finally:
        lab.stack.supervisor.stop("counter.0")
    assert [(r.value, r.reason) for r in found] == [(body, why.value) for body, _, why in sent if why is not None]
    assert all(r.digest == digest(r.value or b"") for r in found)
