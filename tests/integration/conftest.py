"""The lab: a stack of its own whose processes the tests may kill."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fixgate import sealing
from fixgate.identity import WorkloadIdentity
from fixgate.kafka import KafkaBroker
from fixgate.local.process import Program, module
from fixgate.local.stack import Stack
from fixgate.settings import Settings
from tests.integration.lab import LAB


class Laboratory:
    """A running stack of the lab's topology, and what tests do with it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        sealing.generate(stack.home.path, "reports")

    @contextmanager
    def broker(self, party: str) -> Generator[KafkaBroker, None, None]:
        """The broker as a party sees it."""
        identity = WorkloadIdentity(self.stack.socket(party))
        broker = KafkaBroker(identity.kafka_client_config(self.stack.bootstrap))
        try:
            yield broker
        finally:
            broker.close()
            identity.close()

    def program(self, service: str, slot: int) -> Program:
        """One instance of a service, as the stack keeps it alive."""
        return Program(
            name=f"{service}.{slot}",
            command=module("tests.integration.lab", service),
            env={
                **self.stack.environment(service),
                "FIXGATE_SLOT": str(slot),
                "FIXGATE_SEALING_KEY": str(self.stack.home.path / "reports.pub"),
            },
        )


@pytest.fixture(scope="session")
def lab(short_tmp: Path) -> Iterator[Laboratory]:
    """The lab, started once per run."""
    with Stack(short_tmp / "lab", settings=Settings(kafka_port=0), topology=LAB) as stack:
        yield Laboratory(stack)
