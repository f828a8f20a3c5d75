"""Records that take several transactions, on the real broker, while the process that works on them is killed."""

import time
from collections import Counter

import pytest
from confluent_kafka import Producer

from fixgate.events import Signal
from fixgate.identity import WorkloadIdentity
from fixgate.partitioning import partition_of
from tests.integration.conftest import Laboratory
from tests.integration.lab import SHARDS
from tests.integration.verdict import CODEC, Reader

pytestmark = pytest.mark.broker

PARTS, REPORTS = 60, 8


def test_kills_in_the_middle_of_records_lose_and_double_nothing(lab: Laboratory) -> None:
    """Eight reports of sixty transactions each, and kill -9 whenever the next quarter of them is through."""
    keys = [f"unfinished-{time.time_ns()}-{number}" for number in range(REPORTS)]
    publish(lab, keys)
    for service in ("numberer", "counter"):
        lab.stack.add(lab.program(service, 0))
    try:
        with lab.broker("desk") as broker:
            reader = Reader(broker, "fixgate.counts", SHARDS)
            for quarter in (1, 2, 3):
                await_counts(reader, keys, quarter * PARTS * REPORTS // 4)
                before = lab.stack.kill("numberer.0")
                lab.stack.wait_ready("numberer.0", after=before)
            await_counts(reader, keys, PARTS * REPORTS)
            reader.close()
    finally:
        for service in ("numberer", "counter"):
            lab.stack.supervisor.stop(f"{service}.0")
    assert counted(reader, keys) == {f"{key}:{n + 1}": 1 for key in keys for n in range(PARTS)}


def publish(lab: Laboratory, keys: list[str]) -> None:
    """A report of so many parts for each key."""
    scanner = WorkloadIdentity(lab.stack.socket("scanner"))
    producer = Producer(scanner.kafka_client_config(lab.stack.bootstrap))
    for key in keys:
        producer.produce("fixgate.raw", f"{key}*{PARTS}".encode(), key.encode(), partition_of(key.encode(), SHARDS))
    assert producer.flush(30) == 0
    scanner.close()


def counted(reader: Reader, keys: list[str]) -> Counter[str]:
    """How often each count of these keys was said; other tests write to the topic too, and not only counts."""
    mine = {key.encode() for key in keys}
    said = (CODEC.decode(r.value or b"", Signal) for r in reader.records if r.key in mine)
    return Counter(signal.signal_id for signal in said)


def await_counts(reader: Reader, keys: list[str], least: int) -> None:
    """Read until so many were said; what does not come in a minute does not come."""
    limit = time.monotonic() + 60
    while counted(reader, keys).total() < least and time.monotonic() < limit:
        reader.await_count(len(reader.records) + 1, 5)
    assert counted(reader, keys).total() >= least
