"""Identities that hold now, for services that speak to each other over TLS and to an account that goes by the clock."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fixgate.signing import Signer
from tests.minting.parties import Workload, authority, bundle
from tests.services_world import ServicesWorld

DNS = {"issuer": ("issuer",)}
"""Names that the authority gives besides the SPIFFE ID."""


@dataclass
class Identity(Workload):
    """A party's identity, good for signing and for TLS."""

    def signer(self) -> Signer:
        """Signs as this party."""
        return self.issued.signer()


@dataclass
class PresentWorld(ServicesWorld):
    """The services' world in the present: its clock is the one on the wall, as far as `tick` let it go on."""

    identities: dict[str, Identity] = field(default_factory=dict[str, Identity])

    def __post_init__(self) -> None:
        super().__post_init__()
        self.root = authority()
        self.tick()

    def tick(self) -> None:
        """Let the broker's time be that of now."""
        self.broker.now_ms = int(datetime.now(UTC).timestamp() * 1000)

    def person(self, party: str) -> Any:
        """The identity of a party, made once."""
        if party not in self.identities:
            made = Identity(self.root, party, bundle(self.root), dns=DNS.get(party, ()))
            self.identities[party] = made
        return self.identities[party]
