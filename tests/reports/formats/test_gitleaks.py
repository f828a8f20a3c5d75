"""gitleaks: both versions, what names a key, what hides a secret."""

from typing import Any, Final

import pytest

from fixgate.events import Resource, Severity
from tests.reports.making import KEY_ID, leak, old_leak, one

LEAKED = "hunter" + "2" * 20
OTHER = "correct-" + "horse-" + "battery"
SAMPLE: Final = [
    leak(LEAKED),
    leak(OTHER, File="src/billing.py", RuleID="stripe-key", StartLine=40, EndLine=40, Link=""),
    leak(KEY_ID, File="deploy/run.sh", RuleID="aws-access-token", Match=f"export KEY={KEY_ID}", Tags=["cloud"]),
    old_leak(OTHER, file="src/old.py"),
]


@pytest.mark.parametrize("make", [leak, old_leak])
def test_a_leaked_key_of_aws_is_named_by_its_id(make: Any) -> None:
    """The id is an identity and a resource whose user is still to be found."""
    finding = one([make(KEY_ID)])
    assert finding.resource == Resource(kind="aws.iam.access_key", id=KEY_ID)
    assert finding.identity is not None
    assert (finding.identity.kind, finding.identity.id) == ("aws.iam.access_key", KEY_ID)
    assert finding.secret is not None
    assert (finding.secret.kind, finding.problem_key) == ("aws_access_key", f"secret:{finding.secret.hash}")


def test_a_severity_that_is_not_there_is_unknown() -> None:
    """It is not low."""
    assert one([leak(LEAKED)]).severity.normalised is Severity.UNKNOWN


def test_both_versions_of_gitleaks_mark_the_same_secret_alike() -> None:
    """The value of an assignment is the secret, not the assignment."""
    new, old = one([leak(LEAKED)]), one([old_leak(LEAKED)])
    assert new.secret is not None
    assert old.secret is not None
    assert new.secret.hash == old.secret.hash
    assert new.problem_key == old.problem_key


@pytest.mark.parametrize("hidden", ["REDACTED", "", "AKIA...", "*****"])
def test_a_secret_that_the_scanner_hid_has_no_mark(hidden: str) -> None:
    """The hash of a mask would make strangers the same problem."""
    finding = one([leak(hidden, Match="REDACTED")])
    assert finding.secret is None
    assert not finding.problem_key.startswith("secret:")


def test_the_repository_is_the_senders_word_else_the_links() -> None:
    """A link to a line says where the repository is."""
    linked = leak(LEAKED, Link="https://git.test/acme/shop/blob/8c1f0d2/deploy.sh#L2")
    assert one([linked]).repository == "https://git.test/acme/shop"
    assert one([linked], repository="https://git.test/fork").repository == "https://git.test/fork"
