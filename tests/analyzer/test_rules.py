"""The classification rules: what is not valid is refused at the start, and what holds is named."""

from dataclasses import replace

import pytest

from fixgate.errors import Misconfigured
from fixgate.events import Environment, Finding, Resource, SecretMark, Severity, SeverityRating
from services.analyzer.rules import UNCLASSIFIED, load
from tests.samples import (
    ACCESS_KEY,
    BUCKET,
    WORKFLOW,
    absent,
    fact,
    finding,
    public_bucket,
    unpinned_action,
    unreadable,
)

RULES = load()
SOME = "{id: some-rule, words: w, match: {tool: [x]}, says: {}}"
SECRET = SecretMark(kind="aws_access_key", hash="ab" * 32, key_id="k1", masked="AKIA…")


@pytest.mark.parametrize(
    "text",
    [
        "- [",
        "version: 2\nrules: []",
        "version: 1\nrules: []",
        "version: 1\nrules: [{id: some-rule, words: w, match: {}, says: {}}]",
        "version: 1\nrules: [{id: some-rule, words: w, match: {tool: []}, says: {}}]",
        "version: 1\nrules: [{id: some-rule, words: w, match: {tool: [x], colour: [red]}, says: {}}]",
        "version: 1\nrules: [{id: some-rule, words: w, match: {tool: [x]}, says: {kind: public_bucket}}]",
        "version: 1\nrules: [{id: some-rule, words: w, match: {tool: [x]}, says: {at_most: low}}]",
        "version: 1\nrules: [{id: some-rule, words: w, match: {tool: [x]}, says: {facts: {state: true}}}]",
        f"version: 1\nrules: [{SOME}, {SOME}]",
    ],
)
def test_rules_that_are_not_valid_are_refused_at_the_start(text: str) -> None:
    """No YAML, another version, no rules, no conditions, unknown words, a kind without its asset, a name twice."""
    with pytest.raises(Misconfigured, match="classification rules"):
        load(text)


def test_what_no_rule_knows_is_unclassified() -> None:
    """A kind is never guessed."""
    judged = RULES.classify(finding(rule_id="something-else"), ACCESS_KEY, Environment.STAGING)
    assert (judged.kind, judged.asset_type, judged.rules) == (UNCLASSIFIED, "unknown", ())


def test_a_kind_needs_its_target() -> None:
    """A rule's name alone does not make a bucket of a key, nor anything of a target that was not made out."""
    other = finding(secret=SECRET, rule_id="s3_bucket_public_access")
    assert RULES.classify(other, ACCESS_KEY, Environment.STAGING).kind == "leaked_access_key"
    assert RULES.classify(other, None, Environment.STAGING).kind == UNCLASSIFIED


@pytest.mark.parametrize(
    ("found", "target", "kind", "asset_type"),
    [
        (finding(rule_id="x", secret=SECRET), ACCESS_KEY, "leaked_access_key", "access_key"),
        (finding(rule_id="aws-access-token"), ACCESS_KEY, "leaked_access_key", "access_key"),
        (finding(rule_id="AWS", tool="trufflehog"), ACCESS_KEY, "leaked_access_key", "access_key"),
        (finding(rule_id="AWS Keys", tool="ggshield"), ACCESS_KEY, "leaked_access_key", "access_key"),
        (
            finding(rule_id="UnauthorizedAccess:IAMUser/MaliciousIPCaller"),
            ACCESS_KEY,
            "leaked_access_key",
            "access_key",
        ),
        (public_bucket(), BUCKET, "public_bucket", "bucket"),
        (public_bucket(rule_id="security-control/S3.8"), BUCKET, "public_bucket", "bucket"),
        (public_bucket(rule_id="CKV_AWS_53"), BUCKET, "public_bucket", "bucket"),
        (public_bucket(rule_id="extra73"), BUCKET, "public_bucket", "bucket"),
        (public_bucket(rule_id="AVD-AWS-0086"), BUCKET, "public_bucket", "bucket"),
        (unpinned_action(), WORKFLOW, "unpinned_action", "workflow"),
        (unpinned_action(rule_id="zizmor/unpinned-uses"), WORKFLOW, "unpinned_action", "workflow"),
    ],
)
def test_known_findings_have_their_kind(found: Finding, target: Resource, kind: str, asset_type: str) -> None:
    """By the secret's kind or by the scanner's rule, whatever its case."""
    judged = RULES.classify(found, target, Environment.STAGING)
    assert (judged.kind, judged.asset_type) == (kind, asset_type)
    assert judged.rules


def test_rules_raise_a_severity_and_never_lower_it() -> None:
    """Unknown is raised to the rule's floor, critical stays."""
    low = SeverityRating(normalised=Severity.UNKNOWN, derivation="none")
    worst = SeverityRating(normalised=Severity.CRITICAL, derivation="rule")
    assert RULES.classify(finding(severity=low), ACCESS_KEY, Environment.STAGING).severity is Severity.HIGH
    assert RULES.classify(finding(severity=worst), ACCESS_KEY, Environment.STAGING).severity is Severity.CRITICAL


def test_production_is_named_and_so_is_unknown() -> None:
    """Nobody knows where it serves: it is treated like production."""
    small = finding(severity=SeverityRating(normalised=Severity.LOW, derivation="rule"), rule_id="none")
    for environment in (Environment.PRODUCTION, Environment.UNKNOWN):
        judged = RULES.classify(small, ACCESS_KEY, environment)
        assert (judged.severity, judged.rules) == (Severity.MEDIUM, ("production",))
    assert RULES.classify(small, ACCESS_KEY, Environment.TEST).severity is Severity.LOW


def test_a_problem_is_over_only_by_what_was_certainly_read() -> None:
    """An unreadable or absent status shows nothing, and the text `False` is not the truth value."""
    kind = "leaked_access_key"
    assert not RULES.is_over(kind, [unreadable("key_status"), absent("exists")])
    assert not RULES.is_over("public_bucket", [fact("public.aws:s3", "False"), fact("public.report", False)])
    assert RULES.is_over(kind, [fact("key_status", "Inactive")])
    assert RULES.is_over("public_bucket", [fact("public.aws:s3", False)])
    assert not RULES.is_over(UNCLASSIFIED, [fact("exists", False)])


def test_what_a_rule_means_is_a_fact_of_the_report() -> None:
    """A rule for unused keys says that the scanner says so."""
    found = replace(finding(), rule_id="iam_user_accesskey_unused")
    assert RULES.classify(found, ACCESS_KEY, Environment.STAGING).said == {"unused": True}
