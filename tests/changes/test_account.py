"""Every template in the emulated account, under exactly the credential that its plan asks for."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fixgate import targets
from fixgate.changes.catalogue import CATALOGUE
from fixgate.changes.samples import sample
from fixgate.changes.session_policy import push_target, session_policy
from fixgate.changes.template import Applicable, Case, Plan, Stage
from fixgate.events import OracleVerdict, Resource
from fixgate.resources.readers import read, resolve
from fixgate.resources.reading import Session
from fixgate.resources.sessions import aws_session
from tests.changes.drafts import BUCKET, IDS, PIN
from tests.local.account.world import ACCOUNT, Credentials, World, new_world

REGION = "us-east-1"


@pytest.fixture(scope="module")
def world(short_tmp: Path) -> Iterator[World]:
    """The account, started once."""
    made = new_world(short_tmp / "changes")
    with made.account:
        yield made


def session_of(world: World, credentials: Credentials) -> Session:
    """A session with these."""
    given = {
        "access_key_id": credentials["key"],
        "secret_access_key": credentials["proof"],
        "session_token": credentials["token"],
    }
    return aws_session(given, world.account.endpoint, REGION, git_mirrors=world.account.git)


def target_of(template_id: str, world: World, reader: Session) -> Resource:
    """Something for the template to change."""
    match template_id:
        case "aws-iam-deactivate-access-key":
            key = next(iter(world.account.control.keys().values()))
            found = resolve(targets.bare_access_key(key["access_key_id"], ACCOUNT), reader)
            assert found is not None
            return found
        case "aws-s3-block-public-access":
            return targets.bucket(ACCOUNT, "acme-staging-assets", REGION)
        case _:
            return targets.workflow(f"{world.account.git}/acme/shop.git", ".github/workflows/ci.yml")


def change_session(template_id: str, plan: Plan, world: World) -> Session:
    """The credential for this plan and nothing else, as an issuer makes it."""
    if template_id != PIN:
        policy = session_policy(plan.calls, datetime.now(UTC) + timedelta(seconds=100))
        return session_of(world, world.change(template_id, Policy=policy))
    repository, ref = push_target(plan.calls)
    name = repository.removeprefix(world.account.git + "/").removesuffix(".git")
    status, answer = world.git_token(name, ref)
    assert status < 300
    return aws_session({"token": answer["token"]}, "", "", git_mirrors=world.account.git)


@pytest.mark.parametrize("template_id", IDS)
def test_a_change_is_made_judged_and_undone_with_its_own_credential(template_id: str, world: World) -> None:
    """No call is missing from the plan, and the target is as it was in the end."""
    reader = session_of(world, world.take("analyzer", "fixgate-read"))
    target, template = target_of(template_id, world, reader), CATALOGUE.templates[template_id]
    before = read(target, reader, datetime.now(UTC))
    assert before.projection is not None, before.why
    case = Case(
        assessment=sample(template),
        target=target,
        facts={fact.name: fact for fact in before.facts},
        projection=before.projection,
    )
    offered = template.operations.offers(case)
    assert isinstance(offered, Applicable)
    plan = template.operations.plan(case, {name: offers[0].value for name, offers in offered.slots.items()})
    session = change_session(template_id, plan, world)
    stage = Stage(
        session=session, read=lambda wanted: read(wanted, session, datetime.now(UTC)), now=lambda: datetime.now(UTC)
    )
    done = template.operations.perform(plan, plan.steps[0], before.projection, stage)
    assert done.succeeded, done.detail
    results = template.operations.validate(plan, before.projection, stage)
    assert [result.detail for result in results if result.verdict is not OracleVerdict.PASSED] == []
    assert all(result.succeeded for result in template.operations.undo(plan, before.projection, stage))
    assert stage.read(target).projection == before.projection


def test_a_bucket_that_stays_open_is_seen(world: World) -> None:
    """Its settings are right, and anybody reads it all the same."""
    reader = session_of(world, world.take("analyzer", "fixgate-read"))
    target = targets.bucket(ACCOUNT, "acme-staging-mirror", REGION)
    before = read(target, reader, datetime.now(UTC)).projection
    assert before is not None
    template = CATALOGUE.templates[BUCKET]
    plan = template.operations.plan(Case(assessment=sample(template), target=target, facts={}, projection=before), {})
    session = change_session(BUCKET, plan, world)
    stage = Stage(
        session=session, read=lambda wanted: read(wanted, session, datetime.now(UTC)), now=lambda: datetime.now(UTC)
    )
    assert template.operations.perform(plan, plan.steps[0], before, stage).succeeded
    verdicts = {result.name: result.verdict for result in template.operations.validate(plan, before, stage)}
    assert verdicts == {"settings": OracleVerdict.PASSED, "anonymous": OracleVerdict.FAILED}
    assert template.operations.undo(plan, before, stage)[0].succeeded
