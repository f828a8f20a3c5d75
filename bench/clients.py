"""What the measured processes share: how they connect, and how they tell what they measured."""

import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from fixgate.identity import WorkloadIdentity
from fixgate.settings import Settings, load


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a measured process says of itself, on its last line.

    `began` is the time (seconds since the epoch) at which it had the first record in hand; `cpu` its processor seconds
    from then on, all threads; `steps` the seconds spent by step.
    """

    began: float
    cpu: float
    steps: dict[str, float] = field(default_factory=dict[str, float])


def tell(told: Told) -> None:
    """Say it to the process that measures."""
    sys.stdout.write(json.dumps(asdict(told)) + "\n")


def heard(output: str) -> Told:
    """What was said; raises ValueError when nothing was."""
    lines = output.strip().splitlines()
    if not lines:
        raise ValueError("nothing was said")
    return Told(**json.loads(lines[-1]))


@contextmanager
def connected() -> Generator[tuple[Settings, WorkloadIdentity, dict[str, Any]]]:
    """Settings, identity and client configuration of this process, from its environment."""
    settings = load()
    identity = WorkloadIdentity(settings.workload_api)
    try:
        yield settings, identity, dict(identity.kafka_client_config(settings.bootstrap_servers))
    finally:
        identity.close()
