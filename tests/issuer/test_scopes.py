"""What a credential is for: of one account, of one branch of the target's own repository, or there is none."""

from dataclasses import replace

import pytest

from fixgate.changes.session_policy import GIT_PUSH
from fixgate.events import Call
from services.issuer.scopes import Scope, scope_of
from tests.changes.drafts import BUCKET, KEY, PIN, draft

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    "pushed",
    [
        "https://git.example.org/team/other.git#refs/heads/fixgate/x",
        "https://git.example.org/team/app.git#refs/heads/fixgate/x#refs/heads/main",
        "https://git.example.org.evil.example/team/app.git#refs/heads/fixgate/x",
    ],
)
def test_a_push_goes_to_the_targets_own_repository(pushed: str) -> None:
    """Whatever the calls say."""
    proposal, _ = draft(PIN)
    assert isinstance(scope_of(proposal, DIGEST), Scope)
    calls = (*(c for c in proposal.calls if c.action != GIT_PUSH), Call(action=GIT_PUSH, resource=pushed))
    assert (
        scope_of(replace(proposal, calls=calls), DIGEST) == "the change pushes to another repository than its target's"
    )


@pytest.mark.parametrize("template_id", [KEY, BUCKET])
@pytest.mark.parametrize("account", [None, "", "*", "123456789012:role/administrator"])
def test_without_an_account_there_is_no_session(template_id: str, account: str | None) -> None:
    """Its number becomes a part of a role's name."""
    proposal, _ = draft(template_id)
    assert isinstance(scope_of(proposal, DIGEST), Scope)
    nowhere = replace(proposal, target=replace(proposal.target, account=account))
    assert scope_of(nowhere, DIGEST) == "the account of the change's target is not known"
