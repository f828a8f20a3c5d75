"""Everything that the loop is given and does not find for itself."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from fixgate.broker import Broker
from fixgate.codec import Codec
from fixgate.graph import Topology
from fixgate.naming import Naming
from fixgate.rejections import Limits, Sealer
from fixgate.runtime.breath import Breath
from fixgate.signing import Signer
from fixgate.telemetry import Telemetry
from fixgate.trust import TrustBundle


class Step(StrEnum):
    """The numbered steps, by name."""

    POLL = "poll"
    VERIFY = "verify"
    TRACE = "trace"
    GATHER = "gather"
    DECIDE = "decide"
    SIGN = "sign"
    COMMIT = "commit"
    CACHE = "cache"


class Identity(Protocol):
    """Who this process is and whom it believes, as of now; both change without a restart."""

    def signer(self) -> Signer:
        """The signer on the newest certificate; raises Unavailable when it has run out."""
        ...

    def trust(self) -> TrustBundle:
        """The authorities of the trust domain."""
        ...


def wall_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def ignore(step: Step) -> None:
    """The probe of a loop that nobody watches."""
    del step


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What one process of a service is made of.

    `folder` holds the local copies of the state. `keep` takes bytes that are too large for a dead letter and returns
    where they are; it may raise Transient. `sealer` is needed by whoever reads raw reports. `probe` is told of each
    step as it begins; a test raises from it to crash there. `breath` keeps the transactions of a busy service apart.
    """

    topology: Topology
    naming: Naming
    broker: Broker
    codec: Codec
    identity: Identity
    telemetry: Telemetry
    folder: Path
    keep: Callable[[bytes], str]
    slot: int = 0
    sealer: Sealer | None = None
    limits: Limits = field(default_factory=Limits)
    clock: Callable[[], datetime] = wall_clock
    probe: Callable[[Step], None] = ignore
    breath: Breath = field(default_factory=Breath)
    batch: int = 500
    gather_deadline: float = 10.0
    gather_threads: int = 8
    signature_threads: int = 2
