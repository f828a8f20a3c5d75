"""What a change is made with; in a test only what stands behind these is another: the target, the issuer, the clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from fixgate.chain import ProposalChain
from fixgate.changes.template import Operations, Plan, Stage
from fixgate.events import Rehearsal, Resource, Signed, Stored
from fixgate.minting.client import Minted
from fixgate.resources.reading import Projection
from services.executor.outcome import Attest


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A proposal as its template would do it: `before` is the state that was approved as its start."""

    operations: Operations
    plan: Plan
    before: Projection


class Issuer(Protocol):
    """See `fixgate.minting.client.Issuer`."""

    def mint(self, intent: Signed, decision: Signed, deadline: float = ..., *, context: str = ...) -> Minted:
        """The credential of an intent."""
        ...

    def give_back(self, grant_digest: str, deadline: float = ..., *, context: str = ...) -> None:
        """It is not needed any more."""
        ...


class Workshop(Protocol):
    """The catalogue, the rehearsal and the readers."""

    def lies(self, chain: ProposalChain) -> tuple[str, ...]:
        """What the proposal says that its template does not; pure."""
        ...

    def prepare(self, chain: ProposalChain) -> Prepared:
        """The change; pure. Raises ValueError when it was not on offer."""
        ...

    def rehearse(self, chain: ProposalChain, prepared: Prepared, now: datetime) -> Rehearsal:
        """Try it on a copy; blocks for some milliseconds and never raises for what the copy shows."""
        ...

    def stage(self, credential: Mapping[str, str]) -> Stage:
        """The target systems under a credential."""
        ...


class Snapshots(Protocol):
    """Where a target's state is kept, sealed, before it is changed."""

    def keep(self, state: Projection, proposal: str) -> Stored:
        """Seal and keep it; on return it is durable. Raises Transient when the store cannot take it."""
        ...

    def recall(self, stored: Stored, proposal: str) -> Projection:
        """What was kept; raises Transient, Unavailable or Refused."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """All of them. `wait` returns True when the process ends, after so many seconds at most.

    `bounds` says why a target may not be touched as of now; empty when it may.
    """

    issuer: Issuer
    workshop: Workshop
    snapshots: Snapshots
    attest: Attest
    clock: Callable[[], datetime]
    wait: Callable[[float], bool]
    bounds: Callable[[Resource], str] = lambda _target: ""
