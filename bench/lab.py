"""The stack that everything is measured on, and how measured processes are run there."""

import os
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from bench.clients import Told, heard
from bench.feed import Feeder, publish
from bench.pipeline import BENCH, GAUGE, PREFIX, SHARDS
from fixgate.broker import Tail, TopicPartition
from fixgate.codec import Codec
from fixgate.errors import Unavailable
from fixgate.identity import WorkloadIdentity
from fixgate.kafka import KafkaBroker
from fixgate.local.process import CODE_ROOT
from fixgate.local.progress import Report, Step
from fixgate.local.stack import Stack
from fixgate.naming import Naming
from fixgate.settings import Settings

CHILD_LIMIT_S: Final = 600.0


class Gauge:
    """Counts what was written and committed to output topics since it last looked."""

    def __init__(self, broker: KafkaBroker, naming: Naming) -> None:
        self._broker = broker
        self._naming = naming
        self._tails: dict[str, Sequence[Tail]] = {}

    def take(self, topic: str) -> tuple[int, float]:
        """How many records came since the last call, and when the broker appended the last (seconds since 1970)."""
        tails = self._tails.get(topic)
        if tails is None:
            name = self._naming.topic(topic)
            tails = [self._broker.tail(TopicPartition(name, p), 0) for p in range(SHARDS)]
            self._tails[topic] = tails
        count, last = 0, 0
        for tail in tails:
            while records := tail.catch_up():
                count += len(records)
                last = max(last, *(r.appended_ms or 0 for r in records))
        return count, last / 1000

    def close(self) -> None:
        """Let go of the connections."""
        for tails in self._tails.values():
            for tail in tails:
                tail.close()


class Lab:
    """A running stack, and what a measurement needs of it."""

    def __init__(self, stack: Stack, cleanup: ExitStack, report: Report, started: float) -> None:
        self.stack = stack
        self.started = started
        """Seconds that the stack took to start."""
        self.report = report
        self.naming = Naming(prefix=PREFIX)
        self.codec = Codec()
        self.feeder = Feeder(self.codec, self.naming)
        self._cleanup = cleanup
        self._identities: dict[str, WorkloadIdentity] = {}
        self.gauge = Gauge(self.broker(GAUGE), self.naming)
        cleanup.callback(self.gauge.close)

    def identity(self, party: str) -> WorkloadIdentity:
        """A party's identity, kept until the end."""
        if party not in self._identities:
            self._identities[party] = WorkloadIdentity(self.stack.socket(party))
            self._cleanup.callback(self._identities[party].close)
        return self._identities[party]

    def config(self, party: str) -> dict[str, Any]:
        """How a party connects."""
        return dict(self.identity(party).kafka_client_config(self.stack.bootstrap))

    def broker(self, party: str) -> KafkaBroker:
        """The broker as a party sees it, closed at the end."""
        broker = KafkaBroker(self.config(party))
        self._cleanup.callback(broker.close)
        return broker

    def fill(self, party: str, what: str, records: Any, count: int) -> None:
        """Write records as a party, and say how far it is."""
        publish(self.config(party), records, lambda done: self.report(Step(what, done, count)))
        self.report(Step(what, count, count))

    def run(self, party: str, module: str, *arguments: str) -> Told:
        """Run a measured process of ours to its end; raises Unavailable with its last words when it fails."""
        return self.run_program(party, (sys.executable, "-m", module, *arguments))

    def run_program(self, party: str, command: Sequence[str]) -> Told:
        """The same for any program that speaks as `clients.tell` does."""
        environment = self.stack.environment(party)
        return heard(output(command, environment))


def output(command: Sequence[str], environment: dict[str, str]) -> str:
    """What a program printed; raises Unavailable with its last words when it fails or does not end."""
    with child(command, environment) as process:
        try:
            output, errors = process.communicate(timeout=CHILD_LIMIT_S)
        except subprocess.TimeoutExpired:
            raise Unavailable(f"{' '.join(command[1:4])} did not end within {CHILD_LIMIT_S:.0f} s") from None
    if process.returncode:
        words = "\n".join(errors.strip().splitlines()[-15:])
        raise Unavailable(f"{' '.join(command[1:4])} ended with {process.returncode}:\n{words}")
    return output


@contextmanager
def child(command: Sequence[str], environment: dict[str, str]) -> Generator["subprocess.Popen[str]"]:
    """A process that is gone when the context ends, however it ends."""
    process = subprocess.Popen(
        command,
        env={**os.environ, **environment},
        cwd=CODE_ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


@contextmanager
def laboratory(home: Path, report: Report) -> Generator[Lab]:
    """A stack with the bench's topology in a new folder."""
    settings = Settings(kafka_port=0, prefix=PREFIX)
    with ExitStack() as cleanup:
        began = time.monotonic()
        stack = cleanup.enter_context(Stack(home, settings=settings, topology=BENCH, report=report))
        yield Lab(stack, cleanup, report, time.monotonic() - began)
