"""Puts the issuer together; nothing else."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

from fixgate.changes.catalogue import CATALOGUE
from fixgate.changes.session_policy import session_policy
from fixgate.errors import Misconfigured
from fixgate.identity import WorkloadIdentity
from fixgate.intake import Intake
from fixgate.minting.server import Minting, MintServer
from fixgate.policy.bundle import Bundle
from fixgate.policy.ceiling import Ceiling
from fixgate.policy.shipped import policies_folder
from fixgate.process import Process
from fixgate.registry import codec_from
from fixgate.runtime.wiring import wall_clock
from fixgate.settings import Settings
from fixgate.telemetry import Alarm
from fixgate.topology import PIPELINE
from fixgate.verbs import Workload, gather_nothing
from services.issuer.adapters.aws import AwsSessions
from services.issuer.adapters.git import GitTokens
from services.issuer.calls import Calls
from services.issuer.deaths import Deaths
from services.issuer.decide import Admit
from services.issuer.judging import Judging
from services.issuer.outside import Outside
from services.issuer.scopes import AWS, GIT
from services.issuer.systems import CredentialSystem
from services.issuer.vault import Vault

TICKS: Final = timedelta(seconds=1)


def build(process: Process, identity: WorkloadIdentity) -> Workload[None]:
    """The issuer's workload; raises Misconfigured."""
    settings = process.settings
    if not settings.issuer:
        raise Misconfigured("the issuer does not know where to listen", remedy="Set FIXGATE_ISSUER to host:port.")
    codec = codec_from(settings)
    executor = process.naming.spiffe_id(PIPELINE.party("executor"))
    judging = Judging(
        codec=codec,
        catalogue=CATALOGUE,
        bundle=Bundle.load(policies_folder(settings.policies)),
        ceiling=Ceiling.load(Path(settings.ceiling) if settings.ceiling else None),
        first_roster=settings.roster,
    )
    systems, vault = _systems(settings, lambda audience: identity.jwt(audience)[0]), Vault()

    def alarm(message: str) -> None:
        process.telemetry.log.alarm(Alarm.CREDENTIAL, message)

    def listen(minting: Minting) -> MintServer:
        return MintServer(settings.issuer, identity, executor, minting)

    deaths = Deaths(systems, vault, clock=wall_clock, alarm=alarm)
    calls = Calls(Intake(PIPELINE, process.naming, codec, identity.trust), systems, vault, deaths, wall_clock)
    return Workload(
        service="issuer",
        verb=Admit(codec=codec, judge=judging, executor=executor),
        gather=gather_nothing,
        ticks=TICKS,
        effects=Outside(calls, deaths, vault, listen),
    )


def _systems(settings: Settings, token: Callable[[str], str]) -> dict[str, CredentialSystem]:
    aws = AwsSessions(
        token=token,
        session_policy=session_policy,
        issuer_role=settings.aws_issuer_role,
        change_role=settings.aws_change_role,
        region=settings.aws_region,
        endpoint=settings.aws_endpoint,
    )
    return {AWS: aws, GIT: GitTokens(settings.git_host, token=token)}
