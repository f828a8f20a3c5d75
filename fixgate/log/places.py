"""Where one deployment's log, its keys and its witness are, unless somebody says otherwise; see `settings.home`.

home/
├── log/            the log, in the tlog-tiles layout: can be served as it is, `journal` and `lock` left out
├── log.positions   a cache of where the log stands in each partition
├── witness/        what the witness has seen
└── keys/           log.key and witness.key (0600), each with its verifier key in `.pub`
"""

from dataclasses import dataclass
from pathlib import Path

from fixgate.graph import Topology
from fixgate.settings import Settings
from fixgate.topology import LOG


@dataclass(frozen=True, slots=True)
class Places:
    """The default places and names of a deployment."""

    settings: Settings

    @property
    def origin(self) -> str:
        """The log's origin, which is its key's name too."""
        return f"{self.settings.trust_domain}/fixgate/log"

    @property
    def witness_name(self) -> str:
        """The name of the deployment's own witness."""
        return f"{self.settings.trust_domain}/fixgate/witness"

    @property
    def log(self) -> str:
        """The log's folder, or its place in S3."""
        return self.settings.log_location or str(self.settings.home / "log")

    @property
    def positions(self) -> Path:
        """The follower's cache."""
        return self.settings.home / "log.positions"

    @property
    def witness(self) -> Path:
        """The witness's folder."""
        return self.settings.home / "witness"

    @property
    def log_key(self) -> Path:
        """The log's private key."""
        return self.settings.home / "keys" / "log.key"

    @property
    def witness_key(self) -> Path:
        """The witness's private key."""
        return self.settings.home / "keys" / "witness.key"

    def topics(self, topology: Topology) -> tuple[str, ...]:
        """The topics that are followed, as the broker names them."""
        return tuple(self.settings.prefix + name for name in topology.party(LOG).reads)
