"""What reports come to: whoever found it, the same trouble has the same kind, and reaches its template."""

from typing import Any, Final

import pytest

from fixgate.events import Environment, Finding
from services.analyzer.rules import UNCLASSIFIED, load
from tests.reports.formats import test_checkov as checkov
from tests.reports.formats import test_ggshield as ggshield
from tests.reports.formats import test_prowler as prowler
from tests.reports.formats import test_semgrep as semgrep
from tests.reports.formats import test_trufflehog as trufflehog
from tests.reports.formats import test_trufflehog2 as trufflehog2
from tests.reports.formats import test_trufflehog3 as trufflehog3
from tests.reports.formats import test_zizmor as zizmor
from tests.reports.making import KEY_ID, leak, one

REPOSITORY: Final = "https://git.test/acme/shop"
RULES: Final = load()
PINNING: Final = "yaml.github-actions.security.third-party-action-not-pinned-to-commit-sha"
KEY_RULE: Final = "generic.secrets.security.detected-aws-access-key-id-value"
KEYS: Final[tuple[Any, ...]] = (
    [leak(KEY_ID)],
    trufflehog.key(),
    trufflehog.key(Raw="", RawV2=""),
    [trufflehog2.hit(KEY_ID, reason="AWS API Key")],
    [trufflehog3.hit(KEY_ID)],
    ggshield.scan(ggshield.entity(ggshield.incident(ggshield.part(KEY_ID, "client_id"), kind="AWS Keys"))),
    semgrep.scan([semgrep.hit(KEY_RULE, "run.sh", lines=f"KEY={KEY_ID}")]),
)


def kind(finding: Finding) -> str:
    """What the rules say of a finding about its own resource."""
    return RULES.classify(finding, finding.resource, Environment.STAGING).kind


@pytest.mark.parametrize("value", [trufflehog.hit("hunter" + "2" * 20), prowler.new("s3_bucket_no_mfa_delete")])
def test_what_no_template_is_for_stays_unclassified(value: Any) -> None:
    """Another secret, another check of a bucket."""
    assert kind(one([value])) == UNCLASSIFIED


@pytest.mark.parametrize("value", KEYS)
def test_a_leaked_key_is_one_whoever_found_it(value: Any) -> None:
    """Also when its secret was taken out of the report."""
    finding = one(value)
    assert (kind(finding), finding.resource and finding.resource.id) == ("leaked_access_key", KEY_ID)


def test_a_leaked_key_is_one_problem_whoever_found_it() -> None:
    """By the hash of its id."""
    shown = [value for value in KEYS if value is not KEYS[2]]
    assert len({one(value).problem_key for value in shown}) == 1


@pytest.mark.parametrize("value", [[prowler.new()], [prowler.old()], checkov.framework([checkov.check("CKV_AWS_20")])])
def test_a_public_bucket_is_one_whoever_found_it(value: Any) -> None:
    """In the cloud or in the code."""
    assert kind(one(value)) == "public_bucket"


@pytest.mark.parametrize(
    "value",
    [[zizmor.hit()], semgrep.scan([semgrep.hit(PINNING, zizmor.WORKFLOW, lines="- uses: acme/build@v1")])],
)
def test_an_action_that_is_not_pinned_is_one_whoever_found_it(value: Any) -> None:
    """Where the repository is known."""
    finding = one(value, repository=REPOSITORY)
    assert (kind(finding), finding.labels["uses"]) == ("unpinned_action", "acme/build@v1")
    assert kind(one(value)) == UNCLASSIFIED
