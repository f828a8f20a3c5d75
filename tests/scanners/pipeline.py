"""From a report's bytes to assessments: ingest and the analyzer on the real runtime, git repositories on the disk."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from fixgate.events import Assessment, Finding
from fixgate.local.account.roles import READ_ROLE
from fixgate.objects import FileStore
from fixgate.resources import Session, Unreadable
from fixgate.resources.sessions import aws_session
from fixgate.sealing import Seal
from fixgate.verbs import Workload
from services.analyzer.adapters.credentials import Places, ReadSessions
from services.analyzer.adapters.discovery import Discovery
from services.analyzer.decide import Classify
from services.analyzer.rules import load
from services.ingest.adapters.originals import Originals
from services.ingest.hints import REPOSITORY_LABEL
from services.ingest.service import workload
from tests.local.account.world import World
from tests.reports.making import KEY
from tests.resources.repositories import bare_repository
from tests.scanners.project import ACTION, files
from tests.services_people import FIRST
from tests.services_world import CODEC, NAMING, ServicesWorld


@dataclass(frozen=True, slots=True)
class OnDisk:
    """The analyzer's sessions: repositories are read, and an account if there is one."""

    session: Session
    account: World | None

    def repository(self, address: str) -> Session:
        """The same for each."""
        assert address
        return self.session

    def of(self, account: str) -> Session:
        """In the emulated account, as the analyzer gets in."""
        if self.account is None:
            raise Unreadable("there is no account here")
        role = f"arn:aws:iam::{{account}}:role/{READ_ROLE}"
        places = Places(endpoint=self.account.account.endpoint, region="us-east-1", role=role, git_mirrors="")
        return ReadSessions(places, Tokens(self.account), now).of(account)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The analyzer's tokens."""

    account: World

    def jwt(self, audience: str) -> tuple[str, float]:
        """A new one."""
        return self.account.authority.token("analyzer", audience), time.time() + 60


def now() -> datetime:
    """The time of repositories and the account, which is the machine's."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a report, and all bytes that were written on the way."""

    findings: list[Finding]
    assessments: list[Assessment]
    written: bytes


def sent(report: bytes, folder: Path, account: World | None = None) -> Came:
    """What comes of a report about the project, when its sender names the repository."""
    repository = folder / "shop"
    bare_repository(repository, files())
    bare_repository(folder / "mirrors" / ACTION, {"action.yml": "name: set up\n"}, tag="v2")
    session = aws_session(None, "", "", git_mirrors=str(folder / "mirrors"), git_local=True)
    with ServicesWorld(folder) as world:
        world.broker.append(
            NAMING.topic("findings.raw"), report, headers=((REPOSITORY_LABEL, str(repository).encode()),)
        )
        seal = Seal(X25519PrivateKey.generate().public_key())
        ingest = workload(KEY, Originals(store=FileStore(folder / "objects"), sealer=seal))
        verb = Classify(codec=CODEC, rules=load(), first_roster=FIRST.digest)
        analyzer = Workload(service="analyzer", verb=verb, gather=Discovery(CODEC, OnDisk(session, account), now))
        world.work(world.runtime(ingest, sealer=seal), world.runtime(analyzer))
        assert world.rejected("ingest") == world.rejected("analyzer") == []
        topics = ("findings", "ingest.state", "assessments", "analyzer.state")
        written = b"".join((r.key or b"") + (r.value or b"") for t in topics for r in world.inbound(t))
        return Came(world.read("findings", Finding), world.read("assessments", Assessment), written)
