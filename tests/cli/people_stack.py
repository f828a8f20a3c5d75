"""A real stack for the commands of people: its own, because controls stay for ever and stop whoever reads them."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from fixgate.broker import Outbound, TopicPartition
from fixgate.cli import app
from fixgate.codec import Codec, embedded
from fixgate.errors import FixgateError
from fixgate.events import Decision, Envelope, Record, Rejected, Signed
from fixgate.identity import WorkloadIdentity
from fixgate.kafka.publisher import KafkaPublisher
from fixgate.local.stack import Stack
from fixgate.partitioning import partition_of
from fixgate.signing import digest
from fixgate.topology import PIPELINE
from tests.people.persons import keygen

RUNNER = CliRunner()
CODEC = Codec()
TRACE = "a" * 32


@dataclass
class People:
    """People with keys, a home, and a stack; `run` is the command line as they use it."""

    stack: Stack
    folder: Path
    sequence: int = 0
    identities: dict[str, WorkloadIdentity] = field(default_factory=dict[str, WorkloadIdentity])

    def key(self, name: str) -> str:
        """The file of somebody's key, made once."""
        path = self.folder / name
        return str(path if path.exists() else keygen(self.folder, name))

    def run(self, *arguments: str) -> Result:
        """Run a command that must succeed."""
        result = RUNNER.invoke(app, arguments)
        assert result.exit_code == 0, (result.output, result.exception)
        return result

    def fails(self, *arguments: str) -> FixgateError:
        """The error with which a command ends."""
        result = RUNNER.invoke(app, arguments)
        assert isinstance(result.exception, FixgateError), (result.output, result.exception)
        return result.exception

    def decide(self, decision: Decision) -> str:
        """Publish a decision as the gate; its digest."""
        identity = self._identity("gate")
        self.sequence += 1
        envelope = Envelope(
            trace_id=TRACE,
            parents=tuple(digest(s.value) for s in embedded(decision)),
            stream="gate/0/1",
            sequence=self.sequence,
        )
        value = CODEC.encode(decision, envelope)
        key = decision.lock_key.encode()
        target = TopicPartition("fixgate.decisions", partition_of(key, PIPELINE.topic("decisions").partitions))
        publisher = KafkaPublisher(identity.kafka_client_config(self.stack.bootstrap))
        try:
            publisher.publish(Outbound(target, key, value, identity.signer().sign(value).headers()))
        finally:
            publisher.close()
        return digest(value)

    def letter(self, letter: Rejected) -> None:
        """Publish a dead letter as ingest."""
        identity = self._identity("ingest")
        self.sequence += 1
        envelope = Envelope(trace_id=TRACE, stream="ingest/0/1", sequence=self.sequence)
        value = CODEC.encode(letter, envelope)
        publisher = KafkaPublisher(identity.kafka_client_config(self.stack.bootstrap))
        try:
            target = TopicPartition("fixgate.ingest.rejected", 0)
            publisher.publish(Outbound(target, b"letter", value, identity.signer().sign(value).headers()))
        finally:
            publisher.close()

    def sign(self, record: Record, party: str) -> Signed:
        """A record as that party would have sent it."""
        parents = tuple(digest(s.value) for s in embedded(record)) or ("sha256:" + "0" * 64,)
        value = CODEC.encode(record, replace(Envelope(), trace_id=TRACE, parents=parents))
        made = self._identity(party).signer().sign(value)
        return Signed(value=value, signature=made.signature, certificate=made.certificate)

    def _identity(self, party: str) -> WorkloadIdentity:
        if party not in self.identities:
            self.identities[party] = WorkloadIdentity(self.stack.socket(party))
        return self.identities[party]


@contextmanager
def people(stack: Stack, folder: Path, environment: Any) -> Generator[People]:
    """People at the desk of a stack, with a home of their own."""
    folder.mkdir()
    for name, value in {**stack.environment("desk"), "FIXGATE_HOME": str(folder / "home")}.items():
        environment.setenv(name, value)
    environment.delenv("SSH_AUTH_SOCK", raising=False)
    made = People(stack, folder)
    try:
        yield made
    finally:
        for identity in made.identities.values():
            identity.close()
