"""`python -m bench.worker SERVICE COUNT [--profile]`: a service on the runtime, measured from inside.

It is wired as `fixgate.process` does it. Without `--profile` only the runtime's own probe is used, eight calls in a
batch. With it, encoding and decoding are timed record by record, which costs a microsecond each, and signatures are
made and verified in one thread, so that times add up.
"""

import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from bench.clients import Told, connected, tell
from bench.pipeline import BENCH, workload
from fixgate.codec import Codec
from fixgate.identity import WorkloadIdentity
from fixgate.kafka import KafkaBroker
from fixgate.naming import Naming
from fixgate.objects import FileStore
from fixgate.runtime import Runtime, Step, Wiring
from fixgate.settings import Settings
from fixgate.telemetry import Telemetry

PATIENCE_S = 60.0
T = TypeVar("T")


class Clock:
    """Adds up seconds by name."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self._name = ""
        self._since = 0.0

    def probe(self, step: Step) -> None:
        """A step of the runtime begins."""
        now = time.perf_counter()
        if self._name:
            self.spent[self._name] += now - self._since  # type: ignore[assignment]  # a Counter of seconds
        self._name, self._since = step.value, now

    def timed(self, name: str, call: Callable[..., T]) -> Callable[..., T]:
        """The call, timed."""

        def timing(*arguments: Any) -> T:
            began = time.perf_counter()
            try:
                return call(*arguments)
            finally:
                self.spent[name] += time.perf_counter() - began  # type: ignore[assignment]  # as above

        return timing

    def clear(self) -> None:
        """Begin anew."""
        self.spent.clear()
        self._name = ""


def main(service: str, count: int, *, profile: bool) -> None:
    """Run the service until so many records are done and committed."""
    with connected() as (settings, identity, config):
        broker = KafkaBroker(config)
        telemetry = Telemetry(service, libraries=False)
        clock = Clock()
        wiring = _wired(settings, broker, telemetry, identity, clock, profile=profile)
        runtime = Runtime(workload(service), wiring)
        try:
            runtime.start()
            tell(_work(runtime, clock, count))
        finally:
            runtime.close()
            broker.close()
            telemetry.shutdown()


def _wired(
    settings: Settings,
    broker: KafkaBroker,
    telemetry: Telemetry,
    identity: WorkloadIdentity,
    clock: Clock,
    *,
    profile: bool,
) -> Wiring:
    codec = Codec()
    if profile:
        vars(codec)["encode"] = clock.timed("encode", codec.encode)
        vars(codec)["decode"] = clock.timed("decode", codec.decode)
    folder: Path = settings.home / "state"
    wiring = Wiring(
        topology=BENCH,
        naming=Naming(prefix=settings.prefix, trust_domain=settings.trust_domain),
        broker=broker,
        codec=codec,
        identity=identity,
        telemetry=telemetry,
        folder=folder,
        keep=FileStore(settings.home / "objects").put,
        probe=clock.probe,
    )
    return replace(wiring, signature_threads=1) if profile else wiring


def _work(runtime: Runtime[None], clock: Clock, count: int) -> Told:
    done, began, cpu = 0, 0.0, 0.0
    limit = time.monotonic() + PATIENCE_S
    while done < count:
        before = time.time(), time.process_time()
        if not done:
            clock.clear()
        finished = runtime.step()
        if finished:
            # The first batch's wait for its records is not work.
            if not done:
                waited = clock.spent.pop(Step.POLL.value, 0.0)
                began, cpu = before[0] + waited, before[1]
            done += finished
            limit = time.monotonic() + PATIENCE_S
        elif time.monotonic() > limit:
            raise SystemExit(f"only {done} of {count} records came")
    clock.probe(Step.POLL)
    return Told(began=began, cpu=time.process_time() - cpu, steps=dict(clock.spent))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), profile="--profile" in sys.argv[3:])
