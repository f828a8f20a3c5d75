"""An example case for each kind of target, with the longest names that a target may have: what lint looks at; pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from fixgate import targets
from fixgate.changes.offers import Template
from fixgate.events import (
    Assessment,
    AssessmentStatus,
    BlastRadius,
    Environment,
    Fact,
    FactState,
    Ownership,
    Resource,
    Reversibility,
    Severity,
)
from fixgate.forms import Scalar
from fixgate.resources.reading import STATE, canonical
from fixgate.resources.workflow_text import first_unpinned, fix_branch

AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
_ACCOUNT: Final = "123456789012"
_COMMIT: Final = "1234567890abcdef" * 2 + "12345678"
_PATH: Final = ".github/workflows/example.yml"
_WORKFLOW: Final = """\
name: example
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: example/checkout@v4
      - uses: "example/checkout/below@v4" # as above
      - run: make
"""
_POLICY: Final = (
    '{"Statement":[{"Action":"s3:GetObject","Effect":"Allow","Principal":"*","Resource":"arn:aws:s3:::%s/*"}],'
    '"Version":"2012-10-17"}'
)


def sample(template: Template) -> Assessment:
    """A case that the template fits; raises ValueError for a kind of target that has no example."""
    made = _MAKERS.get(template.manifest.target_kind)
    if made is None:
        raise ValueError(f"there is no example of a {template.manifest.target_kind}")
    target, projection, facts = made()
    said: dict[str, Scalar] = {STATE: canonical(projection), **facts}
    return Assessment(
        assessment_id="assessment-example",
        finding_ids=("finding-example",),
        problem_key="example",
        lock_key=targets.lock_key(target),
        kind=template.manifest.problem_kinds[0],
        status=AssessmentStatus.OPEN,
        severity=Severity.HIGH,
        asset_type="example",
        environment=Environment.TEST,
        target=target,
        evidence=tuple(
            Fact(name=name, state=FactState.VALUE, value=value, source="example", observed_at=AT)
            for name, value in said.items()
        ),
        blast_radius=BlastRadius(),
        reversibility=Reversibility.LOSSLESS,
        ownership=Ownership(),
        first_seen_at=AT,
        last_seen_at=AT,
        findings=(),
    )


Made = tuple[Resource, Mapping[str, Any], Mapping[str, Scalar]]


def _access_key() -> Made:
    user, key_id, other = "u" * 64, "AKIA" + "EXAMPLE1" * 2, "AKIA" + "EXAMPLE2" * 2
    target = targets.access_key(_ACCOUNT, f"{'p' * 510}/{user}", key_id)
    keys = {
        name: {"status": status, "created": "2025-01-01T00:00:00Z"}
        for name, status in ((key_id, "Active"), (other, "Active"))
    }
    return target, {"user": user, "keys": keys, "tags": {"owner": "example"}}, {"unused.aws:iam": True}


def _bucket() -> Made:
    name = "b" * 63
    projection = {
        "public_access_block": None,
        "policy": _POLICY % name,
        "acl": [{"grantee": "owner", "permission": "FULL_CONTROL"}],
        "ownership": "BucketOwnerEnforced",
        "website": False,
        "tags": {"owner": "example"},
    }
    return targets.bucket(_ACCOUNT, name, "us-east-1"), projection, {"website": False, "public.aws:s3": True}


def _workflow() -> Made:
    use = first_unpinned(_WORKFLOW)
    if use is None:
        raise ValueError("the example uses no action that is not pinned")
    projection = {
        "branch": "main",
        "head": _COMMIT[::-1],
        "path": _PATH,
        "content": _WORKFLOW,
        "fix_branch": fix_branch(_PATH, use),
        "fix_head": None,
    }
    facts: dict[str, Scalar] = {"action": use.action, "action_ref": use.ref, "action_commit": _COMMIT}
    return targets.workflow("https://git.example/team/service.git", _PATH), projection, facts


_MAKERS: Final = {targets.ACCESS_KEY: _access_key, targets.BUCKET: _bucket, targets.WORKFLOW: _workflow}
