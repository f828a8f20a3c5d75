"""One pipeline for all of these tests, with every service sending its spans here; and what was reported to it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fixgate.cli.publish import Sender
from fixgate.demo import reports
from fixgate.demo.cast import Cast
from fixgate.desk import opened
from fixgate.events import Verdict
from fixgate.graph import Role, rejected_topic
from fixgate.identity import WorkloadIdentity
from fixgate.local.account import acme
from fixgate.local.account.client import Control
from fixgate.local.pipeline import GIT, pipeline_services
from fixgate.local.process import Program
from fixgate.local.stack import Stack
from fixgate.naming import Naming
from fixgate.settings import Settings
from fixgate.testing.otlp import Collector
from fixgate.topology import DESK, PIPELINE
from tests.end_to_end.feed import Feed
from tests.end_to_end.town import ACCOUNT, Town, arn

SERVICES = [p.name for p in PIPELINE.parties.values() if p.role is Role.SERVICE]
TOPICS = [
    *("findings", "assessments", "proposals", "decisions", "reviews", "grants", "intents", "outcomes", "approvals"),
    *(rejected_topic(name) for name in SERVICES),
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these need the broker."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.broker)


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    """Where all services send what they measure."""
    with Collector() as running:
        yield running


@pytest.fixture(scope="session")
def quiet_town(short_tmp: Path, collector: Collector) -> Iterator[Town]:
    """The whole pipeline, its people known to it, before anything was reported."""

    def traced(stack: Stack) -> Sequence[Program]:
        told = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "500"}
        return [replace(program, env={**program.env, **told}) for program in pipeline_services(stack)]

    home = short_tmp / "town"
    cast = Cast(home, ACCOUNT)
    cast.prepare(datetime.now(UTC))
    with Stack(home, settings=Settings(kafka_port=0), services=traced) as stack:
        desk_settings = stack.settings.model_copy(
            update={"bootstrap_servers": stack.bootstrap, "workload_api": stack.socket(DESK)}
        )
        naming = Naming(prefix=stack.settings.prefix, trust_domain=stack.settings.trust_domain)
        reader, scanner = WorkloadIdentity(stack.socket(DESK)), WorkloadIdentity(stack.socket("scanner"))
        with opened(desk_settings) as desk:
            cast.speak(desk, f"{stack.address(GIT)}/{acme.SHOP}")
            feed = Feed(reader, stack.bootstrap, naming, TOPICS)
            account = Control(stack.home.account)
            try:
                yield Town(
                    stack=stack,
                    cast=cast,
                    desk=desk,
                    feed=feed,
                    collector=collector,
                    sender=Sender(scanner, stack.bootstrap, naming.topic("findings.raw"), tls=False, ca=None),
                    account=account,
                    before=account.state(),
                    identity=reader,
                )
            finally:
                feed.close()
                reader.close()
                scanner.close()


@pytest.fixture(scope="session")
def town(quiet_town: Town) -> Town:
    """The pipeline, after scanners reported what is wrong in the company."""
    keys = {name: quiet_town.account.keys()[name]["access_key_id"] for name in (acme.LEAKED, acme.LIVE)}
    quiet_town.publish(reports.gitleaks({f"deploy/{name}.ini": key for name, key in keys.items()}))
    quiet_town.publish(reports.security_hub(acme.STAGING, acme.PRODUCTION, acme.EXCEPTED, acme.UNFIXABLE))
    quiet_town.publish(reports.zizmor(quiet_town.repository))
    return quiet_town


@pytest.fixture(scope="session")
def approved(town: Town) -> str:
    """The lock key of a change in production that waited for people until one of them approved it."""
    lock_key = arn(acme.PRODUCTION)
    _, waiting = town.decision(lock_key, Verdict.WAITING)
    assert town.bucket(acme.PRODUCTION) == town.before["buckets"][acme.PRODUCTION]
    town.approve(waiting.proposal_id)
    town.outcome(lock_key)
    return lock_key
