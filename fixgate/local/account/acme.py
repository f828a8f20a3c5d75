"""The account of the demo: a small company with some trouble in it."""

from fixgate.local.account.roles import pipeline_roles
from fixgate.local.account.scenario import Bucket, Commit, Document, Key, Repository, Scenario, User

ADMINISTRATOR = "administrator"
"""The key of somebody who may do everything, for looking at the account and for moving things in it."""
LEAKED, LIVE = "ci-legacy", "checkout-service"
"""The keys, and users, of the unused leaked key and of the one in use."""
STAGING, PRODUCTION, EXCEPTED, UNFIXABLE, LATE = (
    "acme-staging-assets",
    "acme-prod-reports",
    "acme-press-kit",
    "acme-staging-mirror",
    "acme-staging-archive",
)
"""Buckets, all public: an ordinary one, one in production, one that people want public, one on which blocking does
nothing, and one for the kill switch."""
SHOP, WORKFLOW = "acme/shop", ".github/workflows/ci.yml"
"""The vulnerable repository and its workflow."""

_CI = """\
name: ci
on:
  push:
    branches: [main]
permissions:
  contents: read
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: python -m unittest discover
"""
_ACTION = """\
name: Checkout
description: Check out a repository at a version
runs:
  using: node20
  main: dist/index.js
"""


def acme(trust_domain: str) -> Scenario:
    """The scenario, with roles for the parties of a trust domain."""
    return Scenario(
        users=_users(),
        roles=tuple(pipeline_roles(trust_domain)),
        buckets=(
            _public(STAGING, "staging", "web", {"logo.svg": "<svg/>", "site.css": "body {}"}),
            _public(PRODUCTION, "production", "finance", {"2026-q3.csv": "region,revenue\neu,12\n"}),
            _public(EXCEPTED, "production", "press", {"press-kit.txt": "Acme in brief."}),
            _public(UNFIXABLE, "staging", "web", {"mirror.txt": "a mirror"}, ignored=True),
            _public(LATE, "staging", "data", {"2019.txt": "an archive"}),
        ),
        repositories=(_shop(), _checkout()),
    )


def _users() -> tuple[User, ...]:
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    assets = [f"arn:aws:s3:::{STAGING}", f"arn:aws:s3:::{STAGING}/*"]
    reading = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": assets}],
    }
    return (
        User(name=ADMINISTRATOR, policies={"everything": everything}, keys=(Key(name=ADMINISTRATOR, created_days=30),)),
        User(
            name=LEAKED,
            tags={"environment": "staging", "owner": "team-build"},
            policies={"assets": reading},
            keys=(Key(name=LEAKED, created_days=612, last_used_days=217),),
        ),
        User(
            name=LIVE,
            tags={"environment": "production", "owner": "team-checkout"},
            policies={"assets": reading},
            keys=(Key(name=LIVE, created_days=88, last_used_days=0.01),),
        ),
    )


def _public(name: str, environment: str, team: str, objects: dict[str, str], *, ignored: bool = False) -> Bucket:
    statement: Document = {
        "Sid": "PublicRead",
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
    }
    return Bucket(
        name=name,
        tags={"environment": environment, "owner": f"team-{team}"},
        policy={"Version": "2012-10-17", "Statement": [statement]},
        block_is_ignored=ignored,
        objects=objects,
    )


def _shop() -> Repository:
    first = Commit(message="The shop", files={"README.md": "# Shop\n", "shop/__init__.py": ""})
    return Repository(name=SHOP, commits=(first, Commit(message="Run the tests", files={WORKFLOW: _CI})))


def _checkout() -> Repository:
    files = {"action.yml": _ACTION, "dist/index.js": "// checks out\n"}
    return Repository(
        name="actions/checkout",
        commits=(
            Commit(message="Version 4.1", files=files, annotated_tags=("v4.1.0",)),
            Commit(message="Version 4.2", files={"dist/index.js": "// checks out, faster\n"}, tags=("v4", "v4.2.2")),
            Commit(message="What comes next", files={"dist/index.js": "// not released\n"}),
        ),
    )
