"""Puts a scenario into an empty account."""

import json
import shutil
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from moto.s3.models import get_canned_acl

from fixgate.local.account import repositories
from fixgate.local.account.emulation import Emulation
from fixgate.local.account.faults import Faults
from fixgate.local.account.git_tokens import folder_of
from fixgate.local.account.scenario import Bucket, Key, Role, Scenario, User

_REGION = "us-east-1"
_WEBSITE = (
    b'<WebsiteConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    b"<IndexDocument><Suffix>index.html</Suffix></IndexDocument></WebsiteConfiguration>"
)
Keys = Mapping[str, Mapping[str, str]]
"""By the key's name in the scenario: `user`, `access_key_id`, `secret_access_key`."""


def plant(scenario: Scenario, emulation: Emulation, faults: Faults, root: Path) -> Keys:
    """Forget what there was, and make everything of the scenario; raises OSError or CalledProcessError."""
    emulation.reset()
    faults.clear()
    shutil.rmtree(root, ignore_errors=True)
    now = datetime.fromtimestamp(time.time(), UTC)
    keys: dict[str, Mapping[str, str]] = {}
    for user in scenario.users:
        keys.update(_user(user, emulation, now))
    for role in scenario.roles:
        _role(role, emulation)
    for bucket in scenario.buckets:
        _bucket(bucket, emulation)
        if bucket.block_is_ignored:
            faults.ignore_block(bucket.name)
    for repository in scenario.repositories:
        repositories.make(folder_of(root, repository.name), repository)
    return keys


def _user(user: User, emulation: Emulation, now: datetime) -> Keys:
    iam = emulation.iam
    iam.create_user(_REGION, user.name, user.path, _pairs(user.tags))
    for name, document in user.policies.items():
        iam.put_user_policy(user.name, name, json.dumps(document))
    return {key.name: _key(user, key, emulation, now) for key in user.keys}


def _key(user: User, seed: Key, emulation: Emulation, now: datetime) -> Mapping[str, str]:
    key: Any = emulation.iam.create_access_key(user.name)
    key.create_date = _naive(now - timedelta(days=seed.created_days))
    if seed.last_used_days is not None:
        used = now - timedelta(days=seed.last_used_days)
        emulation.note_use(key, seed.last_used_service, _REGION, used.timestamp())
    return {"user": user.name, "access_key_id": key.access_key_id, "secret_access_key": key.secret_access_key}


def _role(role: Role, emulation: Emulation) -> None:
    iam = emulation.iam
    iam.create_role(
        role_name=role.name,
        assume_role_policy_document=json.dumps(role.trust),
        path="/",
        permissions_boundary=None,
        description="",
        tags=[],
        max_session_duration="3600",
    )
    for name, document in role.policies.items():
        iam.put_role_policy(role.name, name, json.dumps(document))


def _bucket(seed: Bucket, emulation: Emulation) -> None:
    s3 = emulation.s3
    s3.create_bucket(seed.name, seed.region)
    s3.put_bucket_tagging(seed.name, dict(seed.tags))
    if seed.policy is not None:
        s3.put_bucket_policy(seed.name, json.dumps(seed.policy).encode())
    if seed.public_acl:
        s3.put_bucket_acl(seed.name, get_canned_acl("public-read"))
    if seed.website:
        s3.put_bucket_website(seed.name, _WEBSITE)
    if seed.public_access_block is not None:
        s3.put_public_access_block(seed.name, {k: str(v).lower() for k, v in seed.public_access_block.items()})
    for key, text in seed.objects.items():
        s3.put_object(seed.name, key, text.encode())


def _pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _naive(moment: datetime) -> datetime:
    """As moto keeps times: in UTC, without saying so."""
    return moment.replace(tzinfo=None)
