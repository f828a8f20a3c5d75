"""The seeded roles against the catalogue, and its session policies against an evaluator that it does not know."""

from datetime import UTC, datetime, timedelta

import pytest

from fixgate.changes.catalogue import CATALOGUE
from fixgate.changes.session_policy import session_policy
from fixgate.events import Call
from fixgate.local.account.policy import Asked, Verdict, evaluate
from fixgate.local.account.roles import CHANGES, ISSUER_ROLE, READ_ROLE, pipeline_roles

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
USER = "arn:aws:iam::123456789012:user/ci-legacy"


def test_a_role_may_what_its_template_declares_and_nothing_else() -> None:
    """Each template with a credential of AWS has a role, and each role a template."""
    declared = {
        name: {p.action for p in template.manifest.permissions}
        for name, template in CATALOGUE.templates.items()
        if template.manifest.credential_kind == "aws"
    }
    assert {name: {*actions} for name, (actions, _) in CHANGES.items()} == declared


def test_the_reading_role_reads_and_the_issuers_takes_roles() -> None:
    """Neither can change anything by itself."""
    roles = {role.name: role for role in pipeline_roles("fixgate.internal")}

    def actions(name: str) -> set[str]:
        return {a for p in roles[name].policies.values() for s in p["Statement"] for a in s["Action"]}

    assert all(action.partition(":")[2].startswith(("Get", "List")) for action in actions(READ_ROLE))
    assert actions(ISSUER_ROLE) == {"sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"}


@pytest.mark.parametrize(
    ("action", "resource", "now"),
    [
        ("iam:DeleteAccessKey", USER, NOON),
        ("iam:UpdateAccessKey", USER + "2", NOON),
        ("iam:UpdateAccessKey", USER[:-1], NOON),
        ("iam:UpdateAccessKey", "*", NOON),
        ("iam:UpdateAccessKey", USER, NOON + timedelta(seconds=120)),
        ("iam:UpdateAccessKey", USER, NOON + timedelta(days=1)),
    ],
)
def test_a_session_policy_lets_nothing_else_through(action: str, resource: str, now: datetime) -> None:
    """Other actions, other users, another time."""
    assert verdict(action, resource, now) is Verdict.SILENT


def test_a_session_policy_lets_its_calls_through() -> None:
    """Until the last second."""
    assert verdict("iam:UpdateAccessKey", USER, NOON + timedelta(seconds=119)) is Verdict.ALLOWED


def verdict(action: str, resource: str, now: datetime) -> Verdict:
    """What the policy of one call, for two minutes from noon, says."""
    text = session_policy([Call(action="iam:UpdateAccessKey", resource=USER)], NOON + timedelta(seconds=120))
    asked = Asked(action=action, resource=resource, context={"aws:currenttime": (now.isoformat(),)})
    return evaluate((text,), asked)
