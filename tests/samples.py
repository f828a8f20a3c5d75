"""Records to begin from: good ones, as the services would write them; a test changes what it is about."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from fixgate import targets
from fixgate.events import (
    AffectedIdentity,
    Assessment,
    AssessmentStatus,
    BlastLevel,
    BlastRadius,
    Environment,
    Fact,
    FactState,
    Finding,
    FindingStatus,
    ManagedBy,
    Original,
    Ownership,
    Resource,
    Reversibility,
    Severity,
    SeverityRating,
    Signed,
    Source,
)
from fixgate.forms import Scalar
from tests.fixgate.certificates import NOW

ACCOUNT: Final = "111122223333"
USER: Final = "ci/deploy"
KEY_ID: Final = "AKIA" + "TESTONLY" + "00000001"
ACCESS_KEY: Final = targets.access_key(ACCOUNT, USER, KEY_ID)
BUCKET: Final = targets.bucket(ACCOUNT, "example-staging-assets", "us-east-1")
WORKFLOW: Final = targets.workflow("https://git.example.org/team/app.git", ".github/workflows/ci.yaml")


def finding(**changed: Any) -> Finding:
    """A scanner found a leaked access key whose user it knows."""
    made = Finding(
        finding_id="finding-1",
        problem_key=f"identity:aws.iam.user:{ACCESS_KEY.id}",
        fingerprint="v1:abc",
        source=Source(name="scanner", principal="spiffe://fixgate.internal/fixgate/scanner"),
        tool="gitleaks",
        format="gitleaks",
        rule_id="aws-access-token",
        severity=SeverityRating(normalised=Severity.HIGH, derivation="rule"),
        status=FindingStatus.OPEN,
        account=ACCOUNT,
        resource=ACCESS_KEY,
        identity=AffectedIdentity(kind="aws.iam.user", id=ACCESS_KEY.id.partition("#")[0], credential=KEY_ID),
        original=Original(digest="sha256:" + "1" * 64),
        reported_at=NOW,
    )
    return replace(made, **changed)


def public_bucket(**changed: Any) -> Finding:
    """A scanner found a public bucket."""
    made = finding(
        finding_id="finding-2",
        problem_key=f"resource:aws.s3.bucket:{BUCKET.id}:public",
        tool="Prowler",
        format="ocsf",
        rule_id="s3_bucket_public_access",
        resource=BUCKET,
        identity=None,
    )
    return replace(made, **changed)


def unpinned_action(**changed: Any) -> Finding:
    """A scanner found a workflow that uses an action by a tag."""
    made = finding(
        finding_id="finding-3",
        problem_key=f"resource:git.workflow:{WORKFLOW.id}:unpinned",
        tool="semgrep",
        format="sarif",
        rule_id="yaml.github-actions.security.third-party-action-not-pinned-to-commit-sha",
        resource=WORKFLOW,
        account=None,
        identity=None,
        repository="https://git.example.org/team/app.git",
    )
    return replace(made, **changed)


def fact(name: str, value: Scalar, source: str = "aws:iam", at: datetime = NOW) -> Fact:
    """Something that is known."""
    return Fact(name=name, state=FactState.VALUE, value=value, source=source, observed_at=at)


def absent(name: str, source: str = "aws:iam", at: datetime = NOW) -> Fact:
    """Something that is certainly not there."""
    return Fact(name=name, state=FactState.ABSENT, source=source, observed_at=at)


def unreadable(name: str, why: str = "access denied", source: str = "aws:iam", at: datetime = NOW) -> Fact:
    """Something of which nobody can tell."""
    return Fact(name=name, state=FactState.UNREADABLE, why=why, source=source, observed_at=at)


def key_projection(status: str = "Active", **tags: str) -> dict[str, Any]:
    """The projection of `ACCESS_KEY`."""
    return {
        "user": USER.rpartition("/")[2],
        "keys": {KEY_ID: {"status": status, "created": "2025-01-01T00:00:00Z"}},
        "tags": tags,
    }


def key_facts(status: str = "Active", at: datetime = NOW) -> tuple[Fact, ...]:
    """What a reader says of `ACCESS_KEY`: unused for long, the user's only one."""
    state = json.dumps(key_projection(status), sort_keys=True, separators=(",", ":"))
    return (
        fact("state", state, at=at),
        fact("exists", True, at=at),
        fact("user", USER.rpartition("/")[2], at=at),
        fact("key_status", status, at=at),
        absent("last_used_at", at=at),
        absent("last_used_days", at=at),
        fact("key_age_days", 424, at=at),
        fact("other_active_keys", 0, at=at),
        fact("user_tags", (), at=at),
        fact("unused.aws:iam", True, at=at),
    )


def assessment(findings: Sequence[Signed] = (), **changed: Any) -> Assessment:
    """A leaked access key in staging, owned by a team, not used for long."""
    at: datetime = changed.get("last_seen_at", NOW)
    target: Resource = changed.get("target", ACCESS_KEY)
    made = Assessment(
        assessment_id="assessment-1",
        finding_ids=("finding-1",),
        problem_key=finding().problem_key,
        lock_key=changed.get("lock_key") or targets.lock_key(target),
        kind="leaked_access_key",
        status=AssessmentStatus.OPEN,
        severity=Severity.HIGH,
        asset_type="access_key",
        environment=Environment.STAGING,
        target=target,
        evidence=(
            *key_facts(at=at),
            fact("environment.assets", "staging", source="assets", at=at),
            fact("environment.aws:tags", "staging", source="aws:tags", at=at),
            fact("unused.report", True, source="report", at=at),
        ),
        blast_radius=BlastRadius(level=BlastLevel.LOW, dependants=0),
        reversibility=Reversibility.LOSSLESS,
        ownership=Ownership(owner="alice", team="platform", managed_by=ManagedBy.HAND, shared=False),
        rules=("leaked-access-key",),
        first_seen_at=at,
        last_seen_at=at,
        findings=tuple(findings),
    )
    return replace(made, **changed)
