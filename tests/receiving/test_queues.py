"""Queues, on an emulated SQS: what is in one is taken, and goes from it only when the broker has it."""

import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from moto.server import ThreadedMotoServer

from fixgate.errors import FixgateError, Misconfigured, Transient
from fixgate.naming import Naming
from fixgate.receiving import queues
from fixgate.receiving.book import SourceBook
from fixgate.receiving.clients import AUDIENCE, SqsClients
from fixgate.receiving.queues import Emptier, Emptying, QueueLost, Queues
from fixgate.receiving.rates import Rates
from fixgate.receiving.sources import QueueSource
from fixgate.receiving.taking import Taker
from fixgate.receiving.telling import Teller
from fixgate.signing import digest
from fixgate.telemetry import Telemetry
from fixgate.verification import Verifier
from fixgate.vouching import HEADER, Vouching, Way, verify
from tests.fixgate.certificates import NOW, NOW_MS, trust
from tests.receiving.reception import RECEIVER, REPORT, ROOT, SIGNER, WAIT_S, Posted

ROLE = "arn:aws:iam::123456789012:role/fixgate-receiver"


class Tokens:
    """An identity that gives tokens."""

    def __init__(self) -> None:
        self.audiences: list[str] = []

    def jwt(self, audience: str) -> tuple[str, float]:
        """See clients.TokenIdentity."""
        self.audiences.append(audience)
        return "eyA.eyB.c2ln", 0.0


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    """Where an emulated AWS listens."""
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


class Queueing:
    """A queue with a source, and the receiver's side of it."""

    def __init__(self, folder: Path, aws: str, name: str) -> None:
        session: Any = boto3.session.Session()
        self.sqs = session.client("sqs", region_name="us-east-1", endpoint_url=aws)
        self.url = self.sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
        self.folder = folder
        self.posted = Posted()
        self.logs = StringIO()
        self.telemetry = Telemetry("receiver", libraries=False, environment={}, stream=self.logs)
        self.tokens = Tokens()
        self.seconds = 0.0
        self.say()
        self.emptying = Emptying(
            book=SourceBook(folder / "sources.yaml"),
            taker=Taker(
                posting=self.posted,
                signer=lambda: SIGNER,
                naming=Naming(),
                tracer=self.telemetry.tracer,
                clock=lambda: NOW,
            ),
            teller=Teller(self.telemetry),
            clients=SqsClients(self.tokens, aws, "us-east-1"),
            rates=Rates(),
            clock=lambda: self.seconds,
        )

    def say(self, **said: Any) -> QueueSource:
        """The source, with these settings."""
        path = self.folder / "sources.yaml"
        source = {"kind": "sqs", "queue": self.url, **said}
        path.write_text(yaml.safe_dump({"version": 1, "sources": {"hub": source}}))
        path.chmod(0o600)
        return QueueSource.model_validate(source)

    def once(self, **said: Any) -> None:
        """Ask the queue once, as the source with these settings."""
        Emptier(self.emptying, "hub", self.say(**said), threading.Event()).once()

    def left(self) -> int:
        """Messages in the queue."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return sum(map(int, found.values()))


@pytest.fixture
def queue(
    tmp_path: Path, aws: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Queueing]:
    """A queue with one report in it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setattr(queues, "POLL_S", 0)
    made = Queueing(tmp_path, aws, f"q{abs(hash(request.node.name))}")
    made.sqs.send_message(QueueUrl=made.url, MessageBody=REPORT.decode())
    yield made
    made.telemetry.shutdown()


@pytest.mark.parametrize("fault", [Transient("down"), Misconfigured("may not write")])
def test_a_report_that_the_broker_does_not_have_stays_in_the_queue(queue: Queueing, fault: FixgateError) -> None:
    """It comes again, and is taken then."""
    queue.posted.fault = fault
    with pytest.raises(type(fault)):
        queue.once()
    assert queue.left() == 1
    queue.posted.fault = None
    queue.once()
    assert (queue.left(), len(queue.posted.records)) == (0, 1)


