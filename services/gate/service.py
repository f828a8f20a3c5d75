"""Wiring: the gate from a process that has begun."""

from datetime import timedelta
from pathlib import Path
from typing import Final

from fixgate.changes.catalogue import CATALOGUE
from fixgate.identity import WorkloadIdentity
from fixgate.policy.bundle import Bundle
from fixgate.policy.ceiling import Ceiling
from fixgate.policy.shipped import policies_folder
from fixgate.process import Process
from fixgate.registry import codec_from
from fixgate.topology import PIPELINE
from fixgate.verbs import Workload, gather_nothing
from services.gate.decide import Judge

SERVICE: Final = "gate"
TICKS: Final = timedelta(seconds=1)
"""How late a wait may end."""


def build(process: Process, identity: WorkloadIdentity) -> Workload[None]:
    """The workload; raises Misconfigured for policies or a ceiling that are not valid. Asks nobody."""
    del identity  # the gate calls nobody
    settings = process.settings
    judge = Judge(
        codec=codec_from(settings),
        bundle=Bundle.load(policies_folder(settings.policies)),
        catalogue=CATALOGUE,
        ceiling=Ceiling.load(Path(settings.ceiling) if settings.ceiling else None),
        first_roster=settings.roster,
        executor=process.naming.spiffe_id(PIPELINE.party("executor")),
    )
    return Workload(service=SERVICE, verb=judge, gather=gather_nothing, ticks=TICKS)
