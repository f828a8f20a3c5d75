"""An account with much trouble in it, the people who stand for it, and what scanners say of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from fixgate.demo import reports
from fixgate.demo.cast import BOB
from fixgate.events import AssetStatement, Environment, ManagedBy, Ownership, Severity
from fixgate.local.account import acme
from fixgate.local.account.roles import pipeline_roles
from fixgate.local.account.scenario import Bucket, Key, Scenario, User

BUCKETS: Final = tuple(f"estate-{number:02}" for number in range(12))
STUBBORN: Final = "estate-stubborn"
"""Blocking it does nothing: its change must be put back."""
USERS: Final = tuple(f"ci-old-{number}" for number in range(4))
SHOPS: Final = ("acme/shop", "acme/cellar")


def estate(
    trust_domain: str,
    *,
    buckets: Sequence[str] = BUCKETS,
    stubborn: Sequence[str] = (STUBBORN,),
    users: Sequence[str] = USERS,
    shops: Sequence[str] = SHOPS,
) -> Scenario:
    """The demo's account, with more of what it has."""
    base = acme.acme(trust_domain)
    whole = next(b for b in base.buckets if b.name == acme.STAGING)
    mirror = next(b for b in base.buckets if b.name == acme.UNFIXABLE)
    administrator = next(u for u in base.users if u.name == acme.ADMINISTRATOR)
    leaked = next(u for u in base.users if u.name == acme.LEAKED)
    shop = next(r for r in base.repositories if r.name == acme.SHOP)
    checkout = next(r for r in base.repositories if r.name != acme.SHOP)
    return Scenario(
        users=(administrator, *(_user(leaked, name) for name in users)),
        roles=tuple(pipeline_roles(trust_domain)),
        buckets=(*(_bucket(whole, name) for name in buckets), *(_bucket(mirror, name) for name in stubborn)),
        repositories=(*(shop.model_copy(update={"name": name}) for name in shops), checkout),
    )


def _bucket(like: Bucket, name: str) -> Bucket:
    policy: Any = like.policy
    text = like.model_copy(update={"policy": None}).model_dump()
    (statement,) = policy["Statement"]
    arns = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
    return Bucket.model_validate(
        {**text, "name": name, "policy": {**policy, "Statement": [{**statement, "Resource": arns}]}}
    )


def _user(like: User, name: str) -> User:
    return like.model_copy(update={"name": name, "keys": (Key(name=name, created_days=612, last_used_days=217),)})


def vouch(account: str, repository: str, now: datetime) -> Sequence[AssetStatement]:
    """The inventory of all that, at the repository's host."""
    host = repository.rpartition("/")[0].rpartition("/")[0]
    user = f"arn:aws:iam::{account}:user"
    named = [
        *((f"arn:aws:s3:::{name}", "aws.s3.bucket", Environment.STAGING) for name in (*BUCKETS, STUBBORN)),
        *((f"{user}/{name}", "aws.iam.user", Environment.STAGING) for name in USERS),
        *((f"{host}/{name}", "git.repository", Environment.DEVELOPMENT) for name in SHOPS),
    ]
    return tuple(_asset(name, kind, environment, now) for name, kind, environment in named)


def _asset(name: str, kind: str, environment: Environment, now: datetime) -> AssetStatement:
    return AssetStatement(
        asset_id=name,
        kind=kind,
        environment=environment,
        criticality=Severity.LOW,
        ownership=Ownership(owner="team-web", team="team-web", managed_by=ManagedBy.HAND, shared=False),
        dependants=(),
        reviewed_at=now,
        version=1,
        issued_at=now,
        person=BOB,
        roster_version=1,
    )


def findings(git: str, key_ids: dict[str, str]) -> list[reports.Report]:
    """The reports, each with a finding or two; nineteen problems in all."""
    buckets = [*BUCKETS, STUBBORN]
    pairs = [buckets[i : i + 2] for i in range(0, len(buckets), 2)]
    made = [reports.security_hub(*pair) for pair in pairs]
    made += [reports.gitleaks({f"deploy/{name}.ini": key}) for name, key in key_ids.items()]
    return made + [reports.zizmor(f"{git}/{name}") for name in SHOPS]


def lock_keys(account: str, git: str) -> list[str]:
    """What those problems are fixed under."""
    return [
        *(f"arn:aws:s3:::{name}" for name in (*BUCKETS, STUBBORN)),
        *(f"arn:aws:iam::{account}:user/{name}" for name in USERS),
        *(f"git:{git}/{name}" for name in SHOPS),
    ]
