"""The executor, put together."""

import threading
from pathlib import Path

from fixgate.changes.catalogue import CATALOGUE
from fixgate.changes.rehearsal import rehearse
from fixgate.errors import Misconfigured
from fixgate.identity import WorkloadIdentity
from fixgate.minting.client import Issuer
from fixgate.objects import FileStore
from fixgate.process import Process
from fixgate.registry import codec_from
from fixgate.resources.sessions import Sessions
from fixgate.runtime.wiring import wall_clock
from fixgate.verbs import Workload, gather_nothing
from services.executor.adapters.acts import Acts
from services.executor.adapters.bounds import beside_us, crowd, refusal
from services.executor.adapters.engine import Engine
from services.executor.adapters.ports import Ports
from services.executor.adapters.snapshots import sealed_snapshots
from services.executor.adapters.workshop import CatalogueWorkshop
from services.executor.decide import Plan


def build(process: Process, identity: WorkloadIdentity) -> Workload[None]:
    """The executor of this process; raises Misconfigured."""
    settings = process.settings
    if not settings.issuer and not settings.recommend_only:
        raise Misconfigured(
            "the executor has no issuer, so it could change nothing",
            remedy="Set FIXGATE_ISSUER to host:port, or FIXGATE_RECOMMEND_ONLY.",
        )
    codec = codec_from(settings)
    stopping = threading.Event()

    sessions = Sessions(settings.aws_endpoint, settings.aws_region, git_mirrors=settings.git_mirrors)
    workshop = CatalogueWorkshop(CATALOGUE, rehearse, sessions.of, wall_clock)
    folder = Path(settings.snapshots) if settings.snapshots else settings.home / "snapshots"
    issuer = Issuer(settings.issuer, identity)
    ports = Ports(
        issuer=issuer,
        workshop=workshop,
        snapshots=sealed_snapshots(FileStore(folder), settings.snapshot_key, process.state),
        attest=lambda kind, payload: identity.signer().attest(kind, payload),
        clock=wall_clock,
        wait=stopping.wait,
        bounds=crowd(settings.aws_endpoint, beside_us),
    )
    verb = Plan(
        codec=codec,
        executor=identity.spiffe_id,
        roster=settings.roster,
        steps=workshop.steps,
        refusal=refusal(identity.trust, settings.aws_endpoint),
        recommend_only=settings.recommend_only,
    )
    engine = Engine(Acts(ports), codec, process.telemetry, wait=stopping.wait, stopping=stopping, ending=issuer.close)
    return Workload(service="executor", verb=verb, gather=gather_nothing, effects=engine)
