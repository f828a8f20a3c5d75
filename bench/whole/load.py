"""Reports at a steady rate, and what the stack does meanwhile: memory, processor time, and the records themselves."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

import psutil
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from fixgate.cli.vouched import vouched
from fixgate.demo.reports import Report
from fixgate.identity import WorkloadIdentity
from fixgate.local.stack import Stack
from fixgate.signing import digest
from fixgate.topology import PIPELINE

LOOK_S: Final = 0.5
FLUSH_S: Final = 30.0
MIB: Final = 1024 * 1024
LARGEST: Final = PIPELINE.topic("findings.raw").max_bytes
"""Bytes of a report in one message, as the topic takes them."""


class Scanner:
    """Publishes reports, and remembers when the broker appended each."""

    def __init__(self, identity: WorkloadIdentity, servers: str, topic: str) -> None:
        self._topic = topic
        self._identity = identity
        config = identity.kafka_client_config(servers)
        self._producer = Producer({**config, "acks": "all", "linger.ms": 0, "message.max.bytes": LARGEST})
        self.appended: dict[str, float] = {}
        """Seconds since 1970 by the report's digest."""

    def publish(self, due: Iterable[Report], rate: float) -> float:
        """So many reports a second, evenly; how many seconds late the last one was sent."""
        began, late = time.monotonic(), 0.0
        for number, report in enumerate(due):
            left = began + number / rate - time.monotonic()
            while left > 0:
                self._producer.poll(min(left, 0.005))
                left = began + number / rate - time.monotonic()
            late = -left
            self._send(report)
        self.flush()
        return late

    def send(self, report: Report) -> float:
        """One report; when the broker appended it."""
        self._send(report)
        self.flush()
        return self.appended[digest(report.value)]

    def flush(self) -> None:
        """Wait until the broker has all."""
        self._producer.flush(FLUSH_S)

    def _send(self, report: Report) -> None:
        name = digest(report.value)

        def delivered(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                raise KafkaException(error)
            self.appended[name] = message.timestamp()[1] / 1000

        source = report.source.encode()
        # What nobody vouches for always waits for people.
        headers: list[tuple[str, str | bytes | None]] = [
            *vouched(self._identity, report.value, source, (("fixgate-source", source),))
        ]
        self._producer.produce(self._topic, report.value, source, headers=headers, on_delivery=delivered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a program of the stack used: processor seconds since the beginning, and mebibytes at the most."""

    cpu: float
    memory: float


@dataclass(slots=True)
class Watcher:
    """Looks at the stack's programs twice a second while it runs; used as a context."""

    stack: Stack
    peaks: dict[str, float] = field(default_factory=dict[str, float])
    whole: float = 0.0
    """Mebibytes of all programs together, at the most at one time."""
    _before: dict[str, float] = field(default_factory=dict[str, float])
    _after: dict[str, float] = field(default_factory=dict[str, float])
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Begin."""
        self._before = self._cpu()
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._after = self._cpu()

    @property
    def usage(self) -> dict[str, Usage]:
        """What each program used meanwhile."""
        return {
            name: Usage(cpu=self._after.get(name, 0.0) - self._before.get(name, 0.0), memory=peak)
            for name, peak in self.peaks.items()
        }

    def _watch(self) -> None:
        while True:
            now = {p.name: sum(_each(p.pid, _memory)) for p in self.stack.processes}
            self.whole = max(self.whole, sum(now.values()))
            for name, size in now.items():
                self.peaks[name] = max(size, self.peaks.get(name, 0.0))
            if self._stop.wait(LOOK_S):
                return

    def _cpu(self) -> dict[str, float]:
        return {p.name: sum(_each(p.pid, _seconds)) for p in self.stack.processes}


def _each(pid: int, of: Callable[[psutil.Process], float]) -> Sequence[float]:
    """Of a process and all that it started."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return ()
    found: list[float] = []
    for one in family:
        try:
            found.append(of(one))
        except psutil.Error:
            continue
    return found


def _memory(process: psutil.Process) -> float:
    return process.memory_info().rss / MIB


def _seconds(process: psutil.Process) -> float:
    # With its ended children: a git host runs many short programs.
    times = process.cpu_times()
    return times.user + times.system + times.children_user + times.children_system
