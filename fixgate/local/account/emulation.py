"""moto in this process: what it holds, read directly, and its answers, asked for only after the front has allowed them.

moto keeps everything in module state, so there is one account in a process. It is not safe between threads: whoever
calls holds the front's lock.
"""

import io
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from moto.backends import get_backend
from moto.iam.models import AccessKeyLastUsed
from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.test import run_wsgi_app

from fixgate.local.account.messages import Answer, Request

_ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
_SIGNED = (
    "AWS4-HMAC-SHA256 Credential=FRONTFRONTFRONTFRONT/20000101/{region}/{service}/aws4_request, SignedHeaders=host"
)


class Emulation:
    """The account's IAM and S3."""

    def __init__(self, account: str) -> None:
        self.account = account
        self._apps: dict[str, Any] = {"iam": create_backend_app("iam"), "s3": create_backend_app("s3")}

    @property
    def iam(self) -> Any:
        """Moto's IAM of this account."""
        return get_backend("iam")[self.account]["aws"]

    @property
    def s3(self) -> Any:
        """Moto's S3 of this account."""
        return get_backend("s3")[self.account]["aws"]

    def reset(self) -> None:
        """Forget everything."""
        self.iam.reset()
        self.s3.reset()

    def answer(self, service: str, region: str, request: Request) -> Answer:
        """What moto answers; nothing is checked any more."""
        environ = {
            **request.environ,
            "wsgi.input": io.BytesIO(request.body),
            "CONTENT_LENGTH": str(len(request.body)),
            # Not the caller's: moto would take the time of a key's last use and the account from it.
            "HTTP_AUTHORIZATION": f"{_SIGNED.format(region=region, service=service)}, Signature=0",
            "HTTP_X_MOTO_ACCOUNT_ID": self.account,
        }
        body, status, headers = run_wsgi_app(self._apps[service], environ, buffered=True)
        kept = [(k, v) for k, v in headers.items() if k.lower() not in ("content-length", "connection")]
        return Answer(status=int(status.split()[0]), headers=kept, body=b"".join(body))

    # Users and roles.

    def user(self, name: str) -> Any | None:
        """A user, or None."""
        return self.iam.users.get(name)

    def role(self, name: str) -> Any | None:
        """A role by its name, or None."""
        return next((r for r in self.iam.roles.values() if r.name == name), None)

    def key(self, key_id: str) -> Any | None:
        """A user's access key, or None."""
        return next((k for u in self.iam.users.values() for k in u.access_keys if k.access_key_id == key_id), None)

    def note_use(self, key: Any, service: str, region: str, at: float) -> None:
        """Remember when a key was used last."""
        # moto keeps times in UTC without saying so.
        moment = datetime.fromtimestamp(at, UTC).replace(tzinfo=None)
        key.last_used = AccessKeyLastUsed(timestamp=moment, service=service, region=region)

    def user_policies(self, user: Any) -> tuple[str, ...]:
        """All policies of a user, those of its groups included."""
        groups = [g for g in self.iam.groups.values() if any(u.name == user.name for u in g.users)]
        return tuple(text for owner in (user, *groups) for text in _policies(owner))

    def role_policies(self, role: Any) -> tuple[str, ...]:
        """All policies of a role."""
        return tuple(_policies(role))

    def boundary(self, owner: Any) -> str | None:
        """The permissions boundary of a user or role; one that cannot be found denies everything."""
        arn = getattr(owner, "permissions_boundary_arn", None)
        if not arn:
            return None
        policy = self.iam.managed_policies.get(arn)
        return "" if policy is None else str(policy.document)

    # Buckets.

    def bucket(self, name: str) -> Any | None:
        """A bucket, or None."""
        return self.s3.buckets.get(name)

    def bucket_policy(self, bucket: Any) -> str | None:
        """Its policy's text."""
        return None if bucket.policy is None else bytes(bucket.policy).decode()

    def access_block(self, bucket: Any) -> Mapping[str, bool] | None:
        """Its public access block."""
        block = bucket.public_access_block
        if block is None:
            return None
        names = ("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets")
        return {n: str(getattr(block, n)).lower() == "true" for n in names}

    def acl_is_public(self, bucket: Any, key: str | None) -> bool:
        """Whether the ACL of the bucket, or of an object in it, lets everybody read."""
        if "BucketOwnerEnforced" in json.dumps(bucket.ownership_rule, default=str):
            return False
        owner = bucket if key is None else bucket.keys.get(key)
        acl = None if owner is None else owner.acl
        return acl is not None and any(
            grantee.uri == _ALL_USERS and {"READ", "FULL_CONTROL"} & {*grant.permissions}
            for grant in acl.grants
            for grantee in grant.grantees
        )

    def tags(self, bucket: Any) -> Mapping[str, str]:
        """A bucket's tags."""
        return dict(self.s3.tagger.get_tag_dict_for_resource(bucket.arn))


def _policies(owner: Any) -> Iterator[str]:
    for document in owner.policies.values():
        yield document if isinstance(document, str) else json.dumps(document)
    for managed in owner.managed_policies.values():
        yield str(managed.document)
