"""What is measured, one function each; all on one running stack."""

import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psutil

from bench import figures, neighbour
from bench.feed import Feeder
from bench.figures import Pass
from bench.lab import Lab, child
from bench.pipeline import BASELINES, EVERYBODY, FEEDER, KEEPER
from bench.report import Figure, Unit
from fixgate.broker import TopicPartition
from fixgate.errors import Unavailable
from fixgate.local import authority, broker
from fixgate.local.process import memory_bytes, module
from fixgate.local.progress import Step
from fixgate.outgoing import state_value
from fixgate.state import restore

MIB: Final = 1024 * 1024
LIFE: Final = "Start, memory and rebuild"
FIRST_COMMIT_LIMIT_S: Final = 60.0
SOURCES: Final = {"signed": FEEDER, "plain": FEEDER, "json": "scanner"}


class Rounds:
    """Measures rates round by round, each figure once in each, so that ratios compare what ran side by side."""

    def __init__(self, lab: Lab, count: int, python: Path | None) -> None:
        self._lab = lab
        self._count = count
        self._python = python
        self._number = 0
        self.passes: dict[str, list[Pass]] = defaultdict(list)

    def measure(self, names: tuple[str, ...]) -> None:
        """One round of these."""
        for name in names:
            if name.startswith("quixstreams"):
                if self._python is not None:
                    self._keep(name, self._neighbour(self._python, name))
                continue
            self._keep(name, self._ours(name))

    def fill(self, topics: tuple[str, ...]) -> None:
        """Put a round's records where they will be read from."""
        self._number += 1
        for topic in topics:
            signer = self._lab.identity(FEEDER).signer() if topic == "signed" else None
            records = self._lab.feeder.records(topic, self._number, self._count, signer)
            self._lab.fill(SOURCES[topic], f"fill {topic}", records, self._count)

    def profile(self, name: str) -> list[Figure]:
        """One pass of a service with its steps timed."""
        told = self._lab.run(name, "bench.worker", name, str(self._count), "--profile")
        return figures.steps(told.steps, self._count)

    def _keep(self, name: str, measured: Pass) -> None:
        self.passes[name].append(measured)
        self._lab.report(Step(f"{name} {len(self.passes[name])}", 1, 1, f"{measured.rate:,.0f} records/s"))

    def _ours(self, name: str) -> Pass:
        program = "bench.baseline" if name in BASELINES else "bench.worker"
        told = self._lab.run(name, program, name, str(self._count))
        expected = self._count // 2 if name.startswith("dedupe") else self._count
        return self._pass(told.began, told.cpu, EVERYBODY[name][1], expected)

    def _neighbour(self, python: Path, name: str) -> Pass:
        self._number += 1
        reports = Feeder.reports(self._lab.naming.topic("json"), self._number, self._count)
        self._lab.fill(SOURCES["json"], "fill json", reports, self._count)
        told = neighbour.dedupe(self._lab, python, self._count, 500 if name.endswith("-500") else 0)
        return self._pass(told.began, told.cpu, "json-out", self._count // 2)

    def _pass(self, began: float, cpu: float, target: str, expected: int) -> Pass:
        """The pass, timed from the first record in hand to the broker's time of the last one written."""
        written, last = self._lab.gauge.take(target)
        if written != expected:
            raise Unavailable(f"{target} has {written} new records instead of {expected}: nothing was measured")
        return Pass(self._count / (last - began), cpu / self._count)


def start_and_memory(lab: Lab, started: float) -> list[Figure]:
    """How long things take to begin, and how much they hold."""
    lab.gauge.take("relayed")
    lab.fill(FEEDER, "one record", lab.feeder.records("signed", 0, 2, lab.identity(FEEDER).signer()), 2)
    began = time.time()
    with child(module("bench.service", "relay"), lab.stack.environment("relay")) as process:
        first = _first_commit(lab, process.poll) - began
        held = psutil.Process(process.pid).memory_info().rss / MIB
        process.terminate()
        process.communicate(timeout=30)
    pids = {p.name: p.pid for p in lab.stack.processes}
    seconds = [
        ("stack", "`Stack.start` in a new folder, jars at hand: authority, broker, topics, grants", started),
        ("service", "a service's process until its first output is on the broker", first),
    ]
    sizes = [("service", "a service, idle after its first commit", held)]
    for name, meaning in ((broker.NAME, "the broker after this run"), (authority.NAME, "the identity authority")):
        sizes.append((name, meaning, (memory_bytes(pids[name]) or 0) / MIB))
    return [
        *(_life(f"start of {n}", meaning, Unit.SECONDS, v) for n, meaning, v in seconds),
        *(_life(f"memory of {n}", meaning, Unit.MEBIBYTES, v) for n, meaning, v in sizes),
    ]


def _first_commit(lab: Lab, ended: Callable[[], int | None]) -> float:
    limit = time.monotonic() + FIRST_COMMIT_LIMIT_S
    while time.monotonic() < limit and ended() is None:
        count, last = lab.gauge.take("relayed")
        if count:
            return last
        time.sleep(0.02)
    raise Unavailable("the service wrote nothing")


def rebuild(lab: Lab, count: int) -> list[Figure]:
    """How long a shard's state takes to be there again, from the topic and from a good copy."""
    lease = lab.naming.lease(KEEPER)
    lab.fill(KEEPER, "fill state", lab.feeder.entries(lease, count), count)
    reader, folder = lab.broker(KEEPER), lab.stack.home.path / "rebuilt"
    found: list[Figure] = []
    copies = (("cold", "from the topic, without a copy"), ("copy", "with a good local copy"))
    for name, meaning in copies:
        lab.report(Step(f"rebuild {name}"))
        state, rebuilt = restore(folder, reader, TopicPartition(lease, 0), state_value(lab.codec), time.time())
        last = state.get(f"key-{count - 1:08d}".encode())
        state.close()
        if last != b"%064d" % (count - 1):
            raise Unavailable("the state was not rebuilt whole")
        lab.report(Step(f"rebuild {name}", 1, 1))
        found.append(_life(f"rebuild, {name}", f"{count:,} keys of state {meaning}", Unit.SECONDS, rebuilt.seconds))
    return found


def _life(name: str, meaning: str, unit: Unit, value: float) -> Figure:
    return Figure(section=LIFE, name=name, meaning=meaning, unit=unit, value=value)
