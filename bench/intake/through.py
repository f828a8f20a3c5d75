"""Reports through ingest on a real broker, everything signed and its originals sealed; nothing else runs."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.intake.multiplied import multiplied
from bench.lab import Gauge
from bench.whole.load import Scanner, Watcher
from fixgate.demo.reports import Report
from fixgate.errors import Unavailable
from fixgate.identity import WorkloadIdentity
from fixgate.kafka import KafkaBroker
from fixgate.local.pipeline import pipeline_services
from fixgate.local.process import Program
from fixgate.local.progress import Report as Progress
from fixgate.local.progress import Step
from fixgate.local.stack import Stack
from fixgate.naming import Naming
from fixgate.reports.report import read
from fixgate.settings import Settings
from fixgate.topology import DESK

FORMAT: Final = "sarif"
SERVICE: Final = "ingest"
PATIENCE_S: Final = 240.0
LOOK_S: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Through:
    """How many findings came out in how many seconds, from the first report's time at the broker to the last finding's.

    `cpu` is the processor time of each program in seconds.
    """

    findings: int
    seconds: float
    cpu: dict[str, float]


def through(home: Path, reports: int, size: int, progress: Progress) -> Through:
    """So many reports of so many bytes, on a stack of its own that is gone afterwards."""

    def services(stack: Stack) -> Sequence[Program]:
        return [program for program in pipeline_services(stack) if program.name == SERVICE]

    settings = Settings(kafka_port=0, home=home)
    with Stack(home, settings=settings, services=services, report=progress) as stack, ExitStack() as cleanup:
        publisher, reader = (WorkloadIdentity(stack.socket(party)) for party in ("scanner", DESK))
        cleanup.callback(publisher.close)
        cleanup.callback(reader.close)
        broker = KafkaBroker(reader.kafka_client_config(stack.bootstrap))
        cleanup.callback(broker.close)
        naming = Naming(prefix=stack.settings.prefix)
        gauge = Gauge(broker, naming)
        cleanup.callback(gauge.close)
        scanner = Scanner(publisher, stack.bootstrap, naming.topic("findings.raw"))
        # The first report finds everything cold.
        _published(scanner, gauge, 1, size)
        with Watcher(stack) as watcher:
            count, seconds = _published(scanner, gauge, reports, size)
        progress(Step("ingest", 1, 1))
        return Through(findings=count, seconds=seconds, cpu={name: used.cpu for name, used in watcher.usage.items()})


def _published(scanner: Scanner, gauge: Gauge, reports: int, size: int) -> tuple[int, float]:
    """Publish and wait for all findings: how many, in how many seconds."""
    data = multiplied(FORMAT, size)
    expected = reports * len(read(data).findings)
    before = set(scanner.appended)
    for number in range(reports):
        # Space behind the value makes each another report with the same findings; each source is another partition.
        scanner.send(Report(f"source-{number}", data + b" " * (number + len(before))))
    began = min(at for name, at in scanner.appended.items() if name not in before)
    limit, count, last = time.monotonic() + PATIENCE_S, 0, began
    while count < expected:
        more, at = gauge.take("findings")
        count, last = count + more, max(last, at)
        if time.monotonic() > limit:
            raise Unavailable(f"{count} of {expected} findings came in {PATIENCE_S:.0f} s")
        time.sleep(LOOK_S)
    return count, last - began
