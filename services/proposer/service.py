"""Wiring: the proposer from a process that has begun."""

from fixgate.changes.catalogue import CATALOGUE
from fixgate.identity import WorkloadIdentity
from fixgate.process import Process
from fixgate.registry import codec_from
from fixgate.runtime.wiring import wall_clock
from fixgate.settings import Settings
from fixgate.verbs import Workload
from services.proposer.adapters.bedrock import BedrockAssembler
from services.proposer.adapters.drafting import Drafting
from services.proposer.adapters.warming import warm
from services.proposer.assembling import Assembles, RulesAssembler
from services.proposer.decide import Propose
from services.proposer.drafts import Drafted

SERVICE = "proposer"


def build(process: Process, identity: WorkloadIdentity) -> Workload[Drafted]:
    """The workload, warm; asks nobody."""
    del identity
    warm()
    codec = codec_from(process.settings)
    return Workload(
        service=SERVICE,
        verb=Propose(codec=codec, catalogue=CATALOGUE, first_roster=process.settings.roster),
        gather=Drafting(codec, CATALOGUE, assembler_of(process.settings), wall_clock),
    )


def assembler_of(settings: Settings) -> Assembles:
    """Who picks: the rules, unless a model is set."""
    if not settings.model:
        return RulesAssembler()
    return BedrockAssembler(settings.model, settings.model_endpoint, settings.aws_region)
