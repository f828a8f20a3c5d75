"""What every process of ours has in common: settings, telemetry, signals, an identity, a broker, an exit code.

A service calls `main` with its workload, and that is all its `__main__` does. One whose verb, gatherer or effects need
settings, identity, objects or telemetry calls `main_with` and builds its workload from the process that has begun:

    def build(process: Process, identity: WorkloadIdentity) -> Workload[Readings]:
        settings = process.settings
        return Workload(service="analyzer", verb=classify, gather=Gatherer(settings.aws_endpoint, identity))

    main_with("analyzer", build)

`build` only puts things together: it opens no port, starts no thread and asks nobody, because `--check` calls it too.
What is to be started, `Effects.start` starts. It raises Misconfigured when settings do not fit together.

The log, which has no workload, calls `run`. `--check` validates settings, schemas, identity, the workload and the
broker's topics, and exits: 0 when it could start.
"""

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any, Final, TypeVar

from fixgate.errors import FixgateError, Misconfigured
from fixgate.graph import Party, Topology
from fixgate.identity import WorkloadIdentity
from fixgate.kafka import KafkaBroker
from fixgate.naming import Naming
from fixgate.objects import ObjectStore, open_objects
from fixgate.registry import codec_from
from fixgate.runtime import Runtime, Wiring
from fixgate.runtime.breath import Breath
from fixgate.sealing import load_seal
from fixgate.settings import Settings, load
from fixgate.telemetry import Telemetry
from fixgate.topology import PIPELINE
from fixgate.verbs import Workload

G = TypeVar("G")

BREATH_SECONDS: Final = 0.02
"""Between the beginnings of two transactions of a busy service; a record can wait so long at each service."""
OUTSIDE_BREATH_SECONDS: Final = 0.025
"""The same where work outside waits for each of its steps to be committed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process that has begun; `stop` is set by SIGTERM and SIGINT."""

    settings: Settings
    telemetry: Telemetry
    naming: Naming
    stop: threading.Event

    @property
    def state(self) -> Path:
        """The folder for what is kept on this machine."""
        return self.settings.home / "state"

    def objects(self) -> ObjectStore:
        """The store for what is too large for a message."""
        return open_objects(self.settings.objects, self.settings.home)

    @contextmanager
    def connected(self, party: Party) -> Generator[tuple[WorkloadIdentity, KafkaBroker], None, None]:
        """The process's identity, which must be the party's, and the broker as it sees it.

        Raises Misconfigured when there is none to be had or it is another's, Unavailable when nobody answers.
        """
        if not self.settings.bootstrap_servers or not self.settings.workload_api:
            raise Misconfigured(
                "there is no broker or no identity to be had",
                remedy="Set FIXGATE_BOOTSTRAP_SERVERS and FIXGATE_WORKLOAD_API, or use `fixgate up`.",
            )
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        memory = self.state / f"{party.name}.{self.settings.slot}.authorities"
        identity = WorkloadIdentity(self.settings.workload_api, memory=memory)
        try:
            expected = self.naming.spiffe_id(party)
            if identity.spiffe_id != expected:
                raise Misconfigured(
                    f"this process is {identity.spiffe_id}, but {party.name} must be {expected}",
                    remedy="Check the registration entry, FIXGATE_TRUST_DOMAIN and FIXGATE_WORKLOAD_API.",
                )
            broker = KafkaBroker(kafka_config(identity, self.settings))
            try:
                yield identity, broker
            finally:
                broker.close()
        finally:
            identity.close()


def kafka_config(identity: WorkloadIdentity, settings: Settings) -> dict[str, Any]:
    """How a client of this process connects, and as whom."""
    tls = settings.kafka_tls or bool(settings.kafka_ca)
    config: dict[str, Any] = {**identity.kafka_client_config(settings.bootstrap_servers, tls=tls)}
    if settings.kafka_ca:
        config["ssl.ca.location"] = settings.kafka_ca
    return config


def run(name: str, serve: Callable[[Process], None]) -> int:
    """Do `serve` with settings, telemetry and signals in place; returns the exit code (`errors.py`)."""
    stop = threading.Event()

    def stopping(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stopping)
    try:
        settings = load()
        telemetry = Telemetry(name, settings.slot, level=settings.log_level)
    except FixgateError as error:
        return _told(error)
    naming = Naming(prefix=settings.prefix, trust_domain=settings.trust_domain)
    try:
        serve(Process(settings=settings, telemetry=telemetry, naming=naming, stop=stop))
    except FixgateError as error:
        telemetry.log.write(logging.ERROR, error.message, None, {"remedy": error.remedy, "kind": type(error).__name__})
        return _told(error)
    finally:
        telemetry.shutdown()
    return 0


def checking(prog: str, description: str | None, arguments: Sequence[str] | None) -> bool:
    """Whether `--check` was given; ends the process on any other argument."""
    parser = argparse.ArgumentParser(prog=prog, description=description)
    parser.add_argument("--check", action="store_true", help="validate the configuration and exit")
    return bool(parser.parse_args(arguments).check)


Build = Callable[[Process, WorkloadIdentity], Workload[G]]
"""Puts a service together from the process that has begun and its identity; see the module."""


def main(workload: Workload[G], *, topology: Topology = PIPELINE, arguments: Sequence[str] | None = None) -> None:
    """Run the workload until SIGTERM or SIGINT; never returns. The exit code is the error's, else 0."""

    def build(_process: Process, _identity: WorkloadIdentity) -> Workload[G]:
        return workload

    main_with(workload.service, build, topology=topology, arguments=arguments)


def main_with(
    service: str, build: Build[G], *, topology: Topology = PIPELINE, arguments: Sequence[str] | None = None
) -> None:
    """Build the service's workload and run it until SIGTERM or SIGINT; never returns.

    The exit code is the error's, else 0. Raises ValueError when what is built is another service's.
    """
    check = checking(f"python -m services.{service}", __doc__, arguments)

    def serve(process: Process) -> None:
        with process.connected(topology.party(service)) as (identity, broker):
            workload = build(process, identity)
            if workload.service != service:
                raise ValueError(f"{service} was built as {workload.service}")
            breath = Breath(BREATH_SECONDS if workload.effects is None else OUTSIDE_BREATH_SECONDS)
            runtime = Runtime(workload, replace(_wiring(process, topology, identity, broker), breath=breath))
            if check:
                runtime.check()
                return
            process.telemetry.log.info("started", identity=identity.spiffe_id, slot=process.settings.slot)
            runtime.run(process.stop)
            process.telemetry.log.info("stopped")

    sys.exit(run(service, serve))


def _wiring(process: Process, topology: Topology, identity: WorkloadIdentity, broker: KafkaBroker) -> Wiring:
    settings = process.settings
    return Wiring(
        topology=topology,
        naming=process.naming,
        broker=broker,
        codec=codec_from(settings),
        identity=identity,
        telemetry=process.telemetry,
        folder=process.state,
        keep=process.objects().put,
        slot=settings.slot,
        sealer=load_seal(Path(settings.sealing_key)) if settings.sealing_key else None,
    )


def _told(error: FixgateError) -> int:
    print(f"error: {error.message}\n  {error.remedy}".rstrip(), file=sys.stderr)  # noqa: T201 - for whoever started it
    return error.exit_code
