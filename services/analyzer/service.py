"""Wiring: the analyzer from a process that has begun."""

from fixgate.identity import WorkloadIdentity
from fixgate.process import Process
from fixgate.registry import codec_from
from fixgate.runtime.wiring import wall_clock
from fixgate.verbs import Workload
from services.analyzer.adapters.credentials import Places, ReadSessions
from services.analyzer.adapters.discovery import Discovery
from services.analyzer.decide import Classify
from services.analyzer.gathered import Gathered
from services.analyzer.rules import load

SERVICE = "analyzer"


def build(process: Process, identity: WorkloadIdentity) -> Workload[Gathered]:
    """The workload; raises Misconfigured for rules that are not valid. Asks nobody."""
    settings = process.settings
    codec = codec_from(settings)
    places = Places(
        endpoint=settings.aws_endpoint,
        region=settings.aws_region,
        role=settings.aws_read_role,
        git_mirrors=settings.git_mirrors,
        git_host=settings.git_host,
    )
    sessions = ReadSessions(places, identity, wall_clock)
    sessions.prepare()
    return Workload(
        service=SERVICE,
        verb=Classify(codec=codec, rules=load(), first_roster=settings.roster),
        gather=Discovery(codec, sessions, wall_clock),
    )
