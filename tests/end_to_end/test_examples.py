"""A SOAR platform's side, as its own process under its own identity: what it prints of this run."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from py_ocsf_models.events.findings.detection_finding import (  # type: ignore[import-untyped]  # it ships no types
    DetectionFinding,
)

from fixgate.broker import Outbound, TopicPartition
from fixgate.codec import envelope_of
from fixgate.events import Decision, Outcome, Verdict
from fixgate.identity import WorkloadIdentity
from fixgate.kafka.publisher import KafkaPublisher
from fixgate.local.account import acme
from fixgate.local.process import CODE_ROOT
from fixgate.ocsf import DETECTION_FINDING, REMEDIATION_ACTIVITY
from fixgate.partitioning import partition_of
from fixgate.signing import digest
from fixgate.topology import PIPELINE
from fixgate.verbs import Received
from tests.end_to_end.feed import PATIENCE_S
from tests.end_to_end.town import CODEC, Town, arn, user

EXAMPLE = CODE_ROOT / "examples" / "soar.py"
FINDING, ACTIVITY = DETECTION_FINDING, REMEDIATION_ACTIVITY
REQUIRED = {"activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"}


@dataclass
class Printed:
    """What the program has printed so far."""

    lines: list[str] = field(default_factory=list[str])
    errors: list[str] = field(default_factory=list[str])
    changed: threading.Condition = field(default_factory=threading.Condition)

    def take(self, stream: Any, into: list[str]) -> None:
        """Read a stream to its end."""
        for line in stream:
            with self.changed:
                into.append(line)
                self.changed.notify_all()

    @property
    def events(self) -> list[dict[str, Any]]:
        """The OCSF events."""
        return [json.loads(line) for line in self.lines]

    @property
    def digests(self) -> set[str]:
        """The digests of the records that the events were made from."""
        chains = [(e["class_uid"], e["unmapped"]["fixgate"]) for e in self.events]
        return {chain["decision" if kind == FINDING else "outcome"] for kind, chain in chains}


@contextmanager
def running(town: Town, party: str) -> Generator[Printed]:
    """The example under a party's identity, until the block ends."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FIXGATE_")}
    printed = Printed()
    with subprocess.Popen(
        [sys.executable, str(EXAMPLE)],
        env={**kept, **town.stack.environment(party), "PYTHONPATH": str(CODE_ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        readers = [
            threading.Thread(target=printed.take, args=(process.stdout, printed.lines)),
            threading.Thread(target=printed.take, args=(process.stderr, printed.errors)),
        ]
        for reader in readers:
            reader.start()
        try:
            yield printed
        finally:
            process.terminate()
            for reader in readers:
                reader.join()


def forge(town: Town) -> str:
    """A decision whose signature is of another record, written by somebody who took over the gate; its digest."""
    received, decision = town.decision(user(acme.LIVE), Verdict.REFUSED)
    assert received.signed is not None
    forged = replace(decision, reasons=("Nothing is wrong with it.",))
    value = CODEC.encode(forged, replace(envelope_of(decision), sequence=10_000))
    identity = WorkloadIdentity(town.stack.socket("gate"))
    publisher = KafkaPublisher(identity.kafka_client_config(town.stack.bootstrap))
    key = decision.lock_key.encode()
    place = TopicPartition("fixgate.decisions", partition_of(key, PIPELINE.topic("decisions").partitions))
    try:
        publisher.publish(Outbound(place, key, value, identity.signer().sign(received.signed.value).headers()))
    finally:
        publisher.close()
        identity.close()
    return digest(value)


@pytest.fixture(scope="module")
def printed(town: Town, approved: str) -> Printed:
    """What it printed of a run in which something was allowed, refused, waiting, done and put back, and one forged."""
    for lock_key in (user(acme.LEAKED), arn(acme.STAGING), arn(acme.UNFIXABLE)):
        town.outcome(lock_key)
    forged = forge(town)
    expected = {r.digest for r in known(town)}
    with running(town, "subscriber") as found, found.changed:

        def complete() -> bool:
            return expected <= found.digests and any("not believed" in line for line in found.errors)

        assert found.changed.wait_for(complete, PATIENCE_S), (found.errors, len(found.lines), len(expected))
    assert forged not in expected | found.digests
    return found


def known(town: Town) -> list[Received]:
    """The decisions and outcomes that stand there now, verified."""
    return [r for r, _ in (*town.feed.all(Decision), *town.feed.all(Outcome))]


def test_it_prints_nothing_for_a_broken_signature(printed: Printed) -> None:
    """It says on standard error that it does not believe it, and goes on."""
    assert "Nothing is wrong with it." not in "".join(printed.lines)
    assert sum("not believed" in line for line in printed.errors) == 1


def test_what_it_prints_is_ocsf(printed: Printed) -> None:
    """Every line is of a class of OCSF; where py-ocsf-models has the class, it validates."""
    assert {e["class_uid"] for e in printed.events} == {FINDING, ACTIVITY}
    for event in printed.events:
        assert event.keys() >= REQUIRED
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
        if event["class_uid"] == FINDING:
            DetectionFinding.model_validate(event)


def test_it_tells_approved_from_rejected_and_done_from_put_back(town: Town, printed: Printed) -> None:
    """A platform that knows nothing of fixgate sees what was decided and what was done, in its own words."""
    told = {(e["resources"][0]["uid"], e["disposition"]) for e in printed.events if e["class_uid"] == FINDING}
    production = arn(acme.PRODUCTION)
    assert told >= {(arn(acme.EXCEPTED), "Rejected"), (production, "Delayed"), (production, "Approved")}
    digests = {lock: town.outcome(lock)[0].digest for lock in (arn(acme.STAGING), arn(acme.UNFIXABLE))}
    by_digest = {e["unmapped"]["fixgate"]["outcome"]: e for e in printed.events if e["class_uid"] == ACTIVITY}
    done, put_back = by_digest[digests[arn(acme.STAGING)]], by_digest[digests[arn(acme.UNFIXABLE)]]
    assert (done["status"], done["activity_name"]) == ("Success", "Harden")
    assert (put_back["status"], put_back["activity_name"]) == ("Failure", "Restore")


def test_the_example_is_short() -> None:
    """Whoever copies it reads it first."""
    assert len(EXAMPLE.read_text().splitlines()) < 60
