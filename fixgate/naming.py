"""How the topology's names look on a shared cluster: with the deployment's prefix and trust domain."""

from dataclasses import dataclass

from fixgate.graph import Party, state_topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """The names of one deployment."""

    prefix: str = "fixgate."
    trust_domain: str = "fixgate.internal"

    def topic(self, name: str) -> str:
        """A topic as it is named on the broker."""
        return self.prefix + name

    def bare(self, topic: str) -> str:
        """A broker's topic as the topology names it."""
        return topic.removeprefix(self.prefix)

    def group(self, service: str) -> str:
        """A service's consumer group."""
        return self.prefix + service

    def lease(self, service: str) -> str:
        """The topic whose partitions are the service's shards."""
        return self.topic(state_topic(service))

    def instance(self, service: str, slot: int) -> str:
        """A slot's transactional id and static group membership."""
        return f"{self.prefix}{service}.{slot}"

    def spiffe_id(self, party: Party) -> str:
        """A party's identity."""
        return f"spiffe://{self.trust_domain}{party.path}"
