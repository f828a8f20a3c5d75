"""A proposer in the world of the services' tests: the shipped catalogue, real rehearsals."""

from typing import Any

from fixgate.changes.catalogue import CATALOGUE
from fixgate.runtime import Runtime
from fixgate.verbs import Workload
from services.proposer.adapters.drafting import Drafting
from services.proposer.assembling import Assembles, RulesAssembler
from services.proposer.decide import Propose
from tests.services_people import FIRST
from tests.services_world import CODEC, ServicesWorld

VERB = Propose(codec=CODEC, catalogue=CATALOGUE, first_roster=FIRST.digest)


def proposer(world: ServicesWorld, assembler: Assembles | None = None, **wiring: Any) -> Runtime[Any]:
    """The service, with the rules unless something else picks."""
    gather = Drafting(CODEC, CATALOGUE, assembler or RulesAssembler(), lambda: world.now)
    return world.runtime(Workload(service="proposer", verb=VERB, gather=gather), **wiring)
