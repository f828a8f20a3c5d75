"""Who may do what on the broker, derived from the topology: law 1 of the design. Nothing else is granted.

    whoever reads a topic            READ on it, and READ on the one consumer group of its own name
    whoever writes a topic           WRITE on it (an idempotent producer needs no more)
    a service                        and WRITE on the transactional ids that begin with its own name

DESCRIBE is never granted by itself: READ and WRITE imply it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from fixgate.graph import Party, Role, Topology
from fixgate.naming import Naming


class Resource(StrEnum):
    """What a grant is about."""

    TOPIC = "topic"
    GROUP = "group"
    TRANSACTIONAL_ID = "transactionalId"


class Operation(StrEnum):
    """What a grant allows."""

    READ = "Read"
    WRITE = "Write"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Grant:
    """One thing that one identity may do; `name` is the whole name, or its beginning where `prefixed`."""

    party: str
    principal: str
    """The SPIFFE ID; on the broker it is `User:` and this."""
    resource: Resource
    name: str
    prefixed: bool
    operation: Operation


def principal_root(naming: Naming) -> str:
    """What every SPIFFE ID of this project begins with, also that of a party which is in the topology no more."""
    return naming.spiffe_id(Party(name="", role=Role.PROCESS, purpose=""))


def transactional_ids(service: str, naming: Naming) -> str:
    """What every transactional id of the service begins with: the rest is the slot.

    It ends in a dot, so that no service's ids begin with another's.
    """
    return naming.instance(service, 0).removesuffix("0")


def grants(topology: Topology, naming: Naming) -> tuple[Grant, ...]:
    """Everything that is granted in a deployment, sorted; a pure function of what it is given."""
    return tuple(sorted(g for party in topology.parties.values() for g in _of(party, naming)))


def _of(party: Party, naming: Naming) -> Iterator[Grant]:
    who = naming.spiffe_id(party)

    def grant(resource: Resource, name: str, operation: Operation, *, prefixed: bool = False) -> Grant:
        return Grant(
            party=party.name, principal=who, resource=resource, name=name, prefixed=prefixed, operation=operation
        )

    for topic in dict.fromkeys(party.reads):
        yield grant(Resource.TOPIC, naming.topic(topic), Operation.READ)
    for topic in dict.fromkeys(party.writes):
        yield grant(Resource.TOPIC, naming.topic(topic), Operation.WRITE)
    if party.reads:
        yield grant(Resource.GROUP, naming.group(party.name), Operation.READ)
    if party.role is Role.SERVICE:
        ids = transactional_ids(party.name, naming)
        yield grant(Resource.TRANSACTIONAL_ID, ids, Operation.WRITE, prefixed=True)