def test_a_broker_that_says_nothing_is_no_acknowledgement(queue: Queueing, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report stays where it is, and its queue is tried again like one that failed."""
    monkeypatch.setattr(queues, "ACKNOWLEDGED_S", 0)
    queue.posted.silent = True
    with pytest.raises(Transient, match="does not say"):
        queue.once()
    assert queue.left() == 1


def test_a_report_over_the_limit_is_left_to_the_queue(queue: Queueing) -> None:
    """Its redrive policy puts it aside; that it has none is said."""
    queue.once(max_bytes=len(REPORT) - 1)
    assert (queue.left(), queue.posted.records) == (1, [])
    assert "left to the queue's redrive policy" in queue.logs.getvalue()
    assert "has no redrive policy" in queue.logs.getvalue()


def test_a_queue_that_is_not_there_is_lost_for_now(queue: Queueing) -> None:
    """By AWS's word for it, and nothing of its message."""
    with pytest.raises(QueueLost, match="AWS answered"):
        queue.once(queue=queue.url + "-gone")


def test_an_aws_that_is_down_is_no_empty_queue(queue: Queueing) -> None:
    """Nothing is thought of what was not heard."""
    clients = SqsClients(queue.tokens, "http://127.0.0.1:9", "us-east-1")
    emptying = Emptying(
        book=queue.emptying.book, taker=queue.emptying.taker, teller=queue.emptying.teller, clients=clients
    )
    with pytest.raises(QueueLost, match="not reached"):
        Emptier(emptying, "hub", queue.say(), threading.Event()).once()


def test_the_rate_of_a_source_bounds_its_queue(queue: Queueing, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is over it stays in the queue until its time."""
    queue.sqs.send_message(QueueUrl=queue.url, MessageBody=REPORT.decode())
    for _ in range(3):
        queue.once(reports_per_minute=1)
    assert (queue.left(), len(queue.posted.records)) == (1, 1)
    queue.seconds = 60
    queue.once(reports_per_minute=1)
    assert (queue.left(), len(queue.posted.records)) == (0, 2)


def test_a_message_is_a_report_of_its_queue(queue: Queueing) -> None:
    """The voucher names the queue, and the message as the delivery."""
    queue.once(formats=["asff"], repository="https://host/acme/shop")
    (record,) = queue.posted.records
    headers = dict(record.headers)
    said = verify(
        headers[HEADER],
        digest(REPORT),
        verifier=Verifier(),
        vouching=Vouching(takers={RECEIVER}, scanners=()),
        at_ms=NOW_MS,
        trust=trust(ROOT),
    )
    arn = queue.sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    assert (said.source, said.principal, said.way) == ("hub", f"sqs:{arn}", Way.SQS)
    assert len(said.delivery) == 36
    assert (record.value, headers["fixgate-format"]) == (REPORT, b"asff")
    assert headers["fixgate-repository"] == b"https://host/acme/shop"
    assert queue.left() == 0


def test_a_role_is_taken_with_the_receivers_own_token(queue: Queueing) -> None:
    """Without any credential of the process, and once for many questions."""
    queue.once(role=ROLE)
    queue.once(role=ROLE)
    assert queue.tokens.audiences == [AUDIENCE]
    assert len(queue.posted.records) == 1


def test_queues_are_emptied_as_long_as_the_sources_say_so(queue: Queueing) -> None:
    """One thread each; a source that is taken out ends its own."""
    emptier = Queues(queue.emptying)
    queue.posted.asked.clear()
    emptier.attend()
    emptier.attend()
    threads = [t for t in threading.enumerate() if t.name == "queue-hub"]
    try:
        assert len(threads) == 1
        assert queue.posted.asked.wait(WAIT_S)
        (queue.folder / "sources.yaml").write_text("version: 1\n")
        threads[0].join(WAIT_S)
        assert not threads[0].is_alive()
    finally:
        emptier.close()


@pytest.mark.parametrize("fault", [Transient("down"), ValueError("a private word")])
def test_what_fails_is_tried_again(queue: Queueing, monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    """A broker that comes back gets what was in the queue; no error ends its thread, or is told with its text."""
    monkeypatch.setattr(queues, "_BACKOFF_S", (0.01,))
    queue.posted.fault = fault
    emptier = Queues(queue.emptying)
    emptier.attend()
    try:
        assert queue.posted.asked.wait(WAIT_S)
        queue.posted.fault = None
        assert queue.posted.had.wait(WAIT_S)
    finally:
        emptier.close()
        for thread in threading.enumerate():
            if thread.name == "queue-hub":
                thread.join(WAIT_S)
    assert len(queue.posted.records) == 1
    assert "private" not in queue.logs.getvalue()
